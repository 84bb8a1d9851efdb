/**
 * The one place where bytes meet strings.
 *
 * Where `globalThis.Buffer` exists its native methods do the work (they are called on plain `Uint8Array`s, nothing
 * here returns a Buffer); elsewhere portable code gives the same results. Both sets are exported whole, so that one
 * test suite runs over both.
 */

/** The byte operations of this package; `start` and `end` are octet offsets as in `subarray`. */
export interface ByteOperations {
  /** Octets as characters U+0000 to U+00FF, one to one. */
  latin1(bytes: Uint8Array, start?: number, end?: number): string
  /** UTF-8; what is not valid becomes U+FFFD. A byte order mark is kept. */
  utf8(bytes: Uint8Array, start?: number, end?: number): string
  /** Characters U+0000 to U+00FF as octets; of others the low octet. */
  fromLatin1(text: string): Uint8Array
  /** UTF-8 of the text; lone surrogates become U+FFFD. */
  fromUtf8(text: string): Uint8Array
  /** Offset of the first `needle` at or behind `from`, or -1. An empty needle is never found. */
  indexOf(bytes: Uint8Array, needle: number | Uint8Array, from?: number): number
  /** Writes base64 text without blanks or junk into `target` at `offset`; returns the number of octets written. */
  writeBase64(target: Uint8Array, text: string, offset: number): number
  /** The base64 text of the octets, padded, on one line. */
  toBase64(bytes: Uint8Array, start?: number, end?: number): string
  /** Writes characters U+0000 to U+00FF as octets into `target` at `offset`. */
  writeLatin1(target: Uint8Array, text: string, offset: number): void
}

/** What Node, Bun and Deno put on `Buffer.prototype`; `this` may be any Uint8Array. */
interface BufferPrototype {
  latin1Slice(start: number, end: number): string
  utf8Slice(start: number, end: number): string
  base64Slice(start: number, end: number): string
  base64Write(text: string, offset: number, length: number): number
  latin1Write(text: string, offset: number, length: number): number
  indexOf(needle: number | Uint8Array, from: number): number
}

interface BufferGlobal {
  prototype: BufferPrototype
  byteLength(text: string, encoding: 'utf8'): number
}

/** `String.fromCharCode` takes its octets as arguments; engines allow at least this many. */
const CHARACTERS_PER_CALL = 8192

/** Characters from which on a native write costs less than a loop. */
const NATIVE_WRITE_FROM = 96

const utf8Decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const utf8Encoder = new TextEncoder()

/** Web standards only: browsers and every other runtime. */
export const portableOperations: ByteOperations = {
  latin1(bytes, start = 0, end = bytes.length) {
    if (end - start <= CHARACTERS_PER_CALL) return String.fromCharCode(...bytes.subarray(start, end))
    let text = ''
    for (let at = start; at < end; at += CHARACTERS_PER_CALL) {
      text += String.fromCharCode(...bytes.subarray(at, Math.min(end, at + CHARACTERS_PER_CALL)))
    }
    return text
  },
  utf8(bytes, start = 0, end = bytes.length) {
    return utf8Decoder.decode(bytes.subarray(start, end))
  },
  fromLatin1(text) {
    const bytes = new Uint8Array(text.length)
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
    return bytes
  },
  fromUtf8(text) {
    return utf8Encoder.encode(text)
  },
  indexOf(bytes, needle, from = 0) {
    if (typeof needle === 'number') return bytes.indexOf(needle, from)
    const size = needle.length
    if (size === 0) return -1
    const first = needle[0]!
    let at = bytes.indexOf(first, from)
    while (at !== -1 && at + size <= bytes.length) {
      let matched = 1
      while (matched < size && bytes[at + matched] === needle[matched]) matched++
      if (matched === size) return at
      at = bytes.indexOf(first, at + 1)
    }
    return -1
  },
  writeBase64(target, text, offset) {
    const binary = atob(text)
    for (let i = 0; i < binary.length; i++) target[offset + i] = binary.charCodeAt(i)
    return binary.length
  },
  toBase64(bytes, start, end) {
    return btoa(portableOperations.latin1(bytes, start, end))
  },
  writeLatin1(target, text, offset) {
    for (let i = 0; i < text.length; i++) target[offset + i] = text.charCodeAt(i)
  },
}

function bufferOperations(buffer: BufferGlobal): ByteOperations {
  const native = buffer.prototype
  return {
    latin1(bytes, start = 0, end = bytes.length) {
      return native.latin1Slice.call(bytes, start, end)
    },
    utf8(bytes, start = 0, end = bytes.length) {
      // Mail is mostly ASCII. A latin1 copy and a count of its UTF-8 length is faster than decoding UTF-8 at any size.
      const text = native.latin1Slice.call(bytes, start, end)
      return buffer.byteLength(text, 'utf8') === text.length ? text : native.utf8Slice.call(bytes, start, end)
    },
    fromLatin1(text) {
      if (text.length < NATIVE_WRITE_FROM) return portableOperations.fromLatin1(text)
      const bytes = new Uint8Array(text.length)
      native.latin1Write.call(bytes, text, 0, text.length)
      return bytes
    },
    fromUtf8(text) {
      return utf8Encoder.encode(text)
    },
    indexOf(bytes, needle, from = 0) {
      if (typeof needle !== 'number' && needle.length === 0) return -1
      return native.indexOf.call(bytes, needle, from)
    },
    writeBase64(target, text, offset) {
      return native.base64Write.call(target, text, offset, target.length - offset)
    },
    toBase64(bytes, start = 0, end = bytes.length) {
      return native.base64Slice.call(bytes, start, end)
    },
    writeLatin1(target, text, offset) {
      if (text.length < NATIVE_WRITE_FROM) return portableOperations.writeLatin1(target, text, offset)
      native.latin1Write.call(target, text, offset, text.length)
    },
  }
}

/** A polyfilled `Buffer` in a browser bundle lacks the native methods; then the portable code is as good. */
function detectNative(): ByteOperations | undefined {
  const buffer = (globalThis as { Buffer?: BufferGlobal }).Buffer
  const native = buffer?.prototype
  if (!buffer || typeof buffer.byteLength !== 'function') return undefined
  const names = ['latin1Slice', 'utf8Slice', 'base64Slice', 'base64Write', 'latin1Write', 'indexOf'] as const
  return names.every((name) => typeof native?.[name] === 'function') ? bufferOperations(buffer) : undefined
}

/** Buffer's natives, where they exist. */
export const nativeOperations: ByteOperations | undefined = detectNative()

export const { latin1, utf8, fromLatin1, fromUtf8, indexOf, writeBase64, toBase64, writeLatin1 } =
  nativeOperations ?? portableOperations

/** A plain copy of the octets `[start, end)`; the `slice` of a Buffer is none. */
export function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start))
}

/** One array of all octets in the list. A list of one gives that one, not a copy. */
export function concat(list: readonly Uint8Array[]): Uint8Array {
  if (list.length === 1) return list[0]!
  let total = 0
  for (const bytes of list) total += bytes.length
  const all = new Uint8Array(total)
  let offset = 0
  for (const bytes of list) {
    all.set(bytes, offset)
    offset += bytes.length
  }
  return all
}
