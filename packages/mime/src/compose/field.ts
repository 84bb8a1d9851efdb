/**
 * Header fields as octets: the one place through which every header goes (RFC 5322 §2.2).
 *
 * A field is a name and a list of tokens. A token brings the blanks in front of it; a line may be broken before those
 * blanks and nowhere else, so that unfolding gives exactly the value that was written. No token has a CR, LF or NUL:
 * `writeField` refuses it, whatever was checked before.
 */

import { isAscii } from '../ascii.js'
import { fromLatin1, fromUtf8 } from '../bytes.js'
import { ComposeError } from './errors.js'

/** A piece of a value that stays on one line. */
export interface Token {
  /** Blanks in front of it, where the line may be broken. Empty: it sticks to what is before. */
  space: string
  text: string
}

/** A header field before it is written. */
export interface Field {
  name: string
  tokens: readonly Token[]
}

/**
 * Octets of a line, without CRLF, that are not exceeded where a break is possible: RFC 5322 §2.1.1 wants 78 at most,
 * RFC 2047 §2 wants 76 where a line has an encoded word.
 */
export const LINE_LENGTH = 76
/** Octets of a line, without CRLF, that are never exceeded. */
export const MAX_LINE_LENGTH = 998

/** Throws unless the text is free of CR, LF and NUL. `what` names it in the message. */
export function refuseControls(text: string, what: string): void {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 0x0d || code === 0x0a || code === 0) {
      const name = code === 0 ? 'NUL' : code === 0x0d ? 'CR' : 'LF'
      throw new ComposeError('control-character', `${what} has a ${name} at ${i}: remove it, nothing is written for it`)
    }
  }
}

/** Printable US-ASCII without the colon (RFC 5322 §3.6.8). */
export function isFieldName(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    if (code <= 0x20 || code >= 0x7f || code === 0x3a) return false
  }
  return name.length > 0 && name.length <= LINE_LENGTH - 2
}

/** Half a surrogate pair has no UTF-8. */
export function hasLoneSurrogate(text: string): boolean {
  for (const character of text)
    if (character >= '\uD800' && character <= '\uDFFF' && character.length === 1) return true
  return false
}

/** Octets of the text in UTF-8. */
export function utf8Length(text: string): number {
  return isAscii(text) ? text.length : fromUtf8(text).length
}

function isBlankText(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text[i] !== ' ' && text[i] !== '\t') return false
  return true
}

/** The field as text: folded, ended by CRLF. */
export function writeField(field: Field): string {
  const { name } = field
  if (!isFieldName(name)) {
    throw new ComposeError(
      'invalid-field-name',
      `${JSON.stringify(name)} is no field name: use printable ASCII without ":"`,
    )
  }
  let written = `${name}:`
  let column = written.length
  let atStart = true
  for (const { space, text } of field.tokens) {
    refuseControls(space, `Field ${name}`)
    refuseControls(text, `Field ${name}`)
    if (!isBlankText(space)) throw new ComposeError('control-character', `Field ${name}: only blanks can be folded at`)
    const length = utf8Length(text)
    // A line of the name alone is legal and yet trips some readers: the first token stays beside it when it can.
    const limit = atStart ? MAX_LINE_LENGTH : LINE_LENGTH
    if (column + space.length + length > limit && space !== '' && !isBlankText(text)) {
      written += '\r\n'
      column = 0
    }
    written += space + text
    column += space.length + length
    if (column > MAX_LINE_LENGTH) {
      throw new ComposeError(
        'field-too-long',
        `Field ${name} has a word that fits no line of ${MAX_LINE_LENGTH} octets`,
      )
    }
    atStart = false
  }
  return `${written}\r\n`
}

/** A header block with the empty line that ends it. */
export function writeHeader(fields: readonly Field[]): Uint8Array {
  let text = ''
  for (const field of fields) text += writeField(field)
  text += '\r\n'
  return isAscii(text) ? fromLatin1(text) : fromUtf8(text)
}
