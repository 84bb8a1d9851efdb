/**
 * Small pieces of a message on their way to those who take it.
 *
 * The client decides where a message is cut: a line that begins with a dot, a line end that is put right, a chunk of
 * BDAT, a segment of TCP end a piece. A piece costs a sink far more than its octets (a write to a file, memory of its
 * own), so that many small ones would cost a thousand times their size. They become blocks here. Big pieces, and the
 * few of an ordinary message, go on as they are.
 */

/** Octets of a piece that is worth its cost. */
const BIG = 4_096
/** Octets of a block. */
const BLOCK = 16_384
/** Small pieces of one message that go on as they are. */
const FEW = 8

export class Gathering {
  #few = 0
  #block: Uint8Array | null = null
  #filled = 0
  readonly #passOn: (octets: Uint8Array) => void | Promise<void>

  /** `passOn` takes pieces and blocks; what it is given is valid until it returns, or until its promise settles. */
  constructor(passOn: (octets: Uint8Array) => void | Promise<void>) {
    this.#passOn = passOn
  }

  /** Passes a piece on, or keeps a copy. A promise: nothing may be written, nor the piece be changed, before it settles. */
  write(octets: Uint8Array): void | Promise<void> {
    const { length } = octets
    if (this.#filled === 0) {
      if (length >= BIG || this.#few++ < FEW) return this.#passOn(octets)
    } else if (length >= BIG || this.#filled + length > BLOCK) {
      const wait = this.flush()
      return wait ? wait.then(() => this.write(octets)) : this.write(octets)
    }
    this.#block ??= new Uint8Array(BLOCK)
    this.#block.set(octets, this.#filled)
    this.#filled += length
  }

  /** Passes on what is kept. */
  flush(): void | Promise<void> {
    if (this.#filled === 0) return
    const gathered = (this.#block as Uint8Array).subarray(0, this.#filled)
    this.#filled = 0
    return this.#passOn(gathered)
  }

  /** Forgets what is kept. */
  drop(): void {
    this.#filled = 0
    this.#block = null
  }
}
