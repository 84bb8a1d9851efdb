/**
 * uuencode (POSIX): files that old programs put into the text of a message, between a `begin` line and an `end` line.
 *
 * A line holds its number of octets as one character and then four characters for every three octets, each character
 * 0x20 plus six bits; a backquote stands for zero as the blank does, since blanks at line ends get lost. Missing
 * characters at the end of a line count as zero, as all decoders do.
 */

import { concat, indexOf, latin1 } from '../bytes.js'
import type { BodyDecoder } from './base64.js'

/** One uuencoded file in a text; all offsets are octets into the text. */
export interface UuencodedFile {
  /** The name in its `begin` line, as it stands. */
  name: string
  /** Permission bits in its `begin` line, for example 0o644. */
  mode: number
  /** First octet of the `begin` line. */
  start: number
  /** First octet of the encoded lines. */
  bodyStart: number
  /** Octet behind the encoded lines. */
  bodyEnd: number
  /** Octet behind the `end` line; the end of the text if that line is missing. */
  end: number
}

const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const BEGIN = [0x62, 0x65, 0x67, 0x69, 0x6e, SPACE]
const END = [0x65, 0x6e, 0x64]
/** Octets of a file name that are kept. */
const MAX_NAME = 255
/** So long a line, in octets, its CR included, belongs to no uuencoded file: 63 octets take 85 characters. */
const MAX_LINE = 512
const EMPTY = new Uint8Array(0)

function startsWith(bytes: Uint8Array, at: number, word: readonly number[]): boolean {
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word[i]) return false
  return true
}

/** Offset of the line's end without its CRLF or LF, and of the next line. */
function lineAt(bytes: Uint8Array, start: number): { end: number; next: number } {
  const lf = indexOf(bytes, LF, start)
  if (lf === -1) return { end: bytes.length, next: bytes.length }
  return { end: lf > start && bytes[lf - 1] === CR ? lf - 1 : lf, next: lf + 1 }
}

/** `begin 644 name`: mode and name, or undefined for a line of prose that begins with the word. */
function readBegin(bytes: Uint8Array, start: number, end: number): { mode: number; name: string } | undefined {
  if (!startsWith(bytes, start, BEGIN)) return undefined
  let at = start + BEGIN.length
  let mode = 0
  const digits = at
  while (at < end && bytes[at]! >= 0x30 && bytes[at]! <= 0x37 && at - digits < 6) mode = mode * 8 + bytes[at++]! - 0x30
  if (at - digits < 3 || bytes[at] !== SPACE) return undefined
  while (bytes[at] === SPACE) at++
  if (at >= end) return undefined
  return { mode, name: latin1(bytes, at, Math.min(end, at + MAX_NAME)) }
}

/** Octets that the line's first character announces, or -1 if the line is not one of uuencode. */
function lineOctets(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start]
  if (start === end || first === undefined || first < SPACE || first > 0x60) return -1
  if (end - start >= MAX_LINE - 1) return -1
  const octets = (first - SPACE) & 63
  // Lost blanks make a line shorter. A check character makes it longer, and so do the blanks of records of one length.
  const longest = start + Math.ceil(octets / 3) * 4 + 3
  while (end > longest && bytes[end - 1] === SPACE) end--
  return end > longest ? -1 : octets
}

/**
 * The uuencoded files in a text, in order. A `begin` line counts only if a line that fits the format follows. One pass,
 * nothing is decoded.
 */
export function findUuencoded(text: Uint8Array): UuencodedFile[] {
  const files: UuencodedFile[] = []
  for (let start = 0; start < text.length; ) {
    const line = lineAt(text, start)
    const begin = readBegin(text, start, line.end)
    const first = begin && line.next < text.length ? lineAt(text, line.next) : undefined
    if (!begin || !first || lineOctets(text, line.next, first.end) === -1) {
      start = nextCandidate(text, line.next)
      continue
    }
    const { bodyEnd, end } = findEnd(text, line.next)
    files.push({ ...begin, start, bodyStart: line.next, bodyEnd, end })
    start = end
  }
  return files
}

