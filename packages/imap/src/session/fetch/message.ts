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
  /** Octets from `start` to `end`, in pieces. */
  pieces(start: number, end: number): Iterable<Uint8Array> | AsyncIterable<Uint8Array>
  /** As one array; for what is known to be small. */
  octets(start: number, end: number): Promise<Uint8Array>
}

const NOTHING = new Uint8Array(0)

export function fetchedMessage(session: ImapSession, row: MessageRow): FetchedMessage {
  const prefix = row.prefix ?? NOTHING
  let opened: Summary | undefined

  function pieces(start: number, end: number): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
    const seam = prefix.length
    if (start >= end) return []
    const head = start < seam ? [prefix.subarray(start, Math.min(end, seam))] : []
    if (end <= seam) return head
    const from = Math.max(0, start - seam)
    if (row.inline) return [...head, row.inline.subarray(from, end - seam)]
    const source: Source = session.account.read(row.blob, { start: from, end: end - seam })
    return head.length === 0 ? source : chain(head, source)
  }

  async function octets(start: number, end: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = []
    for await (const piece of pieces(start, end)) parts.push(piece.slice())
    return concat(parts.length === 0 ? [NOTHING] : parts)
  }

  const message: FetchedMessage = {
    row,
    prefix,
    summary() {
      if (opened) return opened
      const known = row.summary && openSummary(row.summary)
      if (!known) return rebuild(session, row, message).then((made) => (opened = made))
      opened = known
      return known
    },
    header() {
      if (row.header) return prefix.length === 0 ? row.header : concat([prefix, row.header])
      const summary = message.summary()
      if (summary instanceof Promise) return summary.then(({ headerSize }) => octets(0, prefix.length + headerSize))
      return octets(0, prefix.length + summary.headerSize)
    },
    pieces,
    octets,
  }
  return message
}

async function* chain(first: readonly Uint8Array[], rest: Source): AsyncGenerator<Uint8Array> {
  yield* first
  yield* rest
}

/** Makes a summary that is missing or of another version, and gives it back to the store. */
async function rebuild(session: ImapSession, row: MessageRow, message: FetchedMessage): Promise<Summary> {
  const summarizer = createSummarizer()
  for await (const piece of message.pieces(message.prefix.length, row.size)) summarizer.write(piece)
  const { summary } = summarizer.end()
  if (row.emailId !== '') await session.account.summaries?.([{ emailId: row.emailId, summary }])
  const opened = openSummary(summary)
  if (!opened) throw new Error('a summary that was just made cannot be read')
  return opened
}
