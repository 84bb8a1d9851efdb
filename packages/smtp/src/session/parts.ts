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

export interface Parts {
  /** The handlers that have a stage, in order. */
  readonly on: { readonly [S in Stage]: readonly With<S>[] }
  readonly mailParameters: ReadonlyMap<string, ParameterReader<Transaction>>
  readonly rcptParameters: ReadonlyMap<string, ParameterReader<Recipient>>
  readonly commands: ReadonlyMap<string, (argument: string, session: SmtpSession) => MaybePromise<Reply>>
  readonly needsSummary: boolean
  readonly needsOctets: boolean
}

/** Sorts handlers. Of two that know the same parameter or command, the later one counts. */
export function sortHandlers(handlers: readonly SmtpHandler[]): Parts {
  const having = <S extends Stage>(stage: S): readonly With<S>[] =>
    handlers.filter((handler): handler is With<S> => handler[stage] !== undefined)
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
      body: having('body'),
      message: having('message'),
      rset: having('rset'),
      quit: having('quit'),
      close: having('close'),
    },
    mailParameters: new Map(handlers.flatMap((handler) => [...(handler.mailParameters ?? [])])),
    rcptParameters: new Map(handlers.flatMap((handler) => [...(handler.rcptParameters ?? [])])),
    commands: new Map(handlers.flatMap((handler) => [...(handler.commands ?? [])])),
    needsSummary: handlers.some((handler) => handler.needs?.includes('summary')),
    needsOctets: handlers.some((handler) => handler.needs?.includes('octets')),
  }
}
