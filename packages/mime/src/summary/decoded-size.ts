/** How long the decoded body of a part is (BINARY.SIZE, RFC 3516 §4.3): counted while the message streams by. */

import type { OctetCounter } from '../body/base64.js'
import { createTransferCounter, transferEncoding } from '../body/transfer.js'
import { type Entity, isMultipart } from '../structure/entity.js'

/**
 * The last octets of a body may be the line break of a boundary, which is no part of it. The scanner knows only when it
 * sees the next line, so as many are kept back.
 */
const LINE_BREAK = 2

/** Counts one body after another. */
export class DecodedSizes {
  private readonly sizes = new Map<Entity, number>()
  private entity: Entity | null = null
  private counter: OctetCounter | null = null
  /** Octets that were counted in, and the last ones that were not yet. */
  private taken = 0
  private readonly kept = new Uint8Array(LINE_BREAK)
  private keptLength = 0

  /** The body of an entity begins; the one before it has ended. */
  start(entity: Entity, encoding: string): void {
    this.finish()
    // RFC 2045 §6.4: a multipart has no encoding of its own.
    this.counter = isMultipart(entity) ? null : createTransferCounter(transferEncoding(encoding))
    this.entity = entity
  }

  /** Octets `[start, end)` of the body that was started last, the line break behind it included. */
  write(entity: Entity, bytes: Uint8Array, start: number, end: number): void {
    if (this.counter === null || entity !== this.entity) return
    const piece = bytes.subarray(start, end)
    const known = this.keptLength + piece.length - LINE_BREAK
    // Of the octets that are now known to be followed by two others, some were kept and some are in the piece.
    const fromKept = Math.max(0, Math.min(this.keptLength, known))
    if (fromKept > 0) {
      this.take(this.kept.slice(0, fromKept))
      this.kept.copyWithin(0, fromKept, this.keptLength)
      this.keptLength -= fromKept
    }
    const fromPiece = Math.max(0, known - fromKept)
    if (fromPiece > 0) this.take(piece.subarray(0, fromPiece))
    this.kept.set(piece.subarray(fromPiece), this.keptLength)
    this.keptLength += piece.length - fromPiece
  }

  /** Decoded octets of the entity's body; null where the encoding is such that they were not counted. */
  sizeOf(entity: Entity): number | null {
    this.finish()
    return this.sizes.get(entity) ?? null
  }

  private take(bytes: Uint8Array): void {
    this.taken += bytes.length
    this.counter!.write(bytes)
  }

  private finish(): void {
    const { entity, counter } = this
    if (entity !== null && counter !== null) {
      const left = entity.bodyEnd - entity.bodyStart - this.taken
      if (left > 0) counter.write(this.kept.slice(0, left))
      this.sizes.set(entity, counter.end())
    }
    this.entity = this.counter = null
    this.taken = this.keptLength = 0
  }
}
