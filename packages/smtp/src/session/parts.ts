/** The list of handlers, sorted once by what each of them does. */
import type { MaybePromise } from '@posthouse/wire'
import type { Reply } from '../syntax/reply.js'
import type { ParameterReader, SmtpHandler, SmtpSession } from './handler.js'
import type { Recipient, Transaction } from './transaction.js'

/** A stage by name. */
export type Stage =
  | 'keywords'
  | 'connect'
  | 'helo'
  | 'auth'
  | 'authenticated'
  | 'authFailed'
  | 'mail'
  | 'rcpt'
  | 'data'
  | 'body'
  | 'message'
  | 'rset'
  | 'quit'
  | 'close'

/** A handler that surely has a stage. */
export type With<S extends Stage> = SmtpHandler & Required<Pick<SmtpHandler, S>>

/** Handlers that see a message in the same words: those up to and including one that may rewrite it. */
export interface Leg {
  readonly body: readonly With<'body'>[]
  readonly message: readonly With<'message'>[]
  readonly needsSummary: boolean
}

/** A function of a handler, and the name of that. */
export interface Owned<F> {
  readonly name: string | undefined
  /** The parameter or the command that it is for. */
  readonly key: string
  readonly run: F
}

export interface Parts {
  /** The handlers that have a stage, in order. */
  readonly on: { readonly [S in Exclude<Stage, 'body' | 'message'>]: readonly With<S>[] }
  readonly mailParameters: ReadonlyMap<string, Owned<ParameterReader<Transaction>>>
  readonly rcptParameters: ReadonlyMap<string, Owned<ParameterReader<Recipient>>>
  readonly commands: ReadonlyMap<string, Owned<(argument: string, session: SmtpSession) => MaybePromise<Reply>>>
  /** The way of a message through the handlers; one leg unless one of them `rewrites`. */
  readonly legs: readonly Leg[]
  readonly needsOctets: boolean
  readonly needsSummary: boolean
}

/** Sorts handlers. Of two that know the same parameter or command, the later one counts. */
export function sortHandlers(handlers: readonly SmtpHandler[]): Parts {
  const having = <S extends Stage>(stage: S): readonly With<S>[] =>
    handlers.filter((handler): handler is With<S> => handler[stage] !== undefined)
  const legs = cutBehindRewriters(handlers).map((leg) => ({
    body: leg.filter((handler): handler is With<'body'> => handler.body !== undefined),
    message: leg.filter((handler): handler is With<'message'> => handler.message !== undefined),
    needsSummary: leg.some((handler) => handler.needs?.includes('summary')),
  }))
  return {
    on: {
      keywords: having('keywords'),
      connect: having('connect'),
      helo: having('helo'),
      auth: having('auth'),
      authenticated: having('authenticated'),
      authFailed: having('authFailed'),
      mail: having('mail'),
      rcpt: having('rcpt'),
      data: having('data'),
      rset: having('rset'),
      quit: having('quit'),
      close: having('close'),
    },
    mailParameters: byName(handlers, ({ mailParameters }) => mailParameters),
    rcptParameters: byName(handlers, ({ rcptParameters }) => rcptParameters),
    commands: byName(handlers, ({ commands }) => commands),
    legs,
    needsOctets: needsOctets(handlers),
    needsSummary: legs.some((leg) => leg.needsSummary),
  }
}

function byName<F>(
  handlers: readonly SmtpHandler[],
  functions: (handler: SmtpHandler) => ReadonlyMap<string, F> | undefined,
): ReadonlyMap<string, Owned<F>> {
  const found = new Map<string, Owned<F>>()
  for (const handler of handlers) {
    for (const [key, run] of functions(handler) ?? []) found.set(key, { name: handler.name, key, run })
  }
  return found
}

/** True when a handler reads messages after they have come in. */
export function needsOctets(handlers: readonly SmtpHandler[]): boolean {
  return handlers.some((handler) => handler.rewrites || handler.needs?.includes('octets'))
}

function cutBehindRewriters(handlers: readonly SmtpHandler[]): readonly (readonly SmtpHandler[])[] {
  const legs: SmtpHandler[][] = [[]]
  for (const handler of handlers) {
    legs[legs.length - 1].push(handler)
    if (handler.rewrites) legs.push([])
  }
  return legs
}
