/** What happens when the clock is set, a little or by years: no message is touched, and nothing waits for ever. */
import { collectBytes, collectRows } from '@posthouse/store-api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSqliteStore, type SqliteAccount, type SqliteStore } from '../src/index.js'
import { filesOf } from '../src/sql/connection.js'
import { mailOf } from './mail.js'
import { temporaryFolder, withDatabase } from './test-store.js'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const YEARS = 10 * 365 * DAY
const summary = new Uint8Array(0)

let folder: ReturnType<typeof temporaryFolder>
let store: SqliteStore
let account: SqliteAccount
let inbox: string
let skew: number

beforeEach(async () => {
  folder = temporaryFolder()
  skew = 0
  store = await openSqliteStore({
    path: folder.path,
    threads: 0,
    maintenanceInterval: 0,
    clock: () => Date.now() + skew,
  })
  await store.addAccount('anna')
  account = await store.open('anna')
  inbox = (await account.mailboxes())[0].id
})
afterEach(async () => {
  await store.close()
  folder.remove()
})

async function deliver(name: string, dedup = name): Promise<boolean> {
  const staged = await store.stage([mailOf(name, 100)])
  const [result] = await store.deliver({ staged, summary, to: [{ account: 'anna', dedup }] })
  if (result instanceof Error) throw result
  return result.duplicate ?? false
}

const expunge = (uid: number) => account.commit([{ op: 'expunge', in: inbox, uids: [[uid, uid]], onlyDeleted: false }])

/** Blobs that are there. */
const blobs = (): number =>
  withDatabase(filesOf(folder.path).blobs, (db) => db.prepare('SELECT count(*) FROM blob').get()?.[0] as number)

const rows = (table: string): number =>
  withDatabase(filesOf(folder.path).index, (db) => db.prepare(`SELECT count(*) FROM ${table}`).get()?.[0] as number)

test.each([HOUR, -HOUR, YEARS, -YEARS])('a jump of %i ms touches no message, and numbers go on', async (jump) => {
  await deliver('before')
  const [{ modseq }] = await account.mailboxes()
  skew += jump
  await store.maintain()
  await deliver('after')
  await store.maintain()
  skew -= jump
  await store.maintain()
  await deliver('back')
  const found = await collectRows(account.messages(inbox, {}))
  expect(found.map(({ uid }) => uid)).toEqual([1, 2, 3])
  const modseqs = found.map((row) => row.modseq)
  expect(modseqs).toEqual([...modseqs].sort((a, b) => a - b))
  expect(modseqs[0]).toBe(modseq)
  for (const [i, name] of ['before', 'after', 'back'].entries())
    expect(Buffer.compare(await collectBytes(account.read(found[i].blob)), mailOf(name, 100))).toBe(0)
  expect((await store.verify()).problems).toEqual([])
})

test('forward over a lease: the commit is refused with `expired`, and the octets go', async () => {
  const staged = await store.stage([mailOf('late', 100)])
  skew += 2 * HOUR
  const [result] = await store.deliver({ staged, summary, to: [{ account: 'anna', dedup: 'late' }] })
  expect(result).toMatchObject({ code: 'expired' })
  await store.maintain()
  expect(blobs()).toBe(0)
})

test('back: what was staged stays usable, and is collected a lease later at the latest', async () => {
  skew = YEARS
  const staged = await store.stage([mailOf('early', 100)])
  skew = 0
  await store.maintain()
  const [result] = await store.deliver({ staged, summary, to: [{ account: 'anna', dedup: 'early' }] })
  expect(result).toMatchObject({ uids: [[1, 1]] })
  skew = YEARS
  await store.stage([mailOf('forgotten', 100)])
  skew = 0
  await store.maintain()
  expect(blobs()).toBe(2)
  skew = 3 * HOUR
  await store.maintain()
  expect(blobs()).toBe(1)
})

test('back: octets of what was expunged stay for a grace time, and then they go', async () => {
  await deliver('gone')
  skew = YEARS
  await store.maintain()
  await expunge(1)
  skew = 0
  await store.maintain()
  expect(blobs()).toBe(1)
  skew = 3 * HOUR
  await store.maintain()
  expect(blobs()).toBe(0)
})

test('keys are known across a jump back and a short one forward; after a week they are forgotten', async () => {
  skew = YEARS
  await deliver('one')
  skew = 0
  await store.maintain()
  expect(await deliver('one again', 'one')).toBe(true)
  skew = DAY
  await store.maintain()
  expect(await deliver('one again', 'one')).toBe(true)
  skew = 8 * DAY
  await store.maintain()
  expect(rows('delivered')).toBe(0)
})

test('history of expunges is whole or gone, never a part', async () => {
  await deliver('one')
  await deliver('two')
  await deliver('three')
  const [{ modseq }] = await account.mailboxes()
  skew = YEARS
  await expunge(1)
  skew = 0
  await expunge(2)
  await store.maintain()
  expect(await account.vanished(inbox, modseq)).toEqual([[1, 2]])
  skew = 31 * DAY
  await store.maintain()
  expect(await account.vanished(inbox, modseq)).toBeNull()
  expect(rows('gone')).toBe(0)
})

test('an account that was removed by a clock ahead is purged', async () => {
  await deliver('one')
  skew = YEARS
  await store.removeAccount('anna')
  skew = 0
  await store.maintain()
  skew = 3 * HOUR
  await store.maintain()
  expect([rows('msg'), rows('delivered'), blobs()]).toEqual([0, 0, 0])
})

test('what was expunged under a clock that was years ahead is forgotten like the rest', async () => {
  skew = YEARS
  await deliver('one')
  await expunge(1)
  skew = 0
  await store.maintain()
  skew = 3 * HOUR
  await store.maintain()
  expect([rows('expunged'), rows('expunged_at')]).toEqual([0, 0])
})
