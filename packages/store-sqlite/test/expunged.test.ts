import { collectBytes, collectRows } from '@posthouse/store-api'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadDriver, openSqliteStore, type SqliteStore } from '../src/index.js'
import { filesOf } from '../src/sql/connection.js'
import { instrument } from './instrument.js'
import { mailOf } from './mail.js'
import { temporaryFolder, withDatabase } from './test-store.js'

test('expunged rows are kept for the grace time, then forgotten in steps, whatever else was expunged since', async () => {
  const folder = temporaryFolder()
  let skew = 0
  const clock = (): number => Date.now() + skew
  const store = await openSqliteStore({ path: folder.path, threads: 0, maintenanceInterval: 0, clock })
  await store.addAccount('anna')
  const account = await store.open('anna')
  const [{ id }] = await account.mailboxes()
  const staged = await store.stage([mailOf('m', 100)])
  const op = { op: 'append', to: id, staged, summary: new Uint8Array(), flags: 0 } as const
  await account.commit(Array.from({ length: 1_500 }, () => op))
  const rowsLeft = (): unknown =>
    withDatabase(filesOf(folder.path).index, (db) =>
      db.prepare('SELECT (SELECT count(*) FROM expunged), (SELECT count(*) FROM expunged_at)').get(),
    )
  const every = (from: number) => Array.from({ length: 700 }, (_, i) => [from + 2 * i, from + 2 * i] as const)
  await account.commit([{ op: 'expunge', in: id, uids: every(1), onlyDeleted: false }])
  skew += 30 * 60_000
  await account.commit([{ op: 'expunge', in: id, uids: every(2), onlyDeleted: false }])
  expect(await collectRows(account.expunged(id, {}))).toHaveLength(1_400)
  await store.maintain()
  expect(rowsLeft()).toEqual([1_400, 2])
  skew += 31 * 60_000
  await store.maintain()
  expect(rowsLeft()).toEqual([700, 1])
  expect((await collectRows(account.expunged(id, {}))).map(({ uid }) => uid)).toEqual(every(2).map(([uid]) => uid))
  skew += 31 * 60_000
  await store.maintain()
  expect(rowsLeft()).toEqual([0, 0])
  await store.close()
  folder.remove()
})

test('many small expunges are forgotten many at once', async () => {
  const folder = temporaryFolder()
  const commits: string[] = []
  const { driver } = instrument(loadDriver(), (sql, when) => {
    if (when === 'after' && sql === 'COMMIT') commits.push(sql)
  })
  let skew = 0
  const clock = (): number => Date.now() + skew
  const store = await openSqliteStore({ path: folder.path, threads: 0, maintenanceInterval: 0, clock, driver })
  await store.addAccount('anna')
  const account = await store.open('anna')
  const [{ id }] = await account.mailboxes()
  const staged = await store.stage([mailOf('m', 100)])
  const op = { op: 'append', to: id, staged, summary: new Uint8Array(), flags: 0 } as const
  await account.commit(Array.from({ length: 700 }, () => op))
  const expunge = (uid: number): unknown =>
    account.commit([{ op: 'expunge', in: id, uids: [[uid, uid]], onlyDeleted: false }])
  await Promise.all(Array.from({ length: 700 }, (_, i) => expunge(i + 1)))
  skew = 2 * 3_600_000
  commits.length = 0
  await store.maintain()
  expect(commits.length).toBeLessThan(20)
  const left = 'SELECT (SELECT count(*) FROM expunged), (SELECT count(*) FROM expunged_at)'
  expect(withDatabase(filesOf(folder.path).index, (db) => db.prepare(left).get())).toEqual([0, 0])
  await store.close()
  folder.remove()
})

describe('a message whose copy was expunged long ago', () => {
  let folder: ReturnType<typeof temporaryFolder>
  let skew = 0
  /** The next commits of the database that are let through; then all of them fail. */
  let commitsLeft = Number.POSITIVE_INFINITY
  let store: SqliteStore
  beforeEach(async () => {
    folder = temporaryFolder()
    skew = 0
    commitsLeft = Number.POSITIVE_INFINITY
    const { driver } = instrument(loadDriver(), (sql, when) => {
      if (when === 'before' && sql === 'COMMIT' && commitsLeft-- <= 0) throw new Error('disk I/O error')
    })
    const clock = (): number => Date.now() + skew
    store = await openSqliteStore({ path: folder.path, threads: 0, maintenanceInterval: 0, clock, driver })
    await store.addAccount('anna')
  })
  afterEach(async () => {
    await store.close()
    folder.remove()
  })

  async function copyInTrash() {
    const account = await store.open('anna')
    await account.commit([{ op: 'create', path: ['Trash'] }])
    const [inbox, trash] = await account.mailboxes()
    const staged = await store.stage([mailOf('m', 100)])
    await account.commit([{ op: 'append', to: inbox.id, staged, summary: new Uint8Array(), flags: 0 }])
    await account.commit([{ op: 'copy', from: inbox.id, uids: [[1, 1]], to: trash.id }])
    await account.commit([{ op: 'expunge', in: inbox.id, onlyDeleted: false }])
    skew = 2 * 3_600_000
    const [{ blob }] = await collectRows(account.messages(trash.id, {}))
    const octets = (): Promise<Uint8Array> => collectBytes(account.read(blob))
    const expunge = () => account.commit([{ op: 'expunge', in: trash.id, onlyDeleted: false }])
    return { octets, expunge }
  }

  test('keeps its octets for its own grace time (R7)', async () => {
    const { octets, expunge } = await copyInTrash()
    await expunge()
    await store.maintain()
    expect(await octets()).toEqual(mailOf('m', 100))
    skew += 2 * 3_600_000
    await store.maintain()
    await expect(octets()).rejects.toMatchObject({ code: 'nonexistent' })
    expect(await store.verify()).toMatchObject({ unusedBlobs: 0, problems: [] })
  })

  test('keeps them when its expunge, in one group with the collector, does not come about', async () => {
    const { octets, expunge } = await copyInTrash()
    // The collector's two for the octets; then that of the rows fails.
    commitsLeft = 2
    const results = await Promise.allSettled([expunge(), store.maintain()])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    commitsLeft = Number.POSITIVE_INFINITY
    expect(await octets()).toEqual(mailOf('m', 100))
    expect(await store.verify()).toMatchObject({ messages: 1, problems: [] })
  })
})
