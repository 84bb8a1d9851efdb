import { indexOfOctets } from '@posthouse/wire'

const LF = 10
const CR = 13
const DOT = 46
const CR_OCTET = Uint8Array.of(CR)
const LF_DOT = Uint8Array.of(LF, DOT)

/** Takes the dots out of a multi-line response again (RFC 1939 §3) and finds its end. */
export interface DotUnstuffer {
  /**
   * Reads on. `pieces`: views of what belongs to the response, without added dots; `end`: where in `bytes` something
   * else begins, or -1 while the response goes on.
   */
  read(bytes: Uint8Array): { readonly pieces: readonly Uint8Array[]; readonly end: number }
}

/** Where the reader stands: in a line, at its start, behind a dot there, behind a dot and a CR. */
type Place = 'line' | 'start' | 'dot' | 'dot-cr'

/**
 * Lines end with CRLF; a bare LF begins a line here too, because that is how servers that store bare LFs send them. The
 * last line end belongs to the response.
 */
export function createDotUnstuffer(): DotUnstuffer {
  let place: Place = 'start'

  return {
    read(bytes) {
      const pieces: Uint8Array[] = []
      let from = 0
      let at = 0
      while (at < bytes.length) {
        if (place === 'line') {
          // Only lines that begin with a dot are looked at.
          const lf = indexOfOctets(bytes, LF_DOT, at)
          if (lf === -1) {
            if (bytes[bytes.length - 1] === LF) place = 'start'
            break
          }
          at = lf + 1
          place = 'start'
        } else if (place === 'start') {
          place = bytes[at] === DOT ? 'dot' : 'line'
          if (place === 'line') continue
          if (at > from) pieces.push(bytes.subarray(from, at))
          from = ++at
        } else if (place === 'dot') {
          place = bytes[at] === CR ? 'dot-cr' : 'line'
          if (place === 'line') continue
          from = ++at
        } else {
          if (bytes[at] === LF) {
            place = 'start'
            return { pieces, end: at + 1 }
          }
          // A line that began with a dot and a bare CR: the CR belongs to it.
          pieces.push(CR_OCTET)
          from = at
          place = 'line'
        }
      }
      if (bytes.length > from && (place === 'line' || place === 'start')) pieces.push(bytes.subarray(from))
      return { pieces, end: -1 }
    },
  }
}
