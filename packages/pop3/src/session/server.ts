import type { MailStore } from '@posthouse/store-api'
import {
  type CredentialVerifier,
  checkNumber,
  checkOneOf,
  checkOptions,
  type Log,
  type OptionTable,
  type PasswordCheck,
  type Protocol,
  type SaslMechanism,
  standardMechanisms,
  verifyPasswords,
  withLimits,
} from '@posthouse/wire'
import type { Pop3Event, Pop3Reply } from '../engine/events.js'
import { DEFAULT_LIMITS, type Pop3Limits } from '../engine/limits.js'
import type { MaildropOptions } from './options.js'
import { createSession } from './session.js'
import type { ServerSetup } from './setup.js'
import { type KeptUniqueIds, type UniqueIdFormat, type UniqueIdMaker, uniqueIdMaker } from './unique-id.js'

/** What a POP3 server is made of. */
export interface Pop3ServerOptions extends MaildropOptions {
  /** Where the mail is. Each user gets the INBOX of their account. */
  readonly store: MailStore
  /** How users log in: a function of user and password, or a verifier. */
  readonly authenticate: PasswordCheck | CredentialVerifier
  /** The server's own name, in the greeting. Default: `localhost`. */
  readonly hostname?: string
  /** May passwords cross a connection in clear text? `loopback`: when both ends are on this machine. Default: `loopback`. */
  readonly allowInsecureAuth?: boolean | 'loopback'
  /** In order of preference. Default: `standardMechanisms()`, of which those are offered that `authenticate` can check. */
  readonly mechanisms?: readonly SaslMechanism[]
  /** Offers APOP when `authenticate` has `sharedSecret`. MD5 with a stored password: for old devices. Default: false. */
  readonly apop?: boolean
  /** `exclusive`: one session at a time for each account, others get `[IN-USE]`. Default: `none`. */
  readonly locking?: 'none' | 'exclusive'
  /** How unique-ids look. Default: `posthouse`, `uidValidity.uid`. */
  readonly uniqueId?: UniqueIdFormat | UniqueIdMaker
  /**
   * Unique-ids that the messages of an account had elsewhere: for mailboxes that were copied here, where UIDs are new
   * and no format gives the old ids. Asked at the first UIDL of a session; when it throws, UIDL is refused. Default: none.
   */
  readonly keptUniqueIds?: KeptUniqueIds
  /** Makes messages that RETR sent `\Seen` at QUIT. Default: false. */
  readonly markSeen?: boolean
  /** Days that messages are kept, as CAPA tells (RFC 2449 §6.7); `null` tells nothing. Default: `never` expire. */
  readonly expire?: number | 'never' | null
  /** Seconds between two logins of an account; sooner ones get `[LOGIN-DELAY]`. Default: 0. */
  readonly loginDelay?: number
  /** Told by CAPA (RFC 2449 §6.9); `''` tells nothing. Default: `Posthouse`. */
  readonly implementation?: string
  /**
   * What clients that have not said UTF8 get of headers in UTF-8. `surrogate`: the same in ASCII, encoded or left out
   * (RFC 6856 §2.1, RFC 6858); its size differs from the one that LIST tells. `as-stored`: the octets, as servers
   * without UTF8 do. Default: `surrogate`.
   */
  readonly utf8Headers?: 'surrogate' | 'as-stored'
  readonly limits?: Partial<Pop3Limits>
  /**
   * Takes log events, and those of listeners that have no log. Default: the listener's log; where neither has one, errors go to
   * `console.error`.
   */
  readonly log?: Log
}

/** A server that `listen` of `@posthouse/pop3/node` serves. */
export type Pop3Server = Protocol<Pop3Event, Pop3Reply>

const OPTIONS: OptionTable<Pop3ServerOptions> = {
  store: 1,
  authenticate: 1,
  hostname: 0,
  allowInsecureAuth: 0,
  mechanisms: 0,
  apop: 0,
  locking: 0,
  uniqueId: 0,
  keptUniqueIds: 0,
  markSeen: 0,
  expire: 0,
  loginDelay: 0,
  implementation: 0,
  utf8Headers: 0,
  limits: 0,
  log: 0,
  hideSeen: 0,
  newestFirst: 0,
  maxMessages: 0,
}

/**
 * Makes a POP3 server (RFC 1939) over a store.
 * @throws TypeError for options that POP3 has no words for: line ends in `hostname` or `implementation`, an unknown
 * `uniqueId`; for options or limits that there are not, that are missing, or of another kind. RangeError for a limit below 0.
 */
export function createPop3Server(options: Pop3ServerOptions): Pop3Server {
  checkOptions('createPop3Server', options, OPTIONS)
  checkOneOf('locking', options.locking, ['none', 'exclusive'])
  checkOneOf('utf8Headers', options.utf8Headers, ['surrogate', 'as-stored'])
  for (const name of ['loginDelay', 'maxMessages'] as const) checkNumber(name, options[name])
  const { authenticate } = options
  for (const name of ['hostname', 'implementation'] as const) {
    if (!isOneLine(options[name] ?? '')) throw new TypeError(`${name} must be one line of printable ASCII`)
  }
  const setup: ServerSetup = {
    hostname: options.hostname ?? 'localhost',
    store: options.store,
    verifier: typeof authenticate === 'function' ? verifyPasswords(authenticate) : authenticate,
    mechanisms: options.mechanisms ?? standardMechanisms(),
    allowInsecureAuth: options.allowInsecureAuth ?? 'loopback',
    apop: options.apop ?? false,
    hideSeen: options.hideSeen ?? false,
    newestFirst: options.newestFirst ?? false,
    maxMessages: options.maxMessages ?? Number.POSITIVE_INFINITY,
    markSeen: options.markSeen ?? false,
    uniqueId: uniqueIdMaker(options.uniqueId ?? 'posthouse'),
    wantsEmailIds: typeof options.uniqueId === 'function',
    keptUniqueIds: options.keptUniqueIds ?? null,
    expire: options.expire === undefined ? 'never' : options.expire,
    loginDelay: options.loginDelay ?? 0,
    implementation: options.implementation ?? 'Posthouse',
    locked: options.locking === 'exclusive' ? new Set() : null,
    logins: new Map(),
    utf8Headers: options.utf8Headers ?? 'surrogate',
    limits: withLimits(DEFAULT_LIMITS, options.limits),
    log: options.log ?? null,
  }
  return {
    name: 'pop3',
    ...(options.log && { log: options.log }),
    connect: (link) => createSession(setup, link),
  }
}

function isOneLine(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20 || code > 0x7e) return false
  }
  return true
}
