import { latin1, utf8 } from '@posthouse/wire'

/** A command line: the keyword in upper case, and what stands behind it. */
export interface Pop3Command {
  readonly keyword: string
  /** Without the space behind the keyword; PASS takes it whole, spaces included (RFC 1939 §7). */
  readonly argument: string
  /** The argument in its words. */
  readonly words: readonly string[]
}

const SPACE = 32

/** Reads a command line without its CRLF (RFC 1939 §3). Keywords are not case-sensitive. */
export function parseCommand(line: Uint8Array): Pop3Command {
  let end = 0
  while (end < line.length && line[end] !== SPACE) end++
  const keyword = latin1(line, 0, Math.min(end, 40)).toUpperCase()
  const argument = end < line.length ? utf8(line, end + 1) : ''
  return { keyword, argument, words: argument.split(' ').filter((word) => word !== '') }
}

/** A message number, line count or the like: 1 to 10 digits. `null` for anything else. */
export function parseNumber(text: string | undefined): number | null {
  if (!text || text.length > 10) return null
  let value = 0
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return null
    value = value * 10 + digit
  }
  return value
}
