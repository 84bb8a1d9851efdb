/**
 * Reads the arguments of a complete command (RFC 9051 §9) from left to right.
 *
 * The octets are the command as it came: its lines, and each buffered literal behind its `{n}` and CRLF, so that one
 * array holds everything and a literal is a view. Every method reads one thing at the cursor and moves behind it, or
 * throws `SyntaxFault`.
 */
import { latin1, utf8 } from '@posthouse/wire'
import { SyntaxFault } from './fault.js'

/** What a command may hold. */
export interface CursorLimits {
  /** Parentheses within parentheses. */
  readonly depth: number
  /** Members of all lists and sequence sets of a command together. */
  readonly items: number
}

const SP = 32
const QUOTE = 34
const PERCENT = 37
const OPEN = 40
const CLOSE = 41
const ASTERISK = 42
const BACKSLASH = 92
const BRACKET_CLOSE = 93
const BRACE = 123
const TILDE = 126
const CR = 13
const LF = 10

/** Which octets an atom may hold (RFC 9051 §9, ATOM-CHAR); 8-bit ones too, for UTF-8. 2: `]`; 4: a LIST wildcard. */
const ATOM = new Uint8Array(256)
for (let code = 33; code < 256; code++) ATOM[code] = code === 127 ? 0 : 1
for (const special of [OPEN, CLOSE, BRACE, QUOTE, BACKSLASH]) ATOM[special] = 0
ATOM[BRACKET_CLOSE] = 2
ATOM[PERCENT] = 4
ATOM[ASTERISK] = 4

/** Reads the arguments of a command from its octets, one after the other. @throws SyntaxFault, which becomes BAD. */
export class Cursor {
  readonly bytes: Uint8Array
  at: number
  #depth = 0
  #items = 0
  readonly #limits: CursorLimits

  constructor(bytes: Uint8Array, at: number, limits: CursorLimits) {
    this.bytes = bytes
    this.at = at
    this.#limits = limits
  }

  /** @throws SyntaxFault */
  fail(what: string): never {
    throw new SyntaxFault(what)
  }

  /** The octet at the cursor; -1 at the end. */
  peek(): number {
    return this.at < this.bytes.length ? this.bytes[this.at] : -1
  }

  /** True behind the last argument; spaces that some clients leave there do not count. */
  atEnd(): boolean {
    let at = this.at
    while (this.bytes[at] === SP) at++
    return at >= this.bytes.length || this.bytes[at] === CR
  }

  /** Nothing more may follow. */
  end(): void {
    if (!this.atEnd()) this.fail('Unexpected text behind the last argument')
  }

  /** One space; more are forgiven. */
  space(): void {
    if (this.peek() !== SP) this.fail(this.atEnd() ? 'Missing argument' : 'Space expected')
    while (this.peek() === SP) this.at++
  }

  /** Reads a space when another argument follows. */
  more(): boolean {
    if (this.atEnd() || this.peek() !== SP) return false
    this.space()
    return true
  }

  /** Reads the character if it is the next one. */
  take(character: string): boolean {
    if (this.peek() !== character.charCodeAt(0)) return false
    this.at++
    return true
  }

  /** The character must be the next one. */
  expect(character: string): void {
    if (!this.take(character)) this.fail(`"${character}" expected`)
  }

