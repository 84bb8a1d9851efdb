/**
 * Address lists (RFC 5322 §3.4, with §4.4's obsolete syntax), as real mail has them.
 *
 * One pass, no recursion, never a failure. Display names stay octets: encoded words are decoded by whoever shows a
 * name, behind the parser, so that nothing inside one can become an address. Tolerated, and read as the major mail
 * readers do:
 *
 * - a name without brackets before the address, brackets that are not closed, doubled or closed twice;
 * - a comment behind the address is the name when there is no other (RFC 822 practice);
 * - semicolons or nothing but blanks between addresses; groups inside groups lose the inner name;
 * - commas and blanks inside an encoded word; quotes that are not closed are text;
 * - the last `@` of several divides local part and domain.
 */

import { isBlank, lowerCase } from '../ascii.js'
import {
  AT,
  ATOM,
  BLANK,
  CLASS,
  divideAddresses,
  isSplit,
  joinPhrase,
  joinTight,
  splitAddress,
  type Word,
} from './address-words.js'
import { commentEnd } from './comments.js'
import { encodedTextStart, encodedWordEnd } from './encoded-word.js'
import { unfold } from './fields.js'
import { type Angle, bracketed, type RawMailbox, type ReadMailbox, unbracketed } from './mailbox.js'

export type { RawMailbox } from './mailbox.js'

/** A group as octets. */
export interface RawGroup {
  readonly group: string
  readonly members: readonly RawMailbox[]
}

/** The addresses of a field as octets. */
export interface RawAddressList {
  readonly entries: readonly (RawMailbox | RawGroup)[]
  /** Something did not follow RFC 5322, not even its obsolete syntax. */
  readonly malformed: boolean
}

/** Is it a group (`Friends: a@b, c@d;`)? */
export function isGroup(entry: RawMailbox | RawGroup): entry is RawGroup {
  return 'group' in entry
}

/** No address of a host (RFC 5321 §4.1.3) has one of these: a bracket that meets them first was never closed. */
const LITERAL_ENDS = '][\\<>@,;"()'

/** Reads the list; at most `maxAddresses` addresses. `text` may still be folded. */
export function parseAddressList(text: string, maxAddresses = 10_000): RawAddressList {
  return new AddressReader(unfold(text), maxAddresses).read()
}

/**
 * The same for the values of several fields, which add up; what one of them leaves open (a quote, a group) does not
 * reach into the next.
 */
export function parseAddressFields(values: readonly string[], maxAddresses = 10_000): RawAddressList {
  if (values.length === 1) return parseAddressList(values[0]!, maxAddresses)
  const lists: RawAddressList[] = []
  for (let left = maxAddresses, i = 0; i < values.length && left > 0; i++) {
    const list = parseAddressList(values[i]!, left)
    lists.push(list)
    for (const entry of list.entries) left -= isGroup(entry) ? entry.members.length : 1
  }
  const malformed = lists.length < values.length || lists.some((list) => list.malformed)
  return { entries: lists.flatMap((list) => list.entries), malformed }
}

class AddressReader {
  private at = 0
  private words: Word[] = []
  private spaced = false
  /** An address has begun: no encoded words from here on. */
  private inAddress = false
  private comment: string | null = null
  private angle: Angle | null = null
  private group: { group: string; members: RawMailbox[] } | null = null
  /** Groups that were begun inside it. */
  private nested = 0
  /** A group has ended and nothing but a comment may follow before the comma. */
  private behindGroup = false
  private readonly entries: (RawMailbox | RawGroup)[] = []
  private count = 0
  private malformed = false
  /** A quote was not closed: later ones are text, so that looking for their ends stays linear. */
  private plainQuotes = false

  constructor(
    private readonly text: string,
    private readonly maxAddresses: number,
  ) {}

  read(): RawAddressList {
    while (this.at < this.text.length && this.count < this.maxAddresses) this.readToken()
    this.malformed ||= this.at < this.text.length
    this.finishMailbox()
    if (this.group) {
      this.malformed = true
      this.finishGroup()
    }
    return { entries: this.entries, malformed: this.malformed }
  }

  private readToken(): void {
    const { text } = this
    const code = text.charCodeAt(this.at)
    const kind = CLASS[code & 0xff]
    if (kind === BLANK) {
      this.at++
      this.spaced = true
      this.malformed ||= !isBlank(code)
    } else if (kind === ATOM) {
      this.readAtom()
    } else if (code === 0x22) {
      this.readQuoted()
    } else if (code === 0x28) {
      this.readComment()
    } else if (code === 0x5b) {
      this.readLiteral()
    } else {
      this.at++
      this.readSpecial(code)
    }
  }

  private readSpecial(code: number): void {
    if (code === 0x40) {
      this.addWord(AT, false)
      this.inAddress = true
    } else if (code === 0x3c) {
      this.readAngle()
    } else if (code === 0x2c) {
      this.finishMailbox()
    } else if (code === 0x3a) {
      this.startGroup()
    } else if (code === 0x3b) {
      this.finishMailbox()
      if (this.nested > 0) this.nested--
      else if (this.group) this.finishGroup()
      else this.malformed = true
    } else {
      this.malformed = true // a ">" that closes nothing
    }
  }

  private addWord(text: string, quoted: boolean): void {
    this.words.push({ text, spaced: this.spaced, quoted })
    this.spaced = false
  }

