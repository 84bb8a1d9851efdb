import { indexOfByte } from './bytes.js'

const LF = 10
const NOTHING = new Uint8Array(0)

/**
 * The input of an engine that is not consumed yet.
 *
 * A chunk pushed into an empty window is not copied; what is left of it when the next one comes, or when its memory is
 * wanted back, is (at most an incomplete line, which the engine's limits bound). Views stay valid until the next `push`
 * or `release`.
 */
export class ByteWindow {
  #bytes: Uint8Array = NOTHING
  #start = 0
  #end = 0
  /** Octets behind `#start` that are known to hold no LF: a line that comes octet by octet is searched once. */
  #searched = 0
  /** True when `#bytes` is our own memory and may be written to. */
  #own = false

  /** Octets not consumed yet. */
  get length(): number {
    return this.#end - this.#start
  }

  /** Appends what came from the peer. */
  push(chunk: Uint8Array): void {
    if (this.#start === this.#end) {
      // Views of a plain Uint8Array are made several times faster than those of a Buffer.
      this.#bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      this.#start = 0
      this.#end = chunk.length
      this.#searched = 0
      this.#own = false
      return
    }
    const rest = this.length
    if (!this.#own || this.#end + chunk.length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(256, (rest + chunk.length) * 2))
      grown.set(this.#bytes.subarray(this.#start, this.#end))
      this.#bytes = grown
      this.#start = 0
      this.#end = rest
      this.#own = true
    }
    this.#bytes.set(chunk, this.#end)
    this.#end += chunk.length
  }

  /**
   * Octets up to and including the next LF, or -1 while there is none. Does not consume.
   * Nothing beyond `limit` octets is searched.
   */
  lineLength(limit: number): number {
    const length = Math.min(this.length, limit)
    if (this.#searched >= length) return -1
    const at = indexOfByte(this.#bytes, LF, this.#start + this.#searched)
    if (at === -1 || at >= this.#start + length) {
      this.#searched = length
      return -1
    }
    return at - this.#start + 1
  }

  /** The octet at a distance from the front; `undefined` beyond the end. */
  peek(distance: number): number | undefined {
    return distance < this.length ? this.#bytes[this.#start + distance] : undefined
  }

  /** Consumes octets and returns a view of them. `count` must not exceed `length`. */
  take(count: number): Uint8Array {
    const view = this.#bytes.subarray(this.#start, this.#start + count)
    this.skip(count)
    return view
  }

  /** Consumes octets unseen. */
  skip(count: number): void {
    this.#start += count
    if (this.#start >= this.#end) return this.clear()
    this.#searched = Math.max(0, this.#searched - count)
  }

  /** A view of what is there, without consuming it. */
  view(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end)
  }

  /** The memory of the last chunk is not ours any more: copies what of it is not consumed. */
  release(): void {
    if (this.#own || this.#start === this.#end) return
    this.#bytes = this.#bytes.slice(this.#start, this.#end)
    this.#end -= this.#start
    this.#start = 0
    this.#own = true
  }

  /** Forgets everything. */
  clear(): void {
    this.#start = this.#end = this.#searched = 0
    this.#bytes = NOTHING
    this.#own = false
  }
}