  #run(allowed: number, what: string): string {
    const start = this.at
    const { bytes } = this
    let at = start
    while (at < bytes.length && (ATOM[bytes[at]] & allowed) !== 0) at++
    if (at === start) this.fail(`${what} expected`)
    this.at = at
    return utf8(bytes, start, at)
  }

  /** An atom, as it was written. */
  atom(what = 'Atom'): string {
    return this.#run(1, what)
  }

  /** An atom in upper case: a keyword of the protocol. */
  word(what = 'Keyword'): string {
    return this.#run(1, what).toUpperCase()
  }

  /** Reads the keyword if it is the next one; upper case given. */
  takeWord(word: string): boolean {
    const { bytes, at } = this
    const end = at + word.length
    if (end > bytes.length || latin1(bytes, at, end).toUpperCase() !== word) return false
    if (end < bytes.length && (ATOM[bytes[end]] & 1) !== 0) return false
    this.at = end
    return true
  }

  /** Letters, digits, dots and hyphens in upper case: the name of a FETCH item up to its bracket. */
  itemName(): string {
    const start = this.at
    let at = start
    for (; at < this.bytes.length; at++) {
      const code = this.bytes[at]
      const letter = code | 32
      if (!((letter >= 97 && letter <= 122) || (code >= 45 && code <= 57 && code !== 47))) break
    }
    if (at === start) this.fail('Data item expected')
    this.at = at
    return latin1(this.bytes, start, at).toUpperCase()
  }

  /** A number up to 2^53-1 (number64 is at most 2^63-1, which nobody reaches). */
  number(what = 'Number'): number {
    const start = this.at
    let value = 0
    for (;;) {
      const digit = this.peek() - 48
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
      if (value > Number.MAX_SAFE_INTEGER) this.fail(`${what} is too large`)
      this.at++
    }
    if (this.at === start) this.fail(`${what} expected`)
    return value
  }

  /** A number from 1 to 2^32-1. */
  nzNumber(what = 'Number'): number {
    const value = this.number(what)
    if (value === 0 || value > 0xffffffff) this.fail(`${what} must be from 1 to 4294967295`)
    return value
  }

  /** True when a quoted string or a literal comes next. */
  atString(): boolean {
    const code = this.peek()
    return code === QUOTE || code === BRACE || (code === TILDE && this.bytes[this.at + 1] === BRACE)
  }

  /** A quoted string or a literal, as octets. */
  string(what = 'String'): Uint8Array {
    const code = this.peek()
    if (code === QUOTE) return this.#quoted()
    if (code === BRACE || (code === TILDE && this.bytes[this.at + 1] === BRACE)) return this.#literal()
    return this.fail(`${what} expected`)
  }

  /** A string, or NIL as `null`. */
  nstring(what = 'String or NIL'): Uint8Array | null {
    if (this.takeWord('NIL')) return null
    return this.string(what)
  }

  /** An astring, as octets. */
  astring(what = 'String'): Uint8Array {
    if (this.atString()) return this.string(what)
    const start = this.at
    this.#run(1 | 2, what)
    return this.bytes.subarray(start, this.at)
  }

  /** An astring as text, read as UTF-8. */
  text(what = 'String'): string {
    return utf8(this.astring(what))
  }

  /** A string or an atom that may hold wildcards: a LIST pattern. */
  listMailbox(): Uint8Array {
    if (this.atString()) return this.string('Mailbox pattern')
    const start = this.at
    this.#run(1 | 2 | 4, 'Mailbox pattern')
    return this.bytes.subarray(start, this.at)
  }

  #quoted(): Uint8Array {
    const { bytes } = this
    const start = ++this.at
    let escapes = 0
    let at = start
    for (; ; at++) {
      const code = bytes[at]
      if (code === undefined || code === CR || code === LF || code === 0) this.fail('Quoted string does not end')
      if (code === QUOTE) break
      if (code !== BACKSLASH) continue
      escapes++
      const escaped = bytes[++at]
      if (escaped !== QUOTE && escaped !== BACKSLASH) this.fail('Only \\" and \\\\ may be escaped')
    }
    this.at = at + 1
    if (escapes === 0) return bytes.subarray(start, at)
    const out = new Uint8Array(at - start - escapes)
    for (let from = start, to = 0; from < at; from++) {
      if (bytes[from] === BACKSLASH) from++
      out[to++] = bytes[from]
    }
    return out
  }

  #literal(): Uint8Array {
    const eight = this.take('~')
    this.at++
    const size = this.number('Literal size')
    if (this.peek() === 43 || this.peek() === 45) this.at++
    this.expect('}')
    if (this.bytes[this.at] !== CR || this.bytes[this.at + 1] !== LF) this.fail('A literal begins on the next line')
    const start = this.at + 2
    // The engine never gives less than was announced, except for a literal that is streamed elsewhere.
    if (start + size > this.bytes.length) this.fail('Literal not allowed here')
    const view = this.bytes.subarray(start, start + size)
    this.at = start + size
    // RFC 9051 §4.3: only a literal8 may hold NUL.
    if (!eight && view.includes(0)) this.fail('NUL in a literal')
    return view
  }

  /** Counts one member of a list or set towards the limit. */
  item(): void {
    if (++this.#items > this.#limits.items) this.fail('Too many items')
  }

  /** `(` member SP member ... `)`; `()` too. `each` reads one member. */
  list(each: () => void): void {
    this.expect('(')
    if (++this.#depth > this.#limits.depth) this.fail('Too many parentheses within each other')
    while (this.peek() === SP) this.at++
    while (!this.take(')')) {
      this.item()
      each()
      if (this.peek() === SP) this.space()
      else if (this.peek() !== CLOSE) this.fail('Space or ")" expected')
    }
    this.#depth--
  }

  /** True when a list comes next. */
  atList(): boolean {
    return this.peek() === OPEN
  }
}
