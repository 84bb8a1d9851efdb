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

const END_AT_LINE_START = Uint8Array.of(DOT, CR, LF)
const END_INSIDE_LINE = Uint8Array.of(CR, LF, DOT, CR, LF)
const END_BEHIND_CR = Uint8Array.of(LF, DOT, CR, LF)

/** A stuffer for one message. Lines end with CRLF; a bare LF does not begin a line that a client could take for one. */
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
        pieces.push(bytes.subarray(start, at + 1), DOT_OCTET)
        start = at + 1
      }
      pieces.push(bytes.subarray(start))
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
