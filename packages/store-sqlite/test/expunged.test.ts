import { collectRows } from '@posthouse/store-api'
import { expect, test } from 'vitest'
import { loadDriver, openSqliteStore } from '../src/index.js'
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
