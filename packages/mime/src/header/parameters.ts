/**
 * `Content-Type: text/plain; charset=utf-8` and its like: a value and parameters (RFC 2045 §5.1, RFC 2183), with
 * continuations, charsets and percent-encoding (RFC 2231), and with what mail has beside that: unquoted blanks, a
 * missing semicolon, comments, encoded words where the RFC forbids them, Windows paths in quotes.
 *
 * Input is a field value as octets (latin1), still folded; line breaks count as blanks.
 */

import type { CharsetSource } from '../body/charset.js'
import { decodeCharset } from '../body/charset.js'
import { decodeWords, octetsToText } from './words.js'

/** A parameter as the message has it, continuations joined. */
export interface RawParameter {
  /** In lower case, without the asterisks of RFC 2231. */
  readonly name: string
  /** Octets as latin1, unquoted; still percent-encoded when `extended`. */
  readonly value: string
  /** RFC 2231 §4: the value is `charset'language'percent-encoded`. */
  readonly extended: boolean
}

/** A value with its parameters, nothing decoded. */
export interface StructuredValue {
  /** What stands before the first semicolon, in lower case, comments and blanks around it removed. */
  readonly value: string
  readonly parameters: readonly RawParameter[]
  /** Names that were given more than once; the first counts. */
  readonly repeated: readonly string[]
  /** There were more parameters than the limit. */
  readonly truncated: boolean
}

const QUOTE = 0x22
const PAREN_OPEN = 0x28
const PAREN_CLOSE = 0x29
const SEMICOLON = 0x3b
const EQUALS = 0x3d
const BACKSLASH = 0x5c

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a
}

function isAlphanumeric(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a)
}

/** Behind blanks and comments (RFC 5322 §3.2.2) that begin at `at`. An unclosed comment is no comment. */
export function skipCfws(text: string, at: number): number {
  for (;;) {
    while (at < text.length && isBlank(text.charCodeAt(at))) at++
    if (text.charCodeAt(at) !== PAREN_OPEN) return at
    const end = commentEnd(text, at)
    if (end === -1) return at
    at = end
  }
}

/** Comments nested deeper are text. With the bound, looking for ends that never come stays linear. */
const MAX_COMMENT_DEPTH = 32

/** Offset behind the comment that opens at `at`, or -1 when it is not closed or too deep. */
export function commentEnd(text: string, at: number): number {
  let depth = 0
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === BACKSLASH) at++
    else if (code === PAREN_OPEN && ++depth > MAX_COMMENT_DEPTH) return -1
    else if (code === PAREN_CLOSE && --depth === 0) return at + 1
  }
  return -1
}

/** The text without comments, blanks and quotes around it; blanks inside stay. */
function withoutComments(text: string): string {
  let kept = ''
  let from = 0
  for (let open = text.indexOf('('); open !== -1; open = text.indexOf('(', from)) {
    const end = commentEnd(text, open)
    if (end === -1) break
    kept += text.slice(from, open)
    from = end
  }
  const value = (kept + text.slice(from)).trim()
  return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value
}

/** The next semicolon outside quotes, or the end. */
function skipToSemicolon(text: string, at: number): number {
  const next = text.indexOf(';', at)
  return next === -1 ? text.length : next
}

/** A quoted string whose opening quote is at `at`: its content and the offset behind it. */
function readQuoted(text: string, at: number): { value: string; end: number } {
  let value = ''
  let from = at + 1
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) return { value: value + text.slice(from, i), end: i + 1 }
    // A quoted letter or digit is not a quoted pair but a path of Windows: C:\mail.
    if (code === BACKSLASH && i + 1 < text.length) {
      value += text.slice(from, isAlphanumeric(text.charCodeAt(i + 1)) ? i + 1 : i)
      from = i + 1
      i++
    } else if (code === 0x0d || code === 0x0a) {
      value += text.slice(from, i)
      from = i + 1
    }
  }
  return { value: value + text.slice(from), end: text.length }
}

