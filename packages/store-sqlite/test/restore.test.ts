/** A backup in the place of its store: no number that was given since stands for other octets. */
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs'
import { collectBytes, collectRows, type MailboxInfo, type MessageRow } from '@posthouse/store-api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSqliteStore, type SqliteAccount, type SqliteStore, type SqliteStoreOptions } from '../src/index.js'
import { filesOf } from '../src/sql/connection.js'
import { mailOf, nameOf } from './mail.js'
import { startChild } from './processes.js'
import { temporaryFolder, withDatabase } from './test-store.js'

const HOUR = 3_600_000
const text = { textOf: (octets: Uint8Array) => ({ body: new TextDecoder().decode(octets) }) }

let folder: ReturnType<typeof temporaryFolder>
let copy: ReturnType<typeof temporaryFolder>
let store: SqliteStore
let account: SqliteAccount
let skew: number

beforeEach(async () => {
  folder = temporaryFolder()
  copy = temporaryFolder()
  skew = 0
  await open()
})
afterEach(async () => {
  await store.close()
  folder.remove()
  copy.remove()
})

async function open(options: Partial<SqliteStoreOptions> = {}): Promise<void> {
  const clock = (): number => Date.now() + skew
  store = await openSqliteStore({ path: folder.path, threads: 0, maintenanceInterval: 0, clock, ...options })
  await store.addAccount('anna')
  account = await store.open('anna')
}

/** Puts the copy in the place of the whole folder. */
function replaceFiles(): void {
  rmSync(folder.path, { recursive: true })
  cpSync(copy.path, folder.path, { recursive: true })
}

async function restore(options: Partial<SqliteStoreOptions> = {}): Promise<void> {
  await store.close()
  replaceFiles()
  await open(options)
}

async function append(name: string, octets = 100, view = account): Promise<void> {
  const [{ id }] = await view.mailboxes()
  const staged = await view.stage([mailOf(name, octets)])
  const thread = { ids: [name], subject: '' }
  await view.commit([{ op: 'append', to: id, staged, summary: new Uint8Array(), flags: 0, thread }])
}

interface Seen {
  readonly mailboxes: readonly MailboxInfo[]
  readonly rows: readonly MessageRow[]
}

async function look(view = account): Promise<Seen> {
  const mailboxes = await view.mailboxes()
  return { mailboxes, rows: await collectRows(view.messages(mailboxes[0].id, {})) }
}

const validities = ({ mailboxes }: Seen): number[] => mailboxes.map(({ uidValidity }) => uidValidity)

/** All that a client may take for the name of one message or mailbox for ever. */
function identities({ mailboxes, rows }: Seen): string[] {
  const [{ id, uidValidity }] = mailboxes
  const names = rows.map(({ uid, emailId, threadId, blob }) => [`${id} ${uidValidity} ${uid}`, emailId, threadId, blob])
  return names.slice(1).flat() as string[]
}

test('what comes after a restore has no number of what came after the backup', async () => {
  await append('one')
  await account.commit([{ op: 'create', path: ['Kept'] }])
  await store.backup(copy.path)
  const before = await look()
  await append('two')
  await account.commit([{ op: 'create', path: ['Lost'] }])
  const lost = await look()
  await restore()
  const restored = await look()
  // The mailboxes are the same; each has a UIDVALIDITY of its own, larger than any before, of 32 bits.
  expect(restored.mailboxes.map(({ id, path }) => [id, path])).toEqual(
    before.mailboxes.map(({ id, path }) => [id, path]),
  )
  const given = validities(restored)
  expect(new Set(given).size).toBe(2)
  expect(Math.min(...given)).toBeGreaterThan(Math.max(...validities(lost), Date.now() / 1000 - 60))
  expect(Math.max(...given)).toBeLessThan(2 ** 32)
  // What was there before is as it was.
  expect(restored.rows).toEqual(before.rows)
  await append('three')
  await account.commit([{ op: 'create', path: ['New'] }])
  const after = await look()
  expect(after.rows.map(({ uid }) => uid)).toEqual([1, 2])
  expect(nameOf(await collectBytes(account.read(after.rows[1].blob)))).toBe('three')
  expect(identities(after).filter((name) => identities(lost).includes(name))).toEqual([])
  expect(after.mailboxes[2].id).not.toBe(lost.mailboxes[2].id)
  // No history of the time between (R10), and modification sequences that nobody has seen.
  expect(await account.vanished(after.mailboxes[0].id, lost.mailboxes[0].modseq)).toBeNull()
  expect(after.rows[1].modseq).toBeGreaterThan(Date.now() - HOUR)
  expect((await store.verify()).problems).toEqual([])
})

