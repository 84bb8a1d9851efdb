/**
 * Changes to the header of a message that leave all its other octets alone: signatures over them stay valid.
 *
 * The editor looks at the header line by line, judges each line as the scanner does, and passes what is not edited on.
 * Of a line whose end has not come it keeps no more than the scanner looks at; the body goes through untouched.
 */

import { isAscii, lowerCase } from '../ascii.js'
import { concat, copyOf, fromLatin1, fromUtf8, indexOf, latin1 } from '../bytes.js'
import { type AddressInput, addressTokens } from '../compose/addresses.js'
import { writeField } from '../compose/field.js'
import { textField } from '../compose/plan.js'
import { fieldNameEnd, isMboxLine } from '../header/fields.js'
import { isOpeningLine } from '../structure/boundaries.js'
import { judgeHeaderLine, MAX_SPECIAL_LINE } from '../structure/header-lines.js'
import { boundarySoFar } from '../structure/opening.js'
import { writeFolded } from './folded-field.js'

/** A field to be written. */
export type NewField =
  /** Free text in plain Unicode; it is encoded (RFC 2047), or written as UTF-8 with `smtputf8`, and folded. */
  | { name: string; value: string; smtputf8?: boolean }
  /** Addresses; display names are encoded and domains written in ASCII, unless `smtputf8`. */
  | { name: string; addresses: AddressInput; smtputf8?: boolean }
  /** A value that is written as it stands, for example a signature. It may have CRLF only in front of a blank. */
  | { name: string; folded: string }

export type HeaderEdit =
  /** In front of all fields, behind an mbox `From ` line. The first of several prepended fields stands on top. */
  | { prepend: NewField }
  /** In place of the first field of that name; others of that name go away. Without any: at the end of the header. */
  | { replace: NewField }
  /** All fields of that name go away. */
  | { remove: string }

/** Octets in, edited octets out. */
export interface HeaderEditor {
  /** The result may be a view of `bytes`. */
  write(bytes: Uint8Array): Uint8Array
  end(): Uint8Array
}

const LF = 0x0a
const CR = 0x0d
const DASH = 0x2d
const SPACE = 0x20
const TAB = 0x09
/** Octets of a Content-Type field that are looked at. */
const MAX_CONTENT_TYPE = 16_384
const EMPTY = new Uint8Array(0)

function fieldText(field: NewField): string {
  if ('folded' in field) return writeFolded(field.name, field.folded)
  if ('addresses' in field) {
    return writeField({ name: field.name, tokens: addressTokens(field.addresses, field.smtputf8 === true) })
  }
  return writeField(textField(field.name, field.value, field.smtputf8 === true))
}

/** Fields by name in lower case: the text that stands for them, or null where they go away. */
type NamedEdits = Map<string, string | null>

/** Writes all new fields, so that mistakes show before anything is sent. */
function readEdits(edits: readonly HeaderEdit[]): { prepended: string; named: NamedEdits } {
  let prepended = ''
  const named: NamedEdits = new Map()
  for (const edit of edits) {
    if ('prepend' in edit) prepended += fieldText(edit.prepend)
    else if ('replace' in edit) named.set(lowerCase(edit.replace.name), fieldText(edit.replace))
    else named.set(lowerCase(edit.remove), null)
  }
  return { prepended, named }
}

