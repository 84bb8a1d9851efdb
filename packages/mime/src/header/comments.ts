/** Comments and blanks between the words of a structured field (RFC 5322 §3.2.2). */

import { isBlank, trimBlanks } from '../ascii.js'

const PAREN_OPEN = 0x28
const PAREN_CLOSE = 0x29
const BACKSLASH = 0x5c

/** Behind blanks and comments that begin at `at`. An unclosed comment is no comment. */
export function skipCfws(text: string, at: number): number {
  for (;;) {
    while (at < text.length && isBlank(text.charCodeAt(at))) at++
    if (text.charCodeAt(at) !== PAREN_OPEN) return at
    const end = commentEnd(text, at)
    if (end === -1) return at
    at = end
  }
}

/** Comments nested deeper are text. With the bound, looking for ends that never come stays linear. */
const MAX_COMMENT_DEPTH = 32

/**
 * Offset behind the comment that opens at `at`, or -1 when it is not closed or too deep. A parenthesis behind a backslash
 * opens none (RFC 5322 §3.2.1): others that are looked at before it pass over it, so their depth would set no bound.
 */
export function commentEnd(text: string, at: number): number {
  if (at > 0 && text.charCodeAt(at - 1) === BACKSLASH) return -1
  let depth = 0
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === BACKSLASH) at++
    else if (code === PAREN_OPEN && ++depth > MAX_COMMENT_DEPTH) return -1
    else if (code === PAREN_CLOSE && --depth === 0) return at + 1
  }
  return -1
}

/** The text without comments, blanks and quotes around it; blanks inside stay. */
export function withoutComments(text: string): string {
  let kept = ''
  let from = 0
  for (let open = text.indexOf('('); open !== -1; open = text.indexOf('(', from)) {
    const end = commentEnd(text, open)
    if (end === -1) break
    kept += text.slice(from, open)
    from = end
  }
  const value = trimBlanks(kept + text.slice(from))
  return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value
}
