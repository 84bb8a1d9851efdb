/** Walks the lines of a header block until its end: the part of header reading that decides about structure. */

import { indexOf } from '../bytes.js'
import { fieldNameEnd, isMboxLine } from '../header/fields.js'

const LF = 0x0a
const CR = 0x0d
const DASH = 0x2d

/**
 * Longest line, its LF not counted, that is looked at as a boundary, an empty line of CRs or a first header line.
 * Longer ones are ordinary text wherever the input is cut.
 */
export const MAX_SPECIAL_LINE = 4096

/** Lines with dashes in one header block that are compared with its own boundary: each time the block is read anew. */
export const MAX_DASH_LINES = 8

/** What a complete line inside a header block is. */
export type HeaderLine = 'ordinary' | 'empty' | 'not-a-header'

/** Judges the line `[start, end)`, its LF not included; `first` says that it opens the block. */
export function judgeHeaderLine(bytes: Uint8Array, start: number, end: number, first: boolean): HeaderLine {
  const octet = bytes[start]!
  if (start === end) return 'empty'
  if (octet === CR && end - start <= MAX_SPECIAL_LINE) {
    let at = start
    while (at < end && bytes[at] === CR) at++
    if (at === end) return 'empty'
  }
  if (!first || octet === 0x20 || octet === 0x09 || isMboxLine(bytes, start)) return 'ordinary'
  return fieldNameEnd(bytes, start, Math.min(end, start + MAX_SPECIAL_LINE)) === -1 ? 'not-a-header' : 'ordinary'
}

/** Where a walk over header lines stopped. */
export interface HeaderWalk {
  /** `dashes`: a line that begins with `--` may be a boundary, and is no field; `more`: the line at `at` is not complete. */
  kind: 'empty' | 'not-a-header' | 'dashes' | 'more'
  /** Start of the line it stopped at. */
  at: number
  /** Offset behind that line; equal to `at` for `more`. */
  next: number
}

/**
 * Walks complete lines from `at` on until one of them matters. `first` says that the line at `at` opens the block. The
 * result is put in `walk`.
 */
export function walkHeader(walk: HeaderWalk, bytes: Uint8Array, at: number, first: boolean): void {
  for (;;) {
    const lf = indexOf(bytes, LF, at)
    if (lf === -1) return stop(walk, 'more', at, at)
    const octet = bytes[at]!
    if (octet === DASH && bytes[at + 1] === DASH) return stop(walk, 'dashes', at, lf + 1)
    if (first || octet === CR || octet === LF) {
      const line = judgeHeaderLine(bytes, at, lf, first)
      if (line !== 'ordinary') return stop(walk, line, at, lf + 1)
    }
    first = false
    at = lf + 1
  }
}

function stop(walk: HeaderWalk, kind: HeaderWalk['kind'], at: number, next: number): void {
  walk.kind = kind
  walk.at = at
  walk.next = next
}

/** Octets of the line break whose LF is at `lf`, as far as they are at hand. */
export function lineBreakBefore(bytes: Uint8Array, lf: number): number {
  return lf > 0 && bytes[lf - 1] === CR ? 2 : 1
}
