/** Every binding passes the conformance kit. The tests beside this one run on the first that this Node has. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { type DriverName, loadDriver } from '../src/index.js'
import { makeTestStore } from './test-store.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const REPORT = fileURLToPath(new URL('./kit-report.ts', import.meta.url))

function run(command: string, args: readonly string[], ms: number): Promise<{ ok: boolean; output: string }> {
  return new Promise((resolve) => {
    execFile(command, args, { cwd: ROOT, timeout: ms, maxBuffer: 1 << 24 }, (error, stdout, stderr) => {
      resolve({ ok: error === null, output: error === null || stdout !== '' ? stdout : stderr })
    })
  })
}

/** The report of the whole kit in another process. */
async function reportOf(node: string, driver: DriverName) {
  const { output } = await run(node, ['--import', 'tsx', REPORT, driver], 150_000)
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as {
    readonly node: string
    readonly driver: string
    readonly passed: number
    readonly failed: readonly string[]
  }
}

/**
 * A Node that has `node:sqlite`: this one, or the newest 24 from the npm registry, which npx keeps after the first time.
 * `null` when it cannot be fetched; in CI that is an error.
 */
async function nodeWithSqlite(): Promise<string | null> {
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number]
  if (major > 22 || (major === 22 && minor >= 13)) return process.execPath
  const { ok, output } = await run('npx', ['--yes', '--prefer-offline', 'node@24', '-p', 'process.execPath'], 120_000)
  if (ok) return output.trim().split('\n').at(-1) ?? null
  if (process.env.CI === 'true') throw new Error(`npx could not fetch node@24: ${output}`)
  return null
}

describe('the conformance kit', () => {
  // better-sqlite3 brings its binaries along from 13 on, and they want Node 22 as `node:sqlite` does.
  test.each(['node:sqlite', 'better-sqlite3'] as const)('on %s (Node 24)', { timeout: 300_000 }, async (driver) => {
    const node = await nodeWithSqlite()
    if (node === null) return console.warn('skipped: no Node with node:sqlite here, and npx could not fetch one')
    const report = await reportOf(node, driver)
    expect(report).toMatchObject({ driver, failed: [] })
    expect(report.passed).toBeGreaterThan(100)
  })
})

test('a binding that is not there, or would crash this Node, is refused by its name', () => {
  expect(() => loadDriver('node:none' as DriverName)).toThrow(expect.objectContaining({ code: 'unavailable' }))
  expect(() => loadDriver('node:none' as DriverName)).toThrow('node:none')
  if (Number.parseInt(process.versions.node, 10) >= 22) return
  expect(() => loadDriver('better-sqlite3')).toThrow(expect.objectContaining({ code: 'unavailable' }))
})

test('an empty array from another thread is not NULL', () => {
  const database = loadDriver().open(':memory:', { readOnly: false })
  try {
    const statement = database.prepare('SELECT ? IS NULL, length(?)')
    const empty = structuredClone(new Uint8Array(0))
    expect(statement.get(empty, empty)).toEqual([0, 0])
    expect(statement.all(null, 'abc')).toEqual([[1, 3]])
  } finally {
    database.close()
  }
})

test('a text goes on behind a NUL: what begins alike is not the same', () => {
  const database = loadDriver().open(':memory:', { readOnly: false })
  try {
    database.exec('CREATE TABLE t(k TEXT PRIMARY KEY) STRICT, WITHOUT ROWID')
    const insert = database.prepare('INSERT INTO t(k) VALUES(?)')
    for (const key of ['ben', 'ben\0k', 'ben\0l']) insert.execute(key)
    for (const [key, count] of [
      ['ben', 1],
      ['ben\0k', 1],
      ['ben\0', 0],
    ] as const)
      expect(database.prepare('SELECT count(*) FROM t WHERE k=?').get(key)).toEqual([count])
  } finally {
    database.close()
  }
})

test('the keys of a guest, and names with NUL, are not those that begin alike', async () => {
  const t = await makeTestStore()
  try {
    const anna = await t.store.open('anna')
    const [{ id }] = await anna.mailboxes()
    await anna.commit!([{ op: 'acl', in: id, identifier: 'ben', mode: 'set', rights: 'lrsk' }])
    const ben = await t.store.open('anna', { principal: 'ben' })
    const subscribe = (name: string) => [{ op: 'subscribe', path: [name], on: true }] as const
    await ben.commit!(subscribe('A'), 'k')
    await ben.commit!(subscribe('B'), 'l')
    await ben.commit!(subscribe('C'), 'l')
    expect(await ben.subscriptions!()).toEqual([['A'], ['B']])
    await expect(t.store.open('anna\0')).rejects.toMatchObject({ code: 'nonexistent' })
    await expect(t.store.open('anna', { principal: 'ben\0' })).rejects.toMatchObject({ code: 'nonexistent' })
    const staged = await t.store.stage!([new Uint8Array(1)])
    const to = ['d\0a', 'd\0b'].map((dedup) => ({ account: 'anna', dedup }))
    const results = await t.store.deliver!({ staged, summary: new Uint8Array(), to })
    expect(results).toMatchObject([{ uids: [[1, 1]] }, { uids: [[2, 2]] }])
  } finally {
    await t.close?.()
  }
})
