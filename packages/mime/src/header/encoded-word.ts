/** Where encoded words (RFC 2047 §2) end: one rule for those who decode them and those who look for addresses. */

const EQUALS = 0x3d

/**
 * Behind the `?=` of the encoded word whose text begins at `from`; -1 when it has none, or when another word begins
 * before: then this one has lost its end, and what stands between the two, which may be an address, is none of its own.
 */
export function encodedWordEnd(text: string, from: number): number {
  for (let at = text.indexOf('?', from); at !== -1; at = text.indexOf('?', at + 1)) {
    if (text.charCodeAt(at + 1) === EQUALS) return at + 2
    if (text.charCodeAt(at - 1) === EQUALS) return -1
  }
  return -1
}
