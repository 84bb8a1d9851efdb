import type { TestMessage } from './content/message.js'
import type { Script } from './faults/script.js'
import type { Inbox } from './inbox.js'
import type { WaitOptions } from './mailroom.js'
import type { Match } from './match.js'
import type { DeliverOptions, TestDraft } from './node/deliver.js'
import type { TestSession } from './sessions.js'

/** Where a protocol is served. */
export interface Endpoint {
  readonly host: string
  readonly port: number
  /** `smtp://127.0.0.1:40125` */
  readonly url: string
  /** TLS from the first octet. */
  readonly tls: boolean
}

/** What `nodemailer.createTransport` takes. */
export interface TransportOptions {
  readonly host: string
  readonly port: number
  readonly secure: boolean
  readonly tls?: { readonly ca: string; readonly servername: string }
}

/** A running test mail server. */
export interface TestMail extends AsyncDisposable, AsyncIterable<TestMessage> {
  /** All that are open. */
  readonly endpoints: {
    readonly smtp: Endpoint | undefined
    readonly smtps: Endpoint | undefined
    readonly imap: Endpoint | undefined
    readonly imaps: Endpoint | undefined
    readonly pop3: Endpoint | undefined
    readonly pop3s: Endpoint | undefined
  }
  /** SMTP, or SMTP in TLS where that is all there is. */
  readonly smtp: Endpoint
  readonly imap: Endpoint | undefined
  readonly pop3: Endpoint | undefined
  /** PEM of the authority, for clients that verify; `''` without TLS. */
  readonly ca: string
  /** `SMTP_HOST`, `SMTP_PORT`, `SMTP_URL`, and the same of what else is open. */
  env(prefix?: string): Record<string, string>
  /** Goes straight into `nodemailer.createTransport`. */
  transport(): TransportOptions
  /** What has arrived, in order. A message is here before its sender is told `250`: code that awaited its sending finds it. */
  readonly messages: readonly TestMessage[]
  /** Every connection, with the SMTP dialogue. */
  readonly sessions: readonly TestSession[]
  /** The mail of one address; without an argument of a new one that nobody else has. */
  inbox(address?: string): Inbox
  /**
   * The first message that matches, now or when it comes. Does not consume.
   * @throws TestMailError `timeout`: the text says what came instead, and which sessions failed.
   */
  waitFor(match?: Match, options?: WaitOptions): Promise<TestMessage>
  waitForAll(count: number, match?: Match, options?: WaitOptions): Promise<TestMessage[]>
  /**
   * Resolves when no SMTP session is open and none was opened for `within` ms (default 100); rejects at once when a
   * message that matches comes, or has come. For apps in another process; in this one `during` is exact.
   */
  expectNone(match?: Match, options?: { readonly within?: number }): Promise<void>
  /** The messages that arrived while a function ran. */
  during<T>(act: () => T | Promise<T>): Promise<{ readonly value: T; readonly messages: readonly TestMessage[] }>
  /** Lets things go wrong: `mail.script(on.rcpt.once().reply(451))`, until what it returns is disposed. */
  script(...scripts: readonly Script[]): Disposable & { remove(): void }
  /** Puts a message into a mailbox without SMTP: for apps that read mail. */
  deliver(to: string, message: TestDraft, options?: DeliverOptions): Promise<TestMessage>
  /** Forgets messages and ended sessions; what IMAP and POP3 show stays. */
  clear(): void
  /** Ends all connections and waits; may be called again. Waits that are open are rejected. */
  dispose(): Promise<void>
}
