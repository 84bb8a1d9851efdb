/**
 * Header blocks: which fields there are and where (RFC 5322 §2.2), and filters that keep octets as they are.
 *
 * A field begins at a line whose first character is no blank and which has a colon; the lines behind it that begin
 * with a blank belong to it (obsolete folding with lines of blanks only included). What is neither is skipped. The
 * block ends at the first line that holds nothing but its line break.
 */

import { isBlank as isBlankOrBreak, lowerCase } from '../ascii.js'
import { concat, indexOf, latin1 } from '../bytes.js'

const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const TAB = 0x09
const COLON = 0x3a

/** The fields of one header block, as offsets: four numbers per field. */
export interface FieldTable {
  readonly bytes: Uint8Array
  /** Offset of the block. */
  readonly start: number
  /** start, end of the name, start of the value, end with the line break; for each field. */
  readonly offsets: readonly number[]
  readonly count: number
  /** Lines that are no field: where the first one begins, or -1. */
  readonly malformedAt: number
  /** There are more fields than the limit. */
  readonly truncated: boolean
}

const STRIDE = 4

function isBlank(octet: number | undefined): boolean {
  return octet === SPACE || octet === TAB
}

/** Is `[start, end)` a line of nothing but its line break? CRs before the LF do not matter. */
export function isEmptyLine(bytes: Uint8Array, start: number, end: number): boolean {
  while (start < end && bytes[start] === CR) start++
  return start === end || bytes[start] === LF
}

/** Offset of the empty line that ends the header block at the start of `bytes`; their end when there is none. */
export function headerEnd(bytes: Uint8Array): number {
  for (let at = 0; at < bytes.length; ) {
    const lf = indexOf(bytes, LF, at)
    const next = lf === -1 ? bytes.length : lf + 1
    if (isEmptyLine(bytes, at, next)) return at
    at = next
  }
  return bytes.length
}

/** End of the name when a field begins at `start`, otherwise -1. Blanks before the colon are tolerated (RFC 5322 §4.5). */
export function fieldNameEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  let octet = bytes[at]!
  while (at < end && octet > SPACE && octet !== COLON && octet !== 0x7f) octet = bytes[++at]!
  const nameEnd = at
  while (at < end && isBlank(bytes[at])) at++
  return at < end && nameEnd > start && bytes[at] === COLON ? nameEnd : -1
}

/** Finds the fields in `[start, end)` of `bytes`, up to the empty line. */
export function scanFields(bytes: Uint8Array, start = 0, end = bytes.length, maxFields = 10_000): FieldTable {
  const offsets: number[] = []
  let count = 0
  let malformedAt = -1
  let open = false
  for (let at = start; at < end; ) {
    const lf = indexOf(bytes, LF, at)
    const next = lf === -1 || lf >= end ? end : lf + 1
    const first = bytes[at]!
    if (first === SPACE || first === TAB) {
      if (open) offsets[offsets.length - 1] = next
      else if (malformedAt === -1) malformedAt = at
    } else {
      if ((first === CR || first === LF) && isEmptyLine(bytes, at, next)) break
      const nameEnd = fieldNameEnd(bytes, at, next)
      open = nameEnd !== -1
      if (open) {
        if (count === maxFields) return { bytes, start, offsets, count, malformedAt, truncated: true }
        let value = nameEnd
        while (bytes[value] !== COLON) value++
        offsets.push(at, nameEnd, value + 1, next)
        count++
      } else if (malformedAt === -1 && !isMboxLine(bytes, at, start)) {
        malformedAt = at
      }
    }
    at = next
  }
  return { bytes, start, offsets, count, malformedAt, truncated: false }
}

/** The "From " line of an mbox file (RFC 4155) on top of the message; some mail has it quoted. */
export function isMboxLine(bytes: Uint8Array, at: number, start = at): boolean {
  if (at !== start) return false
  if (bytes[at] === 0x3e) at++
  return (
    bytes[at] === 0x46 &&
    bytes[at + 1] === 0x72 &&
    bytes[at + 2] === 0x6f &&
    bytes[at + 3] === 0x6d &&
    bytes[at + 4] === SPACE
  )
}

