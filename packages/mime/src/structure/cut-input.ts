/** What a scanner must remember when a chunk ends inside a header block or a line: a bounded amount. */

import { MAX_SPECIAL_LINE } from './header-lines.js'

const NOTHING = new Uint8Array(0)

export class CutInput {
  /** First octets of the line that was cut. */
  line: Uint8Array = NOTHING
  /** How many of them; one more than a special line may have tells that it is none. */
  lineLength = 0
  /** First octets of the header block that was cut. */
  kept: Uint8Array = NOTHING
  keptLength = 0

  constructor(private readonly maxHeader: number) {}

  /** Adds to the header block, within its limit. */
  keep(bytes: Uint8Array, start: number, end: number): void {
    const size = Math.min(end - start, this.maxHeader - this.keptLength)
    if (size <= 0) return
    const needed = this.keptLength + size
    if (needed > this.kept.length) {
      const grown = new Uint8Array(Math.max(needed, this.kept.length * 2, 4096))
      grown.set(this.kept.subarray(0, this.keptLength))
      this.kept = grown
    }
    this.kept.set(bytes.subarray(start, start + size), this.keptLength)
    this.keptLength = needed
  }

  /** Adds to the line. */
  collect(bytes: Uint8Array, start: number, end: number): void {
    if (this.line.length === 0) this.line = new Uint8Array(MAX_SPECIAL_LINE + 1)
    const size = Math.min(end - start, this.line.length - this.lineLength)
    this.line.set(bytes.subarray(start, start + size), this.lineLength)
    this.lineLength += size
  }

  /** The header block has ended; its octets stay readable until the next is kept. */
  forget(): void {
    this.lineLength = this.keptLength = 0
  }
}
