/** Content-Transfer-Encoding by name (RFC 2045 §6): the one place that knows which decoder belongs to which. */

import { lowerCase, trimBlanks } from '../ascii.js'
import {
  type BodyDecoder,
  createBase64Counter,
  createBase64Decoder,
  decodeBase64,
  type OctetCounter,
} from './base64.js'
import {
  createQuotedPrintableCounter,
  createQuotedPrintableDecoder,
  decodeQuotedPrintable,
} from './quoted-printable.js'
import { createUuDecoder, decodeUuencoded } from './uuencode.js'

/** `identity` is 7bit, 8bit and binary. `unknown` bodies are given as they are (RFC 2045 §6.4). */
export type TransferEncoding = 'identity' | 'base64' | 'quoted-printable' | 'uuencode' | 'unknown'

const ENCODINGS = new Map<string, TransferEncoding>()
const NAMES: readonly [encoding: TransferEncoding, names: string][] = [
  ['identity', ',7bit,8bit,binary,7-bit,8-bit,7bits,8bits'],
  ['base64', 'base64,base-64,b64'],
  ['quoted-printable', 'quoted-printable,quotedprintable,quoted printable,qp'],
  ['uuencode', 'x-uuencode,uuencode,x-uue,uue,x-uu'],
]
for (const [encoding, names] of NAMES) for (const name of names.split(',')) ENCODINGS.set(name, encoding)

/** What a Content-Transfer-Encoding value, without comments, stands for; case does not matter. */
export function transferEncoding(value: string): TransferEncoding {
  return ENCODINGS.get(lowerCase(trimBlanks(value))) ?? 'unknown'
}

/**
 * Decodes a whole body. `onDamage` is called once if it was not as a correct encoder writes it. `target`, if given, is
 * memory for the result, of the same length at least; what needs it less may still give a view of `bytes` or its own.
 */
export function decodeTransfer(
  bytes: Uint8Array,
  encoding: TransferEncoding,
  onDamage?: () => void,
  target?: Uint8Array,
): Uint8Array {
  if (encoding === 'base64') return decodeBase64(bytes, onDamage)
  if (encoding === 'quoted-printable') return decodeQuotedPrintable(bytes, onDamage, target)
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

/** Does a decoded body of that encoding have a size of its own that can be counted? */
export function isCounted(encoding: TransferEncoding): boolean {
  return encoding === 'base64' || encoding === 'quoted-printable'
}

/** Counts decoded octets; null where nothing needs counting, or where it is not known what to count. */
export function createTransferCounter(encoding: TransferEncoding): OctetCounter | null {
  if (encoding === 'base64') return createBase64Counter()
  return encoding === 'quoted-printable' ? createQuotedPrintableCounter() : null
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
