import type { TestMessage } from './content/message.js'
import type { TestDraft } from './draft.js'
import type { Script } from './faults/script.js'
import type { Inbox, MailReceiver, RemoteInbox } from './inbox.js'
import type { Mark } from './mailroom.js'
import type { DeliverOptions } from './node/deliver.js'
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

/** All that are open, by protocol. */
export interface Endpoints {
  readonly smtp: Endpoint | undefined
  readonly smtps: Endpoint | undefined
  readonly imap: Endpoint | undefined
  readonly imaps: Endpoint | undefined
  readonly pop3: Endpoint | undefined
  readonly pop3s: Endpoint | undefined
  readonly http: Endpoint | undefined
}

/** What `nodemailer.createTransport` takes. */
export interface TransportOptions {
  readonly host: string
  readonly port: number
  readonly secure: boolean
  readonly tls?: { readonly ca: string; readonly servername: string }
}

/** What a test server can do wherever it runs. */
export interface MailServer extends MailReceiver, AsyncDisposable, AsyncIterable<TestMessage> {
  readonly endpoints: Endpoints
  /** SMTP, or SMTP in TLS where that is all there is. @throws TestMailError `missing` without either. */
  readonly smtp: Endpoint
  readonly imap: Endpoint | undefined
  readonly pop3: Endpoint | undefined
  /** For `connectTestMail` and other languages. */
  readonly http: Endpoint | undefined
  /** PEM of the authority, for clients that verify; `''` without TLS. */
  readonly ca: string
  /**
   * `SMTP_HOST`, `SMTP_PORT`, `SMTP_URL`, the same of what else is open, and `TEST_MAIL_URL` of the HTTP interface.
   * With TLS also `NODE_EXTRA_CA_CERTS`: a file in the folder for temporary ones, gone when the server is disposed.
   */
  env(prefix?: string): Record<string, string>
  /** Goes straight into `nodemailer.createTransport`. */
  transport(): TransportOptions
  /** The messages that arrived while a function ran. */
  during<T>(act: () => T | Promise<T>): Promise<{ readonly value: T; readonly messages: readonly TestMessage[] }>
  /**
   * Puts a message into a mailbox without SMTP: for apps that read mail.
   * @param to An address, or the name of a user in the server's domain. @throws TestMailError `options` for anything else.
   */
  deliver(to: string, message: TestDraft, options?: DeliverOptions): Promise<TestMessage>
  /** Ends all connections and waits; may be called again. Waits that are open are rejected. */
  dispose(): Promise<void>
}

/** Faults in force. Disposing, or `remove()`, ends them. */
export interface ScriptedFaults extends Disposable {
  remove(): void
}

/** A running test mail server. */
export interface TestMail extends MailServer {
  /** What has arrived, in order. A message is here before its sender is told `250`: code that awaited its sending finds it. */
  readonly messages: readonly TestMessage[]
  /** Every connection, with its dialogue. */
  readonly sessions: readonly TestSession[]
  /**
   * The mail of one address, or of a user in the server's domain by name; without an argument of a new one that nobody
   * else has. @throws TestMailError `options` for what is neither.
   */
  inbox(address?: string): Inbox
  /** Now, in the order of arrival: `waitFor(match, { since: mark })` looks at what comes behind it. */
  mark(): Mark
  /** Lets things go wrong: `mail.script(on.rcpt.once().reply(451))`, until what it returns is disposed. */
  script(...scripts: readonly Script[]): ScriptedFaults
  /**
   * Forgets messages and ended sessions. IMAP and POP3 lose the messages of all mailboxes, as if another client had
   * removed them; mailboxes and open connections stay.
   */
  clear(): void
}

/** A test server in another process. Disposing ends what this end has open, and its faults; the server goes on. */
export interface RemoteTestMail extends MailServer {
  /**
   * The mail of one address, or of a user in the server's domain by name; without an argument of a new one that nobody
   * else has. @throws TestMailError `options` for what is neither.
   */
  inbox(address?: string): RemoteInbox
  /** Every connection, with its dialogue. */
  listSessions(): Promise<readonly TestSession[]>
  /** See `TestMail.mark`. */
  mark(): Promise<Mark>
  /** As `TestMail.script`; functions (`when`, `run`) cannot travel. @throws TestMailError `options`. */
  script(...scripts: readonly Script[]): Promise<AsyncDisposable & { remove(): Promise<void> }>
  /** See `TestMail.clear`. */
  clear(): Promise<void>
}
