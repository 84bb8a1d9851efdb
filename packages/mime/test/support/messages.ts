/** Messages for properties: made of the pieces that decide about structure, in any order. */

import fc from 'fast-check'
import type { Entity } from '../../src/structure/entity.js'

/** Octets of a string of characters below 256. */
export function latin1Bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

/** Octets as characters below 256. */
export function latin1Text(bytes: Uint8Array): string {
  return Array.from(bytes, (octet) => String.fromCharCode(octet)).join('')
}

const pieces = [
  '\r\n',
  '\n',
  '\r',
  '\r\n\r\n',
  '--',
  '--a',
  '--a--',
  '--b',
  '--b--',
  '--a\r\n',
  '\r\n--a\r\n',
  '\n--a\n',
  '\r\n--a--\r\n',
  '\r\n--b\r\n',
  '\r\n--b--\r\n',
  '--a \t\r\n',
  '-',
  '-x',
  '\n-xa',
  ' ',
  '\t',
  'text',
  'a: b\r\n',
  ': no name\r\n',
  'no colon\r\n',
  'From me at some time\r\n',
  'Content-Type: multipart/mixed; boundary=a\r\n',
  'Content-Type: multipart/alternative;\r\n\tboundary="b"\r\n\r\n',
  'Content-Type: multipart/digest; boundary="a "\n\n',
  'Content-Type: multipart/mixed\r\n\r\n',
  'Content-Type: message/rfc822\r\n\r\n',
  'Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n',
  'content-type: TEXT/HTML\r\n\r\n',
  'Content-Type: nonsense\r\n\r\n',
  'Subject: folded\r\n over lines\r\n',
  '\0',
  '\x80\xff',
  '-'.repeat(100),
  ' '.repeat(5000),
  'x'.repeat(5000),
]

/** A message that has everything in it that can be wrong. */
export const hostileMessage: fc.Arbitrary<string> = fc
  .array(fc.oneof({ weight: 20, arbitrary: fc.constantFrom(...pieces) }, { weight: 1, arbitrary: fc.string() }), {
    maxLength: 40,
  })
  .map((list) => list.join('').replace(/[^\0-\xff]/g, '?'))

/** An index without its cycles, to compare. */
export function plainIndex(entity: Entity): unknown {
  const { parent: _, children, ...rest } = entity
  return { ...rest, children: children.map(plainIndex) }
}
