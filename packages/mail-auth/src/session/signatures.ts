/**
 * The DKIM signatures of a message as they are given to the library. It takes quotes and parentheses for what they are
 * in other fields, and gives up the whole message for a time that is none. So it gets each signature in a plain
 * spelling, and its octets once that is read.
 */
import type { ByteRange } from '@posthouse/store-api'
import { fromLatin1, latin1 } from '@posthouse/wire'
import { readSignature, type SignatureTags } from '../syntax/tags.js'
import { type Field, hugeFrom } from './header.js'

/** Octets of a message that are left out, or that others stand for. */
export interface Change extends ByteRange {
  readonly octets?: Uint8Array
}

/** The octets of a signature, as latin1, with CRLF inside and none at the end. */
export interface Spelling {
  readonly line: string
  /** The same without the value of `b=`. */
  readonly unsigned: string
}

export interface Readable {
  readonly signatures: readonly SignatureTags[]
  /** In the order of the message. */
  readonly changes: readonly Change[]
  /** By what the library reads in their place. */
  readonly spellings: ReadonlyMap<string, Spelling>
}

/** Octets of a signature field that is looked at. The library takes time by the square of its length. */
const MAX_SIGNATURE = 4096

/** What is looked at: not signatures beyond the limit (each one costs DNS, and a walk over the body), nor huge fields. */
export function readable(fields: readonly Field[], limit: number): Readable {
  const huge = new Set(hugeFrom(fields))
  const signatures: SignatureTags[] = []
  const changes: Change[] = []
  const spellings = new Map<string, Spelling>()
  let count = 0
  for (const field of fields) {
    const { start, end } = field
    const isSignature = field.name === 'dkim-signature'
    const isLong = (isSignature || isOfArc(field)) && end - start > MAX_SIGNATURE
    if (huge.has(field) || isLong || (isSignature && ++count > limit)) {
      changes.push({ start, end })
    } else if (isSignature) {
      const line = lineOf(field)
      const value = line.indexOf(':') + 1
      const read = readSignature(line.slice(value))
      signatures.push(read)
      // What is not to be checked stays: others may have signed it.
      if (read.problem !== null) continue
      const plain = `DKIM-Signature: n=${count}; ${read.plain}`
      spellings.set(plain, { line, unsigned: line.slice(0, value) + read.unsigned })
      changes.push({ start, end, octets: fromLatin1(`${plain}\r\n`) })
    }
  }
  return { signatures, changes, spellings }
}

function isOfArc({ name }: Field): boolean {
  return name === 'arc-seal' || name === 'arc-message-signature'
}

function lineOf({ octets }: Field): string {
  const text = latin1(octets).replaceAll('\r\n', '\n')
  return (text.endsWith('\n') ? text.slice(0, -1) : text).replaceAll('\n', '\r\n')
}
