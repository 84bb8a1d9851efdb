/** base64, the writing side (RFC 2045 §6.8): lines of 76 characters. */

import { concat, copyOf, fromLatin1, toBase64, writeLatin1 } from '../bytes.js'

/** Turns octets into transfer-encoded ones, piece by piece. */
export interface BodyEncoder {
  /** Encodes the next octets; some may be kept back until it is known what follows them. */
  write(bytes: Uint8Array): Uint8Array
  /** The input has ended: what was kept back. */
  end(): Uint8Array
}

const CR = 0x0d
const LF = 0x0a
const EMPTY = new Uint8Array(0)
const LINE_BREAK = fromLatin1('\r\n')
/** Octets of a full line of 76 characters (RFC 2045 §6.8). */
const LINE_OCTETS = 57
const LINE = 76

/** Lines of 76 characters with CRLF between them and none at the end; `bytes` starts a line. */
export function encodeBase64(bytes: Uint8Array): Uint8Array {
  const characters = Math.ceil(bytes.length / 3) * 4
  const breaks = characters === 0 ? 0 : Math.ceil(characters / LINE) - 1
  const target = new Uint8Array(characters + breaks * 2)
  // The text goes to the end of the target in one piece, then each line is moved to its place.
  let from = breaks * 2
  writeLatin1(target, toBase64(bytes), from)
  for (let to = 0; to < from; to += LINE + 2, from += LINE) {
    target.copyWithin(to, from, from + LINE)
    target[to + LINE] = CR
    target[to + LINE + 1] = LF
  }
  return target
}

/** Encodes piece by piece, with the same result as {@link encodeBase64} for any cutting. Whole lines leave at once. */
export function createBase64Encoder(): BodyEncoder {
  let rest: Uint8Array = EMPTY
  let begun = false
  const lines = (bytes: Uint8Array): Uint8Array => {
    if (bytes.length === 0) return EMPTY
    const encoded = encodeBase64(bytes)
    if (!begun) {
      begun = true
      return encoded
    }
    return concat([LINE_BREAK, encoded])
  }
  return {
    write(bytes) {
      const all = rest.length === 0 ? bytes : concat([rest, bytes])
      const whole = all.length - (all.length % LINE_OCTETS)
      rest = copyOf(all, whole, all.length)
      return lines(all.subarray(0, whole))
    },
    end() {
      const last = lines(rest)
      rest = EMPTY
      return last
    },
  }
}
