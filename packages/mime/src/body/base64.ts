/**
 * base64 as mail has it (RFC 2045 §6.8).
 *
 * Nearly all of it is clean: lines of the alphabet, CRLF or LF, padding at the very end. That is decoded natively, in
 * blocks that stay in the processor's cache. How many octets a clean block must give is known from its length and its
 * line count; if the native decoder gives fewer, or if padding stands anywhere but at the end, the block goes through
 * the table, which defines what happens to everything else, the way mail readers do it:
 *
 * - what is not in the alphabet is skipped ("-" and "_" too);
 * - padding that completes a group ends the group, and what follows starts a new one (concatenated blocks);
 * - other "=" are skipped;
 * - at the end, two or three characters without padding give one or two octets, a single character gives nothing.
 */

import { indexOf, latin1, writeBase64 } from '../bytes.js'

/** Turns transfer-encoded octets into decoded ones, piece by piece. */
export interface BodyDecoder {
  /** Decodes the next octets. The result is a fresh array, or a view of `bytes` where decoding changes nothing. */
  write(bytes: Uint8Array): Uint8Array
  /** The input has ended: what was still held back. */
  end(): Uint8Array
  /** True once something was met that a correct encoder does not write; nothing is lost by it but the junk. */
  readonly damaged: boolean
}

const EQUALS = 0x3d
const LF = 0x0a
const CR = 0x0d
/** Octets given to the native decoder at a time: small enough for the second-level cache. */
const BLOCK = 1 << 16
/** Octets from which on native calls cost less than the table. */
const NATIVE_FROM = 512
const EMPTY = new Uint8Array(0)

