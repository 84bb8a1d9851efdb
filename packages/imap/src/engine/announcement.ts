/** Literals at the end of a line: `{12}`, `{12+}`, `~{12}` (RFC 9051 §4.3, RFC 7888, RFC 3516). */

/** A literal that a line announces. */
export interface Announcement {
  /** Octets; Infinity when nobody could count them. */
  readonly size: number
  /** True when the client waits for a continuation. */
  readonly sync: boolean
  readonly binary: boolean
}

const CLOSE_BRACE = 125
const OPEN_BRACE = 123
const PLUS = 43
const MINUS = 45
const TILDE = 126

const CR = 13

/** A line without its end: CRLF, or an LF alone, which ends no command, but the line of an announcement all the same. */
export function withoutEnd(line: Uint8Array): Uint8Array {
  return line.subarray(0, line.length - (line[line.length - 2] === CR ? 2 : 1))
}

/** Digits that are looked at. */
const MAX_DIGITS = 20

/** What the line (without its line end) announces; `null` when it ends a command. */
export function readAnnouncement(line: Uint8Array): Announcement | null {
  let at = line.length - 1
  if (at < 2 || line[at] !== CLOSE_BRACE) return null
  at--
  const sync = line[at] !== PLUS && line[at] !== MINUS
  if (!sync) at--
  const end = at + 1
  while (at >= 0 && end - at <= MAX_DIGITS && line[at] >= 48 && line[at] <= 57) at--
  if (line[at] !== OPEN_BRACE || at + 1 === end) return null
  let size = 0
  for (let i = at + 1; i < end; i++) size = size * 10 + (line[i] - 48)
  return {
    size: size > Number.MAX_SAFE_INTEGER ? Number.POSITIVE_INFINITY : size,
    sync,
    binary: line[at - 1] === TILDE,
  }
}

const SP = 32
const QUOTE = 34
const BACKSLASH = 92

/**
 * How many whole arguments stand before the literal that ends `bytes`, counted from `at` (at the space behind the
 * command's name). Spaces in quotes and in buffered literals do not count; those in parentheses do.
 */
export function argumentsBefore(bytes: Uint8Array, at: number): number {
  let count = 0
  let quoted = false
  for (let i = at; i < bytes.length; i++) {
    const code = bytes[i]
    if (quoted) {
      if (code === BACKSLASH) i++
      else if (code === QUOTE) quoted = false
    } else if (code === QUOTE) {
      quoted = true
    } else if (code === SP && bytes[i - 1] !== SP) {
      count++
    } else if (code === OPEN_BRACE) {
      let size = 0
      let end = i + 1
      for (; bytes[end] >= 48 && bytes[end] <= 57; end++) size = size * 10 + (bytes[end] - 48)
      if (bytes[end] === PLUS || bytes[end] === MINUS) end++
      // The announcement at the very end has nothing behind it; all others are followed by their octets.
      i = end + 2 + size
    }
  }
  return count - 1
}
