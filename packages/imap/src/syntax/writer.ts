/**
 * Writes responses. Everything that leaves the server passes here: what is not a literal is checked for CR, LF and NUL
 * octet by octet, so that no value of a store or an application can become a line of its own.
 */
import { fromUtf8 } from '@posthouse/wire'
import { formatMailboxName } from './mailbox-name.js'

const CR = 13
const LF = 10

/** Longest quoted string; longer ones become literals. */
const MAX_QUOTED = 1024

/** A value cannot be put into a response: a bug in the code that gave it. */
export class UnsafeResponseError extends Error {
  override readonly name = 'UnsafeResponseError'
}

const ZERO = 48
/** Numbers up to this are divided as integers. */
const MAX_SMALL = 0x7fffffff
const DIGITS = 10
/** Octets that are copied faster one by one. */
const FEW = 96

const EMPTY = new Uint8Array(0)
const SHORT = 256
const LONG = 16_384

/** Writes responses into octets: words, strings, literals and lists, each in a form that cannot be misread. */
export class ResponseWriter {
  #buffer: Uint8Array = EMPTY
  #length = 0
  /** Where the response that is not finished begins; -1 when part of it was taken already. */
  #lineStart = 0
  /** Octets taken so far. */
  #taken = 0
  /** Octets of the next buffer. */
  #first = SHORT
  /** Strings may be sent as UTF-8 in quotes (RFC 9755 §3, RFC 9051 §4.3). */
  utf8 = false

  /** Octets not taken yet. */
  get length(): number {
    return this.#length
  }

  /** All that was written; the writer is empty behind it. */
  take(): Uint8Array {
    const bytes = this.#buffer.subarray(0, this.#length)
    // A long answer goes on as it was: its next piece need not grow again from nothing.
    this.#first = this.#length >= LONG ? this.#length + (this.#length >> 2) : SHORT
    this.#lineStart = this.#lineStart === this.#length ? 0 : -1
    this.#taken += this.#length
    this.#buffer = EMPTY
    this.#length = 0
    return bytes
  }

  #reserve(octets: number): void {
    const needed = this.#length + octets
    if (needed <= this.#buffer.length) return
    const grown = new Uint8Array(Math.max(this.#first, needed, this.#buffer.length * 2))
    if (this.#length > 0) grown.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = grown
  }

  /**
   * Protocol text: ASCII, no control characters.
   * @throws UnsafeResponseError
   */
  text(text: string): this {
    const { length } = text
    let at = this.#length
    if (at + length > this.#buffer.length) this.#reserve(length)
    const buffer = this.#buffer
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if ((code - 32) >>> 0 > 94) unsafe(code)
      buffer[at++] = code
    }
    this.#length = at
    return this
  }

  /** Between two responses: a place to go `back` to. */
  get place(): number {
    return this.#taken + this.#length
  }

  /** Takes back the responses behind a place, as long as they were not taken. */
  back(place: number): void {
    if (place >= this.#taken) this.#length = this.#lineStart = place - this.#taken
  }

  /** A response was begun and is not finished. */
  get inResponse(): boolean {
    return this.#lineStart !== this.#length
  }

  /** Takes back a response that was begun and cannot be finished; false when a part of it is gone already. */
  discardLine(): boolean {
    if (this.#lineStart < 0) return false
    this.#length = this.#lineStart
    return true
  }

  /** The end of a response. */
  crlf(): this {
    this.#lineEnd()
    this.#lineStart = this.#length
    return this
  }

  #lineEnd(): void {
    this.#reserve(2)
    this.#buffer[this.#length++] = CR
    this.#buffer[this.#length++] = LF
  }

  /** A whole line. */
  line(text: string): this {
    return this.text(text).crlf()
  }

  /** A whole number, not negative. */
  number(value: number): this {
    if (!(value >= 0 && value <= MAX_SMALL)) return this.text(String(value))
    if (this.#length + DIGITS > this.#buffer.length) this.#reserve(DIGITS)
    let end = this.#length + 1
    for (let rest = value; rest >= 10; rest = (rest / 10) | 0) end++
    for (let at = end - 1; at >= this.#length; at--) {
      const next = (value / 10) | 0
      this.#buffer[at] = ZERO + value - next * 10
      value = next
    }
    this.#length = end
    return this
  }

  /**
   * Octets that are in wire form already (from `@posthouse/mime/summary`), or the octets of a literal: all of them, or
   * those from `start` to `end`. Copied.
   */
  octets(bytes: Uint8Array, start = 0, end = bytes.length): this {
    const length = end - start
    let at = this.#length
    if (at + length > this.#buffer.length) this.#reserve(length)
    const buffer = this.#buffer
    // A view costs more than copying a few octets one by one.
    if (length <= FEW) for (let i = start; i < end; i++) buffer[at++] = bytes[i]
    else buffer.set(length === bytes.length ? bytes : bytes.subarray(start, end), at)
    this.#length += length
    return this
  }

  /** `{n}` CRLF; `n` octets must follow by `octets`. */
  literalHead(size: number, binary = false): this {
    this.text(`${binary ? '~' : ''}{${size}}`).#lineEnd()
    return this
  }

  /** A literal of octets that are at hand. */
  literal(bytes: Uint8Array, binary = false): this {
    return this.literalHead(bytes.length, binary).octets(bytes)
  }

  /** A string in whatever form fits. A NUL is refused: it fits into none. */
  string(text: string): this {
    let ascii = true
    let quotable = text.length <= MAX_QUOTED
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code === 0) throw new UnsafeResponseError('a string must not hold NUL')
      if (code === CR || code === LF) quotable = false
      if (code > 126 || code < 32) ascii = false
    }
    if (!quotable || (!ascii && !this.utf8)) return this.literal(fromUtf8(text))
    let escaped = text
    if (text.includes('\\') || text.includes('"')) escaped = text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')
    if (ascii) return this.text('"').text(escaped).text('"')
    return this.text('"').octets(fromUtf8(escaped)).text('"')
  }

  /** A string, as an atom where it can be one. */
  astring(text: string): this {
    return isAtom(text) ? this.text(text) : this.string(text)
  }

  /** A string, or NIL. */
  nstring(text: string | null | undefined): this {
    return text === null || text === undefined ? this.text('NIL') : this.string(text)
  }

  /** A mailbox's name: modified UTF-7, or UTF-8 where that is enabled. An atom where it can be one. */
  mailbox(path: readonly string[]): this {
    const name = formatMailboxName(path, this.utf8)
    return isAtom(name) ? this.text(name) : this.string(name)
  }
}

function unsafe(code: number): never {
  throw new UnsafeResponseError(`a response must not hold the character ${code}: quote it or send a literal`)
}

/** Letters, digits and a few marks: what no client ever misreads without quotes. */
function isAtom(text: string): boolean {
  if (text === '' || text.toUpperCase() === 'NIL') return false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const letter = code | 32
    const plain = (letter >= 97 && letter <= 122) || (code >= 45 && code <= 57) || code === 95 || code === 38
    if (!plain || code > 126) return false
  }
  return true
}
