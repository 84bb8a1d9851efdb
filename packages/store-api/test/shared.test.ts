import {
  type Account,
  collectBytes,
  collectRows,
  createMemoryStore,
  type MailboxInfo,
  type MailStore,
  type MemoryStore,
  type Writer,
  withShared,
} from '@posthouse/store-api'
import { storeChecks } from '@posthouse/store-api/conformance'
import { beforeEach, describe, expect, test } from 'vitest'
import { memoryTestStore } from './memory-kit.js'

const bytes = (text: string) => new TextEncoder().encode(text)
const summary = new Uint8Array(0)
type Open = Account & Writer & Required<Account>

let memory: MemoryStore
let store: MailStore
let bob: Open

/** Ann shares INBOX (to look) and Work (to work in) with Bob, and nothing else. */
beforeEach(async () => {
  memory = createMemoryStore({ autoCreate: true })
  store = withShared(memory)
  const ann = (await memory.open('ann')) as Open
  await ann.commit([
    { op: 'create', path: ['Work'] },
    { op: 'create', path: ['Diary'] },
  ])
  memory.share('ann', 'bob', 'lr', ['INBOX'])
  memory.share('ann', 'bob', 'lrswipkxte', ['Work'])
  await deliver(ann, 'INBOX', 'to ann')
  bob = (await store.open('bob')) as Open
  await deliver(bob, 'INBOX', 'to bob')
})

async function at(account: Account, ...path: string[]): Promise<MailboxInfo> {
  const found = (await account.mailboxes()).find((info) => info.path.join('/') === path.join('/'))
  if (!found) throw new Error(`no mailbox ${path.join('/')}`)
  return found
}

async function deliver(account: Account & Writer, mailbox: string, text: string): Promise<void> {
  const staged = await account.stage([bytes(text)])
  const { id } = await at(account, mailbox)
  await account.commit([{ op: 'append', to: id, staged, summary, flags: 0 }])
}

async function texts(account: Account, mailbox: string): Promise<string[]> {
  const rows = await collectRows(account.messages(mailbox, {}))
  return Promise.all(rows.map(async ({ blob }) => new TextDecoder().decode(await collectBytes(account.read(blob)))))
}

test('the name of an owner stands in paths as it is compared: composed', async () => {
  const owner = 'rene\u0301'
  memory.addAccount(owner)
  memory.share(owner, 'bob', 'lrk')
  const path = ['Other Users', 'ren\u00e9', 'INBOX']
  await bob.commit([{ op: 'subscribe', path, on: true }])
  expect(await at(bob, ...path)).toMatchObject({ owner, subscribed: true })
  await bob.commit([{ op: 'create', path: [...path, 'New'] }])
  expect(await at(bob, ...path, 'New')).toMatchObject({ owner })
})

test('what others share stands below Other Users, with its owner and the rights', async () => {
  const infos = await bob.mailboxes()
  expect(infos.map(({ path, owner, rights }) => [path.join('/'), owner, rights])).toEqual([
    ['INBOX', undefined, undefined],
    ['Other Users/ann/INBOX', 'ann', 'lr'],
    ['Other Users/ann/Work', 'ann', 'lrswipkxte'],
  ])
  expect(new Set(infos.map(({ id }) => id)).size).toBe(3)
  const ann = await at(bob, 'Other Users', 'ann', 'INBOX')
  expect(ann.id).toMatch(/^[\w-]+$/)
  expect(await texts(bob, ann.id)).toEqual(['to ann'])
  expect([...(await bob.uids(ann.id))]).toEqual([1])
  expect(await bob.vanished(ann.id, 0)).toEqual([])
})

test('rights are those of the shared mailbox', async () => {
  const inbox = await at(bob, 'Other Users', 'ann', 'INBOX')
  const work = await at(bob, 'Other Users', 'ann', 'Work')
  const staged = await bob.stage([bytes('minutes')])
  const append = { op: 'append', staged, summary, flags: 1 } as const
  await expect(bob.commit([{ ...append, to: inbox.id }])).rejects.toMatchObject({ code: 'noperm' })
  const { results } = await bob.commit([{ ...append, to: work.id }])
  expect(results[0]!.mailbox).toBe(work.id)
  expect(await at(bob, 'Other Users', 'ann', 'Work')).toMatchObject({ messages: 1, unseen: 0 })
  const ann = await memory.open('ann')
  expect(await at(ann, 'Work')).toMatchObject({ messages: 1, unseen: 1 })
})

test('mailboxes are made and renamed where their name says, not across', async () => {
  const { results } = await bob.commit([{ op: 'create', path: ['Other Users', 'ann', 'Work', 'New'] }])
  const made = await at(bob, 'Other Users', 'ann', 'Work', 'New')
  expect(results[0]!.mailbox).toBe(made.id)
  expect((await at(await memory.open('ann'), 'Work', 'New')).messages).toBe(0)
  await bob.commit([{ op: 'mailbox', id: made.id, path: ['Other Users', 'ann', 'Work', 'Old'] }])
  await expect(bob.commit([{ op: 'mailbox', id: made.id, path: ['Mine'] }])).rejects.toMatchObject({ code: 'invalid' })
  await expect(bob.commit([{ op: 'create', path: ['Other Users', 'ann', 'Top'] }])).rejects.toMatchObject({
    code: 'noperm',
  })
  await bob.commit([{ op: 'drop', id: made.id }])
})

