import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MailStore } from '@posthouse/store-api'
import type { CrashPoint, TestStore } from '@posthouse/store-api/conformance'
import { openSqliteStore, type SqliteStore, type SqliteStoreOptions } from '../src/index.js'
import { filesOf } from '../src/sql/connection.js'
import { type Database, type DriverName, loadDriver } from '../src/sql/driver.js'
import type { ChildSettings } from './child.js'
import { instrument } from './instrument.js'
import { startChild } from './processes.js'

/** A folder that a test may fill. */
export function temporaryFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'posthouse-sqlite-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** Looks into the files of a store behind its back. */
export function withDatabase<T>(file: string, work: (db: Database) => T): T {
  const db = loadDriver().open(file, { readOnly: false })
  try {
    db.exec('PRAGMA busy_timeout=5000')
    return work(db)
  } finally {
    db.close()
  }
}

const MINUTE = 60_000

/** Where in the database's work each named point lies. */
const CRASH_POINTS: { readonly [P in CrashPoint]: NonNullable<ChildSettings['dieAt']> } = {
  'after-stage': { sql: 'SELECT size, lease, done', when: 'before', nth: 8 },
  'mid-commit': { sql: 'INSERT INTO msg', when: 'after', nth: 8 },
  'after-commit': { sql: 'COMMIT', when: 'after', nth: 20 },
  'mid-expunge': { sql: 'DELETE FROM msg', when: 'after', nth: 3 },
  'mid-collect': { sql: 'DELETE FROM content', when: 'after', nth: 2 },
}

/** A fresh store with every hook that the conformance kit can use. */
export async function makeTestStore(
  options: Partial<SqliteStoreOptions> = {},
  binding?: DriverName,
): Promise<TestStore> {
  const folder = temporaryFolder()
  const files = filesOf(folder.path)
  let skew = 0
  const { driver, statements, fillDisk } = instrument(loadDriver(binding))
  const settings: SqliteStoreOptions = {
    path: folder.path,
    threads: 0,
    maintenanceInterval: 0,
    pollInterval: 20,
    clock: () => Date.now() + skew,
    // A driver with ears lives in this thread only.
    ...(!options.threads && { driver }),
    ...options,
  }
  const opened = new Set<SqliteStore>()
  const openOne = async (): Promise<SqliteStore> => {
    const one = await openSqliteStore(settings)
    opened.add(one)
    return one
  }
  const store = await openOne()
  await store.addAccount('anna')
  await store.addAccount('ben')
  let current = store

  return {
    store,
    account: 'anna',
    otherAccount: 'ben',
    second: openOne,
    async reopen(): Promise<MailStore> {
      await current.close()
      opened.delete(current)
      current = await openOne()
      return current
    },
    advance(ms) {
      skew += ms
    },
    async crash(point) {
      const dieAt = CRASH_POINTS[point]
      const what = { task: 'scenario', name: point, threads: 0, first: 0, count: 0 } as const
      const child = startChild(folder.path, { ...what, dieAt, ...(binding && { binding }) })
      const { signal, errors } = await child.ended
      if (signal !== 'SIGKILL') throw new Error(`the child did not come to ${point}: ${errors}`)
      return { store: await openOne(), acknowledged: child.lines }
    },
    ...(!options.threads && { statements, fillDisk }),
    leaseMs: 60 * MINUTE,
    collect: () => current.maintain(),
    octetsHeld: () =>
      withDatabase(
        files.blobs,
        (db) =>
          db
            .prepare(
              'SELECT (SELECT coalesce(sum(length(data)), 0) FROM chunk) + (SELECT coalesce(sum(tail), 0) FROM blob)',
            )
            .get()?.[0] as number,
      ),
    trimVanished: () =>
      withDatabase(files.index, (db) => db.exec('BEGIN; UPDATE mailbox SET floor=modseq; DELETE FROM gone; COMMIT')),
    setUidNext: (account, uidNext) =>
      withDatabase(files.index, (db) => {
        const sql = "UPDATE mailbox SET uidnext=? WHERE path='INBOX' AND account=(SELECT id FROM account WHERE name=?)"
        db.prepare(sql).run(uidNext, account)
      }),
    setQuota: (account, limit) => current.addAccount(account, limit),
    logOctets: () => statSync(`${files.index}-wal`).size + statSync(`${files.blobs}-wal`).size,
    keywordLimit: 100,
    async close() {
      for (const one of opened) await one.close()
      folder.remove()
    },
  }
}