/** Does `name=` begin at `at`? Then the semicolon before it was forgotten. */
function looksLikeParameter(text: string, at: number): boolean {
  let i = at
  for (let code = text.charCodeAt(i); i < text.length; code = text.charCodeAt(++i)) {
    if (code === EQUALS) return i > at
    if (!isAlphanumeric(code) && code !== 0x2d && code !== 0x2a && code !== 0x5f) return false
  }
  return false
}

/** A value without quotes; blanks inside are kept, as are the octets of an encoded word. */
function readToken(text: string, at: number): { value: string; end: number } {
  const from = at
  let end = at
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === SEMICOLON) break
    if (isBlank(code)) {
      const next = skipCfws(text, at)
      if (next >= text.length || text.charCodeAt(next) === SEMICOLON) {
        at = next
        break
      }
      if (looksLikeParameter(text, next)) return { value: text.slice(from, end), end: next }
      // The loop goes on at `next`, not inside the blanks: each is looked at once.
      if (next > at + 1) at = next - 1
    } else {
      end = at + 1
    }
  }
  return { value: text.slice(from, end).replaceAll('\r', '').replaceAll('\n', ''), end: at }
}

/** The pieces of one RFC 2231 parameter as they come. */
interface Pieces {
  readonly name: string
  plain: string | null
  extended: string | null
  parts: Map<number, { value: string; extended: boolean }> | null
}

/** `name*1*` -> name, section 1, extended. A number with leading zeros is no section (RFC 2231 §7). */
function splitName(name: string): { base: string; section: number; extended: boolean } {
  const star = name.indexOf('*')
  if (star === -1) return { base: name, section: -1, extended: false }
  const extended = name.endsWith('*')
  const number = name.slice(star + 1, extended && name.length - 1 > star ? -1 : undefined)
  if (number === '') return { base: name.slice(0, star), section: -1, extended }
  const section = number.length <= 5 ? Number(number) : Number.NaN
  if (!Number.isInteger(section) || String(section) !== number) return { base: name, section: -1, extended: false }
  return { base: name.slice(0, star), section, extended }
}

/** The values of a name: the plain one that is there for old readers first, the extended one behind it. */
function addPieces(parameters: RawParameter[], pieces: Pieces): void {
  const { name, parts, plain, extended } = pieces
  if (plain !== null) parameters.push({ name, value: plain, extended: false })
  if (extended !== null) parameters.push({ name, value: extended, extended: true })
  else if (parts?.has(0)) parameters.push(joinSections(name, parts))
}

function joinSections(name: string, parts: ReadonlyMap<number, { value: string; extended: boolean }>): RawParameter {
  let extended = false
  for (let i = 0; parts.has(i); i++) extended ||= parts.get(i)!.extended
  let value = ''
  for (let i = 0; parts.has(i); i++) {
    const part = parts.get(i)!
    // A plain section among extended ones: its octets must survive the percent-decoding of the whole.
    value += extended && !part.extended ? part.value.replaceAll('%', '%25') : part.value
  }
  return { name, value: extended && !parts.get(0)!.extended ? `''${value}` : value, extended }
}

/** Takes a field value apart. Never fails. Of a parameter given twice, the first counts. */
export function parseStructured(text: string, maxParameters = 128): StructuredValue {
  let at = skipCfws(text, 0)
  const start = at
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === SEMICOLON || (at === start && looksLikeParameter(text, at))) break
    const next = isBlank(code) || code === PAREN_OPEN ? Math.max(skipCfws(text, at), at + 1) : at + 1
    if (isBlank(code) && looksLikeParameter(text, next)) break
    at = next
  }
  const value = withoutComments(text.slice(start, at)).toLowerCase()
  const found = new Map<string, Pieces>()
  const repeated: string[] = []
  let truncated = false
  for (let count = 0; at < text.length; ) {
    const code = text.charCodeAt(at)
    if (code === SEMICOLON || isBlank(code)) {
      at++
      continue
    }
    if (code === PAREN_OPEN && commentEnd(text, at) !== -1) {
      at = skipCfws(text, at)
      continue
    }
    if (++count > maxParameters) {
      truncated = true
      break
    }
    at = readParameter(text, at, found, repeated)
  }
  const parameters: RawParameter[] = []
  for (const pieces of found.values()) addPieces(parameters, pieces)
  return { value, parameters, repeated, truncated }
}

