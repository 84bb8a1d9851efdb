import type { MailStore } from '@posthouse/store-api'
import {
  type CredentialVerifier,
  type Log,
  login,
  type PasswordCheck,
  type Protocol,
  plain,
  type SaslMechanism,
  verifyPasswords,
} from '@posthouse/wire'
import type { Pop3Event, Pop3Reply } from '../engine/events.js'
import { DEFAULT_LIMITS, type Pop3Limits } from '../engine/limits.js'
import { createSession, type ServerSetup } from './session.js'

/** What a POP3 server is made of. */
export interface Pop3ServerOptions {
  /** Where the mail is. Each user gets the INBOX of their account. */
  readonly store: MailStore
  /** How users log in: a function of user and password, or a verifier. */
  readonly authenticate: PasswordCheck | CredentialVerifier
  /** The server's own name, in the greeting. Default: `localhost`. */
  readonly hostname?: string
  /** May passwords cross a connection in clear text? `loopback`: when both ends are on this machine. Default: `loopback`. */
  readonly allowInsecureAuth?: boolean | 'loopback'
  /** In order of preference. Default: PLAIN and LOGIN. */
  readonly mechanisms?: readonly SaslMechanism[]
  readonly limits?: Partial<Pop3Limits>
  /** Takes log events. Default: the listener's log. */
  readonly log?: Log
}

/** A server that `listen` of `@posthouse/pop3/node` serves. */
export type Pop3Server = Protocol<Pop3Event, Pop3Reply>

/** Makes a POP3 server (RFC 1939) over a store. */
export function createPop3Server(options: Pop3ServerOptions): Pop3Server {
  const { authenticate } = options
  const setup: ServerSetup = {
    hostname: options.hostname ?? 'localhost',
    store: options.store,
    verifier: typeof authenticate === 'function' ? verifyPasswords(authenticate) : authenticate,
    mechanisms: options.mechanisms ?? [plain, login],
    allowInsecureAuth: options.allowInsecureAuth ?? 'loopback',
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    log: options.log ?? null,
  }
  return { name: 'pop3', connect: (link) => createSession(setup, link) }
}
