/** What went wrong. */
export type MailAuthErrorCode =
  /** A signature cannot be made: the key is none, or of an unknown kind. */
  | 'key'
  /** A message asks for more DNS than it may. */
  | 'dns-limit'
  /** The checks took too long. */
  | 'timeout'

/** A message cannot be signed or checked. */
export class MailAuthError extends Error {
  override readonly name = 'MailAuthError'
  readonly code: MailAuthErrorCode
  constructor(code: MailAuthErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}
