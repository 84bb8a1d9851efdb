/** Which lines are boundaries (RFC 2046 §5.1.1). */

import { latin1 } from '../bytes.js'
import type { Entity } from './entity.js'
import { MAX_SPECIAL_LINE } from './header-lines.js'

const CR = 0x0d
const DASH = 0x2d

export interface BoundaryLine {
  /** Index of its multipart in the path of open entities. */
  readonly index: number
  /** It ends the multipart. */
  readonly closing: boolean
}

/** Is `[start, end)`, its LF not included, the line that begins a part of a multipart with this boundary? */
export function isOpeningLine(boundary: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > MAX_SPECIAL_LINE) return false
  return latin1(bytes, start + 2, lineEnd(bytes, start, end)) === boundary
}

function lineEnd(bytes: Uint8Array, start: number, end: number): number {
  while (end > start && (bytes[end - 1] === 0x20 || bytes[end - 1] === 0x09 || bytes[end - 1] === CR)) end--
  return end
}

/**
 * Judges the line `[start, end)`, its LF not included, against the multiparts among `open`, innermost first. The whole
 * line must match, blanks behind it aside: mail readers agree on that, though the RFC allows less.
 */
export function matchBoundary(
  open: readonly Entity[],
  bytes: Uint8Array,
  start: number,
  end: number,
): BoundaryLine | null {
  if (end - start > MAX_SPECIAL_LINE || bytes[start] !== DASH || bytes[start + 1] !== DASH) return null
  end = lineEnd(bytes, start, end)
  const size = end - start - 2
  let text: string | undefined
  for (let index = open.length - 1; index >= 0; index--) {
    const { boundary, epilogueStart } = open[index]!
    if (boundary === null || epilogueStart !== -1) continue
    const closing = boundary.length === size - 2
    if (!closing && boundary.length !== size) continue
    text ??= latin1(bytes, start + 2, end)
    if (closing ? text.endsWith('--') && text.startsWith(boundary) : text === boundary) return { index, closing }
  }
  return null
}
