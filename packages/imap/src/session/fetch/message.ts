/** One message as FETCH and SEARCH read it: the row, its summary, its header, ranges of its octets. */

import { createSummarizer, openSummary, type Summary } from '@posthouse/mime/summary'
import type { MessageRow, Source } from '@posthouse/store-api'
import { concat } from '@posthouse/wire'
import type { ImapSession } from '../session.js'

/** A stored message is `prefix` followed by the blob; offsets here count from the prefix's first octet. */
export interface FetchedMessage {
  readonly row: MessageRow
  /** Octets before the blob. */
  readonly prefix: Uint8Array
  /** The blob's summary (offsets in it count from the blob): at once when the row has it, else made from the octets. */
  summary(): Summary | Promise<Summary>
  /** The message's header block with its empty line. */
  header(): Uint8Array | Promise<Uint8Array>
  /** Octets from `start` to `end`, in pieces. `reuse`: a piece is done with when the next one is asked for. */
  pieces(start: number, end: number, reuse?: boolean): Iterable<Uint8Array> | AsyncIterable<Uint8Array>
  /** As one array; for what is known to be small. */
  octets(start: number, end: number): Promise<Uint8Array>
}

const NOTHING = new Uint8Array(0)

/** Opens a row. */
export function fetchedMessage(session: ImapSession, row: MessageRow): FetchedMessage {
  return new RowMessage(session, row)
}

/** A class, because FETCH makes one for each row: closures would cost more than the row's answer. */
export class RowMessage implements FetchedMessage {
  readonly prefix: Uint8Array
  #opened: Summary | null = null
  readonly #session: ImapSession

  constructor(
    session: ImapSession,
    readonly row: MessageRow,
  ) {
    this.#session = session
    this.prefix = row.prefix ?? NOTHING
  }

  summary(): Summary | Promise<Summary> {
    if (this.#opened) return this.#opened
    const { summary } = this.row
    const known = summary ? openSummary(summary) : null
    if (!known) return this.#rebuild()
    this.#opened = known
    return known
  }

  header(): Uint8Array | Promise<Uint8Array> {
    const { prefix, row } = this
    if (row.header) return prefix.length === 0 ? row.header : concat([prefix, row.header])
    const summary = this.summary()
    if (!(summary instanceof Promise)) return this.octets(0, prefix.length + summary.headerSize)
    return summary.then(({ headerSize }) => this.octets(0, prefix.length + headerSize))
  }

  pieces(start: number, end: number, reuse = false): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
    const { prefix, row } = this
    const seam = prefix.length
    if (start >= end) return []
    const head = start < seam ? [prefix.subarray(start, Math.min(end, seam))] : []
    if (end <= seam) return head
    const from = Math.max(0, start - seam)
    if (row.inline) return [...head, row.inline.subarray(from, end - seam)]
    const source: Source = this.#session.account.read(row.blob, { start: from, end: end - seam, reuse })
    return head.length === 0 ? source : chain(head, source)
  }

  async octets(start: number, end: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = []
    for await (const piece of this.pieces(start, end)) parts.push(new Uint8Array(piece))
    return concat(parts.length === 0 ? [NOTHING] : parts)
  }

  /** Makes a summary that is missing or of another version, and gives it back to the store. */
  async #rebuild(): Promise<Summary> {
    const { row, prefix } = this
    const summarizer = createSummarizer()
    for await (const piece of this.pieces(prefix.length, row.size)) summarizer.write(piece)
    const { summary } = summarizer.end()
    if (row.emailId !== '') await this.#session.account.summaries?.([{ emailId: row.emailId, summary }])
    const opened = openSummary(summary)
    if (!opened) throw new Error('a summary that was just made cannot be read')
    this.#opened = opened
    return opened
  }
}

async function* chain(first: readonly Uint8Array[], rest: Source): AsyncGenerator<Uint8Array> {
  yield* first
  yield* rest
}
