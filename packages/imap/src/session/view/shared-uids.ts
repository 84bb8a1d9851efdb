/**
 * UIDs of a mailbox, shared by the sessions that have it open.
 *
 * A session sees the first `count` UIDs of a list. Lists only grow at their end, so that sessions which know less share
 * one with those that know more; taking UIDs out makes a new list. Sessions that come to know the same find each other
 * again by comparing (`settle`), so a thousand sessions of one mailbox hold its UIDs once, not a thousand times.
 */
import type { MailboxInfo, ModSeq, Uid } from '@posthouse/store-api'
import { KeywordList } from './keywords.js'

/** One list with everybody who looks at it. */
export interface UidList {
  /** Longer than `used`: room to grow. */
  array: Uint32Array
  /** UIDs that somebody has put here. */
  used: number
}

/** What is known of a mailbox. */
interface Known {
  list: UidList
  /** How many of the list's UIDs the mailbox had at `modseq`. */
  count: number
  modseq: ModSeq
  users: number
  readonly keywords: KeywordList
}

/** The lists of one server. */
export class SharedUids {
  readonly #known = new Map<string, Known>()

  /** Mailboxes that are open somewhere. */
  get size(): number {
    return this.#known.size
  }

  /**
   * What the mailbox held at this modification sequence, when another session has seen it then. `messages`: how many the
   * store counts there. One that was told a wrong number by its store must not pass on what it sees.
   */
  recall(
    key: string,
    { modseq, messages }: Pick<MailboxInfo, 'modseq' | 'messages'>,
  ): { readonly list: UidList; readonly count: number } | null {
    const known = this.#known.get(key)
    return known?.modseq === modseq && known.count === messages ? known : null
  }

  /** A session opens a mailbox. */
  open(key: string, list: UidList, count: number, modseq: ModSeq): UidList {
    const known = this.#known.get(key)
    if (!known) {
      this.#known.set(key, { list, count, modseq, users: 1, keywords: new KeywordList() })
      return list
    }
    known.users++
    return this.settle(key, list, count, modseq)
  }

  /** Keywords of a mailbox that is open. */
  keywords(key: string): KeywordList {
    return this.#known.get(key)?.keywords ?? new KeywordList()
  }

  /** A session leaves it. */
  close(key: string): void {
    const known = this.#known.get(key)
    if (known && --known.users === 0) this.#known.delete(key)
  }

  /** Gives the common list when it begins with the same UIDs; else this one becomes the common one if it is newer. */
  settle(key: string, list: UidList, count: number, modseq: ModSeq): UidList {
    const known = this.#known.get(key)
    if (!known) return list
    const same = known.list === list || (known.list.used >= count && equal(known.list.array, list.array, count))
    if (same && modseq <= known.modseq) return known.list
    if (modseq < known.modseq) return list
    if (!same) known.list = list
    known.count = count
    known.modseq = modseq
    return known.list
  }
}

function equal(a: Uint32Array, b: Uint32Array, count: number): boolean {
  for (let i = count - 1; i >= 0; i--) if (a[i] !== b[i]) return false
  return true
}

/** A list of these UIDs. The array is taken over. */
export function uidList(array: Uint32Array): UidList {
  return { array, used: array.length }
}

/** The list that goes on behind its first `count` UIDs with these: the same one where it can be. */
export function extended(list: UidList, count: number, uids: readonly Uid[]): UidList {
  let at = 0
  // What another session has put there already.
  while (at < uids.length && count + at < list.used && list.array[count + at] === uids[at]) at++
  if (at === uids.length) return list
  const needed = count + uids.length
  if (count + at === list.used && needed <= list.array.length) {
    for (; at < uids.length; at++) list.array[list.used++] = uids[at]
    return list
  }
  const array = new Uint32Array(Math.max(16, needed, Math.ceil(needed * 1.125)))
  array.set(list.array.subarray(0, count))
  array.set(uids, count)
  return { array, used: needed }
}
