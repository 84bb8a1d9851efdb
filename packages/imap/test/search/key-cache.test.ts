/** Sort keys are shared by sessions, of which some know more of the mailbox than others. */
import type { MailboxInfo, MessageQuery, MessageRow } from '@posthouse/store-api'
import { expect, test } from 'vitest'
import { Work } from '../../src/session/search/work.js'
import type { ImapSession } from '../../src/session/session.js'
import { KeyCache, type KeyKind } from '../../src/session/sort/key-cache.js'
import { MailboxView } from '../../src/session/view/mailbox-view.js'

const kind = (name: string): KeyKind<unknown> => ({ name, needs: [], key: ({ row }) => `${name} ${row.uid}` })
const SUBJECT = kind('SUBJECT')
const SIZE = kind('SIZE')

const uidsUpTo = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, i) => i + 1)

function viewOf(uids: Uint32Array, id = 'INBOX'): MailboxView {
  return new MailboxView({ id, uidValidity: 1, modseq: 1 } as MailboxInfo, uids, false)
}

/** A session over a store that answers when `ready` says so. `asked`: how often it was. */
function sessionOf(ready: () => Promise<void> = async () => {}): { session: ImapSession; asked: () => number } {
  let asked = 0
  const session = {
    identity: { account: 'alice' },
    link: { now: () => 0, signal: new AbortController().signal },
    limits: {},
    account: {
      async *messages(_: string, { uids }: MessageQuery) {
        asked++
        await ready()
        const rows: MessageRow[] = []
        for (const [lo, hi] of uids ?? []) for (let uid = lo; uid <= hi; uid++) rows.push({ uid } as MessageRow)
        yield rows
      },
    },
  } as unknown as ImapSession
  return { session, asked: () => asked }
}

test.each([
  ['that was behind', uidsUpTo(2)],
  ['that is ahead: it knows that most messages are gone', Uint32Array.of(300, 301)],
])('a session %s deletes no keys that another session is sorting by', async (_, otherUids) => {
  const cache = new KeyCache(10_000)
  const uids = uidsUpTo(300)
  const view = viewOf(uids)
  const first = sessionOf()
  await cache.keys(first.session, view, [SUBJECT, SIZE], uidsUpTo(299), new Work(first.session))

  // SORT (SUBJECT SIZE): only the keys of the newest message have to be read.
  let answer = (): void => {}
  const slow = sessionOf(() => new Promise((resolve) => (answer = resolve)))
  const sorting = cache.keys(slow.session, view, [SUBJECT, SIZE], uids, new Work(slow.session))
  expect(slow.asked()).toBe(1)
  const other = sessionOf()
  await cache.keys(other.session, viewOf(otherUids), [SIZE], otherUids, new Work(other.session))
  answer()

  const [subjects, sizes] = await sorting
  for (const uid of uids) expect([subjects?.get(uid), sizes?.get(uid)]).toEqual([`SUBJECT ${uid}`, `SIZE ${uid}`])
})

test('what a session that was behind does not know yet stays in the cache', async () => {
  const cache = new KeyCache(10_000)
  const uids = uidsUpTo(300)
  const { session, asked } = sessionOf()
  await cache.keys(session, viewOf(uids), [SIZE], uids, new Work(session))
  await cache.keys(session, viewOf(uidsUpTo(2)), [SIZE], uidsUpTo(2), new Work(session))
  await cache.keys(session, viewOf(uids), [SIZE], uids, new Work(session))
  expect(asked()).toBe(1)
})

test('keys of messages that are gone are forgotten once most of them are', async () => {
  const cache = new KeyCache(10_000)
  const uids = uidsUpTo(300)
  const left = Uint32Array.of(299, 300)
  const { session } = sessionOf()
  await cache.keys(session, viewOf(uids), [SIZE], uids, new Work(session))
  const [sizes] = await cache.keys(session, viewOf(left), [SIZE], left, new Work(session))
  expect([...(sizes?.keys() ?? [])]).toEqual([299, 300])
})

test('orders and threads have a limit, also those of an empty mailbox, and so have empty mailboxes', () => {
  const { session } = sessionOf()
  const empty = { uids: new Uint32Array(0), result: new Float64Array(0) }
  const kept = (cache: KeyCache, view: MailboxView, names: readonly string[]): string[] =>
    names.filter((name) => cache.made(session, view, name))

  const cache = new KeyCache(300_000)
  const names = Array.from({ length: 100 }, (_, i) => `SORT ${i}`)
  const inbox = viewOf(new Uint32Array(0))
  for (const name of names) cache.keep(session, inbox, name, empty)
  // The one that was kept last is there; of the others some may be.
  const left = kept(cache, inbox, names)
  expect(left.at(-1)).toBe('SORT 99')
  expect(left.length).toBeLessThan(20)

  const small = new KeyCache(1_000)
  const views = Array.from({ length: 100 }, (_, i) => viewOf(new Uint32Array(0), `mailbox ${i}`))
  for (const view of views) small.keep(session, view, 'SORT SIZE', empty)
  const remembered = views.filter((view) => small.made(session, view, 'SORT SIZE'))
  expect(remembered.at(-1)).toBe(views.at(-1))
  expect(remembered.length).toBeLessThan(20)
})