test('COPY and MOVE between accounts share the octets and keep flags and dates', async () => {
  const inbox = await at(bob, 'INBOX')
  const work = await at(bob, 'Other Users', 'ann', 'Work')
  await bob.commit([{ op: 'flags', in: inbox.id, uids: [[1, 1]], mode: 'set', flags: 4, keywords: ['todo'] }])
  const [before] = await collectRows(bob.messages(inbox.id, {}))
  const octets = memory.usage().octets
  const moved = await bob.commit([{ op: 'move', from: inbox.id, uids: [[1, 9]], to: work.id }])
  expect(moved.results).toMatchObject([{ mailbox: work.id, from: [[1, 1]], uids: [[1, 1]] }])
  expect(memory.usage().octets).toBe(octets)
  expect((await at(bob, 'INBOX')).messages).toBe(0)
  const [row] = await collectRows(bob.messages(work.id, {}))
  expect(row).toMatchObject({ flags: 4, keywords: ['todo'], internalDate: before!.internalDate })
  expect(await texts(bob, work.id)).toEqual(['to bob'])
  const annInbox = await at(bob, 'Other Users', 'ann', 'INBOX')
  const away = bob.commit([{ op: 'move', from: annInbox.id, uids: [[1, 1]], to: inbox.id }])
  await expect(away).rejects.toMatchObject({ code: 'noperm' })
  await bob.commit([{ op: 'copy', from: annInbox.id, uids: [[1, 1]], to: inbox.id }])
  expect(await texts(bob, inbox.id)).toEqual(['to ann'])
})

test.each(['copy', 'move'] as const)(
  'RFC 9051 §6.4.7: a %s that does not fit into the other account leaves nothing there',
  async (op) => {
    const inbox = await at(bob, 'INBOX')
    const work = await at(bob, 'Other Users', 'ann', 'Work')
    const staged = await bob.stage([bytes('many')])
    await bob.commit(
      Array.from({ length: 600 }, () => ({ op: 'append', to: inbox.id, staged, summary, flags: 0 }) as const),
    )
    memory.setQuota('ann', { messages: 550 })
    // Who may only drop messages there could not take them back.
    memory.share('ann', 'bob', 'lri', ['Work'])
    await bob.mailboxes()
    const refused = bob.commit([{ op, from: inbox.id, uids: [[1, 601]], to: work.id }])
    await expect(refused).rejects.toMatchObject({ code: 'overquota' })
    expect((await at(bob, 'Other Users', 'ann', 'Work')).messages).toBe(0)
    expect((await at(bob, 'INBOX')).messages).toBe(601)
    await bob.commit([{ op, from: inbox.id, uids: [[1, 549]], to: work.id }])
    expect((await at(bob, 'Other Users', 'ann', 'Work')).messages).toBe(549)
  },
)

test('each account has a clock: a copy tells that of the target, a move that of the mailbox moved from', async () => {
  const inbox = await at(bob, 'INBOX')
  const work = await at(bob, 'Other Users', 'ann', 'Work')
  for (let i = 0; i < 9; i++) await deliver((await memory.open('ann')) as Open, 'Work', `busy ${i}`)
  const copied = await bob.commit([{ op: 'copy', from: inbox.id, uids: [[1, 1]], to: work.id }])
  const shared = await at(bob, 'Other Users', 'ann', 'Work')
  expect(copied.modseq).toBe(shared.modseq)
  const away = await bob.commit([{ op: 'move', from: inbox.id, uids: [[1, 1]], to: work.id }])
  const { modseq } = await at(bob, 'INBOX')
  expect(away.modseq).toBe(modseq)
  expect(modseq).toBeLessThan(shared.modseq)
  const back = await bob.commit([{ op: 'move', from: work.id, uids: [[1, 2]], to: inbox.id }])
  expect(back.modseq).toBe((await at(bob, 'Other Users', 'ann', 'Work')).modseq)
  const nothing = await bob.commit([{ op: 'move', from: inbox.id, uids: [[99, 99]], to: work.id }])
  expect(nothing.modseq).toBe(0)
})

test('subscriptions are by the name that is seen, and the principal’s own', async () => {
  const path = ['Other Users', 'ann', 'Work']
  await bob.commit([{ op: 'subscribe', path, on: true }])
  expect(await bob.subscriptions()).toEqual([path])
  expect((await at(bob, ...path)).subscribed).toBe(true)
  expect((await at(await memory.open('ann'), 'Work')).subscribed).toBe(false)
  memory.share('ann', 'bob', '')
  expect((await bob.mailboxes()).map((info) => info.path)).toEqual([['INBOX']])
  expect(await bob.subscriptions()).toEqual([path])
})

test('one watch hears of all accounts, also of those that are shared later', async () => {
  const controller = new AbortController()
  const hints = bob.watch(controller.signal)[Symbol.asyncIterator]()
  await bob.mailboxes()
  await deliver((await memory.open('ann')) as Open, 'INBOX', 'again')
  expect((await hints.next()).value).toMatchObject({ mailbox: (await at(bob, 'Other Users', 'ann', 'INBOX')).id })
  const cleo = (await memory.open('cleo')) as Open
  memory.share('cleo', 'anyone', 'lr')
  const shared = await at(bob, 'Other Users', 'cleo', 'INBOX')
  await deliver(cleo, 'INBOX', 'hello')
  expect((await hints.next()).value).toMatchObject({ mailbox: shared.id })
  controller.abort()
  expect((await hints.next()).done).toBe(true)
})

describe('the conformance kit on a combined view that shows nothing shared', () => {
  const make = () => memoryTestStore((plain) => withShared(plain))
  for (const check of storeChecks({ make, patience: 4 })) test(check.name, check.run)
})
