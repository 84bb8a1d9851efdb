import type { Endpoint, TlsInfo } from '../link.js'

/** The client's end of a connection, whatever carries it: what `SmtpClient` and `Pop3Client` speak over. */
export interface ClientConnection {
  readonly remote: Endpoint
  readonly local: Endpoint
  /** `null` while the connection is in clear text. */
  readonly tls: TlsInfo | null
  /** True when both ends are on this machine. */
  readonly loopback: boolean
  /** True when `startTls` can work. */
  readonly canStartTls: boolean
  /**
   * The next chunk; `null` when the peer has ended. One call at a time: nothing is taken from the network in between
   * but one chunk.
   * @param timeout ms to wait; 0 = for ever.
   * @throws ConnectionError `timeout`, `lost`, `aborted`.
   */
  read(timeout: number): Promise<Uint8Array | null>
  /** Writes all pieces in order. A promise when the peer is slow: it resolves when more is welcome, or at the end. */
  write(pieces: readonly Uint8Array[]): void | Promise<void>
  /**
   * Encrypts the connection.
   * @throws ConnectionError `injected` when the peer has sent octets that nobody has read: they came in clear text and
   * must not be taken for encrypted ones (RFC 3207 §4). `tls` when the handshake fails or the certificate is not
   * trusted; `lost`, `aborted` when the connection is over.
   */
  startTls(): Promise<void>
  /** Ends the connection behind what was written; resolves when the peer has ended it too, or after a few seconds. */
  end(): Promise<void>
  /** Ends the connection at once. */
  destroy(): void
}

/** What went wrong with a connection. */
export type ConnectionErrorCode =
  /** No connection came about: refused, unreachable, no such host. */
  | 'connect'
  /** The handshake failed, or the certificate is not trusted. */
  | 'tls'
  /** The peer was silent for too long. */
  | 'timeout'
  /** The peer ended or reset it in the middle of something. */
  | 'lost'
  /** Octets came in clear text where encrypted ones had to begin. */
  | 'injected'
  /** The caller's signal. */
  | 'aborted'

/** A connection that cannot be used (any more). `cause` has what the system said. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError'
  readonly code: ConnectionErrorCode
  constructor(code: ConnectionErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}
