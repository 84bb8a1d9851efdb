/** What can be wrong with what is to be written; the message of each error says what would be right. */
export type ComposeErrorCode =
  /** CR, LF or NUL in something that goes into a header. */
  | 'control-character'
  /** A field name that RFC 5322 §2.2 does not allow. */
  | 'invalid-field-name'
  /** A field that has an option of its own. */
  | 'reserved-field'
  /** A field that cannot be written in lines of 998 octets. */
  | 'field-too-long'
  | 'invalid-address'
  /** A local part outside ASCII needs `smtputf8: true`. */
  | 'needs-smtputf8'
  | 'invalid-message-id'
  | 'invalid-date'
  | 'invalid-media-type'
  /** A boundary that is no boundary, or one that a part contains again and again. */
  | 'invalid-boundary'
  /** A body stream gave something other than a Uint8Array. */
  | 'invalid-chunk'
  /** A body stream that can be read once was to be read again. */
  | 'body-used'

/** A message that cannot be written as it was asked for: `code` says why. */
export class ComposeError extends Error {
  override readonly name = 'ComposeError'
  readonly code: ComposeErrorCode

  constructor(code: ComposeErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
