/** PREVIEW (RFC 8970): the first words of a message as one line of text. */

import { type CharsetSource, decodeCharset } from '../body/charset.js'
import { decodeHtmlCharset } from '../body/html-charset.js'
import { decodeTransfer, transferEncoding } from '../body/transfer.js'
import { fromLatin1, writeLatin1 } from '../bytes.js'
import { htmlWords } from './html-words.js'

const SPACE = 0x20
const GREATER = 0x3e

/** RFC 8970 §3.2: previews have at most 200 characters. */
export const PREVIEW_LENGTH = 200

/** The first octets of a text part, as they stand in the message. */
export interface TextSample {
  /** As latin1. */
  readonly octets: string
  readonly encoding: string
  readonly charset: string | null
  readonly html: boolean
}

/** Most previews are full long before the sample ends: this many octets of it are tried first, then four times as many. */
const FIRST_TRY = 320
/** What a cut in the middle of anything may spoil at the end of the text, in characters. */
const SPOILED = 16
/** Octets for which there is memory that is used again. */
const SHORT_SAMPLE = 4096
const SAMPLE = new Uint8Array(SHORT_SAMPLE)
const DECODED = new Uint8Array(SHORT_SAMPLE)

/** The preview of a sample; empty when it has no words. */
export function previewOf(sample: TextSample, charsets?: CharsetSource): string {
  const { octets, html } = sample
  for (let size = FIRST_TRY; size < octets.length && !html; size *= 4) {
    const text = textOf(sample, octets.slice(0, size), charsets)
    const preview = plainWords(text, text.length - SPOILED, PREVIEW_LENGTH)
    if (preview.full) return preview.line
  }
  const text = textOf(sample, octets, charsets)
  return html ? htmlWords(text, PREVIEW_LENGTH) : plainWords(text, text.length, PREVIEW_LENGTH).line
}

function textOf(sample: TextSample, octets: string, charsets: CharsetSource | undefined): string {
  const short = octets.length <= SHORT_SAMPLE
  if (short) writeLatin1(SAMPLE, octets, 0)
  const bytes = short ? SAMPLE.subarray(0, octets.length) : fromLatin1(octets)
  const encoding = transferEncoding(sample.encoding)
  const decoded = decodeTransfer(bytes, encoding, undefined, short ? DECODED : undefined)
  const decode = sample.html ? decodeHtmlCharset : decodeCharset
  return decode(decoded, sample.charset ?? 'us-ascii', charsets).text
}

/** Collects words until there are enough characters. */
export class WordLine {
  private text = ''
  private count = 0
  private blank = false

  constructor(private readonly limit: number) {}

  get full(): boolean {
    return this.count >= this.limit
  }

  get line(): string {
    return this.text
  }

  /** A boundary between words, whatever follows. */
  break(): void {
    this.blank = this.count > 0
  }

  /** Adds the text `[start, end)`; blanks and control characters of any kind become one blank. */
  add(text: string, start = 0, end = text.length): void {
    for (let at = start; at < end && !this.full; ) {
      if (isBlankCode(text.charCodeAt(at))) {
        this.break()
        at++
        continue
      }
      const from = at
      at = wordsEnd(text, at, end)
      this.addWords(text.slice(from, at))
    }
  }

  private addWords(words: string): void {
    if (this.blank) {
      this.text += ' '
      this.count++
      this.blank = false
    }
    const room = this.limit - this.count
    this.count += words.length
    this.text += words.length <= room ? words : firstCharacters(words, room)
  }
}

/** Behind the word at `start` and those that follow it, each behind one blank: they can be taken as they stand. */
function wordsEnd(text: string, start: number, end: number): number {
  for (let at = start + 1; at < end; at++) {
    const code = text.charCodeAt(at)
    if (code > SPACE && code < 0x7f) continue
    if (code === SPACE && at + 1 < end && !isBlankCode(text.charCodeAt(at + 1))) continue
    if (isBlankCode(code)) return at
  }
  return end
}

/** Characters, not UTF-16 units, and never half of one. */
function firstCharacters(text: string, count: number): string {
  let end = 0
  for (let left = count; left > 0 && end < text.length; left--) end += text.codePointAt(end)! > 0xffff ? 2 : 1
  return text.slice(0, end)
}

/** Blanks, controls, and the invisible characters that newsletters pad their previews with. */
function isBlankCode(code: number): boolean {
  if (code <= SPACE) return true
  if (code < 0x7f) return false
  if (code <= 0xa0 || code === 0xad || code === 0x34f || code === 0xfeff || code === 0x3000) return true
  return (code >= 0x2000 && code <= 0x200f) || (code >= 0x2028 && code <= 0x202f) || (code >= 0x2060 && code <= 0x2064)
}

/** The words of the first `length` characters. Lines that quote another message come last, if there is nothing else. */
function plainWords(text: string, length: number, limit: number): { line: string; full: boolean } {
  const own = new WordLine(limit)
  const quoted = new WordLine(limit)
  for (let at = 0; at < length && !own.full; ) {
    const lf = text.indexOf('\n', at)
    const end = lf === -1 || lf > length ? length : lf
    const line = text.charCodeAt(at) === GREATER ? quoted : own
    line.break()
    if (!line.full) line.add(text, at, end)
    at = end + 1
  }
  return { line: (own.line || quoted.line).trimEnd(), full: own.full }
}
