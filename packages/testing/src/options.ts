import type { SmtpHandler } from '@posthouse/smtp'
import type { CredentialVerifier, PasswordCheck } from '@posthouse/wire'
import type { CertificateKind, TestCertificate } from './node/certificates.js'

/** Where a protocol is served. */
export interface ListenAt {
  /** Default: 0, any free port. */
  readonly port?: number
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
  readonly imaps?: boolean | ListenAt
  readonly pop3?: boolean | ListenAt
  readonly pop3s?: boolean | ListenAt
  /**
   * The certificate: `auto` makes an authority and a good one in memory; the others are as bad as they are called;
   * `none` offers no TLS. Default: `auto` where `smtps`, `imaps` or `pop3s` is asked for, `none` otherwise.
   */
  readonly tls?: 'auto' | 'none' | Exclude<CertificateKind, 'good'> | TestCertificate
  /**
   * Who may log in: `any` user with any password, nobody (`off`), these users and passwords, or a function.
   * Default: `any`.
   */
  readonly auth?: 'any' | 'off' | Readonly<Record<string, string>> | PasswordCheck | CredentialVerifier
  /** Which addresses there are: all (`auto`), or these; others are refused at RCPT. Default: `auto`. */
  readonly users?: 'auto' | readonly string[]
  /** Domain of the addresses that `inbox()` makes up. Default: `mail.test`. */
  readonly domain?: string
  /** Handlers asked before the server's own: a stage that returns a reply decides. */
  readonly on?: SmtpHandler | readonly SmtpHandler[]
  readonly limits?: Partial<TestMailLimits>
  /** ms that `waitFor` waits: below the 5 s of most test runners, so that our error is the one that is read. Default: 4,000. */
  readonly waitTimeout?: number
  /** Takes bare line feeds and the like, as few servers do any more. Default: false. */
  readonly lenient?: boolean
  /** Disposing fails when a scripted fault was never used. Default: false. */
  readonly strictScripts?: boolean
  /** Milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: () => number
  /** Disposes the server when it aborts. */
  readonly signal?: AbortSignal
}

/** What a test server holds. More is refused with 452. */
export interface TestMailLimits {
  /** Default: 10,000. */
  readonly messages: number
  /** Octets of all messages. Default: 64 MiB. */
  readonly bytes: number
}

export const DEFAULT_LIMITS: TestMailLimits = Object.freeze({ messages: 10_000, bytes: 64 * 1024 * 1024 })
