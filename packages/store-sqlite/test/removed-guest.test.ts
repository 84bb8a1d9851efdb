/** The name of a removed account is free: who gets it next has nothing of what the one before had in other accounts. */
import { collectRows, Flag } from '@posthouse/store-api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSqliteStore, type SqliteAccount, type SqliteStore } from '../src/index.js'
import { filesOf } from '../src/sql/connection.js'
import { mailOf } from './mail.js'
import { temporaryFolder, withDatabase } from './test-store.js'

const ben = { principal: 'ben' }

let folder: ReturnType<typeof temporaryFolder>
let store: SqliteStore
let anna: SqliteAccount
let inbox: string

beforeEach(async () => {
  folder = temporaryFolder()
  store = await openSqliteStore({ path: folder.path, threads: 0, maintenanceInterval: 0 })
  for (const name of ['anna', 'ben', 'carol']) await store.addAccount(name)
  anna = await store.open('anna')
  inbox = (await anna.mailboxes())[0].id
})
afterEach(async () => {
  await store.close()
  folder.remove()
})

const share = (identifier: string, rights: string): Promise<unknown> =>
  anna.commit([{ op: 'acl', in: inbox, identifier, mode: 'set', rights }])

async function append(times: number): Promise<void> {
  const staged = await store.stage([mailOf('m', 100)])
  const op = { op: 'append', to: inbox, staged, summary: new Uint8Array(), flags: 0 } as const
  await anna.commit(Array.from({ length: times }, () => op))
}

/** The account goes, and comes again. */
async function replaceBen(): Promise<void> {
  await store.removeAccount('ben')
  await store.addAccount('ben')
}

const rows = (table: string): unknown =>
  withDatabase(filesOf(folder.path).index, (db) => db.prepare(`SELECT count(*) FROM ${table}`).get()?.[0])

test('rights, also those that were taken away', async () => {
  await share('ben', 'lrswi')
  await share('carol', 'lr')
  await replaceBen()
  expect(await store.sharedWith(ben)).toEqual([])
  await expect(store.open('anna', ben)).rejects.toMatchObject({ code: 'nonexistent' })
  expect(await store.sharedWith({ principal: 'carol' })).toEqual(['anna'])
  await share('anyone', 'lr')
  await share('-ben', 'lr')
  expect(await store.sharedWith(ben)).toEqual([])
  await replaceBen()
  expect(await store.sharedWith(ben)).toEqual(['anna'])
})

test('what is taken from somebody stays taken when an account of that name with a `-` goes', async () => {
  await share('anyone', 'lr')
  await share('-carol', 'lr')
  await store.addAccount('-carol')
  expect(await store.sharedWith({ principal: '-carol' })).toEqual(['anna'])
  await store.removeAccount('-carol')
  expect(await store.sharedWith({ principal: 'carol' })).toEqual([])
})

test('a name is the same composed and decomposed, as it is in access lists', async () => {
  const rene = 'rene\u0301'
  await store.addAccount(rene)
  await share(rene, 'lr')
  expect(await store.sharedWith({ principal: rene })).toEqual(['anna'])
  await share(rene, '')
  await share('anyone', 'lr')
  await share(`-${rene}`, 'lr')
  expect(await store.sharedWith({ principal: rene })).toEqual([])
  await store.removeAccount(rene)
  expect(await store.sharedWith({ principal: rene })).toEqual(['anna'])
})

test('rights of a group of that name stay', async () => {
  await share('group:ben', 'lr')
  await replaceBen()
  expect(await store.sharedWith({ ...ben, groups: ['group:ben'] })).toEqual(['anna'])
})

test('flags, annotations and subscriptions of its own', async () => {
  await append(1_200)
  await share('ben', 'lrsw')
  await share('carol', 'lrsw')
  const note = { op: 'meta', mailbox: inbox, key: '/private/note', value: new Uint8Array([1]), private: true } as const
  const see = { op: 'flags', in: inbox, uids: [[1, 1_200]], mode: 'add', flags: Flag.Seen } as const
  const subscribe = { op: 'subscribe', path: ['INBOX'], on: true } as const
  const open = (principal: string): Promise<SqliteAccount> => store.open('anna', { principal })
  for (const name of ['ben', 'carol']) await (await open(name)).commit([note, see, subscribe])
  await replaceBen()
  await share('ben', 'lrsw')
  const [before, view] = [await open('carol'), await open('ben')]
  expect((await before.mailboxes())[0]).toMatchObject({ unseen: 0, subscribed: true })
  expect((await view.mailboxes())[0]).toMatchObject({ unseen: 1_200, subscribed: false })
  expect((await collectRows(view.messages(inbox, { uids: [[1, 1]] })))[0].flags).toBe(0)
  expect([await view.meta(inbox, '/'), await view.subscriptions()]).toEqual([[], []])
  expect(await before.meta(inbox, '/')).toHaveLength(1)
  expect((await store.verify()).problems).toEqual([])
  // The one who has the name now, and the maintenance, do not come in each other's way.
  await view.commit([{ ...see, uids: [[1, 2]] }])
  await store.maintain()
  expect([rows('principal'), rows('personal'), rows('personal_count')]).toEqual([2, 1_202, 2])
  expect((await view.mailboxes())[0].unseen).toBe(1_198)
  expect((await store.verify()).problems).toEqual([])
})
