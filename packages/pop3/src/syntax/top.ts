import { indexOfByte } from '@posthouse/wire'

const LF = 10
const CR = 13

/** Cuts a message behind its header, its empty line and so many lines of the body (RFC 1939 §7, TOP). */
export interface TopCutter {
  /** How much of the next piece belongs to the answer. */
  write(piece: Uint8Array): Uint8Array
  /** Nothing more belongs to it. */
  readonly done: boolean
}

/** A cutter for one message. A bare LF ends a line here, as it does for the MIME reader. */
export function createTopCutter(lines: number): TopCutter {
  let inBody = false
  let left = lines
  let done = false
  /** Octets of the line in progress, and whether the last of them is a CR. */
  let length = 0
  let behindCr = false
  return {
    get done() {
      return done
    },
    write(piece) {
      let at = 0
      for (let end = indexOfByte(piece, LF); end !== -1; end = indexOfByte(piece, LF, at)) {
        const line = length + end - at
        const cr = end > at ? piece[end - 1] === CR : behindCr
        at = end + 1
        length = 0
        behindCr = false
        if (inBody) left--
        else inBody = line === 0 || (line === 1 && cr)
        if (inBody && left <= 0) {
          done = true
          return piece.subarray(0, at)
        }
      }
      if (at < piece.length) {
        length += piece.length - at
        behindCr = piece[piece.length - 1] === CR
      }
      return piece
    },
  }
}
