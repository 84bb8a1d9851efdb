/** What an account keeps beside its messages has limits. */
import type { Op } from '@posthouse/store-api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSqliteStore, type SqliteAccount, type SqliteLimits, type SqliteStore } from '../src/index.js'
import { mailOf } from './mail.js'
import { temporaryFolder } from './test-store.js'

let folder: ReturnType<typeof temporaryFolder>
let store: SqliteStore
let account: SqliteAccount
let inbox: string

beforeEach(async () => {
  folder = temporaryFolder()
})
afterEach(async () => {
  await store.close()
  folder.remove()
})

async function open(limits: Partial<SqliteLimits> = {}): Promise<void> {
  store = await openSqliteStore({ path: folder.path, threads: 0, maintenanceInterval: 0, limits })
  await store.addAccount('anna')
  account = await store.open('anna')
  inbox = (await account.mailboxes())[0].id
}

const set = (
  key: string,
  octets: number | null,
  more: { mailbox?: string; private?: boolean } = {},
): Promise<unknown> =>
  account.commit([{ op: 'meta', key, value: octets === null ? null : new Uint8Array(octets), ...more }])

const refused = { name: 'StoreError', code: 'limit' }

test('annotations: their number, those of mailboxes and private ones too; what is there may be changed', async () => {
  await open({ annotations: 3 })
  await set('/shared/a', 10)
  await set('/shared/a', 10, { mailbox: inbox })
  await set('/private/a', 10, { private: true })
  await expect(set('/shared/b', 10)).rejects.toMatchObject(refused)
  await set('/shared/a', 20)
  await set('/private/a', null, { private: true })
  await set('/shared/b', 10)
})

test('annotations: the octets of one, and of all with their names', async () => {
  await open({ annotationBytes: 100, annotationTotal: 250 })
  await expect(set('/shared/a', 101)).rejects.toMatchObject(refused)
  // 109 octets each.
  await set('/shared/a', 100)
  await set('/shared/b', 100, { mailbox: inbox })
  await expect(set('/shared/c', 24)).rejects.toMatchObject(refused)
  await set('/shared/c', 23)
  await set('/shared/b', 99, { mailbox: inbox })
  await set('/shared/c', 24)
  expect(await account.meta(null, '/')).toMatchObject([{ key: '/shared/a' }, { key: '/shared/c' }])
})

test('annotations: a store that holds more than a new limit lets them shrink', async () => {
  await open()
  await set('/shared/a', 100)
  await set('/shared/b', 100)
  await store.close()
  await open({ annotations: 1, annotationTotal: 50 })
  await set('/shared/a', 90)
  await expect(set('/shared/a', 91)).rejects.toMatchObject(refused)
  await set('/shared/b', null)
  await set('/shared/a', null)
})

test('subscriptions of all principals; one that is there may be set again', async () => {
  await open({ subscriptions: 2 })
  const subscribe = (name: string, on = true): Op => ({ op: 'subscribe', path: [name], on })
  await account.commit([{ op: 'acl', in: inbox, identifier: 'ben', mode: 'set', rights: 'lr' }, subscribe('a')])
  const ben = await store.open('anna', { principal: 'ben' })
  await ben.commit([subscribe('INBOX')])
  await expect(account.commit([subscribe('b')])).rejects.toMatchObject(refused)
  await account.commit([subscribe('a')])
  await account.commit([subscribe('a', false), subscribe('b')])
  expect(await account.subscriptions()).toEqual([['b']])
})

test('keywords: those that no message has any more make room', async () => {
  await open({ keywords: 3 })
  const staged = await store.stage([mailOf('m', 10)])
  const append: Op = { op: 'append', to: inbox, staged, summary: new Uint8Array(), flags: 0 }
  await account.commit([append, append])
  const flags = (uid: number, mode: 'add' | 'set' | 'remove', ...keywords: string[]): Promise<unknown> =>
    account.commit([{ op: 'flags', in: inbox, uids: [[uid, uid]], mode, flags: 0, keywords }])
  const known = async (): Promise<readonly string[]> => [...((await account.mailboxes())[0].keywords ?? [])].sort()
  await flags(1, 'set', 'A', 'B')
  await flags(2, 'set', 'C')
  await expect(flags(2, 'add', 'D')).rejects.toMatchObject(refused)
  expect(await known()).toEqual(['A', 'B', 'C'])
  await flags(1, 'remove', 'b')
  await flags(1, 'add', 'D')
  expect(await known()).toEqual(['A', 'C', 'D'])
  await flags(1, 'remove', 'D')
  // What the same op names is in use, although no message has it yet.
  await expect(flags(2, 'add', 'd', 'E')).rejects.toMatchObject(refused)
  expect(await known()).toEqual(['A', 'C', 'D'])
  // An op that fails gives nothing back.
  const add: Op = { op: 'flags', in: inbox, uids: [[2, 2]], mode: 'add', flags: 0, keywords: ['E'] }
  await expect(account.commit([add, { op: 'drop', id: inbox }])).rejects.toMatchObject({ code: 'invalid' })
  expect(await known()).toEqual(['A', 'C', 'D'])
  await account.commit([add])
  expect(await known()).toEqual(['A', 'C', 'E'])
})
