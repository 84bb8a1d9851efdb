/**
 * Base64 as SASL profiles need it (RFC 4648 §4): strict. No white space, padding in place, no octet left over;
 * a tolerant decoder here would let two parties read two passwords in one line.
 */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const VALUES = new Int8Array(256).fill(-1)
for (let i = 0; i < ALPHABET.length; i++) VALUES[ALPHABET.charCodeAt(i)] = i
const PAD = 61

/** The octets of a base64 line, or `null` when it is not base64. */
export function decodeBase64(line: Uint8Array): Uint8Array | null {
  const length = line.length
  if (length % 4 !== 0) return null
  if (length === 0) return new Uint8Array(0)
  const padding = line[length - 1] === PAD ? (line[length - 2] === PAD ? 2 : 1) : 0
  const out = new Uint8Array((length / 4) * 3 - padding)
  let bits = 0
  let at = 0
  for (let i = 0; i < length; i++) {
    const last = i >= length - padding
    const value = last ? 0 : VALUES[line[i]]
    if (value < 0) return null
    bits = (bits << 6) | value
    if (i % 4 === 3) {
      // The bits that padding leaves over must be zero (RFC 4648 §3.5).
      if (i === length - 1 && padding > 0 && (bits & (padding === 2 ? 0xffff : 0xff)) !== 0) return null
      out[at++] = bits >> 16
      if (at < out.length) out[at++] = bits >> 8
      if (at < out.length) out[at++] = bits
      bits = 0
    }
  }
  return out
}

/** The octets as base64 on one line. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i
    const bits = (bytes[i] << 16) | ((left > 1 ? bytes[i + 1] : 0) << 8) | (left > 2 ? bytes[i + 2] : 0)
    text += ALPHABET[bits >> 18] + ALPHABET[(bits >> 12) & 63]
    text += left > 1 ? ALPHABET[(bits >> 6) & 63] : '='
    text += left > 2 ? ALPHABET[bits & 63] : '='
  }
  return text
}
