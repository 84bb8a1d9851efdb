/** Long messages: their first MiB in chunks, the rest in a file. */
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { collectBytes } from '@posthouse/store-api'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSqliteStore, type SqliteStore } from '../src/index.js'
import { filesOf } from '../src/sql/connection.js'
import { HEAD_BYTES, SHORT_HEAD_BYTES, tailPath } from '../src/tail/files.js'
import { temporaryFolder, withDatabase } from './test-store.js'

const HOUR = 3_600_000
const summary = new Uint8Array(0)

let folder: ReturnType<typeof temporaryFolder>
let store: SqliteStore
let skew = 0
beforeEach(async () => {
  folder = temporaryFolder()
  skew = 0
  store = await open()
  await store.addAccount('anna')
})
afterEach(async () => {
  await store.close()
  folder.remove()
})

const open = (threads = 0): Promise<SqliteStore> =>
  openSqliteStore({ path: folder.path, threads, maintenanceInterval: 0, clock: () => Date.now() + skew })

const tails = (): string[] =>
  existsSync(join(folder.path, 'tails'))
    ? readdirSync(join(folder.path, 'tails'), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name }) => name)
    : []

/** Octets of which each tells where it stands. */
const octetsOf = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) & 255)

async function deliver(octets: Uint8Array, into = store): Promise<void> {
  const staged = await into.stage([octets])
  expect(staged.size).toBe(octets.length)
  await into.deliver({ staged, summary, to: [{ account: 'anna', dedup: staged.blob }] })
}

async function blobs(of = store): Promise<string[]> {
  const account = await of.open('anna')
  const [inbox] = await account.mailboxes()
  const found: string[] = []
  for await (const rows of account.messages(inbox.id, {})) found.push(...rows.map(({ blob }) => blob))
  return found
}

test.each([0, 1])('whatever size and range: the octets come back (threads: %i)', async (threads) => {
  await store.close()
  store = await open(threads)
  const sizes = [HEAD_BYTES - 1, HEAD_BYTES, HEAD_BYTES + 1, HEAD_BYTES + 262_144, 3_000_001]
  const messages = sizes.map(octetsOf)
  for (const octets of messages) await deliver(octets)
  expect(tails()).toHaveLength(3)
  const account = await store.open('anna')
  const names = await blobs()
  for (const [i, octets] of messages.entries())
    expect(Buffer.compare(await collectBytes(account.read(names[i])), octets)).toBe(0)
  await fc.assert(
    fc.asyncProperty(fc.nat(4), fc.nat(3_100_000), fc.nat(600_000), async (which, start, length) => {
      const got = await collectBytes(account.read(names[which], { start, end: start + length }))
      expect(Buffer.compare(got, messages[which].subarray(start, start + length))).toBe(0)
    }),
    { numRuns: 60 },
  )
  expect((await store.verify()).problems).toEqual([])
})

test('when it is said that much comes, little lies in chunks', async () => {
  const octets = octetsOf(2_000_000)
  const staged = await store.stage([octets], { size: octets.length })
  const file = tailPath(filesOf(folder.path).tails, 1)
  expect(statSync(file).size).toBe(octets.length - SHORT_HEAD_BYTES)
  const account = await store.open('anna')
  expect(Buffer.compare(await collectBytes(account.read(staged.blob)), octets)).toBe(0)
  const seam = { start: SHORT_HEAD_BYTES - 10, end: SHORT_HEAD_BYTES + 10 }
  const got = await collectBytes(account.read(staged.blob, seam))
  expect(Buffer.compare(got, octets.subarray(seam.start, seam.end))).toBe(0)
  // Saying it does not make it so.
  expect((await store.stage([octetsOf(100)], { size: 2_000_000 })).size).toBe(100)
  expect(tails()).toHaveLength(1)
})

test('a file of the same number that a crash left is written over', async () => {
  const file = tailPath(filesOf(folder.path).tails, 1)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, octetsOf(5_000_000))
  const octets = octetsOf(2_000_000)
  await deliver(octets)
  const account = await store.open('anna')
  expect(Buffer.compare(await collectBytes(account.read('b1')), octets)).toBe(0)
  expect((await store.verify()).problems).toEqual([])
})

test.skipIf(process.platform === 'win32')('files and folders are for their owner only', async () => {
  await deliver(octetsOf(2_000_000))
  const file = tailPath(filesOf(folder.path).tails, 1)
  expect([file, dirname(file), dirname(dirname(file))].map((path) => statSync(path).mode & 0o777)).toEqual([
    0o600, 0o700, 0o700,
  ])
})

test('whoever stops reading in the middle leaves no file open', async () => {
  await deliver(octetsOf(3_000_000))
  const account = await store.open('anna')
  let pieces = 0
  for await (const _ of account.read((await blobs())[0], { start: HEAD_BYTES })) if (++pieces === 2) break
  expect(pieces).toBe(2)
  expect(openFiles()).toEqual([])
})

const openFiles = (): string[] => process.getActiveResourcesInfo().filter((name) => name.includes('FILEHANDLE'))

test('what a broken stream left is gone', async () => {
  async function* broken() {
    yield octetsOf(2_000_000)
    throw new Error('the connection was lost')
  }
  await expect(store.stage(broken())).rejects.toThrow('the connection was lost')
  // The next write stands behind the taking back.
  await deliver(octetsOf(10))
  expect(tails()).toEqual([])
  expect(await store.verify()).toMatchObject({ messages: 1, unusedBlobs: 0, problems: [] })
})

