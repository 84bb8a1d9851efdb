/**
 * quoted-printable (RFC 2045 §6.7) and its sibling, the "Q" encoding of header words (RFC 2047 §4.2).
 *
 * Decoding is tolerant as mail readers are: `=` and two hexadecimal digits of either case give an octet; `=` before a
 * line end (blanks between them are transport padding) is a soft line break; any other `=` stands for itself. Blanks
 * at the end of a line were added in transport and go away, as the RFC demands; the end of the body ends a line too.
 * Line ends stay as they are.
 *
 * Whatever a decision may still depend on stands at the end of what was fed: blanks that may end a line, a `=` whose
 * continuation has not come. That tail is kept back and decoded before the next piece, so that the decoder itself
 * never sees half a construct.
 */

import { concat, copyOf, indexOf } from '../bytes.js'
import type { BodyDecoder, OctetCounter } from './base64.js'

const EQUALS = 0x3d
const UNDERSCORE = 0x5f
const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const TAB = 0x09
const EMPTY = new Uint8Array(0)
/** Blanks before a line end that are looked at, in octets: a bound on what a decoder keeps back. */
const MAX_BLANKS = 1024

/** Octets without any "=" from which on lines are looked at natively. */
const LONG_RUN = 160

/** Value of a hexadecimal digit; 255 otherwise. */
const HEX = new Uint8Array(256).fill(255)
for (let i = 0; i < 16; i++) {
  HEX['0123456789ABCDEF'.charCodeAt(i)] = i
  HEX['0123456789abcdef'.charCodeAt(i)] = i
}

function isBlank(octet: number | undefined): boolean {
  return octet === SPACE || octet === TAB
}

/** What a decoder learns beside the octets. */
interface Findings {
  damaged: boolean
}

/**
 * Decodes all of `bytes` into `target`, which has at least the same length. `last` says that the body ends here.
 * Returns the number of octets written.
 */
function decodeInto(bytes: Uint8Array, target: Uint8Array, last: boolean, findings: Findings): number {
  const length = bytes.length
  let to = 0
  let at = 0
  /** What lies below this offset of the target is not to be taken back: decoded octets, lines that have ended. */
  let firm = 0
  /** The next "=", as far as it was looked for. */
  let equals = -1
  /** The last "=" that was met, and the line that is being read. */
  let lastEquals = -1
  let lineStart = 0
  while (at < length) {
    let octet = bytes[at]!
    // Letters lie above both: one comparison for most octets.
    while (octet > EQUALS || (octet !== EQUALS && octet !== LF)) {
      target[to++] = octet
      if (++at === length) return last ? stripBlanks(target, firm, to) : to
      octet = bytes[at]!
    }
    if (octet === LF) {
      if (to > firm) to = stripBlanks(target, firm, to)
      target[to++] = LF
      firm = to
      at++
      // Look ahead only behind a line that had nothing to decode: others of its kind are likely to follow.
      const isPlainLine = lastEquals < lineStart
      lineStart = at
      if (!isPlainLine) continue
      if (equals < at) equals = indexOrEnd(bytes, EQUALS, at)
      if (equals - at < LONG_RUN) continue
      const end = lastLineEnd(bytes, at, equals)
      to = copyLines(bytes, at, end, target, to)
      firm = to
      at = lineStart = end
      continue
    }
    lastEquals = at
    const high = HEX[bytes[at + 1]!]!
    const low = HEX[bytes[at + 2]!]!
    if ((high | low) < 16 && at + 2 < length) {
      target[to++] = (high << 4) | low
      at += 3
    } else {
      const next = softBreakEnd(bytes, at + 1, last)
      if (next === -1) {
        findings.damaged = true
        target[to++] = EQUALS
        at++
      } else {
        at = next
      }
    }
    firm = to
  }
  return to
}

function indexOrEnd(bytes: Uint8Array, octet: number, from: number): number {
  const found = indexOf(bytes, octet, from)
  return found === -1 ? bytes.length : found
}

/** Offset behind the last LF before `end`; `start` if there is none. */
function lastLineEnd(bytes: Uint8Array, start: number, end: number): number {
  while (end > start && bytes[end - 1] !== LF) end--
  return end
}

/** Copies whole lines without any "="; as many of them at once as have no blanks at their end. */
function copyLines(bytes: Uint8Array, start: number, end: number, target: Uint8Array, to: number): number {
  let from = start
  for (let at = start; at < end; ) {
    const lf = indexOf(bytes, LF, at)
    const lineEnd = bytes[lf - 1] === CR ? lf - 1 : lf
    if (lineEnd > at && isBlank(bytes[lineEnd - 1])) {
      target.set(bytes.subarray(from, lf), to)
      to = stripBlanks(target, to, to + lf - from)
      from = lf
    }
    at = lf + 1
  }
  target.set(bytes.subarray(from, end), to)
  return to + end - from
}

/** Takes the blanks before a line end back, those before its CR too; returns the new end. */
function stripBlanks(target: Uint8Array, firm: number, to: number): number {
  const cr = to > firm && target[to - 1] === CR ? 1 : 0
  let end = to - cr
  const stop = Math.max(firm, end - MAX_BLANKS)
  while (end > stop && isBlank(target[end - 1])) end--
  if (end + cr === to) return to
  if (cr === 1) target[end] = CR
  return end + cr
}

