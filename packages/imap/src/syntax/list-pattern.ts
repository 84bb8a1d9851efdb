/** LIST patterns (RFC 9051 §6.3.9): `*` is anything, `%` anything without the delimiter. */
import { DELIMITER } from './mailbox-name.js'

/**
 * Does a name fit a pattern? Time is at most length of name × length of pattern, whatever the wildcards:
 * a set of positions is carried through the name.
 */
export function matchesPattern(name: string, pattern: string): boolean {
  let positions = new Uint8Array(pattern.length + 1)
  positions[0] = 1
  skipWildcards(positions, pattern)
  for (let i = 0; i < name.length; i++) {
    const next = new Uint8Array(pattern.length + 1)
    let alive = false
    for (let at = 0; at < pattern.length; at++) {
      if (positions[at] === 0) continue
      const wanted = pattern[at]
      if (wanted === '*' || (wanted === '%' && name[i] !== DELIMITER)) next[at] = 1
      else if (wanted === name[i]) next[at + 1] = 1
      else continue
      alive = true
    }
    if (!alive) return false
    skipWildcards(next, pattern)
    positions = next
  }
  return positions[pattern.length] === 1
}

/** A wildcard may stand for nothing. */
function skipWildcards(positions: Uint8Array, pattern: string): void {
  for (let at = 0; at < pattern.length; at++) {
    if (positions[at] === 1 && (pattern[at] === '*' || pattern[at] === '%')) positions[at + 1] = 1
  }
}

/** The pattern with INBOX in upper case where it can only mean INBOX (RFC 9051 §5.1). */
export function normalizePattern(pattern: string): string {
  const upper = pattern.slice(0, 5).toUpperCase()
  return upper === 'INBOX' && (pattern.length === 5 || pattern[5] === DELIMITER) ? upper + pattern.slice(5) : pattern
}
