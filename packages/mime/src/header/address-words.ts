/** The words of which names and addresses are made, and how they are put together again. */

export const ATOM = 0
export const BLANK = 1
const SPECIAL = 2

/**
 * What each octet is at the start of a token; quotes, brackets and comments count as special. No address has a control
 * character: each is a blank, so that none is hidden in what an application compares or sends.
 */
export const CLASS = new Uint8Array(256)
CLASS.fill(BLANK, 0, 0x21)
CLASS[0x7f] = BLANK
for (const special of '<>,;:@"([') CLASS[special.charCodeAt(0)] = SPECIAL

/** One word of a phrase or address. */
export interface Word {
  text: string
  /** Blanks or a comment stood before it. */
  spaced: boolean
  quoted: boolean
}

/** The `@` between local part and domain, as a word. */
export const AT = '@'

/** Does the word divide local part and domain? */
export function isSplit(word: Word): boolean {
  return word.text === AT && !word.quoted
}

/**
 * Several addresses that stand beside each other without a comma or brackets: each piece is a name and an address. Of
 * several `@` without blanks between them the last divides the one address that they are in.
 */
export function divideAddresses(words: readonly Word[]): Word[][] {
  const pieces: Word[][] = []
  let from = 0
  /** Behind the last address that was met. */
  let end = -1
  for (let at = 0; at < words.length; at++) {
    if (!isSplit(words[at]!)) continue
    if (end !== -1 && words[end]!.spaced && localPartStart(words, at, end - 1) >= end) {
      pieces.push(words.slice(from, end))
      from = end
    }
    end = domainEnd(words, at)
    if (end === words.length) break
    at = end - 1
  }
  pieces.push(words.slice(from))
  return pieces
}

/**
 * Blanks divide the words of a name from the local part, except around dots (RFC 5322 §4.4, obs-local-part). It is not
 * looked for before `from`.
 */
export function localPartStart(words: readonly Word[], at: number, from = 0): number {
  let start = at
  while (start > from) {
    const word = words[start - 1]!
    const joined =
      start === at || !words[start]!.spaced || words[start]!.text.startsWith('.') || word.text.endsWith('.')
    if (!joined) break
    start--
  }
  return start
}

/** A domain has no quoted words: one would hide an `@` in it. */
export function domainEnd(words: readonly Word[], at: number): number {
  let end = at + 1
  while (end < words.length && !words[end]!.quoted) {
    const word = words[end]!
    const joined = end === at + 1 || !word.spaced || word.text.startsWith('.') || words[end - 1]!.text.endsWith('.')
    if (!joined) break
    end++
  }
  return end
}

/** Words of a phrase: one blank where there was any. */
export function joinPhrase(words: readonly Word[], from: number, to: number): string {
  let text = ''
  for (let i = from; i < to; i++) text += words[i]!.spaced && i > from ? ` ${words[i]!.text}` : words[i]!.text
  return text
}

/** Words of an address: no blanks. */
export function joinTight(words: readonly Word[], from: number, to: number): string {
  let text = ''
  for (let i = from; i < to; i++) text += words[i]!.text
  return text
}

export function splitAddress(words: readonly Word[]): { mailbox: string; host: string } {
  const at = words.findLastIndex(isSplit)
  if (at === -1) return { mailbox: joinTight(words, 0, words.length), host: '' }
  let end = at + 1
  while (end < words.length && !words[end]!.quoted) end++
  return { mailbox: joinTight(words, 0, at), host: joinTight(words, at + 1, end) }
}

/** The text of a comment: quoted pairs undone, blanks collapsed. */
export function cleanComment(comment: string): string | null {
  let text = ''
  let blank = false
  for (let i = 0; i < comment.length; i++) {
    let code = comment.charCodeAt(i)
    if (CLASS[code & 0xff] === BLANK) {
      blank = true
      continue
    }
    if (code === 0x5c && i + 1 < comment.length) code = comment.charCodeAt(++i)
    if (blank && text !== '') text += ' '
    blank = false
    text += String.fromCharCode(code)
  }
  return text === '' ? null : text
}
