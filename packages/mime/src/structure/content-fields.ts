/** The two header fields that decide about structure: Content-Type and Content-Transfer-Encoding. */

import { lowerCase, trimBlanks, trimBlanksEnd } from '../ascii.js'
import { indexOf, latin1 } from '../bytes.js'
import { skipCfws } from '../header/comments.js'
import { fieldNameEnd } from '../header/fields.js'
import { parameterOctets } from '../header/parameter-text.js'
import { parseStructured } from '../header/parameters.js'

const LF = 0x0a
const COLON = 0x3a
const DASH = 0x2d
const CONTENT_TYPE = 'content-type'
const TRANSFER_ENCODING = 'content-transfer-encoding'

export interface ContentFields {
  /** Folded octets as latin1 of the first such field; null without one, or when it is empty. */
  type: string | null
  encoding: string | null
  /** Where the field begins, or where a second one of the name does; for defects. */
  typeAt: number
  secondTypeAt: number
  secondEncodingAt: number
}

/** Finds them in the header block `[start, end)`. */
export function readContentFields(bytes: Uint8Array, start: number, end: number): ContentFields {
  const fields: ContentFields = { type: null, encoding: null, typeAt: -1, secondTypeAt: -1, secondEncodingAt: -1 }
  for (let at = start; at < end; ) {
    // The dash of "content-" is the cheapest thing to ask for.
    if (bytes[at + 7] === DASH && (bytes[at]! | 0x20) === 0x63) readContentField(fields, bytes, at, end)
    const lf = indexOf(bytes, LF, at)
    if (lf === -1) break
    at = lf + 1
  }
  return fields
}

function readContentField(fields: ContentFields, bytes: Uint8Array, at: number, end: number): void {
  // The longer of the two names and some blanks before the colon.
  const nameEnd = fieldNameEnd(bytes, at, Math.min(end, at + 64))
  if (nameEnd === -1) return
  const length = nameEnd - at
  if (length !== CONTENT_TYPE.length && length !== TRANSFER_ENCODING.length) return
  const name = lowerCase(latin1(bytes, at, nameEnd))
  if (name === CONTENT_TYPE) {
    if (fields.type === null) {
      fields.type = readValue(bytes, nameEnd, end)
      fields.typeAt = at
    } else if (fields.secondTypeAt === -1) fields.secondTypeAt = at
  } else if (name === TRANSFER_ENCODING) {
    if (fields.encoding === null) fields.encoding = readValue(bytes, nameEnd, end)
    else if (fields.secondEncodingAt === -1) fields.secondEncodingAt = at
  }
}

function readValue(bytes: Uint8Array, nameEnd: number, end: number): string | null {
  let at = nameEnd
  while (bytes[at] !== COLON) at++
  let last = at + 1
  do {
    const lf = indexOf(bytes, LF, last)
    last = lf === -1 || lf >= end ? end : lf + 1
  } while (last < end && (bytes[last] === 0x20 || bytes[last] === 0x09))
  const value = trimBlanks(latin1(bytes, at + 1, last))
  return value === '' ? null : value
}

export interface MediaType {
  type: string
  subtype: string
  /** The field is there but has no media type in it. */
  malformed: boolean
}

function isTokenCharacter(code: number): boolean {
  return code > 0x20 && code < 0x7f && code !== 0x2f && code !== 0x3b && code !== 0x28 && code !== 0x22 && code !== 0x2c
}

function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (!isTokenCharacter(text.charCodeAt(i))) return false
  return text !== ''
}

/** Type and subtype of a Content-Type value. What is none is text/plain (RFC 2045 §5.2). */
export function readMediaType(value: string): MediaType {
  const semicolon = value.indexOf(';')
  let media = lowerCase(trimBlanks(semicolon === -1 ? value : value.slice(0, semicolon)))
  let slash = media.indexOf('/')
  if (slash === -1 || !isToken(media.slice(0, slash)) || !isToken(media.slice(slash + 1))) {
    media = parseStructured(value).value
    slash = media.indexOf('/')
    const type = trimBlanks(media.slice(0, slash))
    const subtype = trimBlanks(media.slice(slash + 1))
    if (slash === -1 || !isToken(type) || !isToken(subtype)) return { type: 'text', subtype: 'plain', malformed: true }
    return { type, subtype, malformed: false }
  }
  return { type: media.slice(0, slash), subtype: media.slice(slash + 1), malformed: false }
}

export interface Boundary {
  /** Octets as latin1 without blanks at the end; empty when there is none. */
  readonly text: string
  readonly hadBlanks: boolean
  readonly duplicate: boolean
}

/** The boundary parameter of a Content-Type value. */
export function readBoundary(value: string): Boundary {
  const parsed = parseStructured(value)
  const parameter = parsed.parameters.find((one) => one.name === 'boundary')
  if (!parameter) return { text: '', hadBlanks: false, duplicate: false }
  const octets = parameterOctets(parameter)
  const text = trimBlanksEnd(octets)
  return { text, hadBlanks: text !== octets, duplicate: parsed.repeated.includes('boundary') }
}

/**
 * The transfer encoding of a Content-Transfer-Encoding value, in lower case: its first word, comments left out (RFC 2045
 * §6.1). Without a field, `7bit`.
 */
export function readTransferEncoding(value: string | null): string {
  if (value === null) return '7bit'
  const start = skipCfws(value, 0)
  let end = start
  while (end < value.length && isTokenCharacter(value.charCodeAt(end))) end++
  return end === start ? '7bit' : lowerCase(value.slice(start, end))
}
