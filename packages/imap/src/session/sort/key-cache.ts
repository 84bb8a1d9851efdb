/**
 * What messages are sorted and threaded by, kept between commands and shared by the sessions of a server: a message
 * never changes, so a key is found once. Mailboxes that were used last stay, up to a number of keys.
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

/** Keys of one mailbox: by kind, then by UID. */
type MailboxKeys = Map<string, Map<number, unknown>>

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
    const keys: MailboxKeys = this.#mailboxes.get(name) ?? new Map()
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
    const kept = this.#keysOf(session, view)
    const maps = kinds.map(({ name }) => {
      const map = kept.get(name) ?? new Map<number, unknown>()
      kept.set(name, map)
      // Most of it is of messages that are gone.
      if (map.size > 2 * view.count + 100) for (const uid of map.keys()) if (view.sequenceOf(uid) === 0) map.delete(uid)
      return map
    })
    const missing = uidSetFromSorted(uids.filter((uid) => maps.some((map) => !map.has(uid))))
    if (missing.length > 0) {
      await readKeys(session, view, kinds, maps, missing, work)
      this.#shrink()
    }
    return maps
  }

  /** Forgets the mailboxes that were used longest ago. */
  #shrink(): void {
    let count = 0
    for (const keys of this.#mailboxes.values()) for (const map of keys.values()) count += map.size
    for (const [name, keys] of this.#mailboxes) {
      if (count <= this.#limit) return
      for (const map of keys.values()) count -= map.size
      this.#mailboxes.delete(name)
    }
  }
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
      const message = new SearchMessage(session, row, view.sequenceOf(row.uid), work)
      for (let i = 0; i < kinds.length; i++) {
        const key = kinds[i].key(message)
        maps[i].set(row.uid, key instanceof Promise ? await key : key)
      }
      const slow = work.step()
      if (slow) await slow
    }
  }
}
