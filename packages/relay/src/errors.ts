/** What a relay could not do. */
export type RelayErrorCode =
  /** An address that is none, or a table with one. */
  | 'address'
  /** Another process works on this queue. */
  | 'busy'
  /** The queue cannot be written or read: disk full, files locked, no such message. */
  | 'unavailable'
  /** The relay or its queue was closed. */
  | 'closed'
  /** A limit of the relay's own. */
  | 'limit'
  /** DNS had no answer; worth another try. */
  | 'dns'

/** The one error of this package. */
export class RelayError extends Error {
  override readonly name = 'RelayError'
  readonly code: RelayErrorCode

  constructor(code: RelayErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}
