/**
 * Packs octets with a list of pieces that nearly all of them are made of, each written as one octet above 127; octets
 * above 127 of the text itself have another one in front. A list and its order are part of the summary's format: change
 * one and the version.
 */

import { fromLatin1 } from '../bytes.js'
import type { ByteWriter, OctetSink } from './octets.js'

const FIRST = 0x80
const ESCAPE = 0xff

interface Entry {
  readonly piece: string
  readonly code: number
}

/** A list of pieces, ready for use. */
export interface Dictionary {
  readonly octets: readonly Uint8Array[]
  /** Pieces by their first two characters, longest first. */
  readonly byStart: readonly (readonly Entry[] | undefined)[]
}

/** At most 127 pieces of at least two characters below 128. */
export function createDictionary(pieces: readonly string[]): Dictionary {
  const byStart: (Entry[] | undefined)[] = new Array(128 * 128).fill(undefined)
  pieces.forEach((piece, index) => {
    const list = (byStart[piece.charCodeAt(0) * 128 + piece.charCodeAt(1)] ??= [])
    list.push({ piece, code: FIRST + index })
    list.sort((one, other) => other.piece.length - one.piece.length)
  })
  return { octets: pieces.map(fromLatin1), byStart }
}

/** Packs `text`, octets as latin1. False, and nothing is written, when it would not become shorter. */
export function compress({ byStart }: Dictionary, text: string, writer: ByteWriter): boolean {
  const packed = writer.reserve(text.length)
  const last = writer.length + text.length
  let to = writer.length
  for (let at = 0; at < text.length; ) {
    if (to + 2 > last) return false
    const code = text.charCodeAt(at)
    const list = code > 0x7f ? undefined : byStart[code * 128 + text.charCodeAt(at + 1)]
    const match = list === undefined ? undefined : longestAt(list, text, at)
    if (match === undefined) {
      if (code > 0x7f) packed[to++] = ESCAPE
      packed[to++] = code
      at++
    } else {
      packed[to++] = match.code
      at += match.piece.length
    }
  }
  if (to === last) return false
  writer.length = to
  return true
}

function longestAt(list: readonly Entry[], text: string, at: number): Entry | undefined {
  for (let i = 0; i < list.length; i++) if (text.startsWith(list[i]!.piece, at)) return list[i]
  return undefined
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