const JUNK = 0xff
const BLANK = 0xfe
const VALUES = new Uint8Array(256).fill(JUNK)
for (let i = 0; i < 64; i++) {
  VALUES['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.charCodeAt(i)] = i
}
for (const blank of [0x09, LF, CR, 0x20]) VALUES[blank] = BLANK

/** A decoder between two blocks: up to three characters of an unfinished group. */
interface GroupState {
  /** Their 6-bit values, the latest lowest. */
  bits: number
  /** How many. */
  count: number
  /** Padding seen directly behind them. */
  pads: number
  /** Padding has ended a group and nothing of a next one was seen. */
  closed: boolean
  damaged: boolean
}

/**
 * The definition of the format, for any octets: decodes `bytes` from `start` to `end` into `target` at `to`. Returns the
 * new end of what is written.
 */
function decodeByTable(
  state: GroupState,
  bytes: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  to: number,
) {
  let at = start
  while (at < end) {
    if (state.count === 0 && !state.closed) {
      // Whole groups, as long as there is nothing but the alphabet.
      for (; at + 3 < end; at += 4) {
        const one = VALUES[bytes[at]!]!
        const two = VALUES[bytes[at + 1]!]!
        const three = VALUES[bytes[at + 2]!]!
        const four = VALUES[bytes[at + 3]!]!
        if ((one | two | three | four) > 63) break
        target[to++] = (one << 2) | (two >> 4)
        target[to++] = (two << 4) | (three >> 2)
        target[to++] = (three << 6) | four
      }
      if (at === end) return to
    }
    to = decodeOctet(state, bytes[at++]!, target, to)
  }
  return to
}

/** One octet of any kind. */
function decodeOctet(state: GroupState, octet: number, target: Uint8Array, to: number): number {
  const value = VALUES[octet]!
  if (value === BLANK) return to
  if (value === JUNK) {
    if (octet !== EQUALS || state.count < 2) {
      state.damaged = true
    } else if (state.count + ++state.pads === 4) {
      to = writeRest(state.bits, state.count, target, to)
      state.bits = state.count = state.pads = 0
      state.closed = true
    }
    return to
  }
  if (state.pads > 0 || state.closed) {
    state.damaged = true
    state.closed = false
    state.pads = 0
  }
  state.bits = (state.bits << 6) | value
  if (++state.count === 4) {
    target[to++] = state.bits >> 16
    target[to++] = state.bits >> 8
    target[to++] = state.bits
    state.bits = state.count = 0
  }
  return to
}

/** A last group of two or three characters. */
function writeRest(bits: number, count: number, target: Uint8Array, to: number): number {
  if (count === 2) target[to++] = bits >> 4
  if (count === 3) {
    target[to++] = bits >> 10
    target[to++] = bits >> 2
  }
  return to
}

/**
 * Octets of line breaks in the block, a CR at its very end included. Lines of mail are equally long, so the place of
 * the next LF is guessed from the last one and only looked for when the guess fails.
 */
function countLineBreakOctets(block: Uint8Array): number {
  let octets = block[block.length - 1] === CR ? 1 : 0
  let line = 0
  let width = 0
  for (;;) {
    let lf = line + width
    if (width === 0 || block[lf] !== LF) {
      lf = indexOf(block, LF, line)
      if (lf === -1) return octets
    }
    octets += lf > 0 && block[lf - 1] === CR ? 2 : 1
    width = lf - line
    line = lf + 1
  }
}

/** Number of "=" when from `at` on there are only one or two of them and line breaks; otherwise -1. */
function trailingPadding(block: Uint8Array, at: number): number {
  let pads = 0
  for (; at < block.length && pads <= 2; at++) {
    const octet = block[at]
    if (octet === EQUALS) pads++
    else if (octet !== LF && octet !== CR) return -1
  }
  return pads <= 2 ? pads : -1
}

/**
 * Decodes a block natively if it is clean and nothing of a group is pending; otherwise returns -1, and what was written
 * behind `to` is void. `characters` is what the block holds beside line breaks, a multiple of four.
 */
function decodeClean(state: GroupState, block: Uint8Array, characters: number, target: Uint8Array, to: number): number {
  if (characters === 0 || state.count !== 0 || state.closed) return -1
  const text = latin1(block)
  // Buffer takes these two for "+" and "/".
  if (text.includes('-') || text.includes('_')) return -1
  let octets = (characters / 4) * 3
  const padding = text.indexOf('=')
  if (padding !== -1) {
    const pads = trailingPadding(block, padding)
    if (pads === -1) return -1
    octets -= pads
  }
  try {
    if (writeBase64(target, text, to) !== octets) return -1
  } catch {
    return -1 // `atob` throws at what Buffer skips.
  }
  state.closed = padding !== -1
  return to + octets
}

/** The end of a block from `start`: behind a line break where one is near, so that whole groups are likely. */
function blockEnd(bytes: Uint8Array, start: number): number {
  const limit = start + BLOCK
  if (limit >= bytes.length) return bytes.length
  const lf = indexOf(bytes.subarray(limit, limit + 1024), LF)
  return lf === -1 ? limit : limit + lf + 1
}

/** Decodes all of `bytes` into `target`; what does not fill a group stays in `state`. */
function decodeRange(state: GroupState, bytes: Uint8Array, target: Uint8Array): number {
  if (bytes.length < NATIVE_FROM) return decodeByTable(state, bytes, 0, bytes.length, target, 0)
  let to = 0
  let start = 0
  // A chunk may begin inside a group: the table completes it.
  while (start < bytes.length && state.count !== 0) to = decodeByTable(state, bytes, start, ++start, target, to)
  while (start < bytes.length) {
    const end = blockEnd(bytes, start)
    let block = bytes.subarray(start, end)
    let characters = block.length - countLineBreakOctets(block)
    // ... and it may end inside one: leave the last one to three characters to the table as well.
    let groups = end
    for (let spare = characters % 4; spare > 0 && groups > start; ) {
      const octet = bytes[--groups]
      if (octet === LF || octet === CR) continue
      spare--
      characters--
    }
    if (groups < end) block = bytes.subarray(start, groups)
    const clean = characters % 4 === 0 ? decodeClean(state, block, characters, target, to) : -1
    to = clean === -1 ? decodeByTable(state, bytes, start, groups, target, to) : clean
    to = decodeByTable(state, bytes, groups, end, target, to)
    start = end
  }
  return to
}

/** What ends the last group; three octets of room suffice. */
function finish(state: GroupState, target: Uint8Array, to: number): number {
  if (state.count > 0) state.damaged = true
  const end = writeRest(state.bits, state.count, target, to)
  state.bits = state.count = state.pads = 0
  return end
}

function newState(): GroupState {
  return { bits: 0, count: 0, pads: 0, closed: false, damaged: false }
}

/** Octets that `length` octets of base64 can give at most, with a pending group before them. */
function roomFor(length: number): number {
  return Math.ceil((length + 3) / 4) * 3
}

/** "=" at the very end that complete a group: with them known, short clean input gets an array of just its size. */
function finalPadding(bytes: Uint8Array): number {
  const { length } = bytes
  if (length % 4 !== 0 || bytes[length - 1] !== EQUALS) return 0
  return bytes[length - 2] === EQUALS ? 2 : 1
}

/**
 * Decodes a whole base64 body; never throws. `onDamage` is called once if junk, misplaced padding or an unfinished
 * group was met.
 */
export function decodeBase64(bytes: Uint8Array, onDamage?: () => void): Uint8Array {
  if (bytes.length === 0) return EMPTY
  const state = newState()
  const target = new Uint8Array(Math.ceil(bytes.length / 4) * 3 - finalPadding(bytes))
  const length = finish(state, target, decodeRange(state, bytes, target))
  if (state.damaged) onDamage?.()
  return length === target.length ? target : target.subarray(0, length)
}

/** Counts what a body decodes to, without keeping it. */
export interface OctetCounter {
  write(bytes: Uint8Array): void
  /** The input has ended: decoded octets in all. */
  end(): number
}

/**
 * What is only counted is decoded into the same memory again and again: the native decoder judges and counts faster than
 * a loop could.
 */
let counted = EMPTY

/** As long as the output of {@link createBase64Decoder}, for any cutting. */
export function createBase64Counter(): OctetCounter {
  const state = newState()
  let count = 0
  return {
    write(bytes) {
      const room = roomFor(Math.min(bytes.length, BLOCK))
      if (counted.length < room) counted = new Uint8Array(room)
      for (let at = 0; at < bytes.length; at += BLOCK)
        count += decodeRange(state, bytes.subarray(at, at + BLOCK), counted)
    },
    end() {
      return count + finish(state, new Uint8Array(3), 0)
    },
  }
}

/** Decodes a base64 body piece by piece, with the same result as {@link decodeBase64} for any cutting. */
export function createBase64Decoder(): BodyDecoder {
  const state = newState()
  return {
    get damaged() {
      return state.damaged
    },
    write(bytes) {
      const target = new Uint8Array(roomFor(bytes.length))
      return target.subarray(0, decodeRange(state, bytes, target))
    },
    end() {
      const target = new Uint8Array(3)
      return target.subarray(0, finish(state, target, 0))
    },
  }
}
