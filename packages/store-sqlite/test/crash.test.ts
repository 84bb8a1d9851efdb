import { existsSync, readdirSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openSqliteStore } from '../src/index.js'
import { filesOf } from '../src/sql/connection.js'
import type { ChildSettings } from './child.js'
import { mailOf, nameOf, sizeOf } from './mail.js'
import { startChild } from './processes.js'
import { temporaryFolder, withDatabase } from './test-store.js'

/** Random kills: a few by default, `POSTHOUSE_KILLS=200` for the long run. */
const KILLS = Number(process.env.POSTHOUSE_KILLS ?? 12)
/** Kills of one store: every octet in it is read after each of them. */
const ROUND = 12

let folder: ReturnType<typeof temporaryFolder>
beforeEach(async () => {
  folder = temporaryFolder()
  const store = await openSqliteStore({ path: folder.path, threads: 0 })
  await store.addAccount('anna')
  await (await store.open('anna')).commit([{ op: 'create', path: ['Trash'] }])
  await store.close()
})
afterEach(() => folder.remove())

/** Opens the store again, reads every octet of every message, and asks the store whether it is sound. */
async function readAll(): Promise<readonly string[]> {
  const store = await openSqliteStore({ path: folder.path, threads: 0 })
  try {
    expect((await store.verify()).problems).toEqual([])
    const account = await store.open('anna')
    const names: string[] = []
    for (const { id } of await account.mailboxes()) {
      for await (const rows of account.messages(id, {})) {
        for (const row of rows) {
          const pieces: Uint8Array[] = []
          for await (const piece of account.read(row.blob)) pieces.push(piece)
          const octets = Buffer.concat(pieces)
          const name = nameOf(octets)
          // Not torn: each octet is what was delivered under this name.
          expect(octets.equals(mailOf(name, sizeOf(Number(name.slice(1)))))).toBe(true)
          names.push(name)
        }
      }
    }
    return names
  } finally {
    await store.close()
  }
}

/** When every lease and grace time is over: no octets without a message, and no file without its row. */
async function expectNothingLeft(): Promise<void> {
  const days = 3 * 24 * 3_600_000
  const store = await openSqliteStore({ path: folder.path, threads: 0, clock: () => Date.now() + days })
  try {
    await store.maintain()
    expect(await store.verify()).toMatchObject({ unusedBlobs: 0, problems: [] })
    const { blobs, tails } = filesOf(folder.path)
    const rows = withDatabase(blobs, (db) =>
      db
        .prepare('SELECT id FROM blob WHERE tail > 0')
        .all()
        .map(([id]) => String(id)),
    )
    const files = existsSync(tails) ? readdirSync(tails, { recursive: true, withFileTypes: true }) : []
    expect(files.flatMap((entry) => (entry.isFile() ? [entry.name] : [])).sort()).toEqual(rows.sort())
  } finally {
    await store.close()
  }
}

const load: Omit<ChildSettings, 'first'> = { task: 'load', name: 'child', threads: 0, count: 0 }

interface Point {
  readonly name: string
  readonly dieAt: NonNullable<ChildSettings['dieAt']>
  /** ms that the child's clock is ahead, so that the collector has work. */
  readonly ahead?: number
}

describe('kill -9', () => {
  const points: readonly Point[] = [
    { name: 'while octets are staged', dieAt: { sql: 'INSERT INTO chunk', when: 'after', nth: 40 } },
    { name: 'in front of a tail', dieAt: { sql: 'UPDATE blob SET size', when: 'after', nth: 3 } },
    { name: 'behind a tail, before its row is whole', dieAt: { sql: 'UPDATE blob SET size', when: 'before', nth: 4 } },
    { name: 'after stage, before the commit', dieAt: { sql: 'SELECT size, lease, done', when: 'before', nth: 30 } },
    { name: 'mid-commit', dieAt: { sql: 'INSERT INTO msg', when: 'after', nth: 30 } },
    { name: 'before COMMIT', dieAt: { sql: 'COMMIT', when: 'before', nth: 25 } },
    { name: 'after COMMIT, before the answer', dieAt: { sql: 'COMMIT', when: 'after', nth: 25 } },
    { name: 'mid-expunge', dieAt: { sql: 'DELETE FROM msg', when: 'after', nth: 6 } },
    { name: 'mid-collect, rows', dieAt: { sql: 'DELETE FROM content', when: 'after', nth: 1 }, ahead: 2 * 3_600_000 },
    { name: 'mid-collect, octets', dieAt: { sql: 'DELETE FROM chunk', when: 'after', nth: 1 }, ahead: 3 * 3_600_000 },
  ]
  test.each(points)('$name: nothing acknowledged is missing, doubled or torn', async ({ dieAt, ahead = 0 }) => {
    const first = ahead > 0 ? await expungedBefore() : 0
    const child = startChild(folder.path, { ...load, first, dieAt, ahead })
    const { signal, errors } = await child.ended
    expect(errors).toBe('')
    expect(signal).toBe('SIGKILL')
    const names = await readAll()
    expect(new Set(names).size).toBe(names.length)
    const missing = said(child.lines, 'delivered').filter((name) => !names.includes(name))
    expect(missing).toEqual([])
    await expectNothingLeft()
  })

  const rounds = Array.from({ length: Math.ceil(KILLS / ROUND) }, (_, i) => Math.min(ROUND, KILLS - i * ROUND))
  test.each(rounds)('%i times at random moments under load', { timeout: 60_000 + ROUND * 15_000 }, async (kills) => {
    const promised = new Set<string>()
    const mayBeGone = new Set<string>()
    let next = 0
    for (let i = 0; i < kills; i++) {
      // The last numbers come again, as a sender does that had no answer: their keys keep them from being doubled.
      next = Math.max(0, next - 20)
      const child = startChild(folder.path, { ...load, first: next, threads: i % 4 === 3 ? 1 : 0 })
      await child.said(2 + Math.floor(Math.random() * 150))
      child.kill()
      expect((await child.ended).errors).toBe('')
      for (const name of said(child.lines, 'delivered')) promised.add(name)
      // Which message goes is said before: without an answer it may be gone or not.
      for (const name of said(child.lines, 'expunging')) mayBeGone.add(name)
      const names = await readAll()
      expect(new Set(names).size, 'doubled').toBe(names.length)
      const found = new Set(names)
      expect([...promised].filter((name) => !found.has(name) && !mayBeGone.has(name))).toEqual([])
      next = Math.max(next, ...[...promised].map((name) => Number(name.slice(1)) + 1))
    }
    await expectNothingLeft()
  })

  /** Messages that were expunged long ago by the child's clock, so that the collector has work. */
  async function expungedBefore(): Promise<number> {
    const store = await openSqliteStore({ path: folder.path, threads: 0 })
    const account = await store.open('anna')
    const [inbox] = await account.mailboxes()
    for (const i of [0, 1, 2, 3, LONG]) {
      const staged = await store.stage([mailOf(`m${i}`, sizeOf(i))])
      await account.commit([{ op: 'append', to: inbox.id, staged, flags: 0, summary: new Uint8Array() }])
    }
    await account.commit([{ op: 'expunge', in: inbox.id, onlyDeleted: false }])
    await store.close()
    return 50
  }
})

/** The number of a message that has a tail. */
const LONG = 20

/** The names in the lines that begin with this word. */
function said(lines: readonly string[], word: string): string[] {
  return lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1))
}
