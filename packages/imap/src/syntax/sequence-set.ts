/** Sequence sets (RFC 9051 §9, sequence-set): kept as ranges, so that `1:4294967295` costs what one number costs. */
import type { UidSet } from '@posthouse/store-api'
import type { Cursor } from './cursor.js'

/** `*`: the largest number in use. */
export const STAR = Number.POSITIVE_INFINITY

/** Message numbers or UIDs as a client names them. */
export interface SequenceSet {
  /** `$`: the saved result of a search (RFC 9051 §6.4.4.1). `ranges` is empty then. */
  readonly saved: boolean
  /** In the order and direction written; `STAR` where the client wrote `*`. */
  readonly ranges: readonly (readonly [number, number])[]
}

/** `$`, the result that SEARCH has saved (RFC 9051 §6.4.4.1). */
export const SAVED_RESULT: SequenceSet = Object.freeze({ saved: true, ranges: [] })

function sequenceNumber(cursor: Cursor): number {
  return cursor.take('*') ? STAR : cursor.nzNumber('Message number')
}

/** Reads a sequence set or `$`. */
export function parseSequenceSet(cursor: Cursor): SequenceSet {
  if (cursor.take('$')) return SAVED_RESULT
  const ranges: [number, number][] = []
  do {
    cursor.item()
    const from = sequenceNumber(cursor)
    ranges.push([from, cursor.take(':') ? sequenceNumber(cursor) : from])
  } while (cursor.take(','))
  return { saved: false, ranges }
}

/** Does a sequence set begin here? */
export function atSequenceSet(cursor: Cursor): boolean {
  const code = cursor.peek()
  return (code >= 49 && code <= 57) || code === 42 || code === 36
}

/** A set as IMAP writes it: `1:3,7`. Empty for the empty set. */
export function formatUidSet(set: UidSet): string {
  let text = ''
  for (const [lo, hi] of set) {
    if (text !== '') text += ','
    text += lo === hi ? `${lo}` : `${lo}:${hi}`
  }
  return text
}
