/**
 * The body that a milter sends in place of the old one, packet by packet. Its lines end with CRLF: what leaves this
 * server must not be read in two ways by the next one, whatever a milter has made of it.
 */
import { MilterError } from '../errors.js'

export interface NewBody {
  /**
   * A piece of it.
   * @throws MilterError `protocol` when it gets longer than the limit.
   */
  add(octets: Uint8Array): void
  /** All of it. */
  octets(): Uint8Array
}

const CR = 13
const LF = 10

/** `limit`: octets. They are kept in one piece: many small packets take no more than few big ones. */
export function createNewBody(limit: number): NewBody {
  let body: Uint8Array = new Uint8Array(1_024)
  let length = 0
  let before = 0

  function reserve(more: number): void {
    if (length + more <= body.length) return
    const grown = new Uint8Array((length + more) * 2)
    grown.set(body.subarray(0, length))
    body = grown
  }

  return {
    add(octets) {
      reserve(octets.length * 2)
      for (let at = 0; at < octets.length; at++) {
        const octet = octets[at]
        // A CR is complete with its LF; one alone, or an LF alone, is a line end that lacks the other half.
        if (before === CR && octet !== LF) body[length++] = LF
        else if (octet === LF && before !== CR) body[length++] = CR
        body[length++] = octet
        before = octet
      }
      if (length > limit) throw new MilterError('protocol', `a body of more than ${limit} octets`)
    },
    octets() {
      if (before !== CR) return body.subarray(0, length)
      reserve(1)
      body[length] = LF
      return body.subarray(0, length + 1)
    },
  }
}
