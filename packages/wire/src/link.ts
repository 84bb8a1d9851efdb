import type { Engine } from './engine.js'

/** One end of a connection. */
export interface Endpoint {
  /** IPv4 or IPv6 address as text; IPv4 mapped into IPv6 is shown as IPv4. */
  readonly address: string
  readonly port: number
}

/** What TLS agreed on. */
export interface TlsInfo {
  /** `TLSv1.3`, `TLSv1.2`. */
  readonly protocol: string
  /** IANA name of the cipher suite. */
  readonly cipher: string
  /** The host name the client asked for (SNI). */
  readonly servername: string | null
  /** The peer's certificate: the server's, or the client's when one was asked for and given. */
  readonly peerCertificate: PeerCertificate | null
  /** Channel binding data (RFC 5929 §4, RFC 9266), or `null` when this connection cannot give it. */
  channelBinding(type: 'tls-exporter' | 'tls-server-end-point'): Uint8Array | null
}

/** The certificate that the peer has shown. */
export interface PeerCertificate {
  /** True when it chains to an authority that is trusted here; a server's is for its name, too, or `verifyPeer` vouches for it. */
  readonly authorized: boolean
  readonly subject: string
  /** DNS names and e-mail addresses of the subject alternative name. */
  readonly altNames: readonly string[]
  /** SHA-256 of the certificate, hexadecimal with colons. */
  readonly fingerprint256: string
}

/** Something worth a line in a log. Never holds a secret. */
export interface LogEvent {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  /** What happened, in dotted words: `connection.closed`, `tls.failed`. */
  readonly event: string
  /** The connection it happened on. */
  readonly connection?: string
  readonly message?: string
  readonly error?: unknown
  readonly [detail: string]: unknown
}

/** Takes log events, those of sessions and those of connections. Must not throw. */
export type Log = (event: LogEvent) => void

/** Why a connection is over. */
export type CloseReason =
  /** `link.close()` was called and all output is written. */
  | { readonly type: 'closed' }
  /** The peer closed or reset the connection. */
  | { readonly type: 'peer' }
  | { readonly type: 'timeout' }
  | { readonly type: 'shutdown' }
  /** Another session takes over after a TLS handshake. */
  | { readonly type: 'upgraded' }
  /** A rule was broken so badly that there is nothing to say. */
  | { readonly type: 'aborted'; readonly message: string }
  | { readonly type: 'error'; readonly error: unknown }

/** What a session may do with the connection it lives on, whatever carries it. */
export interface Link {
  /** Unique in the process; for logs and transcripts. */
  readonly id: string
  readonly remote: Endpoint
  readonly local: Endpoint
  /** `null` while the connection is in clear text. */
  readonly tls: TlsInfo | null
  /** True when this session continues a connection after STARTTLS or STLS: no greeting. */
  readonly upgraded: boolean
  /** True when both ends are on this machine. */
  readonly loopback: boolean
  /** True when `startTls` can work: not encrypted yet, and the listener has a certificate. */
  readonly canStartTls: boolean
  /** True when `compress` can work. */
  readonly canCompress: boolean
  /** True when the peer has sent octets that wait for the handler in progress: it has not waited for an answer. */
  readonly inputWaits: boolean
  /** Aborted, with an `AbortError` that all connections share, when the connection ends. Stays the same behind STARTTLS. */
  readonly signal: AbortSignal
  readonly log: Log
  /** Milliseconds since the epoch. */
  now(): number
  /** Resolves after so many ms, or when the connection ends: for answers that must not come at once. */
  delay(ms: number): Promise<void>
  /** Writes what the engine has to say. A promise when the peer reads slower than we write: wait before making more. */
  flush(): void | Promise<void>
  /**
   * As `flush`, but the promise is there until all of it has left this process: then the memory of what was sent as
   * views may be used again.
   */
  sent(): void | Promise<void>
  /**
   * Encrypts the connection as soon as the handler in progress returns: output is written, anything the peer sent
   * meanwhile ends the connection, and after the handshake the protocol opens a new session.
   */
  startTls(): void
  /** From the end of the handler in progress, both directions are DEFLATE streams (RFC 4978). The engine stays. */
  compress(): void
  /** Ends the connection when the handler in progress is done and all output is written. */
  close(): void
  /** Ends the connection at once; the reason is logged. */
  abort(message: string): void
  /**
   * Ends the connection after this long without a chunk from the peer while nothing that is being sent to it moves
   * either (ms; 0 = never). Restarts the waiting. The time that a handler takes does not count, unless the peer does not
   * read what was said to it.
   */
  idleTimeout(ms: number): void
  /** Ends the connection this long from now whatever happens (ms; 0 = lifts it). For logins and incomplete commands. */
  deadline(ms: number): void
}

/** Decides the replies of one connection. Methods may be async; events wait for each other. */
export interface Session<Event> {
  /** The connection stands: greet, unless `link.upgraded`. */
  start?(): void | Promise<void>
  /**
   * One event of the engine. Byte views in it are valid until it returns, or until the promise that it returns settles:
   * then what any other connection sends comes to lie in the same memory.
   */
  handle(event: Event): void | Promise<void>
  /** The idle time or the deadline is over: say goodbye through the engine. The connection closes afterwards. */
  timedOut?(): void
  /**
   * The server wants to stop: say goodbye and `link.close()`, now or when the transaction in progress is done.
   * Without it the connection closes as soon as no handler runs.
   */
  shutdown?(): void
  /** A handler threw or its promise was rejected: the engine may still be given a last reply. The connection closes afterwards. */
  failed?(error: unknown): void
  /** The connection is over; let go of everything. Called once. */
  closed?(reason: CloseReason): void | Promise<void>
}

/** One protocol as a listener needs it: makes the engine and the session of a new connection. */
export interface Protocol<Event extends { readonly type: string } = { readonly type: string }, Reply = unknown> {
  /** `smtp`, `lmtp`, `imap`, `pop3`. */
  readonly name: string
  /** What a connection hears that there is no room for. Default: it is closed without a word. */
  readonly refusal?: Uint8Array
  /** Takes the events of listeners that have no log of their own. */
  readonly log?: Log
  connect(link: Link): { readonly engine: Engine<Event, Reply>; readonly session: Session<Event> }
}
