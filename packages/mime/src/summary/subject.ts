/** Base subject extraction (RFC 5256 §2.1), for SORT and THREAD. */

import { lowerCase } from '../ascii.js'

/** A base subject and whether what was taken off says "reply" or "forward" (RFC 5256 §3, REFERENCES step 5). */
export interface BaseSubject {
  readonly base: string
  readonly reply: boolean
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a
}

/** §2.1 (1): tabs and line breaks to blanks, several blanks to one. */
function collapseBlanks(text: string): string {
  const words: string[] = []
  for (let at = 0; at < text.length; ) {
    while (at < text.length && isBlank(text.charCodeAt(at))) at++
    const start = at
    while (at < text.length && !isBlank(text.charCodeAt(at))) at++
    if (at > start) words.push(text.slice(start, at))
  }
  return words.length === 1 ? words[0]! : words.join(' ')
}

/** Behind a `[blob]` and the blanks after it, or `at`. */
function skipBlob(text: string, at: number): number {
  if (text.charAt(at) !== '[') return at
  let end = at + 1
  while (end < text.length && text.charAt(end) !== ']' && text.charAt(end) !== '[') end++
  if (text.charAt(end) !== ']') return at
  end++
  while (text.charAt(end) === ' ') end++
  return end
}

/** Behind `re:`, `fw:`, `fwd:` with blobs before the colon; `at` when there is none. */
function skipReply(text: string, at: number): number {
  const word = lowerCase(text.slice(at, at + 3))
  let end = at + (word === 'fwd' ? 3 : word.startsWith('re') || word.startsWith('fw') ? 2 : 0)
  if (end === at) return at
  while (text.charAt(end) === ' ') end++
  end = skipBlob(text, end)
  if (text.charAt(end) !== ':') return at
  end++
  while (text.charAt(end) === ' ') end++
  return end
}

/** `subject` is text, encoded words decoded. Linear in its length. */
export function baseSubject(subject: string): BaseSubject {
  let text = collapseBlanks(subject)
  let reply = false
  // Offsets instead of copies: a subject of a thousand "Re:" is no more work than any other.
  let start = 0
  let end = text.length
  /** Before this offset no leader begins: blobs are not looked at once for each of them. */
  let leaderFrom = 0
  for (;;) {
    // (2) "(fwd)" at the end
    for (;;) {
      while (end > start && text.charAt(end - 1) === ' ') end--
      if (end - start < 5 || lowerCase(text.slice(end - 5, end)) !== '(fwd)') break
      end -= 5
      reply = true
    }
    // (3) to (5): leaders and blobs
    for (;;) {
      while (start < end && text.charAt(start) === ' ') start++
      if (start >= leaderFrom) {
        const blobs = skipBlobs(text, start)
        const behind = skipReply(text, blobs)
        if (behind > blobs && behind <= end) {
          start = behind
          reply = true
          continue
        }
        leaderFrom = blobs + 1
      }
      const blob = skipBlob(text, start)
      if (blob <= start || blob >= end) break // a blob that is all of the subject stays
      start = blob
    }
    // (6) "[fwd: ...]" around all of it
    if (lowerCase(text.slice(start, start + 5)) !== '[fwd:' || text.charAt(end - 1) !== ']') break
    start += 5
    end--
    leaderFrom = 0
    reply = true
  }
  text = text.slice(start, end)
  return { base: text, reply }
}

function skipBlobs(text: string, at: number): number {
  for (let next = skipBlob(text, at); next > at; next = skipBlob(text, at)) at = next
  return at
}
