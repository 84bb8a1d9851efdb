/**
 * Groups of fields, the syntax that all machine-readable parts of reports share (RFC 3464 §2.1): fields as in a header,
 * groups with an empty line between them.
 */

import { isAscii, lowerCase } from '../ascii.js'
import { decodeCharset } from '../body/charset.js'
import { fromLatin1, fromUtf8, indexOf, latin1 } from '../bytes.js'
import { type Token, writeField } from '../compose/field.js'
import { fieldNameEnd } from '../header/fields.js'

/** A field as it was met: the name in lower case, the value unfolded, as text. */
export interface ReportField {
  readonly name: string
  readonly value: string
}

export type FieldGroup = readonly ReportField[]

/** What a report may have; what is beyond is not read. */
export interface ReportLimits {
  /** Groups, that is recipients and one more. Default 10,000. */
  maxGroups: number
  /** Fields of one group. Default 100. */
  maxFields: number
  /** Octets of one field. Default 16,384. */
  maxFieldOctets: number
}

/** The defaults of `ReportLimits`. */
export const DEFAULT_REPORT_LIMITS: ReportLimits = /* @__PURE__ */ Object.freeze({
  maxGroups: 10_000,
  maxFields: 100,
  maxFieldOctets: 16_384,
})

const LF = 0x0a
const CR = 0x0d
const COLON = 0x3a

function isBlank(octet: number | undefined): boolean {
  return octet === 0x20 || octet === 0x09
}

function isWhite(octet: number | undefined): boolean {
  return isBlank(octet) || octet === CR || octet === LF
}

/** The groups of a report part. Lines that are no fields are skipped; never throws. */
export function readFieldGroups(bytes: Uint8Array, limits: ReportLimits = DEFAULT_REPORT_LIMITS): FieldGroup[] {
  const groups: ReportField[][] = []
  let group: ReportField[] = []
  for (let at = 0; at < bytes.length; ) {
    let end = lineEnd(bytes, at)
    if (isEmptyLine(bytes, at, end)) {
      if (group.length > 0) groups.push(group)
      if (groups.length >= limits.maxGroups) return groups
      group = []
      at = end
      continue
    }
    // A line of blanks is folding (RFC 5322 §4.2) only where more of the field follows: some write it for an empty one.
    for (let next = end; next < bytes.length && isBlank(bytes[next]); ) {
      const start = next
      next = lineEnd(bytes, start)
      if (!isEmptyLine(bytes, start, next)) end = next
    }
    const field = readField(bytes, at, Math.min(end, at + limits.maxFieldOctets))
    if (field && group.length < limits.maxFields) group.push(field)
    at = end
  }
  if (group.length > 0) groups.push(group)
  return groups
}

/** Offset behind the line's LF. */
function lineEnd(bytes: Uint8Array, at: number): number {
  const lf = indexOf(bytes, LF, at)
  return lf === -1 ? bytes.length : lf + 1
}

function isEmptyLine(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (!isWhite(bytes[at])) return false
  }
  return true
}

function readField(bytes: Uint8Array, start: number, end: number): ReportField | undefined {
  const nameEnd = fieldNameEnd(bytes, start, end)
  if (nameEnd === -1) return undefined
  const colon = indexOf(bytes, COLON, nameEnd)
  let from = colon + 1
  while (from < end && isWhite(bytes[from])) from++
  while (end > from && isWhite(bytes[end - 1])) end--
  const value = unfold(decodeCharset(bytes.subarray(from, end), 'utf-8').text)
  return { name: lowerCase(latin1(bytes, start, nameEnd)), value }
}

function unfold(value: string): string {
  return value.includes('\n') ? value.replaceAll('\r', '').replaceAll('\n', '') : value
}

/** The value of the first field of that name (lower case). */
export function fieldOf(group: FieldGroup, name: string): string | undefined {
  return group.find((field) => field.name === name)?.value
}

/** The fields that are not in `known`. */
export function otherFields(group: FieldGroup, known: ReadonlySet<string>): ReportField[] {
  return group.filter((field) => !known.has(field.name))
}

/** A field to be written, or nothing if there is no value. */
export type WrittenField = readonly [name: string, value: string | undefined]

/** Groups as octets, folded at blanks; throws ComposeError for CR, LF and NUL (the choke point of all headers). */
export function writeFieldGroups(groups: readonly (readonly WrittenField[])[]): Uint8Array {
  let text = ''
  for (const group of groups) {
    if (text !== '') text += '\r\n'
    for (const [name, value] of group) {
      if (value !== undefined) text += writeField({ name, tokens: valueTokens(value) })
    }
  }
  return isAscii(text) ? fromLatin1(text) : fromUtf8(text)
}

/** The value's words with the blanks before them, so that runs of blanks stay; none at the ends. */
function valueTokens(text: string): Token[] {
  const tokens: Token[] = []
  for (let at = 0; at < text.length; ) {
    let start = at
    while (text[start] === ' ') start++
    let end = start
    while (end < text.length && text[end] !== ' ') end++
    if (start === end) break
    tokens.push({ space: at === 0 ? ' ' : text.slice(at, start), text: text.slice(start, end) })
    at = end
  }
  return tokens
}
