import { uidSetFromSorted, uidSetIntersect } from '@posthouse/store-api'
import { behind } from '../ranges.js'
import type { Connection } from '../sql/connection.js'
import { CHUNK_BYTES, MAX_CHUNKS } from '../sql/schema.js'
import { NUMBERS, type PackedOctets, type PackedRows, readNumbers } from './pack.js'
import { type Found, pageSql, SHORT } from './page-sql.js'
import type { ReadRequest } from './requests.js'
import { changedUids } from './rows.js'

/** Octets given in one page at most, but for the last row. */
const PAGE_OCTETS = 1024 * 1024
/** Octets up to which a message comes with its row: what one chunk holds. */
const INLINE_BYTES = CHUNK_BYTES

/**
 * One page: rows of the ranges, ascending, as many as `limit` and the octets allow.
 *
 * SQLite joins each column of the page into one value. A value costs about as much on its way out of SQLite as reading
 * ten more columns does, so that one row with a dozen long values comes five times sooner than a thousand with as many.
 */
export function readPage(
  index: Connection,
  blobs: Connection,
  request: Extract<ReadRequest, { type: 'rows' }>,
): PackedRows {
  const { mailbox, guest, since, limit, want, expunged } = request
  const light = request.light && want.length === 0 && !expunged
  const [summary, header] = [want.includes('summary'), want.includes('header')]
  const changed = since > 0 ? changedUids(index, mailbox, since, guest) : null
  const changes = changed && uidSetIntersect(request.uids, uidSetFromSorted(changed.uids))
  // A change is a row that is there, so that more ranges than rows are not needed.
  const ranges = changes ? changes.slice(0, limit) : request.uids
  const who = guest && !expunged ? [guest.principal] : []
  const found = index.get(
    pageSql({ light, summary, header, expunged }, guest),
    JSON.stringify(ranges),
    ...who,
    mailbox,
    limit,
  ) as Found
  const [read, keywords, prefixes, prefixSizes, summaries, summarySizes, headers, headerSizes, ...texts] = found
  const numbers = new Float64Array(read * texts.length)
  if (read > 0) for (const [i, text] of texts.entries()) readNumbers(text as string, numbers, i * read)
  const sizes = [prefixSizes, summarySizes, headerSizes].map((text) => (text === null ? null : numbersOf(text, read)))
  const bodySizes = want.includes('inline') ? inlineSizes(numbers, read, sizes[0]) : null
  const count = howMany(read, [sizes[1], sizes[2], bodySizes])
  const next = count < read || (read > 0 && read === limit) ? numbers[count - 1] : 0
  const contents = numbers.subarray(CONTENT * read)
  const one = (name: 'summary' | 'header') => (i: number) =>
    index.get(`SELECT ${name} FROM content WHERE id=?`, contents[i])?.[0] as Uint8Array
  return {
    count,
    numbers,
    light,
    keywords,
    octets: [
      sizes[0] && { bytes: prefixes ?? NOTHING, lengths: sizes[0] },
      sizes[1] && pack(summaries, sizes[1], count, one('summary')),
      sizes[2] && pack(headers, sizes[2], count, one('header')),
      bodySizes && bodies(blobs, numbers.subarray(BLOB * read), bodySizes, count),
    ],
    next,
    later: changes ? behind(changes, next > 0 ? next : (ranges.at(-1)?.[1] ?? 0)) : [],
    complete: changed?.modseq ?? Number.POSITIVE_INFINITY,
  }
}

const CONTENT = NUMBERS.indexOf('content')
const BLOB = NUMBERS.indexOf('blob')
const SIZE = NUMBERS.indexOf('size')
const NOTHING = new Uint8Array(0)

/** How many rows fit into a page; at least one. */
function howMany(read: number, columns: readonly (Float64Array | null)[]): number {
  let octets = 0
  for (let i = 0; i < read; i++) {
    for (const lengths of columns) if (lengths && lengths[i] > 0) octets += lengths[i]
    if (octets >= PAGE_OCTETS) return i + 1
  }
  return read
}

/** A column whose short values were read together; the others are read now. */
function pack(
  short: Uint8Array | null,
  lengths: Float64Array,
  count: number,
  read: (i: number) => Uint8Array,
): PackedOctets {
  let total = 0
  let long = false
  for (let i = 0; i < count; i++) {
    if (lengths[i] > 0) total += lengths[i]
    if (lengths[i] > SHORT) long = true
  }
  if (!long) return { bytes: short ?? NOTHING, lengths }
  const bytes = new Uint8Array(total)
  let from = 0
  let to = 0
  for (let i = 0; i < count; i++) {
    const length = lengths[i]
    if (length > SHORT) {
      bytes.set(read(i), to)
    } else if (length > 0 && short) {
      bytes.set(short.subarray(from, from + length), to)
      from += length
    }
    if (length > 0) to += length
  }
  return { bytes, lengths }
}

function numbersOf(text: string, count: number): Float64Array {
  const numbers = new Float64Array(count)
  readNumbers(text, numbers, 0)
  return numbers
}

/** Octets of the blobs that come with their rows; -1 for the others. */
function inlineSizes(numbers: Float64Array, read: number, prefix: Float64Array | null): Float64Array {
  const sizes = new Float64Array(read)
  for (let i = 0; i < read; i++) {
    const size = numbers[SIZE * read + i] - Math.max(prefix?.[i] ?? 0, 0)
    sizes[i] = size > INLINE_BYTES ? -1 : size
  }
  return sizes
}

function bodies(blobs: Connection, ids: Float64Array, sizes: Float64Array, count: number): PackedOctets {
  let total = 0
  for (let i = 0; i < count; i++) if (sizes[i] > 0) total += sizes[i]
  const bytes = new Uint8Array(total)
  let to = 0
  for (let i = 0; i < count; i++) {
    if (sizes[i] <= 0) continue
    const chunk = blobs.get('SELECT data FROM chunk WHERE id=?', ids[i] * MAX_CHUNKS)?.[0] as Uint8Array | undefined
    if (chunk?.byteLength === sizes[i]) bytes.set(chunk, to)
    else sizes[i] = -1
    if (sizes[i] > 0) to += sizes[i]
  }
  return { bytes, lengths: sizes }
}
