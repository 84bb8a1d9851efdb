import type { Column, MessageRow } from '@posthouse/store-api'
import { blobName, emailIdOf, threadIdOf } from '../blob-id.js'
import type { SqlRow } from '../sql/driver.js'

/**
 * A page of rows in a shape that crosses threads for almost nothing: numbers in one array, octets in one buffer, both
 * moved and not copied. One object per row is made only where the consumer is.
 */
export interface PackedRows {
  /** `NUMBERS` for each row. */
  readonly numbers: Float64Array
  /** Keywords of the rows that have any: index of the row, text. */
  readonly keywords: readonly (readonly [row: number, text: string])[]
  /** All octet columns, one after the other. */
  readonly bytes: Uint8Array
  /** `SLOTS` end offsets for each row; a slot with the same begin and end is empty, `present` says whether it is there. */
  readonly ends: Uint32Array
  /** Bit n: slot n is there. */
  readonly present: Uint8Array
  /** The UID after which the next page begins, or 0 when all ranges were read. */
  readonly next: number
}

/** uid, modseq, flags, size, internalDate, saveDate, content, blob, thread (0: none) */
const NUMBERS = 9
/** prefix, summary, header, inline */
const SLOTS = 4

/** The columns of a row in the order in which `packRows` takes them; a guest has flags and changes of its own. */
export function rowColumns(modseq = 'm.modseq', flags = 'm.flags'): string {
  return `m.uid, ${modseq}, ${flags}, m.size, m.idate, m.sdate, m.content, m.blob, coalesce(m.thread, 0), m.kw`
}
/** How many they are. */
export const ROW_WIDTH = NUMBERS + 1

/** A row of `rowColumns` and its octet columns. */
export interface RowWithOctets {
  readonly row: SqlRow
  readonly slots: readonly (Uint8Array | null)[]
}

export function packRows(rows: readonly RowWithOctets[], next: number): PackedRows {
  const numbers = new Float64Array(rows.length * NUMBERS)
  const ends = new Uint32Array(rows.length * SLOTS)
  const present = new Uint8Array(rows.length)
  const keywords: [number, string][] = []
  let total = 0
  for (const { slots } of rows) for (const slot of slots) if (slot) total += slot.byteLength
  const bytes = new Uint8Array(total)
  let end = 0
  rows.forEach(({ row, slots }, i) => {
    for (let n = 0; n < NUMBERS; n++) numbers[i * NUMBERS + n] = row[n] as number
    const kw = row[NUMBERS]
    if (kw !== null) keywords.push([i, kw as string])
    for (let n = 0; n < SLOTS; n++) {
      const slot = slots[n]
      if (slot) {
        bytes.set(slot, end)
        end += slot.byteLength
        present[i] |= 1 << n
      }
      ends[i * SLOTS + n] = end
    }
  })
  return { numbers, keywords, bytes, ends, present, next }
}

/** What `packRows` made, as rows. Octets are copied out, so that a row that is kept does not keep its page. */
export function unpackRows(page: PackedRows): MessageRow[] {
  const { numbers, bytes, ends, present } = page
  const count = present.length
  const rows: MessageRow[] = new Array(count)
  const keywords = new Map(page.keywords)
  let start = 0
  for (let i = 0; i < count; i++) {
    const at = i * NUMBERS
    const row: Mutable<MessageRow> = {
      uid: numbers[at],
      modseq: numbers[at + 1],
      flags: numbers[at + 2],
      size: numbers[at + 3],
      internalDate: numbers[at + 4],
      saveDate: numbers[at + 5],
      emailId: emailIdOf(numbers[at + 6]),
      blob: blobName(numbers[at + 7]),
    }
    const thread = numbers[at + 8]
    if (thread !== 0) row.threadId = threadIdOf(thread)
    const kw = keywords.get(i)
    if (kw !== undefined) row.keywords = kw.split(' ')
    for (let n = 0; n < SLOTS; n++) {
      const end = ends[i * SLOTS + n]
      if (present[i] & (1 << n)) row[SLOT_NAMES[n]] = bytes.slice(start, end)
      start = end
    }
    rows[i] = row
  }
  return rows
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

const SLOT_NAMES = ['prefix', 'summary', 'header', 'inline'] as const satisfies readonly ('prefix' | Column)[]

/** What of a page can be moved to another thread instead of being copied. */
export function transferablesOf(page: PackedRows): ArrayBuffer[] {
  return [page.numbers.buffer, page.bytes.buffer, page.ends.buffer, page.present.buffer] as ArrayBuffer[]
}