/** Does field `index` have the name? `name` must be in lower case. */
export function fieldIs(table: FieldTable, index: number, name: string): boolean {
  const start = table.offsets[index * STRIDE]!
  if (table.offsets[index * STRIDE + 1]! - start !== name.length) return false
  for (let i = 0; i < name.length; i++) {
    const octet = table.bytes[start + i]!
    if ((octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet) !== name.charCodeAt(i)) return false
  }
  return true
}

/** The first field of the name at or behind index `from`, or -1. `name` must be in lower case. */
export function findField(table: FieldTable, name: string, from = 0): number {
  for (let index = from; index < table.count; index++) if (fieldIs(table, index, name)) return index
  return -1
}

/** Offset of the field's first octet. */
export function fieldStart(table: FieldTable, index: number): number {
  return table.offsets[index * STRIDE]!
}

/** Offset behind the field's last line break. */
export function fieldEnd(table: FieldTable, index: number): number {
  return table.offsets[index * STRIDE + 3]!
}

/** The name as the message has it. */
export function fieldName(table: FieldTable, index: number): string {
  return latin1(table.bytes, table.offsets[index * STRIDE]!, table.offsets[index * STRIDE + 1]!)
}

/** Octets of the value as latin1, still folded, without the blanks around it. */
export function foldedValue(table: FieldTable, index: number): string {
  const { bytes, offsets } = table
  let start = offsets[index * STRIDE + 2]!
  let end = offsets[index * STRIDE + 3]!
  while (start < end && bytes[start]! <= SPACE && isBlankOrBreak(bytes[start]!)) start++
  while (end > start && bytes[end - 1]! <= SPACE && isBlankOrBreak(bytes[end - 1]!)) end--
  return latin1(bytes, start, end)
}

/** Octets of the value as latin1, unfolded (RFC 5322 §2.2.3: the line breaks go, the blanks behind them stay). */
export function fieldValue(table: FieldTable, index: number): string {
  return unfold(foldedValue(table, index))
}

/** Takes the line breaks out. A bare CR inside a line is a blank to every reader, and becomes one. */
export function unfold(value: string): string {
  let lf = value.indexOf('\n')
  if (lf !== -1) {
    let unfolded = ''
    let from = 0
    for (; lf !== -1; lf = value.indexOf('\n', from)) {
      unfolded += value.slice(from, lf > from && value.charCodeAt(lf - 1) === CR ? lf - 1 : lf)
      from = lf + 1
    }
    value = unfolded + value.slice(from)
  }
  return value.includes('\r') ? value.replaceAll('\r', ' ') : value
}

/**
 * HEADER.FIELDS and HEADER.FIELDS.NOT (RFC 9051 §6.4.5): the chosen fields octet by octet in the order of the message,
 * and the empty line. `header` is a header block with or without its empty line; names compare without case.
 */
export function filterHeader(header: Uint8Array, names: readonly string[], not: boolean): Uint8Array {
  const table = scanFields(header, 0, header.length, Number.POSITIVE_INFINITY)
  // Whoever reads a message may name as many fields as it has.
  const wanted = new Set(names.map((name) => lowerCase(name)))
  const pieces: Uint8Array[] = []
  for (let index = 0; index < table.count; index++) {
    if (wanted.has(lowerCase(fieldName(table, index))) === not) continue
    const piece = header.subarray(fieldStart(table, index), fieldEnd(table, index))
    pieces.push(piece)
    // The last line of a header block without an empty line may lack its line break.
    if (piece[piece.length - 1] !== LF) pieces.push(CRLF)
  }
  pieces.push(CRLF)
  return concat(pieces)
}

const CRLF = Uint8Array.of(CR, LF)
