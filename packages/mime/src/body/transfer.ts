/** Content-Transfer-Encoding by name (RFC 2045 §6): the one place that knows which decoder belongs to which. */

import { type BodyDecoder, createBase64Decoder, decodeBase64 } from './base64.js'
import { createQuotedPrintableDecoder, decodeQuotedPrintable } from './quoted-printable.js'
import { createUuDecoder, decodeUuencoded } from './uuencode.js'

/** `identity` is 7bit, 8bit and binary. `unknown` bodies are given as they are (RFC 2045 §6.4). */
export type TransferEncoding = 'identity' | 'base64' | 'quoted-printable' | 'uuencode' | 'unknown'

const ENCODINGS = new Map<string, TransferEncoding>([
  ['', 'identity'],
  ['7bit', 'identity'],
  ['8bit', 'identity'],
  ['binary', 'identity'],
  ['7-bit', 'identity'],
  ['8-bit', 'identity'],
  ['7bits', 'identity'],
  ['8bits', 'identity'],
  ['base64', 'base64'],
  ['base-64', 'base64'],
  ['b64', 'base64'],
  ['quoted-printable', 'quoted-printable'],
  ['quotedprintable', 'quoted-printable'],
  ['quoted printable', 'quoted-printable'],
  ['qp', 'quoted-printable'],
  ['x-uuencode', 'uuencode'],
  ['uuencode', 'uuencode'],
  ['x-uue', 'uuencode'],
  ['uue', 'uuencode'],
  ['x-uu', 'uuencode'],
])

/** What a Content-Transfer-Encoding value, without comments, stands for; case does not matter. */
export function transferEncoding(value: string): TransferEncoding {
  return ENCODINGS.get(value.trim().toLowerCase()) ?? 'unknown'
}

/** Decodes a whole body. `onDamage` is called once if it was not as a correct encoder writes it. */
export function decodeTransfer(bytes: Uint8Array, encoding: TransferEncoding, onDamage?: () => void): Uint8Array {
  if (encoding === 'base64') return decodeBase64(bytes, onDamage)
  if (encoding === 'quoted-printable') return decodeQuotedPrintable(bytes, onDamage)
  if (encoding === 'uuencode') return decodeUuencoded(bytes)
  return bytes
}

const EMPTY = new Uint8Array(0)

/** A decoder for a body that comes in pieces; the same octets as {@link decodeTransfer} for any cutting. */
export function createTransferDecoder(encoding: TransferEncoding): BodyDecoder {
  if (encoding === 'base64') return createBase64Decoder()
  if (encoding === 'quoted-printable') return createQuotedPrintableDecoder()
  if (encoding === 'uuencode') return createUuDecoder()
  return { damaged: false, write: (bytes) => bytes, end: () => EMPTY }
}

/** A decoder that stops at a limit. */
export interface CappedDecoder extends BodyDecoder {
  /** The body has more octets than the limit; what is beyond was not given. */
  readonly truncated: boolean
}

/**
 * Gives at most `maxOctets` decoded octets of `decoder` and drops the rest, so that a body cannot take more room than
 * was planned for it. What is beyond the limit is not even decoded.
 */
export function capDecoder(decoder: BodyDecoder, maxOctets: number): CappedDecoder {
  let left = maxOctets
  let truncated = false
  const take = (bytes: Uint8Array): Uint8Array => {
    if (bytes.length > left) {
      truncated = true
      bytes = bytes.subarray(0, left)
    }
    left -= bytes.length
    return bytes
  }
  return {
    get damaged() {
      return decoder.damaged
    },
    get truncated() {
      return truncated
    },
    write: (bytes) => (truncated ? EMPTY : take(decoder.write(bytes))),
    end: () => (truncated ? EMPTY : take(decoder.end())),
  }
}
