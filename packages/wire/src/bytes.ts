/**
 * Octets and text. Uses the natives of `Buffer` where the runtime has them (indexOf, latin1 and UTF-8 are then SIMD)
 * and plain JavaScript elsewhere; nothing is imported, so that every runtime can load it.
 */

/** What Node, Bun and Deno put on `Buffer.prototype`; `this` may be any Uint8Array. */
interface NativeMethods {
  latin1Slice(start: number, end: number): string
  utf8Slice(start: number, end: number): string
  indexOf(value: number | Uint8Array, from: number): number
}
interface NativeBuffer {
  readonly prototype: NativeMethods
  from(text: string, encoding: 'latin1' | 'utf8'): Uint8Array
}

/** A `Buffer` that a bundler put into a browser lacks these methods; the portable code is as good there. */
const buffer = (globalThis as unknown as { Buffer?: NativeBuffer }).Buffer
const native = buffer && typeof buffer.prototype.latin1Slice === 'function' ? buffer : undefined
const methods = native?.prototype
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const encoder = new TextEncoder()

/** The octets as a string of characters U+0000 to U+00FF: one character for each octet. */
export function latin1(bytes: Uint8Array, start = 0, end = bytes.length): string {
  if (methods) return methods.latin1Slice.call(bytes, start, end)
  let text = ''
  for (let at = start; at < end; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, Math.min(end, at + 8192)))
  }
  return text
}

/** The octets read as UTF-8; what is not UTF-8 becomes U+FFFD. A byte order mark is kept. */
export function utf8(bytes: Uint8Array, start = 0, end = bytes.length): string {
  return methods ? methods.utf8Slice.call(bytes, start, end) : decoder.decode(bytes.subarray(start, end))
}

/** The low eight bits of each character as octets. For text that is ASCII or was made by `latin1`. */
export function fromLatin1(text: string): Uint8Array {
  if (native) return native.from(text, 'latin1')
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

/** The text as UTF-8. */
export function fromUtf8(text: string): Uint8Array {
  return native ? native.from(text, 'utf8') : encoder.encode(text)
}

/** Where an octet first stands at or after `from`, or -1. */
export function indexOfByte(bytes: Uint8Array, byte: number, from = 0): number {
  return methods ? methods.indexOf.call(bytes, byte, from) : bytes.indexOf(byte, from)
}

/** Where a sequence of octets first stands at or after `from`, or -1. `sequence` must not be empty. */
export function indexOfOctets(bytes: Uint8Array, sequence: Uint8Array, from = 0): number {
  if (methods) return methods.indexOf.call(bytes, sequence, from)
  const last = bytes.length - sequence.length
  for (let at = bytes.indexOf(sequence[0], from); at !== -1 && at <= last; at = bytes.indexOf(sequence[0], at + 1)) {
    let same = 1
    while (same < sequence.length && bytes[at + same] === sequence[same]) same++
    if (same === sequence.length) return at
  }
  return -1
}

/** All pieces as one. A single piece is returned as it is. */
export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0]
  let length = 0
  for (const piece of pieces) length += piece.length
  const whole = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

/** Compares without telling by its time where the first difference is; the lengths are not kept secret. */
export function equalConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= a[i] ^ b[i]
  return difference === 0
}

/** True when an octet is above 127. Four are looked at together. */
export function hasEightBit(octets: Uint8Array): boolean {
  const { length } = octets
  let at = 0
  while (at < length && ((octets.byteOffset + at) & 3) !== 0) if (octets[at++] > 127) return true
  if (length - at >= 4) {
    const words = new Int32Array(octets.buffer, octets.byteOffset + at, (length - at) >> 2)
    for (let i = 0; i < words.length; i++) if ((words[i] & 0x80808080) !== 0) return true
    at += words.length * 4
  }
  while (at < length) if (octets[at++] > 127) return true
  return false
}
