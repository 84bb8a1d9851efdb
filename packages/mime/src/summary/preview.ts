/** PREVIEW (RFC 8970): the first words of a message as one line of text. */

import { type CharsetSource, decodeCharset } from '../body/charset.js'
import { decodeHtmlCharset } from '../body/html-charset.js'
import { decodeTransfer, transferEncoding } from '../body/transfer.js'
import { htmlWords } from './html-words.js'

/** RFC 8970 §3.2: previews have at most 200 characters. */
export const PREVIEW_LENGTH = 200

/** The first octets of a text part, as they stand in the message. */
export interface TextSample {
  readonly bytes: Uint8Array
  readonly encoding: string
  readonly charset: string | null
  readonly html: boolean
}

/** Most previews are full long before the sample ends: this many octets of it are tried first. */
const FIRST_TRY = 1024
/** What a cut in the middle of anything may spoil at the end of the text, in characters. */
const SPOILED = 16

/** The preview of a sample; empty when it has no words. */
export function previewOf(sample: TextSample, charsets?: CharsetSource): string {
  if (sample.bytes.length > FIRST_TRY && !sample.html) {
    const text = textOf(sample, sample.bytes.subarray(0, FIRST_TRY), charsets)
    const preview = plainWords(text.slice(0, -SPOILED), PREVIEW_LENGTH)
    if (preview.full) return preview.line
  }
  const text = textOf(sample, sample.bytes, charsets)
  return sample.html ? htmlWords(text, PREVIEW_LENGTH) : plainWords(text, PREVIEW_LENGTH).line
}

function textOf(sample: TextSample, bytes: Uint8Array, charsets: CharsetSource | undefined): string {
  const octets = decodeTransfer(bytes, transferEncoding(sample.encoding))
  const decode = sample.html ? decodeHtmlCharset : decodeCharset
  return decode(octets, sample.charset ?? 'us-ascii', charsets).text
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

  /** Adds text; blanks and control characters of any kind become one blank. */
  add(text: string): void {
    for (let at = 0; at < text.length && !this.full; ) {
      if (isBlankCode(text.charCodeAt(at))) {
        this.break()
        at++
        continue
      }
      let end = at + 1
      while (end < text.length && !isBlankCode(text.charCodeAt(end))) end++
      this.addWord(text.slice(at, end))
      at = end
    }
  }

  private addWord(word: string): void {
    if (this.blank) {
      this.text += ' '
      this.count++
      this.blank = false
    }
    const room = this.limit - this.count
    if (word.length <= room) {
      this.text += word
      this.count += word.length
      return
    }
    // Characters, not UTF-16 units, and never half of one.
    for (const character of word) {
      if (this.full) return
      this.text += character
      this.count++
    }
  }
}

/** Blanks, controls, and the invisible characters that newsletters pad their previews with. */
function isBlankCode(code: number): boolean {
  if (code <= 0x20) return true
  if (code < 0x7f) return false
  if (code <= 0xa0 || code === 0xad || code === 0x34f || code === 0xfeff || code === 0x3000) return true
  return (code >= 0x2000 && code <= 0x200f) || (code >= 0x2028 && code <= 0x202f) || (code >= 0x2060 && code <= 0x2064)
}

/** Lines that quote another message come last, if there is nothing else. */
function plainWords(text: string, limit: number): { line: string; full: boolean } {
  const own = new WordLine(limit)
  const quoted = new WordLine(limit)
  for (let at = 0; at < text.length && !own.full; ) {
    const lf = text.indexOf('\n', at)
    const end = lf === -1 ? text.length : lf
    const line = text.charAt(at) === '>' ? quoted : own
    line.break()
    if (!line.full) line.add(text.slice(at, end))
    at = end + 1
  }
  return { line: (own.line || quoted.line).trimEnd(), full: own.full }
}
