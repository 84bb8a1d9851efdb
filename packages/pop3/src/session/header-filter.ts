import { concat, indexOfByte } from '@posthouse/wire'
import { hasEightBit, surrogateHeader } from './surrogate.js'

/** Puts a surrogate in the place of a header in UTF-8 while the message streams by; all else goes through as views. */
export interface HeaderFilter {
  /** What to send for a piece of the message. */
  write(piece: Uint8Array): readonly Uint8Array[]
  /** What is left when the message has no more pieces. */
  end(): readonly Uint8Array[]
}

/** Octets of a header that are gathered; a longer one goes through as it is. */
const MAX_HEADER = 262_144
const LF = 10
const CR = 13

export function createHeaderFilter(): HeaderFilter {
  let done = false
  /** The header from its first line on that cannot be passed on yet. */
  let held: Uint8Array | null = null

  return {
    write(piece) {
      if (done) return [piece]
      if (!held) {
        const end = headerEnd(piece)
        const whole = end !== -1 || piece[piece.length - 1] === LF
        if (whole && !hasEightBit(end === -1 ? piece : piece.subarray(0, end))) {
          done = end !== -1
          return [piece]
        }
      }
      held = held ? concat([held, piece]) : piece.slice()
      const end = headerEnd(held)
      if (end === -1 && held.length < MAX_HEADER) return []
      done = true
      const all = held
      held = null
      return end === -1 ? [all] : [surrogateHeader(all.subarray(0, end)), all.subarray(end)]
    },
    end: () => (held ? [surrogateHeader(held)] : []),
  }
}

/**
 * Where the empty line behind the header ends, when the octets begin with a line of it; -1 when it is not there yet. CRs
 * before its LF do not matter, as for the MIME reader.
 */
function headerEnd(bytes: Uint8Array): number {
  for (let start = 0; ; ) {
    let at = start
    while (bytes[at] === CR) at++
    if (bytes[at] === LF) return at + 1
    const lf = indexOfByte(bytes, LF, at)
    if (lf === -1) return -1
    start = lf + 1
  }
}
