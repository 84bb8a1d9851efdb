/**
 * Encoded words in header text (RFC 2047), raw octets beside them (RFC 6532).
 *
 * Read as mail readers do: encoded words are found anywhere, also inside other text; blanks between two of them go
 * away; blanks inside one are kept; neighbours in the same charset are decoded as one run of octets, so that a
 * character may be split between them. What does not end with `?=` or names another encoding is left as it stands.
 */

import { isAscii, isBlank, lowerCase, trimBlanks } from '../ascii.js'
import { decodeBase64 } from '../body/base64.js'
import { type CharsetDefect, type CharsetSource, canonicalCharset, decodeCharset } from '../body/charset.js'
import { guessText, mixedText, REPLACEMENT } from '../body/charset-guess.js'
import { decodeQ } from '../body/quoted-printable.js'
import { concat, fromLatin1, utf8 } from '../bytes.js'
import { encodedTextStart, encodedWordEnd } from './encoded-word.js'

/** Decoded text of a field, and what was wrong with it. */
export interface HeaderText {
  text: string
  defect?: 'malformed-encoded-word' | 'raw-8bit-header' | CharsetDefect
}

const ESCAPE = '\x1b'

/** An encoded word: what it holds and where it ends. */
interface Word {
  charset: string
  /** B text still encoded, or octets. */
  base64: string | null
  octets: Uint8Array | null
  end: number
}

/** True when all octets of the range are below 128; found natively, so for long ranges. */
export function isAsciiRange(bytes: Uint8Array, start: number, end: number): boolean {
  // Each longer sequence of UTF-8 is fewer characters than octets, and what is no UTF-8 shows.
  const text = utf8(bytes, start, end)
  return text.length === end - start && !text.includes('\uFFFD')
}

/** The charset of octets that stand in a header as they are: that of the message's text. Asked only when needed. */
export type RawCharset = () => string | null

/**
 * Octets (as latin1) that are UTF-8 or else, as mail readers guess, in the charset of the message's text; without one
 * that says anything, what is UTF-8 of them and windows-1252 for the others.
 */
export function octetsToText(octets: string, charsets?: CharsetSource, rawCharset?: RawCharset): HeaderText {
  if (isAscii(octets)) {
    // The charsets that switch between sets have no octets above 127 (RFC 1468).
    return rawCharset && octets.includes(ESCAPE) ? switchedText(octets, rawCharset(), charsets) : { text: octets }
  }
  const bytes = fromLatin1(octets)
  const { text, guess } = guessText(bytes)
  if (guess === 'utf-8' && !text.includes(REPLACEMENT)) return { text }
  const label = rawCharset?.()
  if (label) {
    const name = canonicalCharset(label)
    const inCharset = name === 'us-ascii' || name === 'utf-8' ? null : decodeCharset(bytes, label, charsets)
    if (inCharset && inCharset.defect === undefined) return { text: inCharset.text, defect: 'raw-8bit-header' }
  }
  return { text: mixedText(bytes), defect: 'raw-8bit-header' }
}

function switchedText(octets: string, label: string | null, charsets: CharsetSource | undefined): HeaderText {
  if (label === null || !canonicalCharset(label).startsWith('iso-2022-')) return { text: octets }
  const { text, defect } = decodeCharset(fromLatin1(octets), label, charsets)
  return defect === undefined ? { text, defect: 'raw-8bit-header' } : { text: octets }
}

function readWord(value: string, start: number): Word | null {
  const from = encodedTextStart(value, start)
  const end = from === -1 ? -1 : encodedWordEnd(value, from)
  if (end === -1) return null
  const encoding = value.charCodeAt(from - 2) | 0x20
  const charset = trimBlanks(value.slice(start + 2, from - 3))
  if (charset === '' || charset.includes(' ') || charset.includes('\n')) return null
  const star = charset.indexOf('*')
  const encoded = value.slice(from, end - 2)
  return {
    charset: star === -1 ? charset : charset.slice(0, star),
    base64: encoding === 0x62 ? encoded : null,
    octets: encoding === 0x62 ? null : decodeQ(withoutBreaks(encoded)),
    end,
  }
}

/** Line breaks inside an encoded word come from folding it, which no one should do. */
function withoutBreaks(text: string): string {
  return text.includes('\n') ? text.replaceAll('\r', '').replaceAll('\n', '') : text
}

function isBlankBetween(value: string, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (!isBlank(value.charCodeAt(i))) return false
  return true
}

/**
 * Neighbouring words of one charset. Some senders cut base64 anywhere, so that its groups of four go on in the next
 * word; others leave the padding of each word away.
 */
function decodeRun(words: readonly Word[], charsets?: CharsetSource): HeaderText {
  const { charset } = words[0]!
  if (words.length === 1) return decodeCharset(wordOctets(words[0]!), charset, charsets)
  const joined = words.slice(0, -1).some(isCut) && decodeCharset(joinedOctets(words), charset, charsets)
  if (joined && joined.defect !== 'wrong-charset') return joined
  return decodeCharset(concat(words.map(wordOctets)), charset, charsets)
}

/** Does the last group of the word lack characters that hold something? Of one that lost its padding only zeros lack. */
function isCut({ base64 }: Word): boolean {
  if (base64 === null || base64.length % 4 === 0) return false
  const rest = base64.slice(base64.length - (base64.length % 4))
  const octets = decodeBase64(fromLatin1(rest.padEnd(4, 'A')))
  return rest.length === 1 || octets.subarray(rest.length - 1).some((octet) => octet !== 0)
}

function wordOctets(word: Word): Uint8Array {
  return word.octets ?? decodeBase64(fromLatin1(word.base64!))
}

/** The base64 of words beside each other is decoded as one where a group is unfinished. */
function joinedOctets(words: readonly Word[]): Uint8Array {
  const pieces: Uint8Array[] = []
  let base64 = ''
  const flush = () => {
    if (base64 !== '') pieces.push(decodeBase64(fromLatin1(base64)))
    base64 = ''
  }
  for (const word of words) {
    if (word.base64 === null || base64.length % 4 === 0) flush()
    if (word.octets) pieces.push(word.octets)
    else base64 += word.base64
  }
  flush()
  return concat(pieces)
}

/**
 * Header text with its encoded words decoded. `value` is octets as latin1; line breaks must be unfolded before. Raw
 * octets are UTF-8, or else in `rawCharset`, or else windows-1252. Never throws; with several defects the first is told.
 */
export function decodeWords(value: string, charsets?: CharsetSource, rawCharset?: RawCharset): HeaderText {
  let open = value.indexOf('=?')
  if (open === -1) return octetsToText(value, charsets, rawCharset)
  const result: HeaderText = { text: '' }
  const add = (piece: HeaderText) => {
    result.text += piece.text
    if (piece.defect) result.defect ??= piece.defect
  }
  let run: Word[] = []
  let from = 0
  for (; open !== -1; open = value.indexOf('=?', open)) {
    const word = readWord(value, open)
    if (!word) {
      result.defect ??= 'malformed-encoded-word'
      open += 2
      continue
    }
    const adjacent = run.length > 0 && isBlankBetween(value, from, open)
    if (!adjacent || lowerCase(run[0]!.charset) !== lowerCase(word.charset)) {
      if (run.length > 0) add(decodeRun(run, charsets))
      run = []
      if (!adjacent) add(octetsToText(value.slice(from, open), charsets, rawCharset))
    }
    run.push(word)
    from = open = word.end
  }
  if (run.length > 0) add(decodeRun(run, charsets))
  add(octetsToText(value.slice(from), charsets, rawCharset))
  return result
}
