/** Values that carry their type: `rfc822; jane@example.org`, `dns; mx.example.org` (RFC 3464 §2.1.2, RFC 6533 §3). */

import { isAscii, lowerCase, trimBlanks } from '../ascii.js'

/** A value and the type that says how to read it. */
export interface TypedValue {
  /** In lower case: `rfc822` or `utf-8` for addresses, `dns` for hosts, `smtp` for diagnostics. */
  type: string
  value: string
}

/** Without comments in parentheses, and without blanks around. Nested ones and quoted strings are respected. */
export function withoutComments(text: string): string {
  if (!text.includes('(')) return trimBlanks(text)
  let kept = ''
  let depth = 0
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!
    if (character === '\\' && i + 1 < text.length) {
      if (depth === 0) kept += character + text[i + 1]
      i++
    } else if (character === '(' && !quoted) depth++
    else if (character === ')' && depth > 0) depth--
    else if (depth === 0) {
      kept += character
      if (character === '"') quoted = !quoted
    }
  }
  return depth === 0 ? trimBlanks(kept) : trimBlanks(text)
}

/** The typed value of a field; without a type, `fallback` is the type. */
export function readTyped(text: string | undefined, fallback: string): TypedValue | undefined {
  if (text === undefined || text === '') return undefined
  const semicolon = text.indexOf(';')
  const type = semicolon === -1 ? '' : lowerCase(withoutComments(text.slice(0, semicolon)))
  // "550 No such user; see example.org" has none.
  if (!isTypeName(type)) return { type: fallback, value: text }
  return { type, value: trimBlanks(text.slice(semicolon + 1)) }
}

/** A letter, then letters, digits and some marks: less than the atom of RFC 3464 §2.1.2, which a bare address is too. */
function isTypeName(type: string): boolean {
  for (const character of type) {
    const isLetter = character >= 'a' && character <= 'z'
    const isOther = (character >= '0' && character <= '9') || '-_.'.includes(character)
    if (!isLetter && !isOther) return false
  }
  return type !== '' && type[0]! >= 'a'
}

/** An address: comments and angle brackets go, `\x{...}` of the `utf-8` type is decoded (RFC 6533 §3). */
export function readTypedAddress(text: string | undefined): TypedValue | undefined {
  const typed = readTyped(text, 'rfc822')
  if (!typed) return undefined
  let value = withoutComments(typed.value)
  if (value.startsWith('<') && value.endsWith('>')) value = value.slice(1, -1)
  return { type: typed.type, value: typed.type === 'utf-8' ? decodeUnitext(value) : value }
}

/** `\x{20AC}` and the like; what is no character stays as it is. */
function decodeUnitext(text: string): string {
  let decoded = ''
  let from = 0
  for (let at = text.indexOf('\\x{'); at !== -1; at = text.indexOf('\\x{', from)) {
    const close = text.indexOf('}', at)
    const code = close === -1 ? -1 : readHex(text.slice(at + 3, close))
    const end = code === -1 ? at + 3 : close + 1
    decoded += text.slice(from, at) + (code === -1 ? text.slice(at, end) : String.fromCodePoint(code))
    from = end
  }
  return decoded + text.slice(from)
}

/** RFC 6533 §3 (HEXPOINT): 2 to 6 digits, no surrogates. */
function readHex(digits: string): number {
  if (digits.length < 2 || digits.length > 6) return -1
  let code = 0
  for (const digit of digits) {
    const value = '0123456789abcdef'.indexOf(lowerCase(digit))
    if (value === -1) return -1
    code = code * 16 + value
  }
  return code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? -1 : code
}

/** The characters that RFC 6533 §3 wants encoded in either form: blanks, controls, backslash, plus and equals sign. */
function isReserved(character: string): boolean {
  return character <= ' ' || character === '\x7f' || character === '\\' || character === '+' || character === '='
}

function encodeUnitext(text: string, keepUtf8: boolean): string {
  let encoded = ''
  for (const character of text) {
    const isPlain = !isReserved(character) && (character <= '~' || keepUtf8)
    encoded += isPlain ? character : `\\x{${character.codePointAt(0)!.toString(16).toUpperCase().padStart(2, '0')}}`
  }
  return encoded
}

export function writeTyped(value: TypedValue | undefined): string | undefined {
  return value && `${value.type}; ${value.value}`
}

/** An address; one outside ASCII, or of the type `utf-8`, in the form that fits the part (RFC 6533 §3). */
export function writeTypedAddress(value: TypedValue | undefined, global: boolean): string | undefined {
  if (!value) return undefined
  const isUtf8 = value.type === 'utf-8' || (value.type === 'rfc822' && !isAscii(value.value))
  return isUtf8 ? `utf-8; ${encodeUnitext(value.value, global)}` : writeTyped(value)
}
