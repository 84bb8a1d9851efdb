import { copyFileSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { SearchExpr } from '@posthouse/store-api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSqliteStore, type SearchText, type SqliteAccount, type SqliteStore } from '../src/index.js'
import { DEFAULT_LIMITS } from '../src/limits.js'
import { filesOf } from '../src/sql/connection.js'
import { loadDriver } from '../src/sql/driver.js'
import { SEARCH_SCHEMA } from '../src/write/search-index.js'
import { createWriter } from '../src/write/writer.js'
import { temporaryFolder, withDatabase } from './test-store.js'

let folder: ReturnType<typeof temporaryFolder>
beforeEach(() => {
  folder = temporaryFolder()
})
afterEach(() => folder.remove())

/** Test messages are a subject, an empty line, a body. */
function textOf(message: Uint8Array): SearchText {
  const [header, body] = new TextDecoder().decode(message).split('\r\n\r\n')
  if (body.includes('unreadable')) throw new Error('no text')
  return { subject: header.slice('Subject: '.length), header, body }
}

async function open(path = folder.path): Promise<{ store: SqliteStore; account: SqliteAccount; inbox: string }> {
  const store = await openSqliteStore({ path, threads: 0, fts: { textOf, maxBytes: 1000 } })
  await store.addAccount('anna')
  const account = await store.open('anna')
  return { store, account, inbox: (await account.mailboxes())[0].id }
}

async function append({ store, account, inbox }: Awaited<ReturnType<typeof open>>, subject: string, body: string) {
  const staged = await store.stage([new TextEncoder().encode(`Subject: ${subject}\r\n\r\n${body}`)])
  await account.commit?.([{ op: 'append', to: inbox, staged, summary: new Uint8Array(), flags: 0 }])
}

const text = (contains: string, where: 'all' | 'body' | 'subject' = 'all') =>
  ({ type: 'text', in: where, contains }) as const

test('a search for text looks at the messages that may hold it, and at those that are not indexed', async () => {
  const opened = await open()
  const { store, account, inbox } = opened
  await append(opened, 'Grüße', 'from Zürich')
  await append(opened, 'zebra "quoted"', 'nothing')
  await append(opened, 'other', 'unreadable')
  await append(opened, 'long', 'x'.repeat(2000))
  await store.indexText()
  const search = async (expr: SearchExpr) => (await account.search?.(inbox, expr))?.uids
  expect(await search(text('ZÜRI'))).toEqual([
    [1, 1],
    [3, 4],
  ])
  expect(await search(text('zürich', 'subject'))).toEqual([[3, 4]])
  // A field that was not given is not narrowed.
  expect(await search({ ...text('zürich'), in: 'cc' })).toEqual([[1, 4]])
  expect(await search(text('a "quot', 'subject'))).toEqual([[2, 4]])
  // The caller still looks at the candidates: the index is a sieve.
  expect((await account.search?.(inbox, text('zürich')))?.rest).toEqual(text('zürich'))
  // Too short for trigrams.
  expect(await account.search?.(inbox, text('zü'))).toBeNull()
  await store.indexText({ anew: true })
  expect(await search(text('ZÜRI'))).toEqual([
    [1, 1],
    [3, 4],
  ])
  await store.close()
})

test('text behind a NUL is found, and so is the NUL', async () => {
  const opened = await open()
  const { store, account, inbox } = opened
  await append(opened, 'w\0i\0d\0e haystack', 'first\0second needle')
  await append(opened, 'plain', 'nothing')
  await store.indexText()
  const search = async (expr: SearchExpr) => (await account.search(inbox, expr))?.uids
  expect(await search(text('needle', 'body'))).toEqual([[1, 1]])
  expect(await search(text('haystack', 'subject'))).toEqual([[1, 1]])
  expect(await search(text('first\0sec', 'body'))).toEqual([[1, 1]])
  expect(await search(text('first\0needle', 'body'))).toEqual([])
  await store.close()
})

test('an index of the first version is made anew', async () => {
  const first = await open()
  await append(first, 'one', 'first\0second needle')
  await first.store.close()
  rmSync(filesOf(folder.path).search)
  withDatabase(filesOf(folder.path).search, (db) => {
    db.exec(SEARCH_SCHEMA[0])
    db.exec("PRAGMA user_version=1; INSERT INTO text(rowid, body) VALUES(1, 'first'); UPDATE progress SET done=1")
  })
  const second = await open()
  await second.store.indexText()
  expect((await second.account.search(second.inbox, text('needle')))?.uids).toEqual([[1, 1]])
  await second.store.close()
})

test('the index catches up by itself, and after a restart', async () => {
  const first = await open()
  await append(first, 'one', 'apple')
  await first.store.close()
  const second = await open()
  await second.store.indexText()
  await append(second, 'two', 'banana')
  await second.store.indexText()
  expect((await second.account.search?.(second.inbox, text('anan')))?.uids).toEqual([[2, 2]])
  expect((await second.account.search?.(second.inbox, text('appl')))?.uids).toEqual([[1, 1]])
  await second.store.close()
})

test('octets that are lost do not stop the index', async () => {
  const opened = await open()
  await append(opened, 'lost', 'apple')
  await append(opened, 'lost too', 'banana')
  await opened.store.close()
  withDatabase(filesOf(folder.path).blobs, (db) => db.exec('DELETE FROM blob; DELETE FROM chunk'))
  rmSync(filesOf(folder.path).search)
  const again = await open()
  await append(again, 'sound', 'cherry')
  await again.store.indexText()
  // What cannot be read stays a candidate of every search.
  expect((await again.account.search(again.inbox, text('cherry')))?.uids).toEqual([[1, 3]])
  expect((await again.account.search(again.inbox, text('durian')))?.uids).toEqual([[1, 2]])
  await again.store.close()
})

test('an index that is ahead of the messages, as after files were put back, is begun anew', async () => {
  const before = await open()
  await append(before, 'one', 'apple')
  await before.store.close()
  const copy = temporaryFolder()
  cpSync(folder.path, copy.path, { recursive: true })
  const first = await open()
  await append(first, 'two', 'banana')
  await first.store.indexText()
  await first.store.close()
  copyFileSync(filesOf(folder.path).search, filesOf(copy.path).search)
  const restored = await open(copy.path)
  await append(restored, 'three', 'cherry')
  await restored.store.indexText()
  expect((await restored.account.search(restored.inbox, text('cherry')))?.uids).toEqual([[2, 2]])
  expect((await restored.account.search(restored.inbox, text('banana')))?.uids).toEqual([])
  await restored.store.close()
  copy.remove()
})

test.each([
  ['is no database', 0],
  ['is damaged', 8192],
])('an index that %s: searches look at the messages, and the file is named', async (_, from) => {
  const first = await open()
  await append(first, 'one', 'apple')
  await first.store.indexText()
  await first.store.close()
  const other = temporaryFolder()
  cpSync(folder.path, other.path, { recursive: true })
  folder.remove()
  folder = other
  const { search } = filesOf(folder.path)
  writeFileSync(search, readFileSync(search).fill(9, from))
  const store = await openSqliteStore({ path: folder.path, threads: 0 })
  const account = await store.open('anna')
  const [{ id }] = await account.mailboxes()
  expect(await account.search(id, text('apple'))).toBeNull()
  expect(await account.search(id, { type: 'size', larger: 1 })).toEqual({ uids: [[1, 1]], rest: null })
  await store.close()
  const refusal = {
    name: 'StoreError',
    code: 'unavailable',
    message: expect.stringContaining(`${search}, which may be`),
  }
  await expect(open()).rejects.toMatchObject(refusal)
  for (const name of readdirSync(folder.path)) if (name.startsWith('search')) rmSync(`${folder.path}/${name}`)
  const again = await open()
  await again.store.indexText()
  expect((await again.account.search(again.inbox, text('appl')))?.uids).toEqual([[1, 1]])
  await again.store.close()
})

test('an index that cannot be opened fails alone: what was written beside it is answered', () => {
  const files = filesOf(folder.path)
  const writer = createWriter(loadDriver(), files, DEFAULT_LIMITS, 50, 0)
  writeFileSync(files.search, 'x'.repeat(8192))
  const { replies, notes } = writer.run(
    [
      { type: 'account', name: 'anna' },
      { type: 'index', anew: false, rows: [] },
    ],
    0,
  )
  expect(replies).toEqual([{ value: null }, { failure: expect.objectContaining({ code: 'unavailable' }) }])
  expect(notes.length).toBeGreaterThan(0)
  writer.close()
})
