/** Which Content-Transfer-Encoding a body gets: the smallest one that arrives as it was sent (RFC 2045 §6). */

import { createBase64Encoder } from '../body/base64-encode.js'
import { createQuotedPrintableEncoder } from '../body/quoted-printable-encode.js'
import { MAX_LINE_LENGTH } from './field.js'

/** Values of the field that this package writes. */
export type WrittenEncoding = '7bit' | '8bit' | 'binary' | 'quoted-printable' | 'base64'

/** What a transport must be able to carry: plain SMTP, 8BITMIME (RFC 6152) or BINARYMIME (RFC 3030). */
export type TransportNeed = '7bit' | '8bit' | 'binary'

const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const TAB = 0x09
const EQUALS = 0x3d
const DOT = 0x2e
const FROM_F = 0x46

/** What decides about a body's encoding. */
interface BodyFacts {
  /** Octets above 127. */
  high: number
  /** Octets that quoted-printable writes as three. */
  escaped: number
  /** Lines longer than SMTP carries, NUL, or a CR or LF alone: no transport but a binary one keeps them. */
  binary: boolean
  /** A line that begins with "From " or is a dot, a blank at a line's end, a control character: gateways change those. */
  fragile: boolean
}

/** One pass over the octets. */
function examine(bytes: Uint8Array): BodyFacts {
  const facts: BodyFacts = { high: 0, escaped: 0, binary: false, fragile: false }
  let lineStart = 0
  for (let at = 0; at < bytes.length; at++) {
    const octet = bytes[at]!
    if (octet > SPACE && octet < 0x7f) {
      if (octet === EQUALS) facts.escaped++
      else if (at === lineStart && (octet === FROM_F || octet === DOT)) facts.fragile ||= isFragileLine(bytes, at)
    } else if (octet === SPACE || octet === TAB) {
      facts.fragile ||= at + 1 === bytes.length || bytes[at + 1] === CR
    } else if (octet === CR && bytes[at + 1] === LF) {
      facts.binary ||= at - lineStart > MAX_LINE_LENGTH
      lineStart = ++at + 1
    } else {
      facts.escaped++
      if (octet > 0x7f) facts.high++
      else if (octet === 0 || octet === CR || octet === LF) facts.binary = true
      else facts.fragile = true
    }
  }
  facts.binary ||= bytes.length - lineStart > MAX_LINE_LENGTH
  return facts
}

/** `From ` at the start, which mbox files quote, or a lone dot, which ends a message in SMTP if a client forgets it. */
function isFragileLine(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] === DOT) return at + 1 === bytes.length || bytes[at + 1] === CR
  return bytes[at + 1] === 0x72 && bytes[at + 2] === 0x6f && bytes[at + 3] === 0x6d && bytes[at + 4] === SPACE
}

/**
 * The encoding of text that must arrive octet by octet. `eightBit` says that 8BITMIME transport is certain. Between
 * the two encodings that change the octets, quoted-printable has the preference: people read it.
 */
export function textEncoding(bytes: Uint8Array, eightBit: boolean): WrittenEncoding {
  const { high, escaped, binary, fragile } = examine(bytes)
  if (!binary && !fragile) {
    if (high === 0) return '7bit'
    if (eightBit) return '8bit'
  }
  return bytes.length + escaped * 2 <= (bytes.length * 4) / 3 ? 'quoted-printable' : 'base64'
}

/** The encoding of a whole message or multipart, which RFC 2045 §6.4 and RFC 2046 §5.2.1 allow to be 7bit, 8bit or binary only. */
export function messageEncoding(bytes: Uint8Array): TransportNeed {
  const { high, binary } = examine(bytes)
  return binary ? 'binary' : high > 0 ? '8bit' : '7bit'
}

export function transportNeed(encoding: WrittenEncoding): TransportNeed {
  return encoding === '8bit' || encoding === 'binary' ? encoding : '7bit'
}

const NEEDS: readonly TransportNeed[] = ['7bit', '8bit', 'binary']

/** The greatest of several needs. */
export function combinedNeed(needs: readonly TransportNeed[]): TransportNeed {
  return NEEDS[Math.max(0, ...needs.map((need) => NEEDS.indexOf(need)))]!
}

/** Octets encoded at a time: whole base64 lines, so that nothing is kept over. */
const SLICE = 57 * 1024

/** The encoded body in pieces; nothing is encoded before it is asked for. */
export function* encodePieces(bytes: Uint8Array, encoding: WrittenEncoding): Generator<Uint8Array> {
  if (encoding !== 'base64' && encoding !== 'quoted-printable') {
    yield bytes
    return
  }
  const encoder = encoding === 'base64' ? createBase64Encoder() : createQuotedPrintableEncoder()
  for (let at = 0; at < bytes.length; at += SLICE) yield encoder.write(bytes.subarray(at, at + SLICE))
  yield encoder.end()
}
