import { latin1, strictUtf8 } from '@posthouse/wire'

/** A command line: the keyword in upper case, and what stands behind it. */
export interface Pop3Command {
  readonly keyword: string
  /** Without the space behind the keyword; PASS takes it whole, spaces included (RFC 1939 §7). */
  readonly argument: string
  /** The argument in its words. */
  readonly words: readonly string[]
}

const SPACE = 32

/**
 * Reads a command line without its CRLF (RFC 1939 §3). Keywords are not case-sensitive. `null` when the line holds NUL,
 * its keyword is not ASCII, or its argument is not UTF-8 (RFC 6856 §2.2): no two names or passwords may become one.
 */
export function parseCommand(line: Uint8Array): Pop3Command | null {
  let end = 0
  let ascii = true
  for (; end < line.length && line[end] !== SPACE; end++) if (line[end] > 127) ascii = false
  const keyword = latin1(line, 0, end)
  const argument = decode(line, end + 1)
  // Upper case of letters beyond ASCII may be ASCII: `PA\xdf` is not PASS.
  if (argument === null || keyword.includes('\0') || !ascii) return null
  const words = argument.includes(' ') ? argument.split(' ').filter((word) => word !== '') : [argument]
  return { keyword: keyword.toUpperCase(), argument, words: argument === '' ? [] : words }
}

function decode(line: Uint8Array, start: number): string | null {
  let ascii = true
  for (let i = start; i < line.length; i++) {
    if (line[i] === 0) return null
    if (line[i] > 127) ascii = false
  }
  if (start >= line.length) return ''
  return ascii ? latin1(line, start) : strictUtf8(line.subarray(start))
}

/** Digits of the largest number that is read: octets of a maildrop, exact in a `number`. */
const MAX_DIGITS = 15

/** A message number, a line count or octets: up to 15 digits. `null` for anything else. */
export function parseNumber(text: string | undefined): number | null {
  if (!text || text.length > MAX_DIGITS) return null
  let value = 0
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return null
    value = value * 10 + digit
  }
  return value
}