/** The next line that may be a `begin` line. */
function nextCandidate(text: Uint8Array, from: number): number {
  if (from >= text.length || startsWith(text, from, BEGIN)) return from
  const found = indexOf(text, BEGIN_LINE, Math.max(0, from - 1))
  return found === -1 ? text.length : found + 1
}

const BEGIN_LINE = Uint8Array.from([LF, ...BEGIN])

function findEnd(text: Uint8Array, from: number): { bodyEnd: number; end: number } {
  let bodyEnd = from
  for (let at = from; at < text.length; ) {
    const line = lineAt(text, at)
    if (isEndLine(text, at, line.end)) return { bodyEnd, end: line.next }
    // The line before `end` announces no octets: a backquote, a blank, or what is left of a blank.
    if (line.end > at && lineOctets(text, at, line.end) === -1) return { bodyEnd, end: at }
    bodyEnd = at = line.next
  }
  return { bodyEnd, end: text.length }
}

/**
 * Octets that may still be given. Lines whose blanks were lost give up to 31 times as many as they have: without a
 * bound a short message would fill the memory. Files of nothing but zeros have room in the start value.
 */
export interface UuRoom {
  left: number
}

/** The room at the start of a part: 1 MiB; each octet of a line adds 4. */
export function newUuRoom(): UuRoom {
  return { left: 1 << 20 }
}

/**
 * Decodes the lines of one file (from `bodyStart` to `bodyEnd`), or a whole part: lines that do not fit are skipped.
 * Lines that have lost their blanks make the result longer than the input, up to `room`, which shrinks by what is given.
 */
export function decodeUuencoded(bytes: Uint8Array, room: UuRoom = newUuRoom()): Uint8Array {
  let to = 0
  forEachLine(bytes, { ...room }, (_start, _end, octets) => {
    to += octets
  })
  const target = new Uint8Array(to)
  to = 0
  forEachLine(bytes, room, (start, end, octets) => {
    to = decodeLine(bytes, start, end, octets, target, to)
  })
  return target
}

function forEachLine(
  bytes: Uint8Array,
  room: UuRoom,
  take: (start: number, end: number, octets: number) => void,
): void {
  for (let start = 0; start < bytes.length; ) {
    const { end, next } = lineAt(bytes, start)
    let octets = dataOctets(bytes, start, end)
    if (octets > 0) room.left += 4 * (end - start)
    octets = Math.min(octets, room.left)
    room.left -= octets
    take(start + 1, end, octets)
    start = next
  }
}

/** Octets that a line gives; none if it belongs to the frame or to no file at all. */
function dataOctets(bytes: Uint8Array, start: number, end: number): number {
  if (readBegin(bytes, start, end) || isEndLine(bytes, start, end)) return 0
  return Math.max(0, lineOctets(bytes, start, end))
}

function isEndLine(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start === END.length && startsWith(bytes, start, END)
}

function decodeLine(bytes: Uint8Array, at: number, end: number, octets: number, target: Uint8Array, to: number) {
  const stop = to + octets
  const bits = (offset: number): number => (offset < end ? (bytes[offset]! - SPACE) & 63 : 0)
  for (; to < stop; at += 4) {
    const group = (bits(at) << 18) | (bits(at + 1) << 12) | (bits(at + 2) << 6) | bits(at + 3)
    target[to++] = group >> 16
    if (to < stop) target[to++] = group >> 8
    if (to < stop) target[to++] = group
  }
  return to
}

/** Decodes the lines of a file that come in pieces; the same octets as {@link decodeUuencoded} for any cutting. */
export function createUuDecoder(): BodyDecoder {
  /** A line whose end has not come; of one that is too long to be of a file, enough that it stays so. */
  let rest: Uint8Array = EMPTY
  const room = newUuRoom()
  return {
    damaged: false,
    write(bytes) {
      const all = concat([rest, bytes])
      let end = all.length
      while (end > 0 && all[end - 1] !== LF) end--
      rest = all.slice(end, end + MAX_LINE)
      return decodeUuencoded(all.subarray(0, end), room)
    },
    end() {
      const last = decodeUuencoded(rest, room)
      rest = EMPTY
      return last
    },
  }
}
