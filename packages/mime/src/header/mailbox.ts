/** What the words between two commas say: a name and an address, one of the two, or something odd. */

import {
  cleanComment,
  domainEnd,
  isSplit,
  joinPhrase,
  localPartStart,
  splitAddress,
  type Word,
} from './address-words.js'

/** A mailbox; all strings are octets as latin1. */
export interface RawMailbox {
  /** Display name, unquoted, blanks collapsed; encoded words as they stand. */
  readonly name: string | null
  /** Source route (RFC 5322 §4.4), such as `@a,@b`. */
  readonly route: string | null
  /** Local part, unquoted. Empty when there is none. */
  readonly mailbox: string
  /** Domain or literal in brackets. Empty when there is none. */
  readonly host: string
}

/** An address in brackets and the words before it; words behind it gather anew. */
export interface Angle {
  readonly phrase: readonly Word[]
  readonly route: string | null
  readonly mailbox: string
  readonly host: string
}

/** A mailbox, and whether something about it does not follow RFC 5322, not even its obsolete syntax. */
export interface ReadMailbox {
  readonly mailbox: RawMailbox
  readonly malformed: boolean
}

function nameOr(phrase: string, comment: string | null): string | null {
  if (phrase !== '') return phrase
  return comment === null ? null : cleanComment(comment)
}

/** An address in brackets; `behind` are the words that follow them. */
export function bracketed(angle: Angle, behind: readonly Word[], comment: string | null): ReadMailbox {
  const words = angle.phrase.length > 0 ? angle.phrase : behind
  const name = nameOr(joinPhrase(words, 0, words.length), comment)
  const { route, mailbox, host } = angle
  // An "@" in a name that has no quotes: some readers take that for the address.
  const malformed = behind.length > 0 || angle.phrase.some(isSplit) || mailbox === '' || host === ''
  return { mailbox: { name, route, mailbox, host }, malformed }
}

/** No brackets: an address, a name and an address, or something without an address. */
export function unbracketed(words: readonly Word[], comment: string | null): ReadMailbox {
  const at = words.findLastIndex(isSplit)
  if (at === -1) return { mailbox: withoutAddress(words, comment), malformed: true }
  const start = localPartStart(words, at)
  const end = domainEnd(words, at)
  const before = joinPhrase(words, 0, start)
  const behind = joinPhrase(words, end, words.length)
  const name = nameOr(before === '' || behind === '' ? before + behind : `${before} ${behind}`, comment)
  const { mailbox, host } = splitAddress(words.slice(start, end))
  const several = words.findIndex(isSplit) < at
  return {
    mailbox: { name, route: null, mailbox, host },
    malformed: start > 0 || end < words.length || several || mailbox === '' || host === '',
  }
}

/** One word is taken for a local part without a domain, as old programs write them; several are a name. */
function withoutAddress(words: readonly Word[], comment: string | null): RawMailbox {
  if (words.length === 1 && !words[0]!.quoted && !words[0]!.text.startsWith('=?')) {
    return { name: nameOr('', comment), route: null, mailbox: words[0]!.text, host: '' }
  }
  return { name: joinPhrase(words, 0, words.length), route: null, mailbox: '', host: '' }
}
