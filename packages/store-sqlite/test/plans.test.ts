import { expect, test } from 'vitest'
import { loadDriver, openSqliteStore } from '../src/index.js'
import { filesOf } from '../src/sql/connection.js'
import { instrument } from './instrument.js'
import { mailOf } from './mail.js'
import { temporaryFolder, withDatabase } from './test-store.js'

/** Tables that grow with the mail. A step that walks through one of them costs with everything that there is. */
const LARGE = [
  'msg',
  'm',
  'content',
  'c',
  'release',
  'gone',
  'g',
  'expunged',
  'expunged_at',
  'delivered',
  'committed',
  'blob',
  'chunk',
  'mailbox',
  'account',
]

test('no statement of daily work walks through a whole table', async () => {
  const folder = temporaryFolder()
  const texts = new Set<string>()
  const { driver } = instrument(loadDriver(), (sql, when) => {
    if (when === 'before') texts.add(sql)
  })
  let skew = 0
  const clock = (): number => Date.now() + skew
  const store = await openSqliteStore({ path: folder.path, threads: 0, maintenanceInterval: 0, driver, clock })
  await store.addAccount('anna', { bytes: 1e9 })
  const account = await store.open('anna')
  const [{ id }] = await account.mailboxes()
  const staged = await store.stage([mailOf('m1', 100_000)])
  const thread = { ids: ['1'], subject: '' }
  const op = { op: 'append', to: id, staged, summary: new Uint8Array(), flags: 8, keywords: ['a'], thread } as const
  await account.commit?.([op, op, op, { ...op, flags: 0 }], 'key')
  await store.deliver({ staged, summary: new Uint8Array(), to: [{ account: 'anna', dedup: 'd' }] })
  await account.commit?.([
    { op: 'create', path: ['Other'], role: 'archive' },
    { op: 'copy', from: id, uids: [[1, 2]], to: { made: 0 } },
    { op: 'move', from: id, uids: [[3, 3]], to: { made: 0 } },
    { op: 'flags', in: id, uids: [[1, 9]], mode: 'add', flags: 1, keywords: ['b'] },
    { op: 'expunge', in: id, uids: [[1, 1]], onlyDeleted: true },
    { op: 'expunge', in: id, uids: [[5, 5]], onlyDeleted: false },
    { op: 'subscribe', path: ['Other'], on: true },
    { op: 'meta', key: '/a', value: new Uint8Array([1]) },
  ])
  const other = (await account.mailboxes())[1]
  for await (const rows of account.messages(id, { since: 1, want: ['summary', 'header', 'inline'] }))
    expect(rows.length).toBe(2)
  for await (const rows of account.messages(id, {})) expect(rows.length).toBe(2)
  for await (const piece of account.read(staged.blob, { start: 70_000, end: 70_010 })) expect(piece.length).toBe(10)
  await account.vanished?.(id, 1)
  for await (const rows of account.expunged?.(id, { want: ['summary'] }) ?? []) expect(rows.length).toBe(3)
  await account.uids?.(id)
  await account.quota?.()
  await account.meta?.(null, '/')
  await account.summaries?.([{ emailId: 'e1', summary: new Uint8Array([1]) }])
  await account.commit?.([{ op: 'drop', id: other.id }])
  await store.maintain()
  skew = 40 * 24 * 3_600_000
  await store.maintain()
  await store.close()

  const files = filesOf(folder.path)
  const walks: string[] = []
  let looked = 0
  for (const file of [files.index, files.blobs]) {
    withDatabase(file, (db) => {
      for (const sql of texts) {
        if (/^(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|PRAGMA|VACUUM)/.test(sql)) continue
        let steps: string[]
        try {
          steps = db
            .prepare(`EXPLAIN QUERY PLAN ${sql}`)
            .all()
            .map((row) => String(row[3]))
        } catch {
          // A statement of the other file.
          continue
        }
        looked++
        for (const step of steps) {
          const [verb, table] = step.split(' ')
          const walksIndex = step.includes('USING') && /LIMIT/.test(sql)
          if (verb === 'SCAN' && LARGE.includes(table) && !walksIndex) walks.push(`${step}: ${sql}`)
        }
      }
    })
  }
  expect(looked).toBeGreaterThan(50)
  expect(walks).toEqual([])
  folder.remove()
})
