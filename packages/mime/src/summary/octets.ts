/** Numbers and octets one after another: what a summary is written with. */

import { fromUtf8, latin1, writeLatin1 } from '../bytes.js'

/** Takes octets of an answer, one range after another. */
export interface OctetSink {
  /** The octets `[start, end)` of `bytes`, to be copied before it returns. */
  octets(bytes: Uint8Array, start: number, end: number): unknown
}

/** A writer that is used again lets go of more than this. */
const MAX_KEPT = 65_536

/** Grows as needed. */
export class ByteWriter implements OctetSink {
  private bytes: Uint8Array
  /** Octets written. */
  length = 0

  /** `size` is a guess of what will be written. */
  constructor(size: number) {
    this.bytes = new Uint8Array(size)
  }

  /** An integer from 0 to 2^53-1: seven bits per octet, the lowest first. */
  number(value: number): void {
    this.reserve(8)
    while (value > 0x7f) {
      this.bytes[this.length++] = (value % 128) | 0x80
      value = Math.floor(value / 128)
    }
    this.bytes[this.length++] = value
  }

  /** Any integer: the sign goes into the lowest bit. */
  signed(value: number): void {
    this.number(value < 0 ? -value * 2 - 1 : value * 2)
  }

  octets(octets: Uint8Array, start = 0, end = octets.length): void {
    this.reserve(end - start)
    this.bytes.set(start === 0 && end === octets.length ? octets : octets.subarray(start, end), this.length)
    this.length += end - start
  }

  /** Characters U+0000 to U+00FF as octets. */
  latin1(text: string): void {
    this.reserve(text.length)
    writeLatin1(this.bytes, text, this.length)
    this.length += text.length
  }

  /** What was written, a copy of its own. */
  finish(): Uint8Array {
    return this.bytes.slice(0, this.length)
  }

  /** Copies what was written into `target` at `offset`. */
  copyTo(target: Uint8Array, offset: number): void {
    target.set(this.bytes.subarray(0, this.length), offset)
  }

  /** Begins anew. */
  reset(): void {
    this.length = 0
    if (this.bytes.length > MAX_KEPT) this.bytes = new Uint8Array(MAX_KEPT)
  }

  /** Makes room for so many octets behind `length`; gives the array they go into. */
  reserve(size: number): Uint8Array {
    if (this.length + size > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + size))
      grown.set(this.bytes.subarray(0, this.length))
      this.bytes = grown
    }
    return this.bytes
  }
}

/** Reads what {@link ByteWriter} wrote. Behind the end all is zero. */
export class ByteReader {
  constructor(
    private readonly bytes: Uint8Array,
    public at: number,
  ) {}

  number(): number {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const octet = this.bytes[this.at++] ?? 0
      value += (octet & 0x7f) * factor
      if (octet < 0x80) return value
    }
  }

  signed(): number {
    const value = this.number()
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2
  }

  text(length: number): string {
    const end = Math.min(this.at + length, this.bytes.length)
    const text = latin1(this.bytes, Math.min(this.at, end), end)
    this.at += length
    return text
  }
}

/** Texts of so many characters are encoded in memory that is used again: an array of their own costs more than that. */
const SHORT_TEXT = 256
const ENCODED = new Uint8Array(3 * SHORT_TEXT)
const encoder = new TextEncoder()

/** The octets of the text's UTF-8 as characters U+0000 to U+00FF. */
export function utf8Octets(text: string): string {
  if (text.length > SHORT_TEXT) return latin1(fromUtf8(text))
  const { written } = encoder.encodeInto(text, ENCODED)
  return written === text.length ? text : latin1(ENCODED, 0, written)
}
