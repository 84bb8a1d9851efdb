/**
 * Packs octets with a list of pieces that nearly all of them are made of, each written as one octet above 127; octets
 * above 127 of the text itself have another one in front. A list and its order are part of the summary's format: change
 * one and the version.
 */

import { fromLatin1, writeLatin1 } from '../bytes.js'
import type { ByteWriter, OctetSink } from './octets.js'

const FIRST = 0x80
const ESCAPE = 0xff

/** A list of pieces, ready for use. */
export interface Dictionary {
  readonly octets: readonly Uint8Array[]
  /** A number for each octet that occurs in a piece, 0 for the others. */
  readonly classes: Uint8Array
  /** How many numbers there are. */
  readonly width: number
  /** A tree of all pieces: of node `n`, where the octet of class `c` leads to is at `n * width + c`; 0 is nowhere. */
  readonly next: Uint16Array
  /** The code of the piece that ends at a node, or 0. */
  readonly codes: Uint8Array
}

/** At most 127 pieces of at least two characters below 128. */
export function createDictionary(pieces: readonly string[]): Dictionary {
  const octets = pieces.map(fromLatin1)
  const classes = new Uint8Array(256)
  let width = 1
  let nodes = 1
  for (const piece of octets) {
    nodes += piece.length
    for (const octet of piece) if (classes[octet] === 0) classes[octet] = width++
  }
  const next = new Uint16Array(nodes * width)
  const codes = new Uint8Array(nodes)
  let count = 1
  octets.forEach((piece, index) => {
    let node = 0
    for (const octet of piece) {
      const edge = node * width + classes[octet]!
      if (next[edge] === 0) next[edge] = count++
      node = next[edge]!
    }
    codes[node] = FIRST + index
  })
  return { octets, classes, width, next, codes }
}

/** Packs `text`, octets as latin1. False, and nothing is written, when it would not become shorter. */
export function compress(dictionary: Dictionary, text: string, writer: ByteWriter): boolean {
  const { classes, width, next, codes } = dictionary
  const { length } = text
  const bytes = writer.reserve(2 * length)
  const limit = writer.length + length
  const end = limit + length
  // The text lies behind the room for what is made of it.
  writeLatin1(bytes, text, limit)
  let to = writer.length
  for (let at = limit; at < end; ) {
    if (to + 2 > limit) return false
    let code = 0
    let behind = at
    // The longest piece that stands here.
    for (let i = at, node = 0; i < end; ) {
      node = next[node * width + classes[bytes[i++]!]!]!
      if (node === 0) break
      if (codes[node] === 0) continue
      code = codes[node]!
      behind = i
    }
    if (code === 0) {
      const octet = bytes[at]!
      if (octet > 0x7f) bytes[to++] = ESCAPE
      bytes[to++] = octet
      at++
    } else {
      bytes[to++] = code
      at = behind
    }
  }
  if (to === limit) return false
  writer.length = to
  return true
}

/** Writes the text of the packed octets `[start, end)`. */
export function decompress(
  { octets }: Dictionary,
  packed: Uint8Array,
  start: number,
  end: number,
  sink: OctetSink,
): void {
  let from = start
  for (let at = start; at < end; at++) {
    const octet = packed[at]!
    if (octet < FIRST) continue
    const piece = octets[octet - FIRST]
    if (octet !== ESCAPE && !piece) continue
    if (from < at) sink.octets(packed, from, at)
    if (piece) sink.octets(piece, 0, piece.length)
    from = at + 1
    // The octet behind it is itself.
    if (octet === ESCAPE) at++
  }
  if (from < end) sink.octets(packed, from, end)
}
