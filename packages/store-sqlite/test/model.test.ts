/**
 * The memory store is the model: whatever is asked of both, they answer alike and end up alike. They may differ in how a
 * keyword is spelt that no message has any more, in what an op that changes no messages does to a mailbox's modification
 * sequence, and in how wide a hint is; none of it is looked at here.
 */
import {
  type Account,
  type AclEntry,
  collectRows,
  createMemoryStore,
  isStoreError,
  type MailboxInfo,
  type MailStore,
  type MessageRow,
  type Op,
  type Staged,
  type UidSet,
  uidSetOf,
  type Writer,
} from '@posthouse/store-api'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openSqliteStore } from '../src/index.js'
import { temporaryFolder } from './test-store.js'

type Open = Account & Writer & Required<Account>
type Store = MailStore & Required<Pick<MailStore, 'stage' | 'deliver' | 'sharedWith'>>
/** One store, and its name for each mailbox that there was. */
interface Side {
  readonly store: Store
  readonly staged: Staged
  readonly mailboxes: string[]
}

type Step =
  | { readonly who: string; readonly ops: readonly object[] }
  | (Pick<Op & { op: 'append' }, 'flags' | 'keywords'> & {
      readonly deliver: readonly string[]
      readonly dedup: string
    })

/** Mailboxes are named by their number, so that a counterexample can be read. */
const box = fc.constantFrom('#0', '#0', '#0', '#1', '#1', '#2', '#3')
const flags = fc.nat({ max: 31 })
const keywords = fc.subarray(['$Junk', 'Work', '$junk', 'work'])
const uids = fc
  .array(fc.integer({ min: 1, max: 9 }), { maxLength: 3 })
  .map((some): UidSet => (some.length === 0 ? [[1, 4294967295]] : uidSetOf(some)))
const segment = fc.constantFrom('INBOX', 'inbox', 'A', 'a', 'A\u030a', '\u00c5')
const path = fc.array(segment, { minLength: 1, maxLength: 2 })
const dedup = fc.constantFrom('d', 'e')
const summary = new Uint8Array()

/** Without `staged`, which each side has of its own. */
const op: fc.Arbitrary<object> = fc.oneof(
  fc.record(
    {
      ...{ op: fc.constant('append'), to: box, summary: fc.constant(summary), flags },
      ...{ keywords, dedup, internalDate: fc.constantFrom(-1.5, 0, 1_700_000_000_000.25) },
    },
    { requiredKeys: ['op', 'to', 'summary', 'flags'] },
  ),
  fc.record({ op: fc.constantFrom('copy', 'move'), from: box, to: box, uids }),
  fc.record({
    ...{ op: fc.constant('flags'), in: box, uids, mode: fc.constantFrom('add', 'remove', 'set') },
    ...{ flags, keywords },
  }),
  fc.record({ op: fc.constant('expunge'), in: box, uids, onlyDeleted: fc.boolean() }),
  fc.record({ op: fc.constant('create'), path }),
  fc.record(
    { op: fc.constant('mailbox'), id: box, path, noSelect: fc.boolean(), role: fc.constantFrom('sent', null) },
    { requiredKeys: ['op', 'id'] },
  ),
  fc.record({ op: fc.constant('drop'), id: box }),
  fc.record({ op: fc.constant('subscribe'), path, on: fc.boolean() }),
  fc.record({
    ...{ op: fc.constant('acl'), in: box, mode: fc.constantFrom('set', 'add', 'remove') },
    identifier: fc.constantFrom('ben', 'ben', 'ben', '-ben', 'anyone', 'anna'),
    rights: fc.constantFrom('', 'lrk', 'lrswikxte', 'lrswikxte', 'lrswikxte'),
  }),
)

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      who: fc.constantFrom('anna', 'ben'),
      ops: fc.array(op, { minLength: 1, maxLength: 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ deliver: path, dedup, flags, keywords }) },
)

/** Two mailboxes with some messages, one of them shared. */
const beginning = {
  who: 'anna',
  ops: [
    { op: 'acl', in: '#0', identifier: 'ben', mode: 'set', rights: 'lrswikxte' },
    { op: 'create', path: ['A'] },
    ...[0, 1, 8, 9].map((flags) => ({ op: 'append', to: '#0', summary, flags, keywords: ['Work'] })),
  ],
}

/** What went well, or why not. */
async function outcome<T>(work: () => Promise<T>): Promise<T | { readonly code: string }> {
  try {
    return await work()
  } catch (error) {
    if (isStoreError(error)) return { code: error.code }
    throw error
  }
}

