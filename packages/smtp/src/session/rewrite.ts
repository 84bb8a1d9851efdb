/** Messages that a handler puts in the place of the one that came in. */
import type { ByteRange, Source } from '@posthouse/store-api'
import { concat } from '@posthouse/wire'
import type { ReceivedMessage } from './message.js'

/** Other octets for a message: the answer of a `message` stage whose handler `rewrites`. */
export interface RewrittenMessage {
  /** Octets. */
  readonly size: number
  /** As `ReceivedMessage.octets`. */
  octets(): Uint8Array
  /** As `ReceivedMessage.read`. */
  read(range?: ByteRange): Source
}

/** New octets, or a range of the message as it was; without `end` to its end. */
export type RewrittenPiece = Uint8Array | ByteRange

type Piece = { readonly octets: Uint8Array } | { readonly start: number; readonly end: number }

/**
 * A message made of new octets and of ranges of the old one, which are read from where they are when they are needed.
 *
 * ```ts
 * const tag: SmtpHandler = {
 *   rewrites: true,
 *   message: (message) => rewritten(message, [new TextEncoder().encode('X-Seen: yes\r\n'), { start: 0 }]),
 * }
 * ```
 * @throws RangeError when a range is not within the message.
 */
export function rewritten(message: ReceivedMessage, pieces: readonly RewrittenPiece[]): RewrittenMessage {
  const parts = pieces.map((piece): Piece => {
    if (piece instanceof Uint8Array) return { octets: piece }
    const { start, end = message.size } = piece
    if (!(start >= 0 && start <= end && end <= message.size)) {
      throw new RangeError(`${start} to ${end} is no range of a message of ${message.size} octets`)
    }
    return { start, end }
  })
  const size = parts.reduce((sum, part) => sum + lengthOf(part), 0)
  let whole: Uint8Array | null = null
  return {
    size,
    octets() {
      whole ??= concat(
        parts.map((part) => ('octets' in part ? part.octets : message.octets().subarray(part.start, part.end))),
      )
      return whole
    },
    async *read({ start = 0, end = size }: Partial<ByteRange> = {}) {
      let at = 0
      for (const part of parts) {
        const length = lengthOf(part)
        const from = Math.max(start - at, 0)
        const to = Math.min(end - at, length)
        at += length
        if (from >= to) continue
        if ('octets' in part) yield part.octets.subarray(from, to)
        else yield* message.read({ start: part.start + from, end: part.start + to })
      }
    },
  }
}

function lengthOf(part: Piece): number {
  return 'octets' in part ? part.octets.length : part.end - part.start
}
