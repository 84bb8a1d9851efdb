import type { Identity, Link, Log, SaslContext, SaslMechanism } from '@posthouse/wire'
import type { Pop3Engine } from '../../engine/engine.js'
import type { Pop3Command } from '../../syntax/command.js'
import type { Maildrop } from '../maildrop.js'
import type { ServerSetup } from '../setup.js'

/** The states in which a client may give commands (RFC 1939 §3). UPDATE is what QUIT does. */
export type Pop3State = 'authorization' | 'transaction'

/** What a command may use and do. */
export interface SessionContext {
  readonly setup: ServerSetup
  readonly engine: Pop3Engine
  readonly link: Link
  readonly log: Log
  readonly sasl: SaslContext
  /** The timestamp of the greeting (RFC 1939 §7, APOP), or `null` when APOP is not offered here. */
  readonly timestamp: string | null
  /** `null` before the login. */
  readonly drop: Maildrop | null
  /** Named by USER, waiting for PASS. */
  user: string | null
  /** UTF8 was given (RFC 6856 §2). */
  utf8: boolean
  /** Octets of messages since the client was last waited for. */
  gathered: number
  ok(text: string): void
  error(text: string, code?: string): void
  /** `-ERR` for what is no sound command; too many of them end the connection. */
  mistake(text: string): void
  close(): void
  /** The mechanisms that can be used here. */
  offered(): readonly SaslMechanism[]
  startExchange(mechanism: SaslMechanism, initial: Uint8Array | null): Promise<void>
  /** Opens the maildrop of who was authenticated, and answers. */
  login(identity: Identity): Promise<void>
  /** Answers a failed login. */
  refuse(user: string | null): Promise<void>
  /** Answers a login that cannot be decided now. */
  unavailable(reason: unknown): void
}

/** A command of the TRANSACTION state has a maildrop. */
export interface TransactionContext extends SessionContext {
  readonly drop: Maildrop
}

interface CommandBase {
  /** Upper case. */
  readonly keyword: string
  /** Lines it adds to CAPA (RFC 2449 §6), each without its line end. */
  capabilities?(context: SessionContext): readonly string[]
}

/** A command that can come before the login. */
export interface SessionCommand extends CommandBase {
  readonly states: readonly ['authorization'] | readonly ['authorization', 'transaction']
  run(context: SessionContext, command: Pop3Command): void | Promise<void>
}

/** A command on an open maildrop. */
export interface TransactionCommand extends CommandBase {
  readonly states: readonly ['transaction']
  run(context: TransactionContext, command: Pop3Command): void | Promise<void>
}

/** One command: where it is valid, and what it does. */
export type CommandHandler = SessionCommand | TransactionCommand
