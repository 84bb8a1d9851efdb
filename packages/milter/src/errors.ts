/** What went wrong with a milter. */
export type MilterErrorCode =
  /** No connection came about. */
  | 'connect'
  /** It was silent, or did not read, for too long. */
  | 'timeout'
  /** It closed the connection in the middle of something, or said that it cannot work. */
  | 'lost'
  /** It broke the protocol. */
  | 'protocol'
  /** An address of a milter that cannot be read. */
  | 'address'

/** A milter cannot be used. Inside a server the option `whenDown` decides what becomes of the message. */
export class MilterError extends Error {
  override readonly name = 'MilterError'
  readonly code: MilterErrorCode
  constructor(code: MilterErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}