/** Offset behind the line end that follows a `=`, or -1 if something other than blanks comes first. */
function softBreakEnd(bytes: Uint8Array, at: number, last: boolean): number {
  const stop = at + MAX_BLANKS
  while (at < stop && isBlank(bytes[at])) at++
  if (bytes[at] === LF) return at + 1
  if (bytes[at] === CR && bytes[at + 1] === LF) return at + 2
  if (!last) return -1
  return at === bytes.length || (bytes[at] === CR && at + 1 === bytes.length) ? bytes.length : -1
}

/** Where the part begins whose meaning depends on what follows. */
function tailStart(bytes: Uint8Array): number {
  let at = bytes.length
  if (at > 0 && bytes[at - 1] === CR) at--
  const stop = Math.max(0, at - MAX_BLANKS)
  while (at > stop && isBlank(bytes[at - 1])) at--
  if (at > 0 && bytes[at - 1] === EQUALS) return at - 1
  const isHalfPair = at === bytes.length && at > 1 && bytes[at - 2] === EQUALS && HEX[bytes[at - 1]!]! < 16
  return isHalfPair ? at - 2 : at
}

/**
 * Decodes a whole quoted-printable body; never throws. `onDamage` is called once if a `=` was met that starts neither
 * an encoded octet nor a soft line break. `target`, of the same length at least, is what the result is a view of.
 */
export function decodeQuotedPrintable(
  bytes: Uint8Array,
  onDamage?: () => void,
  target: Uint8Array = new Uint8Array(bytes.length),
): Uint8Array {
  if (bytes.length === 0) return EMPTY
  const findings: Findings = { damaged: false }
  const length = decodeInto(bytes, target, true, findings)
  if (findings.damaged) onDamage?.()
  return target.subarray(0, length)
}

/** Decodes piece by piece, with the same result as {@link decodeQuotedPrintable} for any cutting. */
export function createQuotedPrintableDecoder(): BodyDecoder {
  const findings: Findings = { damaged: false }
  let tail: Uint8Array = EMPTY
  return {
    get damaged() {
      return findings.damaged
    },
    write(bytes) {
      const all = tail.length === 0 ? bytes : concat([tail, bytes])
      const end = tailStart(all)
      tail = copyOf(all, end, all.length)
      const target = new Uint8Array(end)
      return target.subarray(0, decodeInto(all.subarray(0, end), target, false, findings))
    },
    end() {
      const target = new Uint8Array(tail.length)
      const length = decodeInto(tail, target, true, findings)
      tail = EMPTY
      return target.subarray(0, length)
    },
  }
}

/** What {@link decodeInto} would write, as a number. The blanks that it takes back stand as they are in the input. */
function countDecoded(bytes: Uint8Array, last: boolean): number {
  const { length } = bytes
  let removed = 0
  let firm = 0
  let at = 0
  while (at < length) {
    const octet = bytes[at++]!
    // As in decodeInto: one comparison for most octets.
    if (octet > EQUALS || (octet !== EQUALS && octet !== LF)) continue
    if (octet === LF) {
      removed += blanksBefore(bytes, firm, at - 1)
    } else if (at + 1 < length && (HEX[bytes[at]!]! | HEX[bytes[at + 1]!]!) < 16) {
      removed += 2
      at += 2
    } else {
      const next = softBreakEnd(bytes, at, last)
      if (next !== -1) {
        removed += next - at + 1
        at = next
      }
    }
    firm = at
  }
  return length - removed - (last ? blanksBefore(bytes, firm, length) : 0)
}

/** How many blanks {@link stripBlanks} takes away before `end`. */
function blanksBefore(bytes: Uint8Array, firm: number, end: number): number {
  const lineEnd = end > firm && bytes[end - 1] === CR ? end - 1 : end
  const stop = Math.max(firm, lineEnd - MAX_BLANKS)
  let at = lineEnd
  while (at > stop && isBlank(bytes[at - 1])) at--
  return lineEnd - at
}

/** As long as the output of {@link createQuotedPrintableDecoder}, for any cutting. */
export function createQuotedPrintableCounter(): OctetCounter {
  let tail: Uint8Array = EMPTY
  let count = 0
  return {
    write(bytes) {
      const all = tail.length === 0 ? bytes : concat([tail, bytes])
      const end = tailStart(all)
      tail = copyOf(all, end, all.length)
      count += countDecoded(all.subarray(0, end), false)
    },
    end() {
      count += countDecoded(tail, true)
      tail = EMPTY
      return count
    },
  }
}

/** Decodes the text of a "Q" encoded word (RFC 2047 §4.2), octets as latin1: `_` is a space, a broken `=` stands for itself. */
export function decodeQ(text: string): Uint8Array {
  const { length } = text
  const target = new Uint8Array(length)
  let to = 0
  for (let at = 0; at < length; at++) {
    let octet = text.charCodeAt(at)
    if (octet === EQUALS && at + 2 < length) {
      const high = HEX[text.charCodeAt(at + 1)] ?? 255
      const low = HEX[text.charCodeAt(at + 2)] ?? 255
      if ((high | low) < 16) {
        octet = (high << 4) | low
        at += 2
      }
    } else if (octet === UNDERSCORE) {
      octet = SPACE
    }
    target[to++] = octet
  }
  return to === length ? target : target.subarray(0, to)
}
