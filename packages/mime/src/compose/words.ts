/** Text in header fields: plain, as encoded words (RFC 2047), or as UTF-8 (RFC 6532). */

import { isAscii } from '../ascii.js'
import { fromUtf8, toBase64 } from '../bytes.js'
import { hasLoneSurrogate, MAX_LINE_LENGTH, refuseControls, type Token } from './field.js'

/** An encoded word is no longer than 75 characters, and no line that has one longer than 76 (RFC 2047 §2). */
const MAX_WORD = 75
const MAX_LINE = 76
/** Characters of the first word of a name, which stands behind the name of its field. */
const FIRST_WORD = 60
/** `=?UTF-8?B?` and `?=`. */
const FRAME = 12
/** Octets of plain words that are still left alone. */
const MAX_PLAIN = MAX_LINE_LENGTH - 100
const DIGITS = '0123456789ABCDEF'

function isQSafe(octet: number): boolean {
  if ((octet >= 0x30 && octet <= 0x39) || ((octet | 0x20) >= 0x61 && (octet | 0x20) <= 0x7a)) return true
  // RFC 2047 §5 (3): what may stand for itself in a phrase; it is enough for free text too.
  return octet === 0x21 || octet === 0x2a || octet === 0x2b || octet === 0x2d || octet === 0x2f
}

function qLength(octets: Uint8Array): number {
  let length = 0
  for (const octet of octets) length += octet === 0x20 || isQSafe(octet) ? 1 : 3
  return length
}

function qEncode(octets: Uint8Array): string {
  let text = ''
  for (const octet of octets) {
    if (octet === 0x20) text += '_'
    else if (isQSafe(octet)) text += String.fromCharCode(octet)
    else text += `=${DIGITS[octet >> 4]}${DIGITS[octet & 15]}`
  }
  return text
}

/**
 * The text as encoded words in UTF-8, each holding whole characters. `room` is what the first one may take, in
 * characters. Whichever of "B" and "Q" is shorter over the whole text is used. Base64 is cut where it needs no padding,
 * if it can be: some readers (GMime) lose what follows padding in a row of words.
 */
export function encodeWords(text: string, room = MAX_WORD): string[] {
  const octets = fromUtf8(text)
  const base64 = Math.ceil(octets.length / 3) * 4 < qLength(octets)
  const words: string[] = []
  let run = ''
  let length = 0
  /** How much of the run, in characters and in octets, makes whole groups. */
  let whole = { characters: 0, octets: 0 }
  let limit = Math.max(room, FRAME + 12) - FRAME
  const flush = (characters: number, octetsTaken: number): void => {
    const bytes = fromUtf8(run.slice(0, characters))
    if (bytes.length > 0) words.push(base64 ? `=?UTF-8?B?${toBase64(bytes)}?=` : `=?UTF-8?Q?${qEncode(bytes)}?=`)
    run = run.slice(characters)
    length -= octetsTaken
    whole = { characters: 0, octets: 0 }
    limit = MAX_WORD - FRAME
  }
  for (const character of text) {
    const bytes = fromUtf8(character)
    const added = base64 ? bytes.length : qLength(bytes)
    const total = base64 ? Math.ceil((length + added) / 3) * 4 : length + added
    if (total > limit) {
      if (whole.characters > 0) flush(whole.characters, whole.octets)
      else flush(run.length, length)
    }
    run += character
    length += added
    if (base64 && length % 3 === 0) whole = { characters: run.length, octets: length }
  }
  flush(run.length, length)
  return words
}

/** A reader would take it for an encoded word, or for the beginning of one. */
export function looksEncoded(text: string): boolean {
  return text.includes('=?')
}

/** Characters that no header may have, although RFC 5322 §3.2.5 lets them pass in places. */
function hasControls(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return true
  }
  return false
}

interface Run {
  space: string
  text: string
  encode: boolean
}

function isBlank(text: string, at: number): boolean {
  return text[at] === ' ' || text[at] === '\t'
}

/** Words with the blanks before them; neighbours that must be encoded are one run with the blanks between them. */
function splitRuns(text: string, utf8: boolean): Run[] {
  const runs: Run[] = []
  for (let at = 0; at < text.length; ) {
    let start = at
    while (isBlank(text, start)) start++
    let end = start
    while (end < text.length && !isBlank(text, end)) end++
    const space = text.slice(at, start)
    const word = text.slice(start, end)
    const encode = mustEncode(word, utf8)
    const last = runs.at(-1)
    if (encode && last?.encode) last.text += space + word
    else runs.push({ space, text: word, encode })
    at = end
  }
  return runs
}

function mustEncode(word: string, utf8: boolean): boolean {
  if (looksEncoded(word) || hasControls(word) || word.length > MAX_PLAIN) return true
  return utf8 ? hasLoneSurrogate(word) || fromUtf8(word).length > MAX_PLAIN : !isAscii(word)
}

/** Blanks at the ends would be lost, and so would a long run of them where a line breaks. */
function hasFragileBlanks(text: string): boolean {
  return isBlank(text, 0) || isBlank(text, text.length - 1) || text.includes(' '.repeat(60)) || text.includes('\t')
}

/**
 * Free text (RFC 5322 §3.2.5) as tokens of a field whose name takes `column` characters with its colon. What a reader
 * would not get back as it was becomes encoded words; with `utf8`, characters outside ASCII stay as they are.
 */
export function textTokens(text: string, column: number, utf8: boolean): Token[] {
  refuseControls(text, 'Header text')
  if (text === '') return []
  const runs = hasFragileBlanks(text) ? [{ space: '', text, encode: true }] : splitRuns(text, utf8)
  const tokens: Token[] = []
  let used = column
  for (const run of runs) {
    const space = tokens.length === 0 ? ' ' : run.space
    if (!run.encode) {
      tokens.push({ space, text: run.text })
      used += space.length + run.text.length
      continue
    }
    // Only the first of the words shares a line with what is before it.
    const words = encodeWords(run.text, MAX_LINE - Math.min(used, MAX_LINE) - space.length)
    words.forEach((word, index) => {
      tokens.push({ space: index === 0 ? space : ' ', text: word })
    })
    used = MAX_LINE
  }
  return tokens
}

/** The words of a display name that cannot be written as atoms or as a quoted string (RFC 2047 §5 (3)). */
export function phraseTokens(text: string): Token[] {
  return encodeWords(text, FIRST_WORD).map((word) => ({ space: ' ', text: word }))
}
