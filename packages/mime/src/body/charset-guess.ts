/**
 * Text whose charset has to be guessed.
 *
 * Labels lie. Text labelled UTF-8, US-ASCII, with a label nobody knows or without one is decided by its first octets
 * above 127: when they form a UTF-8 sequence all of it is read as UTF-8, otherwise as windows-1252, which gives every
 * octet a character. That rule needs no look ahead, so that streams and whole bodies give the same text.
 */

import { concat, copyOf, latin1, utf8 } from '../bytes.js'

/** What a text was taken for. */
export type Guess = 'ascii' | 'utf-8' | 'windows-1252'

/** Stands for octets that mean nothing in a charset. */
export const REPLACEMENT = '\uFFFD'
const EMPTY = new Uint8Array(0)
const BYTE_ORDER_MARK = '\uFEFF'

/** windows-1252 for 0x80 to 0x9F, as the WHATWG has it; the rest is as in iso-8859-1. */
const C1 =
  '\u20AC\x81\u201A\u0192\u201E\u2026\u2020\u2021\u02C6\u2030\u0160\u2039\u0152\x8D\u017D\x8F' +
  '\x90\u2018\u2019\u201C\u201D\u2022\u2013\u2014\u02DC\u2122\u0161\u203A\u0153\x9D\u017E\u0178'

/** windows-1252 text; every octet is a character. */
export function windows1252(bytes: Uint8Array): string {
  let text = ''
  let start = 0
  for (let i = 0; i < bytes.length; i++) {
    const octet = bytes[i]!
    if (octet < 0x80 || octet > 0x9f) continue
    if (i > start) text += latin1(bytes, start, i)
    text += C1[octet - 0x80]
    start = i + 1
  }
  return start === 0 ? latin1(bytes) : text + latin1(bytes, start)
}

/** Length in octets of the UTF-8 sequence at `at` (RFC 3629 §4); 0 if it is none, -1 if the octets end inside one. */
export function utf8SequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!
  if (lead < 0x80) return 1
  const length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0
  for (let i = 1; i < length; i++) {
    if (at + i >= bytes.length) return -1
    const octet = bytes[at + i]!
    if ((octet & 0xc0) !== 0x80) return 0
    if (i === 1 && isOverlongOrSurrogate(lead, octet)) return 0
  }
  return length
}

function isOverlongOrSurrogate(lead: number, second: number): boolean {
  if (lead === 0xe0) return second < 0xa0
  if (lead === 0xed) return second > 0x9f
  if (lead === 0xf0) return second < 0x90
  return lead === 0xf4 && second > 0x8f
}

function firstHighOctet(bytes: Uint8Array): number {
  let at = 0
  while (at < bytes.length && bytes[at]! < 0x80) at++
  return at
}

/** The text by the rule of the first octets above 127, and what it was taken for. */
export function guessText(bytes: Uint8Array): { text: string; guess: Guess } {
  const text = utf8(bytes)
  const damaged = text.includes(REPLACEMENT)
  if (text.length === bytes.length && !damaged) return { text, guess: 'ascii' }
  if (damaged && utf8SequenceLength(bytes, firstHighOctet(bytes)) < 1) {
    return { text: windows1252(bytes), guess: 'windows-1252' }
  }
  return { text: text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text, guess: 'utf-8' }
}

/**
 * Text of two charsets, as header lines have it that two programs wrote: what is UTF-8 is read so, every other octet is
 * windows-1252.
 */
export function mixedText(bytes: Uint8Array): string {
  let text = ''
  let from = 0
  for (let at = 0; at < bytes.length; ) {
    const length = utf8SequenceLength(bytes, at)
    if (length > 0) {
      at += length
      continue
    }
    text += utf8(bytes, from, at) + windows1252(bytes.subarray(at, at + 1))
    from = ++at
  }
  return text + utf8(bytes, from)
}

/** A guess that is made while the text comes in. */
export interface GuessingDecoder {
  write(bytes: Uint8Array): string
  end(): string
  readonly guess: Guess
  /** Octets were met that are not UTF-8, behind some that are. */
  readonly damaged: boolean
}

/** The rule of the first octets above 127, fed in pieces. */
export function guessingDecoder(): GuessingDecoder {
  let guess: Guess = 'ascii'
  let decoder: TextDecoder | undefined
  let damaged = false
  /** No octet before those being decoded: only here a byte order mark is one. */
  let atStart = true
  /** The first octets above 127, while they are too few to decide: at most three. */
  let held: Uint8Array = EMPTY
  const decode = (bytes: Uint8Array): string => {
    if (guess === 'ascii') return latin1(bytes)
    if (guess === 'windows-1252') return windows1252(bytes)
    decoder ??= new TextDecoder('utf-8', { ignoreBOM: true })
    const text = decoder.decode(bytes, { stream: true })
    damaged ||= text.includes(REPLACEMENT)
    return atStart && text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text
  }
  /** While only ASCII was seen. */
  const decide = (bytes: Uint8Array, ended: boolean): string => {
    const high = firstHighOctet(bytes)
    if (high === bytes.length) return latin1(bytes)
    const length = utf8SequenceLength(bytes, high)
    if (length < 0 && !ended) {
      held = copyOf(bytes, high, bytes.length)
      return latin1(bytes, 0, high)
    }
    guess = length > 0 ? 'utf-8' : 'windows-1252'
    return decode(bytes)
  }
  return {
    get guess() {
      return guess
    },
    get damaged() {
      return damaged
    },
    write(bytes) {
      const all = held.length === 0 ? bytes : concat([held, bytes])
      held = EMPTY
      const text = guess === 'ascii' ? decide(all, false) : decode(all)
      atStart &&= all.length === held.length
      return text
    },
    end() {
      const text = held.length === 0 ? '' : decide(held, true)
      held = EMPTY
      if (!decoder) return text
      const rest = decoder.decode()
      damaged ||= rest.includes(REPLACEMENT)
      return text + rest
    },
  }
}