  private readAtom(): void {
    const { text } = this
    const start = this.at
    let end = this.encodedWordEnd(start)
    if (end === -1) {
      end = start + 1
      while (end < text.length && CLASS[text.charCodeAt(end) & 0xff] === ATOM) {
        if (text.charCodeAt(end) === 0x3d && text.charCodeAt(end + 1) === 0x3f && this.encodedWordEnd(end) !== -1) break
        end++
      }
    }
    this.at = end
    this.addWord(text.slice(start, end), false)
  }

  /** Behind an encoded word at `start`, whatever characters it holds; -1 when none begins there. */
  private encodedWordEnd(start: number): number {
    const { text } = this
    if (this.inAddress || text.charCodeAt(start) !== 0x3d || text.charCodeAt(start + 1) !== 0x3f) return -1
    const from = encodedTextStart(text, start)
    return from === -1 ? -1 : encodedWordEnd(text, from)
  }

  private readQuoted(): void {
    const { text } = this
    let value = ''
    let from = this.at + 1
    for (let i = from; i < text.length && !this.plainQuotes; i++) {
      const code = text.charCodeAt(i)
      if (code === 0x22) {
        this.at = i + 1
        this.addWord(value + text.slice(from, i), true)
        return
      }
      if (code === 0x5c || code === 0x0d || code === 0x0a) {
        value += text.slice(from, i)
        from = i + 1
        if (code === 0x5c) i++
      }
    }
    this.plainQuotes = this.malformed = true
    this.at++
  }

  private readComment(): void {
    const end = commentEnd(this.text, this.at)
    if (end === -1) {
      this.malformed = true
      this.at++
      return
    }
    this.comment = this.text.slice(this.at + 1, end - 1)
    this.at = end
    this.spaced = true
  }

  private readLiteral(): void {
    const { text } = this
    let end = this.at + 1
    while (end < text.length && !LITERAL_ENDS.includes(text.charAt(end))) end++
    if (text.charAt(end) !== ']') {
      this.malformed = true
      this.addWord('[', false)
      this.at++
      return
    }
    this.addWord(text.slice(this.at, end + 1), false)
    this.at = end + 1
  }

  /** `<...>` up to its bracket, or to the comma or end where the bracket is missing. */
  private readAngle(): void {
    if (this.angle) this.finishBeforeAngle()
    const phrase = this.words
    const { comment } = this
    this.words = []
    this.inAddress = true
    let route: string | null = null
    while (this.at < this.text.length) {
      const code = this.text.charCodeAt(this.at)
      if (code === 0x3e || code === 0x3b) break
      if (code === 0x2c && !this.startsRoute()) break
      this.at++
      if (code === 0x3c) {
        this.malformed = true
      } else if (code === 0x2c) {
        this.addWord(',', false)
      } else if (code === 0x3a) {
        if (this.startsRoute()) {
          route = joinTight(this.words, 0, this.words.length)
          this.words = []
        } else {
          this.addColon()
        }
      } else {
        this.at--
        this.readToken()
      }
    }
    if (this.text.charCodeAt(this.at) === 0x3e) this.at++
    else this.malformed = true
    this.malformed ||= this.words.filter(isSplit).length > 1
    this.angle = { phrase, route, ...splitAddress(this.words) }
    this.words = []
    this.inAddress = false
    this.comment = comment
    this.spaced = true
  }

  /** Not of a route: URLs stand in brackets too. Of a `mailto:` the rest is an address. */
  private addColon(): void {
    this.malformed = true
    const { words } = this
    if (words.length === 1 && !words[0]!.quoted && lowerCase(words[0]!.text) === 'mailto') this.words = []
    else this.addWord(':', false)
  }

  /** A second bracket without a comma before it: what stands between the two names the second. */
  private finishBeforeAngle(): void {
    const { words } = this
    this.words = []
    this.finishMailbox()
    this.words = words
    this.malformed = true
  }

  private startsRoute(): boolean {
    return this.words.length > 0 && this.words[0]!.text === AT && !this.words[0]!.quoted
  }

  private startGroup(): void {
    const nested = this.group !== null
    if (nested || this.angle !== null) this.malformed = true
    if (nested) this.nested++
    else if (this.angle === null) this.group = { group: joinPhrase(this.words, 0, this.words.length), members: [] }
    this.words = []
    this.inAddress = false
    this.comment = null
  }

  private finishGroup(): void {
    this.entries.push(this.group!)
    this.group = null
    this.nested = 0
    this.behindGroup = true
  }

  private finishMailbox(): void {
    const { words, angle, comment } = this
    if (angle) {
      this.addMailbox(bracketed(angle, words, comment))
    } else if (words.length > 0) {
      const pieces = divideAddresses(words)
      for (const [i, piece] of pieces.entries()) {
        if (this.count === this.maxAddresses) break
        this.addMailbox(unbracketed(piece, i === pieces.length - 1 ? comment : null))
      }
      this.malformed ||= pieces.length > 1
    } else if (comment !== null && !this.group && !this.behindGroup) {
      this.malformed = true
    }
    this.words = []
    this.angle = this.comment = null
    this.spaced = this.inAddress = this.behindGroup = false
  }

  private addMailbox({ mailbox, malformed }: ReadMailbox): void {
    this.malformed ||= malformed
    if (this.group) this.group.members.push(mailbox)
    else this.entries.push(mailbox)
    this.count++
  }
}