test('numbers move once: the next start changes nothing, nor does one of a store that was never restored', async () => {
  const never = await look()
  await store.close()
  await open()
  expect(await look()).toEqual(never)
  await store.backup(copy.path)
  await restore()
  const restored = await look()
  await store.close()
  skew = HOUR
  await open()
  expect(await look()).toEqual(restored)
})

test('a second restore of the same copy begins somewhere else', async () => {
  await append('one')
  await store.backup(copy.path)
  await restore()
  await append('two')
  const first = await look()
  skew = HOUR
  await restore()
  await append('three')
  const second = await look()
  expect(validities(second)[0]).toBeGreaterThan(validities(first)[0])
  expect(identities(second).filter((name) => identities(first).includes(name))).toEqual([])
})

test.each([-100 * 365 * 24 * HOUR, -2 * HOUR, 200 * 365 * 24 * HOUR])(
  'a clock that is wrong by %i ms',
  async (wrong) => {
    await append('one')
    await store.backup(copy.path)
    await restore()
    await append('two')
    await store.backup(`${copy.path}-2`)
    rmSync(copy.path, { recursive: true })
    cpSync(`${copy.path}-2`, copy.path, { recursive: true })
    rmSync(`${copy.path}-2`, { recursive: true })
    await append('lost')
    const lost = await look()
    skew = wrong
    await restore()
    await append('three')
    const after = await look()
    expect(validities(after)[0]).toBeGreaterThan(validities(lost)[0])
    expect(validities(after)[0]).toBeLessThan(2 ** 32)
    expect(
      identities(after)
        .slice(-4)
        .filter((name) => identities(lost).includes(name)),
    ).toEqual([])
    expect(Number.isSafeInteger(after.mailboxes[0].modseq)).toBe(true)
    expect((await store.verify()).problems).toEqual([])
  },
)

test('an account that was made since the backup and is made again begins anew', async () => {
  const view = async () => store.open('ben')
  await store.backup(copy.path)
  await store.addAccount('ben')
  await append('two', 100, await view())
  const lost = await look(await view())
  await restore()
  await store.addAccount('ben')
  await append('three', 100, await view())
  const after = await look(await view())
  expect(validities(after)[0]).toBeGreaterThan(validities(lost)[0])
  expect(after.mailboxes[0].modseq).toBeGreaterThan(Date.now() - HOUR)
  expect(after.rows[0].emailId).not.toBe(lost.rows[0].emailId)
})

test('files of the lost store that stay in the folder are no harm', async () => {
  await store.close()
  await open({ fts: text })
  await append('one')
  await store.backup(copy.path)
  await append('two', 2_000_000)
  const [{ id }] = await account.mailboxes()
  await account.commit([{ op: 'expunge', in: id, uids: [[1, 1]], onlyDeleted: false }])
  skew = 2 * HOUR
  await store.maintain()
  await store.indexText()
  await store.close()
  // Its index knows nothing of "one" any more, and its tail bears the next number.
  for (const name of readdirSync(folder.path)) {
    if (!name.startsWith('search') && name !== 'tails') rmSync(`${folder.path}/${name}`)
  }
  cpSync(copy.path, folder.path, { recursive: true })
  await open({ fts: text })
  await append('three', 2_000_000)
  await store.indexText()
  const found = await account.search(id, { type: 'text', in: 'body', contains: 'Subject: one' })
  expect(found?.uids[0][0]).toBe(1)
  const { rows } = await look()
  expect(Buffer.compare(await collectBytes(account.read(rows[1].blob)), mailOf('three', 2_000_000))).toBe(0)
  await store.maintain()
  expect((await store.verify()).problems).toEqual([])
})

