/** What a POP3 client could not do. A lost or silent connection is a `ConnectionError` of `@posthouse/wire`. */
export type Pop3ClientErrorCode =
  /** The server answered `-ERR`; `responseCode` may say why. */
  | 'refused'
  /** The server does not accept the login. */
  | 'auth'
  /** TLS is required, and the server does not offer it. */
  | 'tls'
  /** The server does not speak POP3, or an answer is larger than `limits` allow. The connection is closed. */
  | 'protocol'
  /** The client was closed. */
  | 'closed'

/** A command that failed, and what the server said. */
export class Pop3ClientError extends Error {
  override readonly name = 'Pop3ClientError'
  readonly code: Pop3ClientErrorCode
  /** The keyword of the command, `null` for the greeting and where no command is to blame. */
  readonly command: string | null
  /** The response code of RFC 2449 §8 and RFC 3206 in upper case (`AUTH`, `IN-USE`, `SYS/TEMP`), or `null`. */
  readonly responseCode: string | null

  constructor(
    code: Pop3ClientErrorCode,
    message: string,
    details: { readonly command?: string; readonly responseCode?: string | null; readonly cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.command = details.command ?? null
    this.responseCode = details.responseCode ?? null
  }

  /** True when the same may work later (RFC 2449 §8.1, RFC 3206 §3). */
  get temporary(): boolean {
    return ['IN-USE', 'LOGIN-DELAY', 'SYS/TEMP'].includes(this.responseCode ?? '')
  }
}
