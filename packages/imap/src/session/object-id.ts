/** Identifiers of a store as the wire may carry them. */
import { fromUtf8 } from '@posthouse/wire'

/** An identifier as RFC 8474 §7 allows it: letters, digits, `_` and `-`. Others are told in hexadecimal. */
export function objectId(id: string): string {
  let plain = id.length > 0 && id.length <= 255
  for (let i = 0; i < id.length && plain; i++) {
    const code = id.charCodeAt(i)
    const letter = code | 32
    plain = (letter >= 97 && letter <= 122 && code < 128) || (code >= 48 && code <= 57) || code === 45 || code === 95
  }
  if (plain) return id
  let hex = 'x-'
  for (const octet of fromUtf8(id)) hex += octet.toString(16).padStart(2, '0')
  return hex
}
