/**
 * What messages are sorted and threaded by, kept between commands and shared by the sessions of a server: a message
 * never changes, so a key is found once. What was made of the keys of some messages last (an order, threads) is kept
 * beside them. Mailboxes that were used last stay, up to a number of keys.
 */
import type { Column, UidSet } from '@posthouse/store-api'
import { uidSetFromSorted } from '@posthouse/store-api'
import { type SearchedMessage, SearchMessage } from '../search/message.js'
import type { Work } from '../search/work.js'
import type { ImapSession } from '../session.js'
import type { MailboxView } from '../view/mailbox-view.js'

/** One kind of key: of a message and nothing else. */
export interface KeyKind<Key> {
  readonly name: string
  /** Columns that `key` looks at. */
  readonly needs: readonly Column[]
  key(message: SearchedMessage): Key | Promise<Key>
}

/** What was made of the keys of some messages: the same messages give the same. */
export interface Made {
  /** Ascending. */
  readonly uids: Uint32Array
  readonly result: Float64Array
}

/** Orders and threads kept of one mailbox; clients ask for one or two, but there are countless. */
const MADE = 8
/** What a mailbox, a kind and a result count for beside their keys: empty ones take memory, too. */
const OVERHEAD = 64

/** Of one mailbox. */
interface MailboxKeys {
  /** By kind, then by UID. */
  readonly kinds: Map<string, Map<number, unknown>>
  /** The one kept last stands last. */
  readonly made: Map<string, Made>
}

export class KeyCache {
  readonly #limit: number
  /** The mailbox used last stands last. */
  readonly #mailboxes = new Map<string, MailboxKeys>()

  /** `limit`: keys that are kept. */
  constructor(limit: number) {
    this.#limit = limit
  }

  #keysOf(session: ImapSession, { id, mailbox }: MailboxView): MailboxKeys {
    const name = [session.identity?.account, id, mailbox.uidValidity].join('\0')
    const keys: MailboxKeys = this.#mailboxes.get(name) ?? { kinds: new Map(), made: new Map() }
    this.#mailboxes.delete(name)
    this.#mailboxes.set(name, keys)
    return keys
  }

  /** Keys of the messages by UID, for each kind. A message that is gone has none. */
  async keys(
    session: ImapSession,
    view: MailboxView,
    kinds: readonly KeyKind<unknown>[],
    uids: Uint32Array,
    work: Work,
  ): Promise<readonly ReadonlyMap<number, unknown>[]> {
    const kept = this.#keysOf(session, view).kinds
    const maps = kinds.map(({ name }) => {
      const before = kept.get(name) ?? new Map<number, unknown>()
      // Most of it is of messages that are gone.
      const map = before.size > 2 * view.count + 100 ? withoutGone(before, view) : before
      kept.set(name, map)
      return map
    })
    const missing = uidSetFromSorted(uids.filter((uid) => maps.some((map) => !map.has(uid))))
    if (missing.length > 0) {
      await readKeys(session, view, kinds, maps, missing, work)
      this.#shrink()
    }
    return maps
  }

  /** What was kept under this name. */
  made(session: ImapSession, view: MailboxView, name: string): Made | undefined {
    return this.#keysOf(session, view).made.get(name)
  }

  /** Keeps what was made of the keys of some messages, instead of what was there; a part does not displace the whole. */
  keep(session: ImapSession, view: MailboxView, name: string, made: Made): void {
    const kept = this.#keysOf(session, view).made
    const whole = Math.min(kept.get(name)?.uids.length ?? 0, view.count)
    if (made.uids.length * 2 < whole) return
    kept.delete(name)
    kept.set(name, made)
    for (const oldest of kept.keys()) {
      if (kept.size <= MADE) break
      kept.delete(oldest)
    }
    this.#shrink()
  }

  /** Forgets the mailboxes that were used longest ago. */
  #shrink(): void {
    let count = 0
    for (const keys of this.#mailboxes.values()) count += sizeOf(keys)
    for (const [name, keys] of this.#mailboxes) {
      if (count <= this.#limit) return
      count -= sizeOf(keys)
      this.#mailboxes.delete(name)
    }
  }
}

function sizeOf({ kinds, made }: MailboxKeys): number {
  let count = OVERHEAD
  for (const map of kinds.values()) count += OVERHEAD + map.size
  for (const { uids } of made.values()) count += OVERHEAD + uids.length
  return count
}

/**
 * Another map, because a session that does not know yet what is gone may be sorting by this one. What is above the
 * view's last UID has come since, and other sessions may know of it.
 */
function withoutGone(map: Map<number, unknown>, view: MailboxView): Map<number, unknown> {
  const left = new Map<number, unknown>()
  for (const [uid, key] of map) if (uid > view.lastUid || view.sequenceOf(uid) > 0) left.set(uid, key)
  return left
}

async function readKeys(
  session: ImapSession,
  view: MailboxView,
  kinds: readonly KeyKind<unknown>[],
  maps: readonly Map<number, unknown>[],
  uids: UidSet,
  work: Work,
): Promise<void> {
  work.expect(view.countIn(uids))
  const want = [...new Set(kinds.flatMap(({ needs }) => needs))]
  for await (const rows of session.account.messages(view.id, { uids, want })) {
    for (const row of rows) {
      const message = new SearchMessage(session, row, view.sequenceOf(row.uid), view.mailbox, work)
      for (let i = 0; i < kinds.length; i++) {
        const key = kinds[i].key(message)
        maps[i].set(row.uid, key instanceof Promise ? await key : key)
      }
      const slow = work.step()
      if (slow) await slow
    }
  }
}
