/**
 * One session's view of its mailbox: which message has which number, and up to where the client knows.
 *
 * The store knows UIDs and modification sequences only. Message numbers are positions in this view, and they move only
 * when the client is told (RFC 9051 §7.5.1). A message that is gone from the store keeps its number until then.
 */
import {
  type MailboxInfo,
  type MessageRow,
  type ModSeq,
  noUids,
  type Uid,
  type UidSet,
  uidSetContains,
  uidSetOf,
} from '@posthouse/store-api'
import { type SequenceSet, STAR } from '../../syntax/sequence-set.js'
import { bad, Refusal } from '../../syntax/status.js'
import { KeywordList } from './keywords.js'
import { extended, type SharedUids, type UidList, uidList } from './shared-uids.js'

/** Where a view shares its UIDs with those of other sessions. */
export interface ViewSharing {
  readonly uids: SharedUids
  /** The same for views of one mailbox. */
  readonly key: string
}

/** A selected mailbox as one session sees it: its message numbers, and what the client has not been told yet. */
export class MailboxView {
  readonly id: string
  readonly readOnly: boolean
  /** As it was when it was selected. */
  readonly mailbox: MailboxInfo
  /** Everything up to here was told, except what `withheld` says. Never goes back. */
  cursor: ModSeq
  /** Flags up to here were told, even while expunges are withheld. */
  flagsTold: ModSeq
  /** Expunges wait to be told. */
  withheld = false
  /** The store may have changes that were not looked at. */
  dirty = false
  /** The store has said that this modification sequence is visible: a look from now on sees all up to it (R2, R3). */
  visible: ModSeq = 0
  /** The saved result of a search (`$`). */
  savedResult: UidSet = noUids
  /** Keywords of the mailbox, and how many of them the client was told of. */
  readonly keywords: KeywordList
  keywordsTold = { count: -1, generation: 0 }
  /** Messages that no other session was told of first (RFC 3501 §2.3.2). */
  recent: UidSet = noUids
  /** Under which the server remembers what is recent; `null` where nobody is told. */
  recentKey: string | null = null
  /** How many of them there were when the client was told last. */
  recentTold = 0
  /** The largest modification sequence told of a message since HIGHESTMODSEQ was told. */
  modseqTold: ModSeq = 0
  /** HIGHESTMODSEQ was told smaller than what messages had; the client waits for a larger one. */
  toldLower = false
  /** Changes that the client knows because they are its own: not to be told again. */
  quiet: readonly { readonly uids: UidSet; readonly modseq: ModSeq }[] = []
  /** Message numbers are not to be used by the client any more (RFC 9586). */
  uidsOnly = false
  #ghosts: Map<Uid, Pick<MessageRow, 'flags' | 'keywords'>> | null = null
  #list: UidList
  #count: number
  /** Where `sequenceOf` looks first. */
  #next = 0
  #sharing: ViewSharing | null

  constructor(
    mailbox: MailboxInfo,
    uids: Uint32Array | { readonly list: UidList; readonly count: number },
    readOnly: boolean,
    sharing: ViewSharing | null = null,
  ) {
    this.mailbox = mailbox
    this.id = mailbox.id
    this.readOnly = readOnly
    this.cursor = this.flagsTold = mailbox.modseq
    this.#sharing = sharing
    const { list, count } = 'list' in uids ? uids : { list: uidList(uids), count: uids.length }
    this.#list = sharing ? sharing.uids.open(sharing.key, list, count, mailbox.modseq) : list
    this.#count = count
    this.keywords = sharing ? sharing.uids.keywords(sharing.key) : new KeywordList()
    for (const keyword of mailbox.keywords ?? []) this.keywords.add(keyword)
  }

