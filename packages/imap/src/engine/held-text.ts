/** A command that is more than one line, kept until it is whole: its lines, with the literals in place. */

const NOTHING = new Uint8Array(0)

export class HeldText {
  #bytes: Uint8Array = NOTHING
  #length = 0
  /** Octets of it that are literals. */
  literalOctets = 0
  /** Literals that were announced. */
  literals = 0

  get length(): number {
    return this.#length
  }

  /** Octets that are no literals. */
  get textLength(): number {
    return this.#length - this.literalOctets
  }

  /** All of it. Valid until the next `add`. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  add(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(1024, needed * 2))
      grown.set(this.bytes)
      this.#bytes = grown
    }
    this.#bytes.set(bytes, this.#length)
    this.#length = needed
  }

  /** Forgets the text; the memory stays for what comes behind a message. */
  restart(): void {
    this.#length = this.literalOctets = this.literals = 0
  }

  /** Forgets the text and gives the memory back. */
  clear(): void {
    this.#bytes = NOTHING
    this.restart()
  }
}