/** Creates an editor for one message. All edits apply to the header as it was. Throws ComposeError for bad fields. */
export function createHeaderEditor(edits: readonly HeaderEdit[]): HeaderEditor {
  const { prepended, named } = readEdits(edits)
  let state: 'top' | 'fields' | 'body' = 'top'
  /** The start of a line that may still be anything. */
  let held: Uint8Array = EMPTY
  /** Behind the start of a line: what was decided for it holds until its LF. */
  let inLine = false
  let dropping = false
  /** The first Content-Type field: a header may end at the boundary that it names. */
  let contentType: Uint8Array = EMPTY
  let inContentType = false
  /** Line ends of the message; fields that are added get the same. */
  let crlf = true
  let out: Uint8Array[] = []

  const emit = (text: string): void => {
    const lines = crlf ? text : text.replaceAll('\r\n', '\n')
    if (lines !== '') out.push(isAscii(lines) ? fromLatin1(lines) : fromUtf8(lines))
  }
  /** Replacements whose field did not occur. */
  const takeMissing = (): string => {
    let missing = ''
    for (const text of named.values()) missing += text ?? ''
    named.clear()
    return missing
  }
  const endHeader = (): void => {
    emit(takeMissing())
    state = 'body'
  }
  /** Judges the line at the start of `bytes` that is `length` long without its LF, or longer than is looked at. */
  const beginLine = (bytes: Uint8Array, length: number): void => {
    const isTop = state === 'top'
    if (isTop) {
      crlf = bytes[length] !== LF || bytes[length - 1] === CR
      if (isMboxLine(bytes, 0)) return
      emit(prepended)
      state = 'fields'
    }
    const line = judgeHeaderLine(bytes, 0, length, isTop)
    if (line === 'not-a-header') {
      // All is body. What is added needs an empty line behind it, or the body would become part of the header.
      const added = prepended + takeMissing()
      emit(added.slice(prepended.length))
      if (added !== '') emit('\r\n')
      state = 'body'
    } else if (line === 'empty' || isFirstBoundary(bytes, length)) {
      dropping = false
      endHeader()
    } else if (bytes[0] !== SPACE && bytes[0] !== TAB) {
      beginField(bytes, length)
    }
  }
  const isFirstBoundary = (bytes: Uint8Array, length: number): boolean => {
    if (bytes[0] !== DASH || bytes[1] !== DASH || contentType.length === 0) return false
    const boundary = boundarySoFar(contentType, 0, contentType.length)
    return boundary !== '' && isOpeningLine(boundary, bytes, 0, length)
  }
  const beginField = (bytes: Uint8Array, length: number): void => {
    const nameEnd = fieldNameEnd(bytes, 0, Math.min(length, MAX_SPECIAL_LINE))
    const name = nameEnd === -1 ? '' : lowerCase(latin1(bytes, 0, nameEnd))
    inContentType = name === 'content-type' && contentType.length === 0
    const edit = named.get(name)
    dropping = edit !== undefined
    if (!edit) return
    emit(edit)
    named.set(name, null)
  }
  const receive = (bytes: Uint8Array, ended: boolean): void => {
    let at = 0
    while (at < bytes.length && state !== 'body') {
      const lf = indexOf(bytes, LF, at)
      const lineEnd = lf === -1 ? bytes.length : lf
      if (!inLine) {
        if (lf === -1 && !ended && lineEnd - at <= MAX_SPECIAL_LINE) {
          held = copyOf(bytes, at, bytes.length)
          return
        }
        beginLine(bytes.subarray(at), lineEnd - at)
      }
      inLine = lf === -1
      const next = lf === -1 ? lineEnd : lf + 1
      if (inContentType && contentType.length < MAX_CONTENT_TYPE)
        contentType = concat([contentType, bytes.subarray(at, next)])
      if (!dropping) out.push(bytes.subarray(at, next))
      at = next
    }
    if (at < bytes.length) out.push(bytes.subarray(at))
  }
  const take = (): Uint8Array => {
    const taken = out.length === 0 ? EMPTY : concat(out)
    out = []
    return taken
  }
  return {
    write(bytes) {
      const all = held.length === 0 ? bytes : concat([held, bytes])
      held = EMPTY
      receive(all, false)
      return take()
    },
    end() {
      receive(held, true)
      held = EMPTY
      if (state === 'top') emit(prepended)
      const missing = state === 'body' ? '' : takeMissing()
      if (missing !== '' && inLine && !dropping) emit('\r\n')
      emit(missing)
      return take()
    },
  }
}
