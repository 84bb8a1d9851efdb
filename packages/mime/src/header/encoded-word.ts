/** Where encoded words (RFC 2047 §2) begin and end: one rule for those who decode them and those who look for addresses. */

const QUESTION = 0x3f
const EQUALS = 0x3d
/** Charset names are registered with at most 40 characters (RFC 2978 §2.3); a language may follow (RFC 2231 §5). */
const MAX_CHARSET = 96

/** Where the text of the encoded word begins whose `=?` is at `start`; -1 when that begins none. */
export function encodedTextStart(text: string, start: number): number {
  const charsetEnd = text.indexOf('?', start + 2)
  if (charsetEnd <= start + 2 || charsetEnd - start > MAX_CHARSET || text.charCodeAt(charsetEnd + 2) !== QUESTION) {
    return -1
  }
  const encoding = text.charCodeAt(charsetEnd + 1) | 0x20
  return encoding === 0x62 || encoding === 0x71 ? charsetEnd + 3 : -1
}

/**
 * Behind the `?=` of the encoded word whose text begins at `from`; -1 when it has none, or when another word begins
 * before: then this one has lost its end, and what stands between the two, which may be an address, is none of its own.
 * A bare `=?` is text: of addresses of the web and of sums that were not encoded.
 */
export function encodedWordEnd(text: string, from: number): number {
  for (let at = text.indexOf('?', from); at !== -1; at = text.indexOf('?', at + 1)) {
    if (text.charCodeAt(at + 1) === EQUALS) return at + 2
    if (text.charCodeAt(at - 1) === EQUALS && encodedTextStart(text, at - 1) !== -1) return -1
  }
  return -1
}
