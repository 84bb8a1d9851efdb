import { indexOfOctets } from '@posthouse/wire'

const LF = 10
const CR = 13
const DOT = 46
const DOT_OCTET = Uint8Array.of(DOT)
const LF_DOT = Uint8Array.of(LF, DOT)

/** Makes a multi-line response of octets (RFC 1939 §3): a dot before each line that begins with one. */
export interface DotStuffer {
  /** Pieces to send for a piece of the message: views of it, and dots. */
  write(bytes: Uint8Array): readonly Uint8Array[]
  /** What ends the response: `.` on its own line, behind the message's last line end or one put there. */
  end(): Uint8Array
}

/** Dots that are put between views of one piece. Whoever mails us nothing but dots gets a copy of the rest. */
const MAX_VIEWS = 32

const END_AT_LINE_START = Uint8Array.of(DOT, CR, LF)
const END_INSIDE_LINE = Uint8Array.of(CR, LF, DOT, CR, LF)
const END_BEHIND_CR = Uint8Array.of(LF, DOT, CR, LF)

/** A stuffer for one message. A dot behind a bare LF is stuffed too: a client may end lines there. */
export function createDotStuffer(): DotStuffer {
  let last = LF
  let beforeLast = CR

  return {
    write(bytes) {
      if (bytes.length === 0) return []
      const pieces: Uint8Array[] = []
      let start = 0
      if (bytes[0] === DOT && last === LF) pieces.push(DOT_OCTET)
      for (let at = indexOfOctets(bytes, LF_DOT); at !== -1; at = indexOfOctets(bytes, LF_DOT, at + 2)) {
        if (pieces.length >= MAX_VIEWS * 2) break
        pieces.push(bytes.subarray(start, at + 1), DOT_OCTET)
        start = at + 1
      }
      pieces.push(pieces.length >= MAX_VIEWS * 2 ? stuffedCopy(bytes, start) : bytes.subarray(start))
      beforeLast = bytes.length > 1 ? bytes[bytes.length - 2] : last
      last = bytes[bytes.length - 1]
      return pieces
    },
    end() {
      if (last === LF && beforeLast === CR) return END_AT_LINE_START
      return last === CR ? END_BEHIND_CR : END_INSIDE_LINE
    },
  }
}

/** The octets from `start` on with their dots added; the one at `start` has got its own already. */
function stuffedCopy(bytes: Uint8Array, start: number): Uint8Array {
  let dots = 0
  for (let i = start + 1; i < bytes.length; i++) if (bytes[i] === DOT && bytes[i - 1] === LF) dots++
  const copy = new Uint8Array(bytes.length - start + dots)
  let to = 0
  copy[to++] = bytes[start]
  for (let i = start + 1; i < bytes.length; i++) {
    if (bytes[i] === DOT && bytes[i - 1] === LF) copy[to++] = DOT
    copy[to++] = bytes[i]
  }
  return copy
}
