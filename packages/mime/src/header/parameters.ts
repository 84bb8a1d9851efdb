/**
 * `Content-Type: text/plain; charset=utf-8` and its like: a value and parameters (RFC 2045 §5.1, RFC 2183), with
 * continuations, charsets and percent-encoding (RFC 2231), and with what mail has beside that: unquoted blanks, a
 * missing semicolon or a comma in its place behind the value, comments, encoded words where the RFC forbids them, Windows paths in quotes.
 *
 * Input is a field value as octets (latin1), still folded; line breaks count as blanks.
 */

import { isBlank, isNumber, lowerCase } from '../ascii.js'
import { commentEnd, skipCfws, withoutComments } from './comments.js'

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
const COMMA = 0x2c
const COLON = 0x3a
const SEMICOLON = 0x3b
const EQUALS = 0x3d
const BACKSLASH = 0x5c

function isAlphanumeric(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a)
}

/** The next semicolon outside quotes, or the end. */
function skipToSemicolon(text: string, at: number): number {
  const next = text.indexOf(';', at)
  return next === -1 ? text.length : next
}

/** Behind the name at `at` and its comments: at `=`, or where the parameter ends without one. */
function nameEnd(text: string, at: number): number {
  for (; at < text.length; at = Math.max(skipCfws(text, at), at + 1)) {
    const code = text.charCodeAt(at)
    if (code === EQUALS || code === SEMICOLON) break
  }
  return at
}

/** Does a path of Windows begin at `at`, such as `C:\mail`? In it a backslash quotes nothing but a special character. */
function isWindowsPath(text: string, at: number): boolean {
  const letter = text.charCodeAt(at) | 0x20
  const drive = letter >= 0x61 && letter <= 0x7a && text.charCodeAt(at + 1) === COLON
  return drive && text.charCodeAt(at + 2) === BACKSLASH
}

/** A quoted string whose opening quote is at `at`: its content and the offset behind it. */
function readQuoted(text: string, at: number): { value: string; end: number } {
  let value = ''
  let from = at + 1
  const path = isWindowsPath(text, from)
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) return { value: value + text.slice(from, i), end: i + 1 }
    if (code === BACKSLASH && i + 1 < text.length) {
      value += text.slice(from, path && isAlphanumeric(text.charCodeAt(i + 1)) ? i + 1 : i)
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
  // A quote at the end is one whose partner got lost.
  if (end > from && text.charCodeAt(end - 1) === QUOTE) end--
  return { value: text.slice(from, end).replaceAll('\r', '').replaceAll('\n', ''), end: at }
}

interface Section {
  readonly value: string
  readonly extended: boolean
}

/** The pieces of one RFC 2231 parameter as they come. */
interface Pieces {
  readonly name: string
  plain: string | null
  extended: string | null
  parts: Map<number, Section> | null
}

/** `name*1*` -> name, section 1, extended. Leading zeros are against RFC 2231 §7, and read all the same. */
function splitName(name: string): { base: string; section: number; extended: boolean } {
  const star = name.indexOf('*')
  if (star === -1) return { base: name, section: -1, extended: false }
  const extended = name.endsWith('*')
  const number = name.slice(star + 1, extended && name.length - 1 > star ? -1 : undefined)
  if (number === '') return { base: name.slice(0, star), section: -1, extended }
  if (number.length > 5 || !isNumber(number)) return { base: name, section: -1, extended: false }
  return { base: name.slice(0, star), section: Number(number), extended }
}

/** The values of a name: the plain one that is there for old readers first, the extended one behind it. */
function addPieces(parameters: RawParameter[], pieces: Pieces): void {
  const { name, parts, plain, extended } = pieces
  if (plain !== null) parameters.push({ name, value: plain, extended: false })
  if (extended !== null) parameters.push({ name, value: extended, extended: true })
  else if (parts) parameters.push(joinSections(name, parts))
}

/** In the order of their numbers; mail readers overlook gaps, and that the first is not 0. */
function joinSections(name: string, parts: ReadonlyMap<number, Section>): RawParameter {
  const sections = [...parts].sort(([one], [other]) => one - other).map(([, section]) => section)
  const extended = sections.some((section) => section.extended)
  let value = ''
  for (const section of sections) {
    // A plain section among extended ones: its octets must survive the percent-decoding of the whole.
    value += extended && !section.extended ? section.value.replaceAll('%', '%25') : section.value
  }
  return { name, value: extended && !sections[0]!.extended ? `''${value}` : value, extended }
}

/** Takes a field value apart. Never fails. Of a parameter given twice, the first counts. */
export function parseStructured(text: string, maxParameters = 128): StructuredValue {
  let at = skipCfws(text, 0)
  const start = at
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === SEMICOLON || (at === start && looksLikeParameter(text, at))) break
    const next = isBlank(code) || code === PAREN_OPEN ? Math.max(skipCfws(text, at), at + 1) : at + 1
    if ((isBlank(code) || code === COMMA) && looksLikeParameter(text, skipCfws(text, next))) break
    at = next
  }
  const value = lowerCase(withoutComments(text.slice(start, at)))
  const found = new Map<string, Pieces>()
  const repeated: string[] = []
  let truncated = false
  for (let count = 0; at < text.length; ) {
    const code = text.charCodeAt(at)
    if (code === SEMICOLON || isBlank(code) || (code === COMMA && count === 0)) {
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
  const equals = nameEnd(text, at)
  if (text.charCodeAt(equals) !== EQUALS) return equals
  const { base, section, extended } = splitName(lowerCase(withoutComments(text.slice(at, equals))))
  const valueStart = skipCfws(text, equals + 1)
  const quoted = text.charCodeAt(valueStart) === QUOTE
  const { value, end } = quoted ? readQuoted(text, valueStart) : readToken(text, valueStart)
  if (base === '') return end
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

/** The parameter of that lower-case name; RFC 2231's form of it where there are two (RFC 6266 §4.3 says it for HTTP). */
export function findParameter(value: StructuredValue | null, name: string): RawParameter | undefined {
  return value?.parameters.findLast((one) => one.name === name)
}
