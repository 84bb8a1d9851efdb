/** The little of DER (ITU-T X.690) that writing a certificate takes: each function makes one element. */

const encoder = new TextEncoder()

function element(tag: number, content: Uint8Array): Uint8Array {
  const { length } = content
  const head =
    length < 128 ? [tag, length] : length < 256 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 255]
  const out = new Uint8Array(head.length + length)
  out.set(head)
  out.set(content, head.length)
  return out
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

export const sequence = (...parts: readonly Uint8Array[]): Uint8Array => element(0x30, join(parts))
export const set = (...parts: readonly Uint8Array[]): Uint8Array => element(0x31, join(parts))
export const octetString = (content: Uint8Array): Uint8Array => element(0x04, content)
export const boolean = (value: boolean): Uint8Array => element(0x01, Uint8Array.of(value ? 0xff : 0))
export const utf8String = (text: string): Uint8Array => element(0x0c, encoder.encode(text))

/** Bits in whole octets, `unused` of the last one left out. */
export const bitString = (content: Uint8Array, unused = 0): Uint8Array =>
  element(0x03, join([Uint8Array.of(unused), content]))

/** A non-negative number, big-endian. */
export function integer(octets: Uint8Array): Uint8Array {
  return element(0x02, octets[0] & 0x80 ? join([Uint8Array.of(0), octets]) : octets)
}

/** `[n]` around elements, or in place of a primitive's own tag. */
export const explicit = (n: number, ...parts: readonly Uint8Array[]): Uint8Array => element(0xa0 | n, join(parts))
export const implicit = (n: number, content: Uint8Array): Uint8Array => element(0x80 | n, content)

/** An object identifier in dotted form. */
export function oid(dotted: string): Uint8Array {
  const [first, second, ...rest] = dotted.split('.').map(Number)
  const octets = [first * 40 + second]
  for (const value of rest) {
    const groups = [value & 0x7f]
    for (let left = value >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80)
    octets.push(...groups)
  }
  return element(0x06, Uint8Array.from(octets))
}

/** UTCTime until 2049, GeneralizedTime after it (RFC 5280 §4.1.2.5). */
export function time(at: Date): Uint8Array {
  const digits = at.toISOString().replaceAll('-', '').replaceAll(':', '').replace('T', '').slice(0, 14)
  const late = at.getUTCFullYear() >= 2050
  return element(late ? 0x18 : 0x17, encoder.encode(`${late ? digits : digits.slice(2)}Z`))
}
