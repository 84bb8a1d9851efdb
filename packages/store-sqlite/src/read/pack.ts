import type { Column, MessageRow, ModSeq, Uid, UidSet } from '@posthouse/store-api'
import { blobName, emailIdOf, threadIdOf } from '../blob-id.js'

/**
 * A page of rows in a shape that crosses threads for almost nothing: numbers in one array, octets in one buffer for each
 * column, all of them moved and not copied. One object per row is made only where the consumer is.
 */
export interface PackedRows {
  readonly count: number
  /** One column behind the other, each as long as the first: `NUMBERS`, or `LIGHT_NUMBERS` in a light page. */
  readonly numbers: Float64Array
  readonly light: boolean
  /** A line `uid keywords` for each row that has any; `null`: none has. */
  readonly keywords: string | null
  /** In the order of `OCTETS`; `null` where no row has any. */
  readonly octets: readonly (PackedOctets | null)[]
  /** The UID after which the next page begins, or 0 when all ranges were read. */
  readonly next: Uid
  /** What has changed behind this page, when the request has asked for changes; else empty. */
  readonly later: UidSet
  /** Up to which modification sequence all changes are in this page or `later`; without such a request: infinite. */
  readonly complete: ModSeq
}

/** One column of octets, without gaps. */
export interface PackedOctets {
  readonly bytes: Uint8Array
  /** Of each row; -1: it has none. */
  readonly lengths: Float64Array
}

/** What a light page has. */
export const LIGHT_NUMBERS = ['uid', 'modseq', 'flags', 'size'] as const
/** `thread`: 0 for none. */
export const NUMBERS = [...LIGHT_NUMBERS, 'idate', 'sdate', 'content', 'blob', 'thread'] as const
export const OCTETS = ['prefix', 'summary', 'header', 'inline'] as const satisfies readonly ('prefix' | Column)[]

const COMMA = 44
const MINUS = 45
const ZERO = 48

/** Reads as many numbers as there are from `12,-1,305` into a column. */
export function readNumbers(text: string, into: Float64Array, at: number): void {
  let value = 0
  let sign = 1
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === COMMA) {
      into[at++] = value * sign
      value = 0
      sign = 1
    } else if (code === MINUS) {
      sign = -1
    } else {
      value = value * 10 + (code - ZERO)
    }
  }
  into[at] = value * sign
}

/**
 * The rows of a page. Octets are views of the page's buffers: whoever keeps a row for long copies them, as the contract
 * of the columns says.
 */
export function unpackRows(page: PackedRows): MessageRow[] {
  const { count, numbers, light } = page
  const stride = numbers.length / (light ? LIGHT_NUMBERS : NUMBERS).length
  const rows: Mutable<MessageRow>[] = new Array(count)
  for (let i = 0; i < count; i++) {
    const row: Mutable<MessageRow> = {
      uid: numbers[i],
      modseq: numbers[stride + i],
      flags: numbers[2 * stride + i],
      size: numbers[3 * stride + i],
      internalDate: light ? 0 : numbers[4 * stride + i],
      emailId: light ? '' : emailIdOf(numbers[6 * stride + i]),
      blob: light ? '' : blobName(numbers[7 * stride + i]),
    }
    if (!light) {
      row.saveDate = numbers[5 * stride + i]
      const thread = numbers[8 * stride + i]
      if (thread !== 0) row.threadId = threadIdOf(thread)
    }
    rows[i] = row
  }
  if (page.keywords !== null) addKeywords(rows, page.keywords)
  for (const [n, octets] of page.octets.entries()) if (octets) addOctets(rows, OCTETS[n], octets)
  return rows
}

/** Both ascend by UID. */
function addKeywords(rows: readonly Mutable<MessageRow>[], text: string): void {
  let at = 0
  for (const line of text.split('\n')) {
    const [uid, ...keywords] = line.split(' ')
    while (at < rows.length && rows[at].uid < Number(uid)) at++
    if (rows[at]?.uid === Number(uid)) rows[at].keywords = keywords
  }
}

function addOctets(
  rows: readonly Mutable<MessageRow>[],
  name: (typeof OCTETS)[number],
  { bytes, lengths }: PackedOctets,
): void {
  // Views of a plain Uint8Array are made several times faster than those of a Buffer.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let start = 0
  for (let i = 0; i < rows.length; i++) {
    const length = lengths[i]
    if (length < 0) continue
    rows[i][name] = plain.subarray(start, start + length)
    start += length
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** What of a page can be moved to another thread instead of being copied. */
export function transferablesOf({ numbers, octets }: PackedRows): ArrayBuffer[] {
  const buffers = [numbers.buffer as ArrayBuffer]
  for (const column of octets) {
    if (!column) continue
    buffers.push(column.lengths.buffer as ArrayBuffer)
    // What a binding gives may be part of a larger buffer that is not ours to move.
    const { buffer, byteLength } = column.bytes
    if (buffer.byteLength === byteLength && byteLength > 0) buffers.push(buffer as ArrayBuffer)
  }
  return buffers
}
