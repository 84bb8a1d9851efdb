import type { ByteRange, Source } from '@posthouse/store-api'
import type { Transaction } from './transaction.js'

/** A message that has come in completely, as the `message` stage sees it. */
export interface ReceivedMessage {
  readonly transaction: Transaction
  /** Octets. */
  readonly size: number
  /** The MIME summary (`openSummary` of `@posthouse/mime/summary` reads it); `null` when no handler needs it. */
  readonly summary: Uint8Array | null
  /** The header block with the empty line that ends it; `null` when no handler needs the summary. */
  readonly header: Uint8Array | null
  /**
   * The message, dots removed, without trace fields. The same array at every call; do not change it. Where a handler
   * needs the summary, as those do that store mail, a message whose first line is no header field has an empty line in
   * front: all of it is body, and no part of the fields that go there (RFC 5322 §2.1).
   * @throws Error when no handler of the server has `octets` among its needs, or when the server's spool does not
   *   keep this message in memory (`fileSpool` beyond 64 KiB): then `read` it.
   */
  octets(): Uint8Array
  /**
   * Octets from `start` (included) to `end` (excluded), or all; may be read again and again while the handler runs.
   * @throws Error when no handler of the server has `octets` among its needs.
   */
  read(range?: ByteRange): Source
}