const open = (side: Side, who: string) =>
  outcome(async () => (await side.store.open('anna', { principal: who })) as Open)

async function sideOf(store: Store): Promise<Side> {
  const [{ id }] = await (await store.open('anna')).mailboxes()
  return { store, staged: await store.stage([new Uint8Array(10)]), mailboxes: [id] }
}

/** The op as this side names what is in it. */
function opOf(side: Side, op: object): Op {
  const named = Object.entries(op).map(([key, value]) =>
    typeof value === 'string' && value.startsWith('#')
      ? [key, side.mailboxes[Number(value.slice(1))] ?? 'none']
      : [key, value],
  )
  return { ...Object.fromEntries(named), staged: side.staged } as Op
}

/** A mailbox by its number; what was just made has the next one. */
function numberOf({ mailboxes }: Side, id: string): number {
  if (!mailboxes.includes(id)) mailboxes.push(id)
  return mailboxes.indexOf(id)
}

async function take(side: Side, step: Step): Promise<unknown> {
  if ('deliver' in step) {
    const { deliver: path, ...rest } = step
    const [done] = await side.store.deliver({ staged: side.staged, summary, to: [{ account: 'anna', path, ...rest }] })
    if (done instanceof Error) return isStoreError(done) ? { code: done.code } : done
    return { ...done, mailbox: numberOf(side, done.mailbox ?? '') }
  }
  const account = await open(side, step.who)
  if ('code' in account) return account
  const done = await outcome(() => account.commit(step.ops.map((op) => opOf(side, op))))
  if ('code' in done) return done
  return done.results.map(({ mailbox, from, uids, duplicate }) => {
    return { mailbox: mailbox === undefined ? -1 : numberOf(side, mailbox), from, uids, duplicate }
  })
}

async function stateOf(side: Side, who: string): Promise<unknown> {
  const account = await open(side, who)
  if ('code' in account) return account
  const infos = (await account.mailboxes()).map((info) => infoOf(side, info))
  const contents: unknown[] = []
  for (const id of side.mailboxes) {
    contents.push(await outcome(async () => (await collectRows(account.messages(id, {}))).map(rowOf)))
    contents.push(await outcome(async () => Array.from(await account.uids(id))))
    contents.push(await outcome(() => account.vanished(id, 0)))
    contents.push(await outcome(async () => (await account.acl(id)).toSorted(byIdentifier)))
  }
  return {
    ...{ infos: infos.sort((a, b) => a.id - b.id), contents, quota: await account.quota() },
    subscriptions: (await account.subscriptions()).map((path) => path.join('/')).sort(),
  }
}

function byIdentifier(a: AclEntry, b: AclEntry): number {
  return a.identifier < b.identifier ? -1 : 1
}

function infoOf({ mailboxes }: Side, info: MailboxInfo) {
  const { id, path, uidValidity, uidNext, messages, unseen, deleted, bytes, role, rights } = info
  return {
    ...{ id: mailboxes.indexOf(id), path, uidValidity, uidNext, messages, unseen, deleted, bytes, role, rights },
    ...{ noSelect: info.noSelect ?? false, subscribed: info.subscribed },
  }
}

function rowOf({ uid, flags, keywords = [], size, internalDate, saveDate }: MessageRow) {
  const names = keywords.map((name) => name.toLowerCase()).sort()
  return { uid, flags, size, internalDate, saveDate, keywords: names }
}

test('whatever the owner and a guest do, and what is delivered', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 30 }), async (steps) => {
      const folder = temporaryFolder()
      const clock = () => 1_000_000_000_000.5
      const sqlite = await openSqliteStore({ path: folder.path, threads: 0, maintenanceInterval: 0, clock })
      const memory = createMemoryStore({ clock })
      try {
        await sqlite.addAccount('anna')
        memory.addAccount('anna')
        const [one, model] = [await sideOf(sqlite), await sideOf(memory)]
        for (const step of [beginning, ...steps]) expect(await take(one, step)).toEqual(await take(model, step))
        for (const who of ['anna', 'ben']) expect(await stateOf(one, who)).toEqual(await stateOf(model, who))
        const ben = { principal: 'ben' }
        expect(await sqlite.sharedWith(ben)).toEqual(await memory.sharedWith(ben))
        expect((await sqlite.verify()).problems).toEqual([])
      } finally {
        await sqlite.close()
        folder.remove()
      }
    }),
    { numRuns: 25 },
  )
})
