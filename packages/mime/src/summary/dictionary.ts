/**
 * A dictionary for BODYSTRUCTURE texts: what nearly all of them are made of, each piece one octet above 127. It takes
 * them to a third of their size. The order of the list is part of the summary's format: change it and the version.
 */

import { fromLatin1 } from '../bytes.js'
import type { OctetSink } from './octets.js'

const PIECES = [
  '("text" "plain" ("charset" "utf-8") NIL NIL "7bit" ',
  '("text" "plain" ("charset" "utf-8") NIL NIL "quoted-printable" ',
  '("text" "plain" ("charset" "utf-8") NIL NIL "base64" ',
  '("text" "plain" ("charset" "utf-8") NIL NIL "8bit" ',
  '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" ',
  '("text" "plain" ("charset" "iso-8859-1") NIL NIL "quoted-printable" ',
  '("text" "plain" ("charset" "UTF-8") NIL NIL "',
  '("text" "html" ("charset" "utf-8") NIL NIL "7bit" ',
  '("text" "html" ("charset" "utf-8") NIL NIL "quoted-printable" ',
  '("text" "html" ("charset" "utf-8") NIL NIL "base64" ',
  '("text" "html" ("charset" "UTF-8") NIL NIL "',
  '("text" "plain" ("charset" "',
  '("text" "html" ("charset" "',
  '("text" "calendar" (',
  '("text" "',
  '("message" "rfc822" NIL NIL NIL "7bit" ',
  '("message" "',
  '("application" "octet-stream" ("name" "',
  '("application" "pdf" ("name" "',
  '("application" "vnd.openxmlformats-officedocument.',
  '("application" "',
  '("image" "png" ("name" "',
  '("image" "jpeg" ("name" "',
  '("image" "',
  ' NIL NIL NIL NIL)',
  ' NIL NIL NIL)',
  ' "alternative" ("boundary" "',
  ' "mixed" ("boundary" "',
  ' "related" ("boundary" "',
  ' "report" ("report-type" "delivery-status" "boundary" "',
  ' "signed" (',
  '") NIL NIL NIL)',
  '") NIL NIL "base64" ',
  '") NIL NIL "quoted-printable" ',
  '") NIL NIL "7bit" ',
  '") NIL NIL "',
  ' NIL ("attachment" ("filename" "',
  ' NIL ("inline" ("filename" "',
  ' NIL ("inline" NIL) NIL NIL)',
  '" "size" "',
  '" "boundary" "',
  '" "charset" "',
  '" "name" "',
  '" "format" "flowed") NIL NIL "',
  '" "delsp" "',
  '")) NIL NIL)',
  'quoted-printable" ',
  'base64" ',
  '7bit" ',
  '8bit" ',
  '----=_Part_',
  '----=_NextPart_000_',
  '------------',
  '----==_mimepart_',
  '_----------=_',
  '=_',
  '0000000000',
  'NIL ',
  '.pdf',
  '.png',
  '.jpg',
  '") ',
  '" "',
] as const

const FIRST = 0x80
const OCTETS = PIECES.map((piece) => fromLatin1(piece))
interface Entry {
  readonly piece: string
  readonly code: string
}

/** Pieces by their first two characters, longest first. */
const BY_START: (Entry[] | undefined)[] = new Array(128 * 128).fill(undefined)
PIECES.forEach((piece, index) => {
  const list = (BY_START[piece.charCodeAt(0) * 128 + piece.charCodeAt(1)] ??= [])
  list.push({ piece, code: String.fromCharCode(FIRST + index) })
  list.sort((one, other) => other.piece.length - one.piece.length)
})

/** Null when the text has octets above 127 of its own. */
export function compress(text: string): string | null {
  let packed = ''
  let from = 0
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at)
    if (code > 0x7f) return null
    const list = BY_START[code * 128 + text.charCodeAt(at + 1)]
    const match = list === undefined ? undefined : longestAt(list, text, at)
    if (match === undefined) {
      at++
    } else {
      if (from < at) packed += text.slice(from, at)
      packed += match.code
      from = at += match.piece.length
    }
  }
  return packed + text.slice(from)
}

function longestAt(list: readonly Entry[], text: string, at: number): Entry | undefined {
  for (let i = 0; i < list.length; i++) if (text.startsWith(list[i]!.piece, at)) return list[i]
  return undefined
}

/** Writes the text of the packed octets `[start, end)`. */
export function decompress(packed: Uint8Array, start: number, end: number, sink: OctetSink): void {
  let from = start
  for (let at = start; at < end; at++) {
    const octet = packed[at]!
    if (octet < FIRST) continue
    const piece = OCTETS[octet - FIRST]
    if (!piece) continue
    if (from < at) sink.octets(packed, from, at)
    sink.octets(piece, 0, piece.length)
    from = at + 1
  }
  if (from < end) sink.octets(packed, from, end)
}
