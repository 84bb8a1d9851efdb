import { concat, hasEightBit, indexOfByte } from '@posthouse/wire'
import { surrogateHeader } from './surrogate.js'

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
  /** The header as far as it has come: what a line means is known when all of them are there. */
  let held: Uint8Array | null = null

  return {
    write(piece) {
      if (done) return [piece]
      const all = held ? concat([held, piece]) : piece
      const end = headerEnd(all)
      if (end === -1 && all.length < MAX_HEADER) {
        held = held ? all : new Uint8Array(piece)
        return []
      }
      done = true
      held = null
      if (end === -1 || end > MAX_HEADER || !hasEightBit(all.subarray(0, end))) return [all]
      return [surrogateHeader(all.subarray(0, end)), all.subarray(end)]
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
