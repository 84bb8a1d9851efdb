/** Which messages belong to one conversation, when some of them are gone. */
import { collectRows } from '@posthouse/store-api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSqliteStore, type SqliteAccount, type SqliteStore } from '../src/index.js'
import { filesOf } from '../src/sql/connection.js'
import { mailOf } from './mail.js'
import { temporaryFolder, withDatabase } from './test-store.js'

const HOUR = 3_600_000

let folder: ReturnType<typeof temporaryFolder>
let store: SqliteStore
let account: SqliteAccount
let inbox: string
let skew: number

beforeEach(async () => {
  folder = temporaryFolder()
  skew = 0
  const clock = (): number => Date.now() + skew
  store = await openSqliteStore({ path: folder.path, threads: 0, maintenanceInterval: 0, clock })
  await store.addAccount('anna')
  account = await store.open('anna')
  inbox = (await account.mailboxes())[0].id
})
afterEach(async () => {
  await store.close()
  folder.remove()
})

async function add(...ids: string[]): Promise<number> {
  const staged = await store.stage([mailOf(ids.join(), 100)])
  const thread = { ids, subject: 's' }
  const op = { op: 'append', to: inbox, staged, summary: new Uint8Array(), flags: 0, thread } as const
  return (await account.commit([op])).results[0].uids?.[0][0] as number
}

async function expungeAndCollect(...uids: number[]): Promise<void> {
  const set = uids.map((uid) => [uid, uid] as const)
  await account.commit([{ op: 'expunge', in: inbox, uids: set, onlyDeleted: false }])
  skew += 2 * HOUR
  await store.maintain()
}

const threads = async (): Promise<(string | undefined)[]> =>
  (await collectRows(account.messages(inbox, {}))).map(({ threadId }) => threadId)

const keys = (): number =>
  withDatabase(filesOf(folder.path).index, (db) => db.prepare('SELECT count(*) FROM thread_key').get()?.[0] as number)

test('one goes on when its first message is collected, and when the next one is', async () => {
  const root = await add('root')
  const reply = await add('root', 'reply 1')
  await expungeAndCollect(root)
  await add('root', 'reply 2')
  expect(new Set(await threads()).size).toBe(1)
  await expungeAndCollect(reply)
  await add('root', 'reply 1', 'reply 3')
  expect(await threads()).toEqual(['t1', 't1'])
  expect(keys()).toBe(4)
})

test('one that is gone leaves no ids', async () => {
  const uids = [await add('root'), await add('root', 'reply'), await add('other')]
  await expungeAndCollect(uids[0])
  expect(keys()).toBe(3)
  await expungeAndCollect(uids[1])
  expect(keys()).toBe(1)
  await add('root', 'late')
  expect(await threads()).toEqual(['t3', 't4'])
})

test('one that never ends keeps no more ids of what is gone than a limit', async () => {
  // The message that stays is found first.
  await add('root')
  for (let i = 0; i < 24; i++) {
    const ids = Array.from({ length: 49 }, (_, n) => `${i} ${n}`)
    await expungeAndCollect(await add('root', ...ids))
  }
  expect(keys()).toBeLessThanOrEqual(1_000 + 50)
})
