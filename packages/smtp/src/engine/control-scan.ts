/**
 * Finds the octets of a message that matter: NUL, LF and CR.
 *
 * Four octets are looked at together: for a word `x`, `(x - 0x0e0e0e0e) & ~x & 0x80808080` has the top bit set in each
 * octet that is below 14 (and perhaps in octets above such a one, so only the lowest counts). That is one pass at
 * memory speed over text of any line length, where a search for LF and another one for CR would be two.
 */

const LF = 10
const CR = 13
const DOT = 46
const BELOW_14 = 0x0e0e0e0e
const TOP_BITS = 0x80808080
/** Makes the octets of a word before a place too big to be found. */
const BEFORE = [0, 0xff, 0xffff, 0xffffff]
/** Shorter input is not worth a view of words. */
const SHORT = 64

const NOTHING = new Uint8Array(0)

const littleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1

export class ControlScanner {
  #bytes: Uint8Array = NOTHING
  #words: Int32Array | null = null
  /** Octets between the first word and the first octet. */
  #offset = 0

  /**
   * Where the next octet stands that wants a decision, at or after `at`, or the length: a NUL, a bare LF, or a CR.
   * A CR is passed over when an LF and another octet follow that is not a dot, or may be one (`dots` false).
   */
  next(bytes: Uint8Array, at: number, dots: boolean): number {
    if (bytes !== this.#bytes) this.#look(bytes)
    const words = this.#words
    const offset = this.#offset
    const { length } = bytes
    for (;;) {
      at = words === null ? below14(bytes, at) : wordBelow14(bytes, words, offset, at)
      if (at >= length) return length
      const byte = bytes[at]
      if (byte === CR) {
        if (at + 2 >= length || bytes[at + 1] !== LF || (dots && bytes[at + 2] === DOT)) return at
        at += 2
      } else if (byte === LF || byte === 0) return at
      else at++
    }
  }

  #look(bytes: Uint8Array): void {
    this.#bytes = bytes
    this.#words = null
    if (bytes.length < SHORT || !littleEndian) return
    this.#offset = bytes.byteOffset & 3
    this.#words = new Int32Array(bytes.buffer, bytes.byteOffset - this.#offset, (bytes.length + this.#offset) >> 2)
  }
}

function wordBelow14(bytes: Uint8Array, words: Int32Array, offset: number, at: number): number {
  const end = words.length
  let word = (at + offset) >> 2
  if (word < end) {
    let x = words[word] | BEFORE[(at + offset) & 3]
    let found = (x - BELOW_14) & ~x & TOP_BITS
    if (found === 0) {
      word++
      while (word + 4 <= end) {
        const a = words[word]
        const b = words[word + 1]
        const c = words[word + 2]
        const d = words[word + 3]
        const any = ((a - BELOW_14) & ~a) | ((b - BELOW_14) & ~b) | ((c - BELOW_14) & ~c) | ((d - BELOW_14) & ~d)
        if ((any & TOP_BITS) !== 0) break
        word += 4
      }
      for (; word < end; word++) {
        x = words[word]
        found = (x - BELOW_14) & ~x & TOP_BITS
        if (found !== 0) break
      }
    }
    if (found !== 0) return (word << 2) + ((31 - Math.clz32(found & -found)) >> 3) - offset
    at = (word << 2) - offset
  }
  return below14(bytes, at)
}

function below14(bytes: Uint8Array, at: number): number {
  while (at < bytes.length && bytes[at] > CR) at++
  return at
}
