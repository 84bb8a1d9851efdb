import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStore } from '@posthouse/store-sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'

let path: string
beforeAll(() => {
  path = mkdtempSync(join(tmpdir(), 'posthouse-sqlite-options-'))
})
afterAll(() => rmSync(path, { recursive: true, force: true }))

test.each([
  [undefined, 'options are an object with any of path, driver,'],
  [{ path: undefined }, 'openSqliteStore needs the option path, a folder'],
  [{ file: 'a.db' }, 'there is no option file; there are path, driver,'],
  [{ threads: '1' }, 'threads must be a number, 0 or more, not "1"'],
  [{ threads: -1 }, 'threads must be a number, 0 or more, not -1'],
  [{ pollInterval: Number.NaN }, 'pollInterval must be a number, 0 or more, not null'],
  [{ limits: { messageByte: 1 } }, 'there is no limit messageByte; there are messageBytes,'],
  [{ limits: { messageBytes: '10mb' } }, 'limits.messageBytes must be a number, 0 or more, not "10mb"'],
  [{ limits: 5 }, 'limits are an object with any of messageBytes,'],
])('a mistake is said before a file is made: %j', async (options, words) => {
  const opened = openSqliteStore((options && { path, ...options }) as never)
  await expect(opened).rejects.toMatchObject({ name: 'StoreError', code: 'invalid' })
  await expect(opened).rejects.toThrow(words)
  expect(readdirSync(path)).toEqual([])
})

test('a limit that says nothing is the default, and Infinity is one', async () => {
  const limits = { grace: undefined, keywords: Number.POSITIVE_INFINITY, busy: Number.POSITIVE_INFINITY } as never
  const store = await openSqliteStore({ path, threads: 0, limits })
  await store.addAccount('ada')
  await store.close()
})