test('the collector takes the file with the row', async () => {
  await deliver(octetsOf(2_000_000))
  const account = await store.open('anna')
  const [inbox] = await account.mailboxes()
  await account.commit([{ op: 'expunge', in: inbox.id, uids: [[1, 1]], onlyDeleted: false }])
  await store.maintain()
  expect(tails()).toHaveLength(1)
  skew = 3 * HOUR
  await store.maintain()
  expect(tails()).toEqual([])
})

test('a file whose row is gone is swept away; others stay', async () => {
  await deliver(octetsOf(2_000_000))
  writeFileSync(tailPath(filesOf(folder.path).tails, 1 + 256), 'left over from a crash')
  await store.close()
  store = await open()
  await store.maintain()
  expect(tails()).toEqual(['1'])
})

test('a file that a message names stays, also while the row of its octets is missing', async () => {
  await deliver(octetsOf(2_000_000))
  await store.close()
  const other = temporaryFolder()
  const without = await openIn(other.path, (name) => name !== 'blobs.db')
  await without.maintain()
  await without.close()
  // Somebody finds the right file after all.
  const again = temporaryFolder()
  cpSync(join(other.path, 'tails'), join(again.path, 'tails'), { recursive: true })
  const whole = await openIn(again.path, (name) => name !== 'tails')
  expect((await whole.verify()).problems).toEqual([])
  await whole.close()
  for (const { remove } of [other, again]) remove()
})

/** A store of another folder, with these files of the first one and empty ones for the rest. */
function openIn(path: string, has: (name: string) => boolean): Promise<SqliteStore> {
  for (const name of ['index.db', 'blobs.db', 'tails']) {
    if (has(name)) cpSync(join(folder.path, name), join(path, name), { recursive: true })
    else if (name === 'blobs.db') writeFileSync(join(path, name), '')
  }
  return openSqliteStore({ path, threads: 0, maintenanceInterval: 0 })
}

test('a slow stream keeps its lease', async () => {
  async function* slow() {
    for (let i = 0; i < 16; i++) {
      yield octetsOf(300_000)
      skew += 10 * 60_000
      await store.maintain()
    }
  }
  await store.stage(slow())
  expect(tails()).toHaveLength(1)
})

test('verify sees a file that is missing or short', async () => {
  await deliver(octetsOf(2_000_000))
  const file = tailPath(filesOf(folder.path).tails, 1)
  truncateSync(file, 1000)
  const problem = 'mailbox 1 UID 1: chunks of its octets are missing'
  expect((await store.verify()).problems).toEqual([problem])
  const account = await store.open('anna')
  await expect(collectBytes(account.read('b1'))).rejects.toMatchObject({ code: 'unavailable' })
  rmSync(file)
  expect((await store.verify()).problems).toEqual([problem])
  await expect(collectBytes(account.read('b1'))).rejects.toMatchObject({ code: 'nonexistent' })
})

test.each([
  { size: 60_000, lost: 0 },
  { size: 300_000, lost: 0 },
  { size: 300_000, lost: 1 },
  { size: 300_000, lost: 4 },
  { size: 2_000_000, lost: 0 },
  { size: 2_000_000, lost: 15 },
])('$size octets that have lost chunk $lost are an error, and no others in their place', async ({ size, lost }) => {
  await deliver(octetsOf(size))
  withDatabase(filesOf(folder.path).blobs, (db) => db.prepare('DELETE FROM chunk WHERE id % 65536 = ?').run(lost))
  const account = await store.open('anna')
  await expect(collectBytes(account.read('b1'))).rejects.toMatchObject({ code: 'unavailable' })
})

test('one that is short does not keep the full-text index from the messages behind it', async () => {
  await deliver(octetsOf(1_500_000))
  truncateSync(tailPath(filesOf(folder.path).tails, 1), 1000)
  await deliver(octetsOf(100))
  await store.close()
  store = await openSqliteStore({ path: folder.path, threads: 0, fts: { textOf: () => ({ body: 'hello' }) } })
  await store.indexText()
  const account = await store.open('anna')
  const [inbox] = await account.mailboxes()
  // The first one stays a candidate of every search.
  const found = await account.search(inbox.id, { type: 'text', in: 'body', contains: 'other' })
  expect(found?.uids).toEqual([[1, 1]])
})

test('a backup has it', async () => {
  const octets = octetsOf(2_000_000)
  await deliver(octets)
  const target = temporaryFolder()
  await store.backup(join(target.path, 'copy'))
  const copy = await openSqliteStore({ path: join(target.path, 'copy'), threads: 0 })
  const account = await copy.open('anna')
  expect(Buffer.compare(await collectBytes(account.read((await blobs(copy))[0])), octets)).toBe(0)
  expect((await copy.verify()).problems).toEqual([])
  await copy.close()
  target.remove()
})

test('a long message that was stored before there were files is read as before', async () => {
  const octets = octetsOf(2_000_000)
  await deliver(octets)
  const files = filesOf(folder.path)
  // As the first version of the tables has it: everything in chunks.
  withDatabase(files.blobs, (db) => {
    const insert = db.prepare('INSERT INTO chunk(id, data) VALUES(?, ?)')
    for (let n = 16; n * 65536 < octets.length; n++) insert.run(65536 + n, octets.slice(n * 65536, (n + 1) * 65536))
    db.exec('ALTER TABLE blob DROP COLUMN tail; PRAGMA user_version=1')
  })
  await store.close()
  rmSync(files.tails, { recursive: true })
  store = await open()
  const account = await store.open('anna')
  expect(Buffer.compare(await collectBytes(account.read('b1')), octets)).toBe(0)
  expect((await store.verify()).problems).toEqual([])
})
