import type { SmtpHandler } from '@posthouse/smtp'
import type { CredentialVerifier, PasswordCheck } from '@posthouse/wire'
import { TestMailError } from './errors.js'
import type { CertificateKind, TestCertificate } from './node/certificates.js'

/** Where a protocol is served. */
export interface ListenAt {
  /** Default: 0, any free port. */
  readonly port?: number
}

/** Somebody who has a mailbox. */
export interface TestUser {
  /** `ada@mail.test`; without a domain one of the server's. */
  readonly address: string
  /** The one password that is right. Default: any is. */
  readonly password?: string
}

/** How a test server is made. Everything has a default. */
export interface TestMailOptions {
  /** Address to bind. Default: `127.0.0.1`. */
  readonly host?: string
  /** SMTP; with TLS also STARTTLS. Default: true. */
  readonly smtp?: boolean | ListenAt
  /** SMTP in TLS from the first octet. Default: false. */
  readonly smtps?: boolean | ListenAt
  /** Default: false. */
  readonly imap?: boolean | ListenAt
  /** IMAP in TLS from the first octet. Default: false. */
  readonly imaps?: boolean | ListenAt
  /** Default: false. */
  readonly pop3?: boolean | ListenAt
  /** POP3 in TLS from the first octet. Default: false. */
  readonly pop3s?: boolean | ListenAt
  /** The HTTP interface for tests in other processes and languages: see `connectTestMail`. Default: false. */
  readonly http?: boolean | (ListenAt & HttpAccess)
  /**
   * The certificate: `auto` makes an authority and a good one in memory; the others are as bad as they are called;
   * `none` offers no TLS. Default: `auto` where `smtps`, `imaps` or `pop3s` is asked for, `none` otherwise.
   */
  readonly tls?: 'auto' | 'none' | Exclude<CertificateKind, 'good'> | TestCertificate
  /**
   * Who may log in: `any` user with any password, nobody (`off`), these users and passwords, or a function.
   * Default: `any`, except for `users` that have a password.
   */
  readonly auth?: 'any' | 'off' | Readonly<Record<string, string>> | PasswordCheck | CredentialVerifier
  /** Which addresses there are: all (`auto`), or these; others are refused at RCPT and at login. Default: `auto`. */
  readonly users?: 'auto' | readonly (string | TestUser)[]
  /** Domain of the addresses that `inbox()` makes up, and of users without one. Default: `mail.test`. */
  readonly domain?: string
  /** SMTP handlers asked before the server's own: a stage that returns a reply decides. */
  readonly on?: SmtpHandler | readonly SmtpHandler[]
  readonly limits?: Partial<TestMailLimits>
  /** ms that `waitFor` waits: below the 5 s of most test runners, so that our error is the one that is read. Default: 4,000. */
  readonly waitTimeout?: number
  /** Takes messages with bare line feeds and the like, as few servers do any more. Default: false. */
  readonly lenient?: boolean
  /** Disposing fails when a scripted fault never happened, or when a handler of the test threw. Default: false. */
  readonly strictScripts?: boolean
  /** Milliseconds since the epoch, for messages and sessions; certificates are dated by the real clock. Default: `Date.now`. */
  readonly now?: () => number
  /** Random octets for the addresses of `inbox()`. Default: fast ones that are no secret. */
  readonly random?: (octets: number) => Uint8Array
  /** Disposes the server when it aborts. */
  readonly signal?: AbortSignal
}

/** Who may ask over HTTP. */
export interface HttpAccess {
  /**
   * Names under which the server may be asked, beside `localhost`, `*.localhost` and IP addresses: whoever makes a
   * browser's name point here gets nothing. `*`: all. Default: none.
   */
  readonly allowedHosts?: readonly string[]
}

/** What a test server holds. More is refused with 452. */
export interface TestMailLimits {
  /** Default: 10,000. */
  readonly messages: number
  /**
   * Octets of all messages, and of one. With IMAP or POP3 also of all that is in mailboxes, or was in the last
   * minute, cleared or not. Default: 64 MiB.
   */
  readonly bytes: number
}

export const DEFAULT_LIMITS: TestMailLimits = Object.freeze({ messages: 10_000, bytes: 64 * 1024 * 1024 })

/** All there are. A record, so that none is forgotten. */
const KNOWN: Readonly<Record<keyof TestMailOptions, true>> = {
  host: true,
  smtp: true,
  smtps: true,
  imap: true,
  imaps: true,
  pop3: true,
  pop3s: true,
  http: true,
  tls: true,
  auth: true,
  users: true,
  domain: true,
  on: true,
  limits: true,
  waitTimeout: true,
  lenient: true,
  strictScripts: true,
  now: true,
  random: true,
  signal: true,
}

const SERVICES = ['smtp', 'smtps', 'imap', 'imaps', 'pop3', 'pop3s', 'http'] as const
const LISTEN: Readonly<Record<keyof ListenAt | keyof HttpAccess, true>> = { port: true, allowedHosts: true }
const CERTIFICATES = ['auto', 'none', 'expired', 'wrong-host', 'self-signed']

/**
 * Mostly slips of the pen: what is not understood would be a server other than the one that the test means.
 * @throws TestMailError `options` for an option that is unknown, or a value that is none.
 */
export function checkOptions(options: TestMailOptions): void {
  checkNames('option', options, KNOWN)
  for (const name of SERVICES) checkListen(name, options[name])
  const { tls, auth, limits = {} } = options
  if (typeof tls === 'string' && !CERTIFICATES.includes(tls)) throw noValue('tls', tls, CERTIFICATES.join(', '))
  if (typeof auth === 'string' && auth !== 'any' && auth !== 'off') throw noValue('auth', auth, 'any, off')
  checkNames('limit', limits, DEFAULT_LIMITS)
  for (const [name, value] of Object.entries(limits)) {
    if (value !== undefined && !(value >= 0)) throw noValue(`limits.${name}`, value, 'a number, 0 or more')
  }
}

function checkListen(name: string, where: unknown): void {
  if (where === undefined || typeof where === 'boolean') return
  if (typeof where !== 'object' || where === null) throw noValue(name, where, 'true, false, { port: 2525 }')
  checkNames(`${name} option`, where, LISTEN)
  const { port = 0 } = where as ListenAt
  if (!(Number.isInteger(port) && port >= 0 && port <= 65_535)) throw noValue(`${name}.port`, port, '0 to 65535')
}

/** @throws TestMailError `options` for what is no object, or has a name that is not known. */
export function checkNames(kind: string, given: unknown, known: object): void {
  if (typeof given !== 'object' || given === null) {
    throw new TestMailError('options', `${String(given)} is no object of ${kind}s: ${Object.keys(known).join(', ')}`)
  }
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(known, name))
  if (unknown === undefined) return
  throw new TestMailError('options', `there is no ${kind} ${unknown}; there are ${Object.keys(known).join(', ')}`)
}

function noValue(name: string, value: unknown, wanted: string): TestMailError {
  return new TestMailError('options', `${name}: ${String(value)} is not what it can be: ${wanted}`)
}

/** `undefined` is what was not said. */
export function limitsOf({
  messages = DEFAULT_LIMITS.messages,
  bytes = DEFAULT_LIMITS.bytes,
}: Partial<TestMailLimits> = {}): TestMailLimits {
  return { messages, bytes }
}
