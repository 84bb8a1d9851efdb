/**
 * xtext (RFC 3461 §4): text in parameters of MAIL and RCPT. Everything outside of `!` to `~`, and `+` and `=`, is
 * written as `+` and two upper-case hexadecimal digits.
 */
import { fromUtf8, utf8 } from '@posthouse/wire'

const HEX = '0123456789ABCDEF'
const PLUS = 43
const EQUALS = 61

/** Encodes text; what is not ASCII is encoded as the octets of its UTF-8 form. */
export function encodeXtext(text: string): string {
  let out = ''
  for (const byte of fromUtf8(text)) {
    if (byte > 32 && byte < 127 && byte !== PLUS && byte !== EQUALS) out += String.fromCharCode(byte)
    else out += `+${HEX[byte >> 4]}${HEX[byte & 15]}`
  }
  return out
}

/** Decodes xtext; `null` when it is not xtext. Octets above 127 are read as UTF-8. */
export function decodeXtext(text: string): string | null {
  const bytes = new Uint8Array(text.length)
  let length = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 33 || code > 126 || code === EQUALS) return null
    if (code !== PLUS) {
      bytes[length++] = code
      continue
    }
    const high = hexValue(text.charCodeAt(i + 1))
    const low = hexValue(text.charCodeAt(i + 2))
    if (high === -1 || low === -1) return null
    bytes[length++] = high * 16 + low
    i += 2
  }
  return utf8(bytes, 0, length)
}

/** As `decodeXtext`, and `null` for hidden control characters, too: in a log or a header field they would begin a line. */
export function decodePrintable(text: string): string | null {
  const decoded = decodeXtext(text)
  if (decoded === null) return null
  for (let i = 0; i < decoded.length; i++) {
    const code = decoded.charCodeAt(i)
    if (code < 32 || (code > 126 && code < 160)) return null
  }
  return decoded
}

/** RFC 3461 §4 allows upper case only; a reader that also takes lower case loses nothing. */
function hexValue(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  if (code >= 65 && code <= 70) return code - 55
  if (code >= 97 && code <= 102) return code - 87
  return -1
}
