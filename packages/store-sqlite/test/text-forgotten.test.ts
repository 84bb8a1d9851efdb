/** The full-text index has no more than the messages: what is collected leaves it. */
import { rmSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSqliteStore, type SqliteAccount, type SqliteStore } from '../src/index.js'
import { filesOf } from '../src/sql/connection.js'
import { temporaryFolder, withDatabase } from './test-store.js'

const HOUR = 3_600_000

let folder: ReturnType<typeof temporaryFolder>
let store: SqliteStore
let account: SqliteAccount
let inbox: string
let skew: number
/** Awaited before the text of a message is given. */
let beforeText: (body: string) => Promise<void>

beforeEach(async () => {
  folder = temporaryFolder()
  skew = 0
  beforeText = async () => undefined
  await open(true)
})
afterEach(async () => {
  await store.close()
  folder.remove()
})

async function open(fts: boolean): Promise<void> {
  const textOf = async (octets: Uint8Array) => {
    const body = new TextDecoder().decode(octets)
    await beforeText(body)
    if (body.includes('unreadable')) throw new Error('no text')
    return { body }
  }
  const clock = (): number => Date.now() + skew
  const options = { path: folder.path, threads: 0, maintenanceInterval: 0, clock }
  store = await openSqliteStore({ ...options, ...(fts && { fts: { textOf } }) })
  await store.addAccount('anna')
  account = await store.open('anna')
  inbox = (await account.mailboxes())[0].id
}

async function append(body: string): Promise<void> {
  const staged = await store.stage([new TextEncoder().encode(body)])
  await account.commit([{ op: 'append', to: inbox, staged, summary: new Uint8Array(), flags: 0 }])
}

async function expungeAndCollect(uid: number): Promise<void> {
  await account.commit([{ op: 'expunge', in: inbox, uids: [[uid, uid]], onlyDeleted: false }])
  skew += 2 * HOUR
  await store.maintain()
}

/** Trigrams that stand somewhere in the index, of these. */
function trigrams(...wanted: string[]): unknown[] {
  return withDatabase(filesOf(folder.path).search, (db) => {
    db.exec("CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, text, 'row')")
    const found = db.prepare('SELECT term FROM temp.terms').all().flat()
    return wanted.filter((term) => found.includes(term))
  })
}

const rows = (file: 'index' | 'search', table: string): unknown =>
  withDatabase(filesOf(folder.path)[file], (db) => db.prepare(`SELECT count(*) FROM ${table}`).get()?.[0])

test('what is expunged leaves it with its octets; what stays is still found', async () => {
  for (const body of ['xyz secret', 'plain words', 'unreadable']) await append(body)
  await store.indexText()
  expect(trigrams('xyz', 'pla')).toEqual(['xyz', 'pla'])
  await expungeAndCollect(1)
  expect(trigrams('xyz', 'pla')).toEqual(['pla'])
  expect(rows('search', 'unindexed')).toBe(2)
  await expungeAndCollect(3)
  expect([rows('search', 'unindexed'), rows('search', 'text_docsize'), rows('index', 'text_gone')]).toEqual([1, 1, 0])
  const found = await account.search(inbox, { type: 'text', in: 'body', contains: 'words' })
  expect(found?.uids).toEqual([[2, 2]])
})

test('a removed account leaves it', async () => {
  await append('xyz secret')
  await store.indexText()
  await store.removeAccount('anna')
  await store.maintain()
  skew += 2 * HOUR
  await store.maintain()
  expect(trigrams('xyz')).toEqual([])
})

test('a store that is opened without it keeps it right; one that was deleted is no matter', async () => {
  for (const body of ['xyz secret', 'abc secret', 'plain']) await append(body)
  await store.indexText()
  await store.close()
  await open(false)
  await expungeAndCollect(1)
  expect(trigrams('xyz', 'abc')).toEqual(['abc'])
  await store.close()
  rmSync(filesOf(folder.path).search)
  await open(false)
  await expungeAndCollect(2)
  expect(rows('index', 'text_gone')).toBe(0)
})

test('what is collected while its text is read does not come in behind', async () => {
  let go = (): void => undefined
  const reading = new Promise<void>((resolve) => {
    beforeText = async (body) => {
      if (body !== 'xyz secret') return
      resolve()
      await new Promise<void>((done) => (go = done))
    }
  })
  await append('xyz secret')
  await reading
  await expungeAndCollect(1)
  go()
  await append('plain')
  await store.indexText()
  expect(trigrams('xyz', 'pla')).toEqual(['pla'])
})