test.each(['UPDATE counter', 'UPDATE sqlite_sequence', 'UPDATE mailbox SET uidvalidity', 'DELETE FROM counter'])(
  'kill -9 at %s: the next start does it all',
  { timeout: 60_000 },
  async (sql) => {
    await append('one')
    await store.backup(copy.path)
    await append('two')
    const lost = await look()
    await store.close()
    replaceFiles()
    const dieAt = { sql, when: 'after', nth: 1 } as const
    const child = startChild(folder.path, { task: 'deliver', name: 'c', threads: 0, first: 0, count: 1, dieAt })
    expect((await child.ended).signal).toBe('SIGKILL')
    await open()
    expect(validities(await look())[0]).toBeGreaterThan(Date.now() / 1000 - HOUR)
    await append('three')
    const after = await look()
    expect(identities(after).filter((name) => identities(lost).includes(name))).toEqual([])
    expect((await store.verify()).problems).toEqual([])
  },
)

test('of several processes that start at once one gives the numbers', { timeout: 60_000 }, async () => {
  await store.backup(copy.path)
  await store.close()
  replaceFiles()
  const settings = { task: 'deliver', name: 'c', threads: 1, count: 20 } as const
  const children = [0, 20, 40].map((first) => startChild(folder.path, { ...settings, first }))
  for (const { ended } of children) expect(await ended).toMatchObject({ code: 0, errors: '' })
  await open()
  const { rows } = await look()
  expect(rows.map(({ uid }) => uid)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1))
  const numbers = rows.map(({ emailId }) => Number(emailId.slice(1)))
  expect(numbers[59] - numbers[0]).toBe(59)
  expect(await store.verify()).toMatchObject({ messages: 60, problems: [] })
})

test('the copy bears the mark until it is opened, and nothing else beside its files', async () => {
  await store.backup(copy.path)
  const marks = (): unknown =>
    withDatabase(
      filesOf(copy.path).index,
      (db) => db.prepare("SELECT count(*) FROM counter WHERE name='restored'").get()?.[0],
    )
  expect(existsSync(`${filesOf(copy.path).index}-journal`)).toBe(false)
  expect(marks()).toBe(1)
  await (await openSqliteStore({ path: copy.path, threads: 1 })).close()
  expect(marks()).toBe(0)
})

test('octets that have lost their log: rows that name what is gone do not show what comes after it', async () => {
  await append('before')
  await store.close()
  await open()
  await append('lost')
  cpSync(folder.path, copy.path, { recursive: true })
  for (const end of ['-wal', '-shm']) rmSync(filesOf(copy.path).blobs + end)
  await restore()
  await append('after')
  const [{ id }] = await account.mailboxes()
  const [before, lost, after] = await collectRows(account.messages(id, {}))
  expect(nameOf(await collectBytes(account.read(before.blob)))).toBe('before')
  await expect(collectBytes(account.read(lost.blob))).rejects.toMatchObject({ code: 'nonexistent' })
  expect(nameOf(await collectBytes(account.read(after.blob)))).toBe('after')
  expect((await store.verify()).problems).toEqual(['mailbox 1 UID 2: its octets are missing or not 119'])
})

test('octets that only the lost index named do not stay for ever', async () => {
  await append('kept')
  await store.backup(copy.path)
  await append('lost')
  await append('lost, too', 2_000_000)
  // The collector has seen that they are in use, and does not look again.
  skew = 2 * HOUR
  await store.maintain()
  await store.close()
  rmSync(filesOf(copy.path).blobs)
  for (const name of ['blobs.db', 'tails'])
    cpSync(`${folder.path}/${name}`, `${copy.path}/${name}`, { recursive: true })
  replaceFiles()
  await open()
  await store.maintain()
  expect(await store.verify()).toMatchObject({ messages: 1, unusedBlobs: 0, problems: [] })
  expect(nameOf(await collectBytes(account.read((await look()).rows[0].blob)))).toBe('kept')
})
