/**
 * SASLprep (RFC 4013), the one way in which this library prepares user names and passwords.
 *
 * The decision: SCRAM (RFC 5802 §2.2) hashes on both sides, so both sides must prepare alike, and its RFCs name
 * SASLprep; PRECIS (RFC 8265) would give other octets for a few characters (`ª` stays `ª` there and becomes `a` here).
 * So SCRAM uses SASLprep. PLAIN, LOGIN and OAuth names reach the verifier as they were sent, as UTF-8; a verifier that
 * compares hashes made by `deriveScramSecret` has the password prepared by `verifyScramPassword`.
 *
 * Unassigned code points are let through (RFC 3454 §7: a "query"), and of the bidirectional rule (RFC 3454 §6) the
 * right-to-left side is exact while left-to-right characters are recognised as cased letters and the big scripts
 * between U+0900 and U+D7A3.
 */

/** Pairs of first and last code points, ascending. */
type Ranges = readonly number[]

/** RFC 3454 C.1.2: other spaces, which become U+0020. */
const SPACES: Ranges = [0xa0, 0xa0, 0x1680, 0x1680, 0x2000, 0x200b, 0x202f, 0x202f, 0x205f, 0x205f, 0x3000, 0x3000]

/** RFC 3454 B.1: what is mapped to nothing. */
const NOTHING: Ranges = [
  ...[0xad, 0xad, 0x034f, 0x034f, 0x1806, 0x1806, 0x180b, 0x180d, 0x200c, 0x200d, 0x2060, 0x2060],
  ...[0xfe00, 0xfe0f, 0xfeff, 0xfeff],
]

/** RFC 3454 C.1.2 to C.9 without the noncharacters at the end of each plane, which `prohibited` knows. */
const PROHIBITED: Ranges = [
  ...[0x00, 0x1f, 0x7f, 0xa0, 0x0340, 0x0341, 0x06dd, 0x06dd, 0x070f, 0x070f, 0x1680, 0x1680, 0x180e, 0x180e],
  ...[0x2000, 0x200f, 0x2028, 0x202f, 0x205f, 0x2063, 0x206a, 0x206f, 0x2ff0, 0x2ffb, 0x3000, 0x3000],
  ...[0xd800, 0xf8ff, 0xfdd0, 0xfdef, 0xfeff, 0xfeff, 0xfff9, 0xfffd, 0x1d173, 0x1d17a],
  ...[0xe0001, 0xe0001, 0xe0020, 0xe007f, 0xf0000, 0x10ffff],
]

/** RFC 3454 D.1: characters that are written from right to left. */
const RIGHT_TO_LEFT: Ranges = [
  ...[0x05be, 0x05be, 0x05c0, 0x05c0, 0x05c3, 0x05c3, 0x05d0, 0x05ea, 0x05f0, 0x05f4, 0x061b, 0x061b, 0x061f, 0x061f],
  ...[0x0621, 0x063a, 0x0640, 0x064a, 0x066d, 0x066f, 0x0671, 0x06d5, 0x06dd, 0x06dd, 0x06e5, 0x06e6, 0x06fa, 0x06fe],
  ...[0x0700, 0x070d, 0x0710, 0x0710, 0x0712, 0x072c, 0x0780, 0x07a5, 0x07b1, 0x07b1, 0x200f, 0x200f, 0xfb1d, 0xfb1d],
  ...[0xfb1f, 0xfb28, 0xfb2a, 0xfb36, 0xfb38, 0xfb3c, 0xfb3e, 0xfb3e, 0xfb40, 0xfb41, 0xfb43, 0xfb44, 0xfb46, 0xfbb1],
  ...[0xfbd3, 0xfd3d, 0xfd50, 0xfd8f, 0xfd92, 0xfdc7, 0xfdf0, 0xfdfc, 0xfe70, 0xfe74, 0xfe76, 0xfefc],
]

/**
 * A user name or password as SCRAM uses it; `null` when it holds what RFC 4013 §2.3 prohibits (control characters
 * above all) or mixes writing directions.
 */
export function saslprep(text: string): string | null {
  if (isPrintableAscii(text)) return text
  let mapped = ''
  for (const character of text) {
    const code = character.codePointAt(0) as number
    if (within(SPACES, code)) mapped += ' '
    else if (!within(NOTHING, code)) mapped += character
  }
  const normalized = mapped.normalize('NFKC')
  let rightToLeft = 0
  let leftToRight = false
  let first = -1
  let last = -1
  for (const character of normalized) {
    last = character.codePointAt(0) as number
    if (first === -1) first = last
    if (prohibited(last)) return null
    if (within(RIGHT_TO_LEFT, last)) rightToLeft++
    else if (isLeftToRight(character, last)) leftToRight = true
  }
  if (rightToLeft === 0) return normalized
  // RFC 3454 §6: nothing from left to right, and what is from right to left stands at both ends.
  const framed = within(RIGHT_TO_LEFT, first) && within(RIGHT_TO_LEFT, last)
  return framed && !leftToRight ? normalized : null
}

function isPrintableAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 32 || code > 126) return false
  }
  return true
}

function prohibited(code: number): boolean {
  return (code & 0xfffe) === 0xfffe || within(PROHIBITED, code)
}

function isLeftToRight(character: string, code: number): boolean {
  return character.toLowerCase() !== character.toUpperCase() || (code >= 0x0900 && code <= 0x1fff) || isEastAsian(code)
}

function isEastAsian(code: number): boolean {
  return (code >= 0x3041 && code <= 0xd7a3) || (code >= 0x20000 && code <= 0x3ffff)
}

function within(ranges: Ranges, code: number): boolean {
  let low = 0
  let high = ranges.length / 2
  while (low < high) {
    const middle = (low + high) >> 1
    if (code < ranges[middle * 2]) high = middle
    else if (code > ranges[middle * 2 + 1]) low = middle + 1
    else return true
  }
  return false
}
