/** Values with parameters on their way out: Content-Type, Content-Disposition (RFC 2045 §5.1, RFC 2183, RFC 2231). */

import { isAscii } from '../ascii.js'
import { fromUtf8 } from '../bytes.js'
import { ComposeError } from './errors.js'
import { refuseControls, type Token } from './field.js'

/** Characters of a line that one parameter may take: "; name*0*=" and its value. */
const MAX_PARAMETER = 74
const TSPECIALS = '()<>@,;:\\"/[]?='
const DIGITS = '0123456789ABCDEF'

/** RFC 2045 §5.1: printable ASCII without blanks and tspecials. */
export function isToken(text: string): boolean {
  for (const character of text) if (character <= ' ' || character > '~' || TSPECIALS.includes(character)) return false
  return text !== ''
}

/** RFC 2231 §7: what stands for itself in an extended value. */
function isAttributeCharacter(octet: number): boolean {
  const character = String.fromCharCode(octet)
  return octet > 0x20 && octet < 0x7f && !TSPECIALS.includes(character) && !"*'%".includes(character)
}

/** Fits a quoted string, and no reader takes it for an encoded word (many look for those, against RFC 2047 §5). */
function isQuotable(text: string): boolean {
  if (text.includes('=?')) return false
  for (const character of text) if (character < ' ' || character > '~') return false
  return true
}

function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

function percentEncode(text: string): string {
  let encoded = ''
  for (const octet of fromUtf8(text)) {
    encoded += isAttributeCharacter(octet) ? String.fromCharCode(octet) : `%${DIGITS[octet >> 4]}${DIGITS[octet & 15]}`
  }
  return encoded
}

/** The value percent-encoded, in pieces of whole characters: some readers decode each. The first is shorter by `head`. */
function percentPieces(value: string, room: number, head: number): string[] {
  const pieces: string[] = []
  let piece = ''
  let limit = room - head
  for (const character of value) {
    const text = percentEncode(character)
    if (piece.length + text.length > limit) {
      pieces.push(piece)
      piece = ''
      limit = room
    }
    piece += text
  }
  pieces.push(piece)
  return pieces
}

/** `name=value` in one piece, or the continuations of RFC 2231 §3; few readers put a boundary together from those. */
function parameterPieces(name: string, value: string): string[] {
  const bare = `${name}=${isToken(value) ? value : quote(value)}`
  if (name === 'boundary' ? isAscii(value) : isQuotable(value) && bare.length <= MAX_PARAMETER) return [bare]
  const charset = "UTF-8''"
  const whole = percentEncode(value)
  if (name.length + 2 + charset.length + whole.length <= MAX_PARAMETER) return [`${name}*=${charset}${whole}`]
  return percentPieces(value, MAX_PARAMETER - name.length - 6, charset.length).map((piece, index) =>
    index === 0 ? `${name}*0*=${charset}${piece}` : `${name}*${index}*=${piece}`,
  )
}

/** A value and its parameters as tokens; one line for each parameter where they do not fit. */
export function parameterTokens(value: string, parameters: Iterable<readonly [string, string]>): Token[] {
  const pieces: string[] = []
  for (const [name, text] of parameters) {
    if (!isToken(name) || name.includes('*')) {
      throw new ComposeError('invalid-media-type', `${JSON.stringify(name)} is no parameter name (RFC 2045 §5.1)`)
    }
    refuseControls(text, `Parameter ${name}`)
    pieces.push(...parameterPieces(name, text))
  }
  return [value, ...pieces].map((text, index, all) => ({
    space: ' ',
    text: index < all.length - 1 ? `${text};` : text,
  }))
}
