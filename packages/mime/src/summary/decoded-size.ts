/** How long the decoded body of a part is (BINARY.SIZE, RFC 3516 §4.3): counted while the message streams by. */

import type { OctetCounter } from '../body/base64.js'
import { createTransferCounter, isCounted, type TransferEncoding, transferEncoding } from '../body/transfer.js'
import { type Entity, isMultipart } from '../structure/entity.js'

/**
 * The last octets of a body may be the line break of a boundary, which is no part of it. The scanner knows only when it
 * sees the next line, so as many are kept back.
 */
const LINE_BREAK = 2

/** Octets of a chunk that is still at hand. */
interface Held {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
}

/** Counts one body after another. Most lie within one chunk: those are counted in one go when they have ended. */
export class DecodedSizes {
  private readonly sizes = new Map<Entity, number>()
  private entity: Entity | null = null
  private encoding: TransferEncoding = 'identity'
  private chunk: Uint8Array | null = null
  private held: Held | null = null
  private counter: OctetCounter | null = null
  /** Octets that were counted in, and the last ones that were not yet. */
  private taken = 0
  private readonly kept = new Uint8Array(LINE_BREAK)
  private keptLength = 0

  /** A chunk begins, whose octets are there until {@link endChunk}. */
  beginChunk(chunk: Uint8Array): void {
    this.chunk = chunk
  }

  /** The octets of the chunk will not be there any more. */
  endChunk(): void {
    this.settle()
    this.chunk = null
  }

  /** The body of an entity begins; the one before it has ended. */
  start(entity: Entity, encoding: string): void {
    this.finish()
    this.encoding = transferEncoding(encoding)
    // RFC 2045 §6.4: a multipart has no encoding of its own.
    if (isCounted(this.encoding) && !isMultipart(entity)) this.entity = entity
  }

  /** Octets `[start, end)` of the body that was started last, the line break behind it included. */
  write(entity: Entity, bytes: Uint8Array, start: number, end: number): void {
    if (entity !== this.entity) return
    this.settle()
    if (bytes === this.chunk && this.taken + this.keptLength === 0) this.held = { bytes, start, end }
    else this.count(bytes.subarray(start, end))
  }

  /** Decoded octets of the entity's body; null where the encoding is such that they were not counted. */
  sizeOf(entity: Entity): number | null {
    this.finish()
    return this.sizes.get(entity) ?? null
  }

  /** Counts what is held. */
  private settle(): void {
    const { held } = this
    if (held === null) return
    this.held = null
    this.count(held.bytes.subarray(held.start, held.end))
  }

  /** Counts a piece but for what may be the line break of a boundary. */
  private count(piece: Uint8Array): void {
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

  private take(bytes: Uint8Array): void {
    this.taken += bytes.length
    this.counter ??= createTransferCounter(this.encoding)!
    this.counter.write(bytes)
  }

  private finish(): void {
    const { entity, held } = this
    if (entity === null) return
    const left = entity.bodyEnd - entity.bodyStart - this.taken
    if (held !== null) this.take(held.bytes.subarray(held.start, held.start + left))
    else if (left > 0) this.take(this.kept.slice(0, left))
    this.sizes.set(entity, this.counter === null ? 0 : this.counter.end())
    this.entity = this.counter = this.held = null
    this.taken = this.keptLength = 0
  }
}
