/**
 * Changes to the header of a message that leave all its other octets alone: signatures over them stay valid.
 *
 * The editor looks at the header line by line, judges each line as the scanner does, and passes what is not edited on.
 * Of a line whose end has not come it keeps no more than the scanner looks at; the body goes through untouched.
 *
 * A header may begin with a continuation line that belongs to no field. Readers skip it; behind a field that is put in
 * front it would become the field's own text, written by whoever sent the message. So that it cannot, an empty line goes
 * between them, as mail servers do it: what the message has is its body then, as where its first line is no header.
 */

import { isAscii, lowerCase } from '../ascii.js'
import { concat, copyOf, fromLatin1, fromUtf8, indexOf, latin1 } from '../bytes.js'
import { type AddressInput, addressTokens } from '../compose/addresses.js'
import { writeField } from '../compose/field.js'
import { textField } from '../compose/plan.js'
import { fieldNameEnd, isMboxLine } from '../header/fields.js'
import { isOpeningLine } from '../structure/boundaries.js'
import { CutInput } from '../structure/cut-input.js'
import { judgeHeaderLine, MAX_DASH_LINES, MAX_SPECIAL_LINE } from '../structure/header-lines.js'
import { DEFAULT_LIMITS } from '../structure/limits.js'
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

/** One change of a header. */
export type HeaderEdit =
  /**
   * In front of all fields, behind an mbox `From ` line. The first of several prepended fields stands on top. An empty
   * line comes behind them where the message begins with a line that is no field, a continuation line included.
   */
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

/** Is the first line, `length` long without its LF, an mbox line? `From : a` is a field (RFC 5322 §4.5). */
export function isMboxTop(bytes: Uint8Array, length: number): boolean {
  return isMboxLine(bytes, 0) && fieldNameEnd(bytes, 0, Math.min(length, MAX_SPECIAL_LINE)) === -1
}

/** Creates an editor for one message. All edits apply to the header as it was. Throws ComposeError for bad fields. */
export function createHeaderEditor(edits: readonly HeaderEdit[]): HeaderEditor {
  const { prepended, named } = readEdits(edits)
  /** `second`: behind an mbox line, or behind nothing yet. */
  let state: 'top' | 'second' | 'fields' | 'body' = 'top'
  /** The start of a line that may still be anything. */
  let held: Uint8Array = EMPTY
  /** Behind the start of a line: what was decided for it holds until its LF. */
  let inLine = false
  let dropping = false
  /** The Content-Type fields: a header may end at the boundary that the first of them names. */
  const contentTypes = new CutInput(DEFAULT_LIMITS.headerSize)
  let inContentType = false
  let dashLines = 0
  /** Octets of the header that will still be looked at for those fields. */
  let room = DEFAULT_LIMITS.headerSize
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
      crlf = length > MAX_SPECIAL_LINE || bytes[length] !== LF || bytes[length - 1] === CR
      state = 'second'
      if (isMboxTop(bytes, length)) return
    }
    const line = judgeHeaderLine(bytes, 0, length, isTop)
    const isContinuation = bytes[0] === SPACE || bytes[0] === TAB
    const isFirst = state === 'second'
    state = 'fields'
    if (isFirst) emit(prepended)
    if (line === 'not-a-header' || (isFirst && isContinuation && prepended !== '')) {
      // All is body. What is added needs an empty line behind it, or the body would become part of the header.
      const missing = takeMissing()
      emit(missing)
      if (prepended + missing !== '') emit('\r\n')
      state = 'body'
    } else if (line === 'empty' || (!isTop && isFirstBoundary(bytes, length))) {
      dropping = false
      endHeader()
    } else if (!isContinuation) {
      beginField(bytes, length)
    }
  }
  /** As the scanner judges it. */
  const isFirstBoundary = (bytes: Uint8Array, length: number): boolean => {
    if (bytes[0] !== DASH || bytes[1] !== DASH || ++dashLines > MAX_DASH_LINES) return false
    const boundary = boundarySoFar(contentTypes.kept, 0, contentTypes.keptLength)
    return boundary !== '' && isOpeningLine(boundary, bytes, 0, length)
  }
  const beginField = (bytes: Uint8Array, length: number): void => {
    const nameEnd = fieldNameEnd(bytes, 0, Math.min(length, MAX_SPECIAL_LINE))
    const name = nameEnd === -1 ? '' : lowerCase(latin1(bytes, 0, nameEnd))
    inContentType = name === 'content-type'
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
      if (inContentType) contentTypes.keep(bytes, at, Math.min(next, at + room))
      room -= next - at
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
      const isUnbegun = state === 'top' || state === 'second'
      const missing = state === 'body' ? '' : (isUnbegun ? prepended : '') + takeMissing()
      if (missing !== '' && inLine && !dropping) emit('\r\n')
      emit(missing)
      return take()
    },
  }
}
