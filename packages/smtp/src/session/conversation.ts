import type { CredentialVerifier, Link, MaybePromise, SaslMechanism } from '@posthouse/wire'
import type { SmtpEngine } from '../engine/engine.js'
import type { SmtpAnswer } from '../engine/events.js'
import { replies } from '../syntax/replies.js'
import type { Reply } from '../syntax/reply.js'
import { isReply, noAnswer } from './answers.js'
import type { SessionState } from './context.js'
import type { SmtpSession } from './handler.js'
import type { HandlerLogEvent } from './log-events.js'
import type { Parts } from './parts.js'
import type { Reception } from './reception.js'
import type { Spool } from './spool.js'
import { isPromise } from './stages.js'

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
  /** When the octets of a refused BDAT, of which nobody takes any, have taken too long; `null`: there are none. */
  skippedBy: number | null
  /** Gives the engine its reply, and closes the connection where the reply says so. */
  answer(answer: SmtpAnswer): void
  /** An answer takes its time: of what, and whose it is. Whoever takes too much of it is in the log by that. */
  waitsFor(stage: string, handler?: Named): void
  /** The time for the first greeting ends with it. */
  greeted(): void
  /** Answers what is no sound command; somebody who says only that is no client. */
  mistake(said: Reply): void
  /** Ends the connection behind what was answered. */
  close(): void
}

/** Whoever is asked, as the log calls it. */
export interface Named {
  readonly name?: string | undefined
}

/**
 * Asks the handlers of a stage, one after the other, without a promise where none of them returns one; the first answer
 * that is not nothing counts. What one throws, or returns without being an answer, is logged and becomes `451 4.3.0`.
 */
export function ask<Handler extends Named, Answer = Reply>(
  conversation: Conversation,
  stage: string,
  handlers: readonly Handler[],
  call: (handler: Handler) => MaybePromise<Answer | undefined | void>,
  fits: (answer: unknown) => boolean = isReply,
  from = 0,
): MaybePromise<Answer | Reply | undefined> {
  for (let i = from; i < handlers.length; i++) {
    const handler = handlers[i]
    const checked = (answer: Answer): Answer | Reply =>
      fits(answer) ? answer : failed(conversation, stage, noAnswer(stage, handler.name, answer), handler)
    try {
      const answer = call(handler)
      if (isPromise(answer)) {
        conversation.waitsFor(stage, handler)
        return answer.then(
          (settled) => (isNothing(settled) ? ask(conversation, stage, handlers, call, fits, i + 1) : checked(settled)),
          (error: unknown) => failed(conversation, stage, error, handler),
        )
      }
      if (!isNothing(answer)) return checked(answer)
    } catch (error) {
      return failed(conversation, stage, error, handler)
    }
  }
  return undefined
}

function isNothing<Answer>(answer: Answer | undefined | void): answer is undefined | void {
  return answer === undefined || answer === null
}

/** A handler failed: the log is told which one and why, the client only that. */
export function failed(conversation: Conversation, stage: string, error: unknown, handler: Named = NOBODY): Reply {
  const { name } = handler
  const who = name === undefined ? {} : { handler: name }
  const event: HandlerLogEvent = { level: 'error', event: 'handler.failed', stage, ...who, error }
  conversation.session.log(event)
  return replies.localProblem()
}

const NOBODY: Named = {}

/** Forgets the transaction, what of its message has come, and the notes about it. */
export function dropTransaction(conversation: Conversation): void {
  conversation.reception?.abort()
  conversation.reception = null
  conversation.session.transaction = null
  conversation.session.dropPassing()
}
