/** One message while it comes in: counts it, keeps it within its limit, and cuts it out of the input. */
import type { ByteWindow } from '@posthouse/wire'
import { type ContentPolicy, ContentReader } from './content.js'
import type { SmtpEvent } from './events.js'
import type { SmtpLimits } from './limits.js'

/** How the octets of a message are marked off: DATA, BDAT, or BDAT with BODY=BINARYMIME. */
export type Framing = 'stuffed' | 'counted' | 'binary'

export class MessageInput {
  /** Bigger than the limit: the rest is read and thrown away. */
  oversize = false
  #size = 0
  #discarded = 0
  /** What `hasDropped` has told of. */
  #told = 0
  /** Octets of the chunk that have not come yet. */
  #left = 0
  /** The chunk is read only to be skipped. */
  #skip = false
  /** The octets handed to the reader; a view of the chunk that was received. */
  #bytes: Uint8Array | null = null
  readonly #reader: ContentReader | null
  readonly #limits: SmtpLimits

  constructor(limits: SmtpLimits, content: ContentPolicy, framing: Framing) {
    this.#limits = limits
    this.#reader = framing === 'binary' ? null : new ContentReader(framing === 'stuffed', content)
  }

  /** More was thrown away than anybody sends by mistake. */
  get endless(): boolean {
    return this.#dropped > this.#limits.discardedMessage
  }

  /** True when octets that were not handed out have come since the last call. */
  hasDropped(): boolean {
    const before = this.#told
    this.#told = this.#dropped
    return this.#told > before
  }

  /** Octets that are not handed out: what is too much, and what the policy leaves out. */
  get #dropped(): number {
    return this.#discarded + (this.#reader?.leftOut ?? 0)
  }

  /** Octets that were handed out. */
  get size(): number {
    return this.#size
  }

  /** BDAT: `size` octets follow. */
  startChunk(size: number, skip: boolean): void {
    this.#left = size
    this.#skip = skip
    if (this.#size + this.#dropped + size > this.#limits.messageSize) this.oversize = true
  }

  /** The next piece of DATA. Takes all of the window but what follows the end. */
  readStuffed(window: ByteWindow): Uint8Array | 'end' | 'more' {
    const reader = this.#reader as ContentReader
    for (;;) {
      const bytes = this.#bytes ?? (this.#bytes = window.view())
      const piece = reader.read(bytes)
      if (piece === 'end') {
        window.skip(reader.at)
        return 'end'
      }
      if (piece === 'more') {
        window.skip(bytes.length)
        this.#bytes = null
        reader.at = 0
        return 'more'
      }
      const kept = this.#keep(piece)
      if (kept) return kept
    }
  }

  /** The next piece of a chunk; `'end'` when all its octets have come. */
  readCounted(window: ByteWindow, last: boolean): Uint8Array | 'end' | 'more' {
    const reader = this.#reader
    for (;;) {
      if (this.#bytes === null) {
        if (this.#left === 0) {
          const rest = last && !this.#skip ? reader?.finish() : null
          return (rest && this.#keep(rest)) || 'end'
        }
        if (window.length === 0) return 'more'
        const bytes = window.take(Math.min(window.length, this.#left))
        this.#left -= bytes.length
        if (this.#skip) {
          this.#discarded += bytes.length
          continue
        }
        if (!reader) {
          const kept = this.#keep(bytes)
          if (kept) return kept
          continue
        }
        this.#bytes = bytes
        reader.at = 0
      }
      const piece = (reader as ContentReader).read(this.#bytes)
      if (piece === 'more' || piece === 'end') {
        this.#bytes = null
        continue
      }
      const kept = this.#keep(piece)
      if (kept) return kept
    }
  }

  /** What is said when the message is complete. */
  endEvent(): SmtpEvent {
    const reader = this.#reader
    return {
      type: 'message-end',
      size: this.#size,
      oversize: this.oversize,
      refused: reader?.refused ?? false,
      defects: { bareCr: reader?.bareCr ?? false, bareLf: reader?.bareLf ?? false, nul: reader?.nul ?? false },
    }
  }

  /** Counts a piece and returns what of it is within the limit; `null` when nothing is. */
  #keep(piece: Uint8Array): Uint8Array | null {
    if (this.oversize) {
      this.#discarded += piece.length
      return null
    }
    const room = this.#limits.messageSize - this.#size
    if (piece.length <= room) {
      this.#size += piece.length
      return piece
    }
    this.oversize = true
    this.#size += room
    this.#discarded += piece.length - room
    return room > 0 ? piece.subarray(0, room) : null
  }
}