/** Reads `name=value` at `at` into `found`; returns the offset behind it. */
function readParameter(text: string, at: number, found: Map<string, Pieces>, repeated: string[]): number {
  const equals = text.indexOf('=', at)
  const semicolon = skipToSemicolon(text, at)
  if (equals === -1 || semicolon < equals) return semicolon
  let nameEnd = equals
  while (nameEnd > at && isBlank(text.charCodeAt(nameEnd - 1))) nameEnd--
  const { base, section, extended } = splitName(text.slice(at, nameEnd).toLowerCase())
  const valueStart = skipCfws(text, equals + 1)
  const quoted = text.charCodeAt(valueStart) === QUOTE
  const { value, end } = quoted ? readQuoted(text, valueStart) : readToken(text, valueStart)
  let pieces = found.get(base)
  if (!pieces) {
    pieces = { name: base, plain: null, extended: null, parts: null }
    found.set(base, pieces)
  }
  if (section === -1) {
    if (extended ? pieces.extended !== null : pieces.plain !== null) repeated.push(base)
    else if (extended) pieces.extended = value
    else pieces.plain = value
  } else {
    pieces.parts ??= new Map()
    if (pieces.parts.has(section)) repeated.push(base)
    else pieces.parts.set(section, { value, extended })
  }
  if (!quoted) return end
  const next = skipCfws(text, end)
  return text.charCodeAt(next) === SEMICOLON || looksLikeParameter(text, next) ? next : skipToSemicolon(text, next)
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

/** Octets of percent-encoded text; a `%` without two digits stands for itself. */
export function percentDecode(text: string): Uint8Array {
  const octets = new Uint8Array(text.length)
  let to = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const high = code === 0x25 ? hexDigit(text.charCodeAt(i + 1)) : -1
    const low = high === -1 ? -1 : hexDigit(text.charCodeAt(i + 2))
    if (low === -1) {
      octets[to++] = code
    } else {
      octets[to++] = high * 16 + low
      i += 2
    }
  }
  return octets.subarray(0, to)
}

/** The parameter of that lower-case name; RFC 2231's form of it where there are two (RFC 6266 §4.3 says it for HTTP). */
export function findParameter(value: StructuredValue | null, name: string): RawParameter | undefined {
  return value?.parameters.findLast((one) => one.name === name)
}

/** The text of a parameter: RFC 2231 undone, encoded words decoded, raw octets as UTF-8 where they are. */
export function parameterText(parameter: RawParameter, charsets?: CharsetSource): string {
  if (!parameter.extended) {
    return parameter.value.includes('=?')
      ? decodeWords(parameter.value, charsets).text
      : octetsToText(parameter.value).text
  }
  const first = parameter.value.indexOf("'")
  const second = first === -1 ? -1 : parameter.value.indexOf("'", first + 1)
  if (second === -1) return decodeCharset(percentDecode(parameter.value), 'utf-8', charsets).text
  const label = parameter.value.slice(0, first).trim()
  return decodeCharset(percentDecode(parameter.value.slice(second + 1)), label || 'utf-8', charsets).text
}

/** The octets of a parameter, for what is compared with octets of the message, such as a boundary. */
export function parameterOctets(parameter: RawParameter): string {
  if (!parameter.extended) return parameter.value
  const second = parameter.value.indexOf("'", parameter.value.indexOf("'") + 1)
  return String.fromCharCode(...percentDecode(parameter.value.slice(second + 1).slice(0, 8192)))
}

/** All parameters as text, by lower-case name. */
export function parameterTexts(value: StructuredValue, charsets?: CharsetSource): Map<string, string> {
  const texts = new Map<string, string>()
  for (const parameter of value.parameters) texts.set(parameter.name, parameterText(parameter, charsets))
  return texts
}
