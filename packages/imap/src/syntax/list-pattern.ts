/** LIST patterns (RFC 9051 §6.3.9): `*` is anything, `%` anything without the delimiter. */
import { DELIMITER } from './mailbox-name.js'

const DELIMITER_CODE = DELIMITER.charCodeAt(0)
const ASTERISK = 42
const PERCENT = 37

/** A set of places in a pattern: one bit each. */
function setBit(set: Uint32Array, at: number): void {
  set[at >>> 5] |= 1 << (at & 31)
}

/** Wildcards side by side are one: a `*` if there is a `*` among them. */
function withoutRuns(pattern: string): string {
  let out = ''
  for (let i = 0; i < pattern.length; i++) {
    const last = out.charCodeAt(out.length - 1)
    if (last !== ASTERISK && last !== PERCENT) out += pattern[i]
    else if (pattern[i] === '*') out = `${out.slice(0, -1)}*`
    else if (pattern[i] !== '%') out += pattern[i]
  }
  return out
}

/**
 * Makes a test of names against a pattern. Whatever the wildcards, it takes no more time than length of name × length of
 * pattern / 32: the places that the name may have come to in the pattern are bits, which step on all at once.
 */
export function patternMatcher(pattern: string): (name: string) => boolean {
  const text = withoutRuns(pattern)
  const end = text.length
  const words = (end >>> 5) + 1
  const none = new Uint32Array(words)
  const places = new Uint32Array(words)
  /** Where a character stands as itself. */
  const literal = new Map<number, Uint32Array>()
  const stars = new Uint32Array(words)
  const wildcards = new Uint32Array(words)
  let least = 0
  for (let at = 0; at < end; at++) {
    const code = text.charCodeAt(at)
    if (code === ASTERISK) setBit(stars, at)
    if (code === ASTERISK || code === PERCENT) {
      setBit(wildcards, at)
      continue
    }
    least++
    const places = literal.get(code) ?? new Uint32Array(words)
    literal.set(code, places)
    setBit(places, at)
  }

  return (name) => {
    if (name.length < least) return false
    places.fill(0)
    // A wildcard may stand for nothing.
    places[0] = 1 | ((wildcards[0] & 1) << 1)
    for (let i = 0; i < name.length; i++) {
      const code = name.charCodeAt(i)
      const steps = literal.get(code) ?? none
      const stays = code === DELIMITER_CODE ? stars : wildcards
      let stepped = 0
      let skipped = 0
      let alive = 0
      for (let word = 0; word < words; word++) {
        const here = places[word]
        const step = here & steps[word]
        const next = (step << 1) | stepped | (here & stays[word])
        const skip = next & wildcards[word]
        places[word] = next | (skip << 1) | skipped
        stepped = step >>> 31
        skipped = skip >>> 31
        alive |= places[word]
      }
      if (alive === 0) return false
    }
    return ((places[end >>> 5] >>> (end & 31)) & 1) === 1
  }
}

/** Does a name fit a pattern? */
export function matchesPattern(name: string, pattern: string): boolean {
  return patternMatcher(pattern)(name)
}

/** The pattern with INBOX in upper case where it can only mean INBOX (RFC 9051 §5.1). */
export function normalizePattern(pattern: string): string {
  const upper = pattern.slice(0, 5).toUpperCase()
  return upper === 'INBOX' && (pattern.length === 5 || pattern[5] === DELIMITER) ? upper + pattern.slice(5) : pattern
}
