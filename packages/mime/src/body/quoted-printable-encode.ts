/**
 * quoted-printable, the writing side (RFC 2045 §6.7).
 *
 * Besides what must be encoded, two things are for the safety of what is written: a line never begins with `.`
 * (SMTP's transparency) nor with `From ` (mbox), so that no gateway has a reason to change it.
 */

import { concat, copyOf } from '../bytes.js'
import type { BodyEncoder } from './base64-encode.js'

const EQUALS = 0x3d
const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const TAB = 0x09
const DOT = 0x2e
const FROM = [0x46, 0x72, 0x6f, 0x6d, SPACE]
const EMPTY = new Uint8Array(0)
/** Characters of a line, a soft break's `=` included (RFC 2045 §6.7 rule 5). */
const MAX_LINE = 76
/** Octets behind the current one that decide how it is written. */
const LOOK_AHEAD = 4
const DIGITS = '0123456789ABCDEF'

/** Octets that stand for themselves wherever they are in a line. */
const SAFE = Uint8Array.from({ length: 256 }, (_, octet) => (octet > SPACE && octet < 0x7f && octet !== EQUALS ? 1 : 0))

/** What quoted-printable is written for. */
export interface QuotedPrintableOptions {
  /** CR and LF are data, not line ends: both are encoded. Default false: CRLF is a line end, a lone CR or LF data. */
  binary?: boolean
}

/** Encodes piece by piece, with the same result for any cutting; the last octets wait for what follows them. */
export function createQuotedPrintableEncoder(options: QuotedPrintableOptions = {}): BodyEncoder {
  const binary = options.binary === true
  let column = 0
  let tail: Uint8Array = EMPTY

  const encode = (bytes: Uint8Array, end: number): Uint8Array => {
    // At worst three characters for each octet, and a soft break (3) for every 25 of those.
    const target = new Uint8Array(end * 4 + 8)
    let to = 0
    for (let at = 0; at < end; at++) {
      const octet = bytes[at]!
      if (SAFE[octet] === 1 && column > 0 && column < MAX_LINE - 1) {
        target[to++] = octet
        column++
        continue
      }
      if (!binary && octet === CR && bytes[at + 1] === LF) {
        target[to++] = CR
        target[to++] = LF
        at++
        column = 0
        continue
      }
      let plain = isPlain(octet, bytes, at, binary)
      if (column + (plain ? 1 : 3) >= MAX_LINE) {
        target[to++] = EQUALS
        target[to++] = CR
        target[to++] = LF
        column = 0
      }
      if (column === 0 && (octet === DOT || startsFrom(bytes, at))) plain = false
      if (plain) {
        target[to++] = octet
        column++
      } else {
        target[to++] = EQUALS
        target[to++] = DIGITS.charCodeAt(octet >> 4)
        target[to++] = DIGITS.charCodeAt(octet & 15)
        column += 3
      }
    }
    return target.subarray(0, to)
  }
  return {
    write(bytes) {
      const all = tail.length === 0 ? bytes : concat([tail, bytes])
      let end = Math.max(0, all.length - LOOK_AHEAD)
      // A line end is taken as a whole: its LF must not begin the tail.
      if (end > 0 && all[end] === LF && all[end - 1] === CR) end--
      const encoded = encode(all, end)
      tail = copyOf(all, end, all.length)
      return encoded
    },
    end() {
      const encoded = encode(tail, tail.length)
      tail = EMPTY
      return encoded
    },
  }
}

/** May stand for itself, the place in the line aside. */
function isPlain(octet: number, bytes: Uint8Array, at: number, binary: boolean): boolean {
  if (octet === SPACE || octet === TAB) {
    // Blanks at the end of a line get lost in transport.
    const next = bytes[at + 1]
    return next !== undefined && (binary || next !== CR)
  }
  return octet > SPACE && octet < 0x7f && octet !== EQUALS
}

function startsFrom(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < FROM.length; i++) if (bytes[at + i] !== FROM[i]) return false
  return true
}

/** Encodes a whole body; see {@link createQuotedPrintableEncoder}. */
export function encodeQuotedPrintable(bytes: Uint8Array, options: QuotedPrintableOptions = {}): Uint8Array {
  const encoder = createQuotedPrintableEncoder(options)
  return concat([encoder.write(bytes), encoder.end()])
}