  /** What the client has done to messages that are gone, until it hears of that. */
  get ghosts(): Map<Uid, Pick<MessageRow, 'flags' | 'keywords'>> {
    return (this.#ghosts ??= new Map())
  }

  /** Number of messages, as the client knows it. */
  get count(): number {
    return this.#count
  }

  /** The largest UID in the view; 0 when it is empty. */
  get lastUid(): Uid {
    return this.#count === 0 ? 0 : this.#list.array[this.#count - 1]
  }

  /** All UIDs, ascending. A view: not to be kept or changed. */
  get uids(): Uint32Array {
    return this.#list.array.subarray(0, this.#count)
  }

  uidAt(sequence: number): Uid {
    return this.#list.array[sequence - 1]
  }

  /** How many UIDs of the view are smaller than this one. */
  #below(uid: Uid): number {
    const { array } = this.#list
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (array[middle] < uid) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The message's number; 0 when it is not in the view. */
  sequenceOf(uid: Uid): number {
    const { array } = this.#list
    // Rows are walked in order: mostly it is the one behind the last one.
    const at = this.#next < this.#count && array[this.#next] === uid ? this.#next : this.#below(uid)
    this.#next = at + 1
    return at < this.#count && array[at] === uid ? at + 1 : 0
  }

  /** How many messages of the view are in the set. */
  countIn(set: UidSet): number {
    let count = 0
    for (const [lo, hi] of set) count += this.#below(hi + 1) - this.#below(lo)
    return count
  }

  /** The UIDs of the view that are in the set, one by one. */
  pick(set: UidSet): Uint32Array {
    const picked = new Uint32Array(this.countIn(set))
    let at = 0
    for (const [lo, hi] of set) {
      const piece = this.#list.array.subarray(this.#below(lo), this.#below(hi + 1))
      picked.set(piece, at)
      at += piece.length
    }
    return picked
  }

  /**
   * The UIDs that a set means. Ranges of numbers become ranges of UIDs: between two messages of the view the store has
   * no others.
   * @throws Refusal BAD for a number that no message has (RFC 9051 §9, seq-number).
   */
  resolve(set: SequenceSet, byUid: boolean): UidSet {
    if (this.uidsOnly && !byUid && !set.saved)
      throw new Refusal(bad('Message numbers are not used any more', 'UIDREQUIRED'))
    if (set.saved) return this.savedResult
    if (byUid) return this.#resolveUids(set)
    const ranges: [number, number][] = []
    for (const [a, b] of set.ranges) {
      const starred = a === STAR || b === STAR
      const lo = Math.min(a, b)
      const hi = Math.max(a, b)
      if (starred && this.#count === 0) continue
      const from = Math.min(lo, this.#count)
      const to = Math.min(hi, this.#count)
      if (!starred && hi > this.#count) throw new Refusal(bad(`There are only ${this.#count} messages`))
      ranges.push([this.uidAt(from), this.uidAt(to)])
    }
    return uidSetOf(ranges)
  }

  #resolveUids(set: SequenceSet): UidSet {
    const last = this.lastUid
    if (last === 0) return noUids
    const ranges: [number, number][] = []
    for (const [a, b] of set.ranges) {
      const first = a === STAR ? last : a
      const second = b === STAR ? last : b
      const lo = Math.min(first, second)
      // What the client was not told of does not exist for it.
      const hi = Math.min(Math.max(first, second), last)
      if (lo <= hi) ranges.push([lo, hi])
    }
    return uidSetOf(ranges)
  }

  /** Adds messages; their UIDs are larger than all others. */
  append(uids: readonly Uid[]): void {
    this.#list = extended(this.#list, this.#count, uids)
    this.#count += uids.length
  }

  /** Removes messages. Gives the numbers for EXPUNGE responses in order: each counts without those before it. */
  remove(gone: UidSet): readonly number[] {
    const numbers: number[] = []
    if (gone.length === 0) return numbers
    // Others may look at the list: what is left becomes another one.
    const { array } = this.#list
    const left = array.slice(0, this.#count)
    let kept = this.#below(gone[0][0])
    for (let at = kept; at < this.#count; at++) {
      if (uidSetContains(gone, array[at])) numbers.push(kept + 1)
      else left[kept++] = array[at]
    }
    this.#list = { array: left, used: kept }
    this.#count = kept
    if (this.#ghosts) for (const uid of this.#ghosts.keys()) if (uidSetContains(gone, uid)) this.#ghosts.delete(uid)
    return numbers
  }

  /** Everything up to `cursor` is told: shares the UIDs with the views that know the same. */
  settle(): void {
    if (this.#sharing) {
      this.#list = this.#sharing.uids.settle(this.#sharing.key, this.#list, this.#count, this.cursor)
    }
  }

  /** The session leaves the mailbox. */
  release(): void {
    this.#sharing?.uids.close(this.#sharing.key)
    this.#sharing = null
  }

  /** Notes that the store has changed. */
  touch(modseq: ModSeq = 0): void {
    this.dirty = true
    if (modseq > this.visible) this.visible = modseq
  }

  /** Notes that the client knows a change of flags because it asked for it. */
  keepQuiet(uids: UidSet, modseq: ModSeq): void {
    if (uids.length > 0) this.quiet = [...this.quiet, { uids, modseq }]
  }

  isQuiet(uid: Uid, modseq: ModSeq): boolean {
    for (const known of this.quiet) if (known.modseq === modseq && uidSetContains(known.uids, uid)) return true
    return false
  }
}
