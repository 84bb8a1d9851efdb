/** Throws away what nobody wants: a literal, the rest of its line, and the literals that the line announces. */
import type { ByteWindow } from '@posthouse/wire'
import { readAnnouncement, withoutEnd } from './announcement.js'

/** Octets at a line's end that are kept, to see whether they announce a literal. */
const TAIL = 32
const NOTHING = new Uint8Array(0)

/** What became of a skip: over, waiting for more octets, or too long for anybody's patience. */
export type Skipped = 'done' | 'more' | 'literal-too-large' | 'line-too-long'

export class Skip {
  /** Octets of a literal that are still to come. */
  #left = 0
  #skipped = 0
  #lineEnd: Uint8Array = NOTHING

  /** Begins with a literal of this size (0: with the rest of a line). */
  begin(literal: number): void {
    this.#left = literal
    this.#skipped = 0
    this.#lineEnd = NOTHING
  }

  /** Goes on with what the window has. Of line and literals `limit` octets are read at most. */
  run(window: ByteWindow, limit: number): Skipped {
    for (;;) {
      if (this.#left > 0) {
        const count = Math.min(this.#left, window.length)
        window.skip(count)
        this.#left -= count
        if (this.#left > 0) return 'more'
      }
      const length = window.lineLength(Number.POSITIVE_INFINITY)
      const piece = window.take(length === -1 ? window.length : length)
      this.#skipped += piece.length
      if (this.#skipped > limit) return 'line-too-long'
      this.#keepEnd(piece)
      if (length === -1) return 'more'
      const literal = readAnnouncement(withoutEnd(this.#lineEnd))
      // A synchronising literal is not coming: its client has read the refusal instead of a continuation.
      if (!literal || literal.sync) return 'done'
      this.#skipped += literal.size
      if (this.#skipped > limit) return 'literal-too-large'
      this.#left = literal.size
      this.#lineEnd = NOTHING
    }
  }

  #keepEnd(piece: Uint8Array): void {
    const before = this.#lineEnd.subarray(-TAIL)
    const after = piece.subarray(-TAIL)
    this.#lineEnd = new Uint8Array(before.length + after.length)
    this.#lineEnd.set(before)
    this.#lineEnd.set(after, before.length)
  }
}
