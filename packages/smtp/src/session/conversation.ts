import type { CredentialVerifier, Link, MaybePromise, SaslMechanism } from '@posthouse/wire'
import type { SmtpEngine } from '../engine/engine.js'
import type { SmtpAnswer } from '../engine/events.js'
import { replies } from '../syntax/replies.js'
import type { Reply } from '../syntax/reply.js'
import type { SessionState } from './context.js'
import { forwarded } from './extensions/xforward.js'
import type { SmtpSession } from './handler.js'
import type { Parts } from './parts.js'
import type { Reception } from './reception.js'
import type { Spool } from './spool.js'
import { firstAnswer, isPromise } from './stages.js'

/** What all connections of a server share. */
export interface ServerSetup {
  readonly parts: Parts
  readonly verifier: CredentialVerifier | null
  readonly mechanisms: readonly SaslMechanism[]
  readonly allowInsecureAuth: boolean | 'loopback'
  /** Keeps messages for handlers that need `octets`. */
  readonly spool: Spool
  readonly keywords: ((lines: readonly string[], session: SmtpSession) => readonly string[]) | null
  /** The greeting, and the reply to QUIT. */
  readonly welcome: Reply
  readonly goodbye: Reply
  /** A name for a transaction that nobody else has. */
  readonly makeId: (now: number) => string
}

/** One connection, as the files in `commands/` work on it. */
export interface Conversation {
  readonly setup: ServerSetup
  readonly link: Link
  readonly engine: SmtpEngine
  readonly session: SessionState
  /** The message that is coming in. */
  reception: Reception | null
  /** Gives the engine its reply, and closes the connection where the reply says so. */
  answer(answer: SmtpAnswer): void
  /** Answers what is no sound command; somebody who says only that is no client. */
  mistake(said: Reply): void
  /** Ends the connection behind what was answered. */
  close(): void
}

/** Asks the handlers of a stage; what one throws is logged and becomes `451 4.3.0`. */
export function ask<Handler, Answer = Reply>(
  conversation: Conversation,
  stage: string,
  handlers: readonly Handler[],
  call: (handler: Handler) => MaybePromise<Answer | undefined | void>,
): MaybePromise<Answer | Reply | undefined> {
  if (handlers.length === 0) return undefined
  try {
    const answer = firstAnswer<Handler, Answer>(handlers, call)
    return isPromise(answer) ? answer.catch((error: unknown) => failed(conversation, stage, error)) : answer
  } catch (error) {
    return failed(conversation, stage, error)
  }
}

/** A handler failed: the log is told why, the client only that. */
export function failed(conversation: Conversation, stage: string, error: unknown): Reply {
  conversation.session.log({ level: 'error', event: 'handler.failed', stage, error })
  return replies.localProblem()
}

/** Forgets the transaction, what of its message has come, and where XFORWARD said that it came from. */
export function dropTransaction(conversation: Conversation): void {
  conversation.reception?.abort()
  conversation.reception = null
  conversation.session.transaction = null
  conversation.session.remove(forwarded)
}
