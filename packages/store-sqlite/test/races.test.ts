import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSqliteStore } from '../src/index.js'
import { startChild } from './processes.js'
import { temporaryFolder } from './test-store.js'

let folder: ReturnType<typeof temporaryFolder>
beforeEach(async () => {
  folder = temporaryFolder()
  const store = await openSqliteStore({ path: folder.path, threads: 0 })
  await store.addAccount('anna')
  await store.close()
})
afterEach(() => folder.remove())

test('8 processes deliver into one mailbox while 4 read: in order, complete, and never "locked"', {
  timeout: 180_000,
}, async () => {
  const each = 40
  const writers = Array.from({ length: 8 }, (_, i) =>
    startChild(folder.path, { task: 'deliver', name: `w${i}`, threads: i % 2, first: i * 1000, count: each }),
  )
  const readers = Array.from({ length: 4 }, (_, i) =>
    startChild(folder.path, { task: 'read', name: `r${i}`, threads: i % 2, first: 0, count: 8 * each }),
  )
  for (const child of [...writers, ...readers]) expect(await child.ended).toEqual({ code: 0, signal: null, errors: '' })
  for (const reader of readers) expect(reader.lines).toEqual(['ready', `saw ${8 * each}`, 'done'])

  const store = await openSqliteStore({ path: folder.path, threads: 0 })
  const report = await store.verify()
  expect(report).toMatchObject({ messages: 8 * each, problems: [] })
  await store.close()
})

test('a commit of another process is seen by watch', { timeout: 60_000 }, async () => {
  const store = await openSqliteStore({ path: folder.path, threads: 0, pollInterval: 20 })
  const account = await store.open('anna')
  const leave = new AbortController()
  const before = (await account.mailboxes())[0].modseq
  const hints = account.watch?.(leave.signal)[Symbol.asyncIterator]()
  const child = startChild(folder.path, { task: 'deliver', name: 'other', threads: 0, first: 1, count: 1 })
  const hint = await hints?.next()
  expect(hint?.done).toBeFalsy()
  expect((await account.mailboxes())[0].modseq).toBeGreaterThan(before)
  leave.abort()
  expect((await hints?.next())?.done).toBe(true)
  await child.ended
  await store.close()
})

test('that another process has removed the account is seen by watch', { timeout: 10_000 }, async () => {
  const options = { path: folder.path, threads: 0, pollInterval: 20 }
  const [store, other] = [await openSqliteStore(options), await openSqliteStore(options)]
  const account = await store.open('anna')
  await account.mailboxes()
  const leave = new AbortController()
  const hint = account.watch(leave.signal)[Symbol.asyncIterator]().next()
  await other.removeAccount('anna')
  expect((await hint).done).toBeFalsy()
  await expect(account.mailboxes()).rejects.toMatchObject({ code: 'nonexistent' })
  leave.abort()
  await store.close()
  await other.close()
})

test('whoever watches hears the end when the store is closed, and when it is closed already', async () => {
  const store = await openSqliteStore({ path: folder.path, threads: 0 })
  const account = await store.open('anna')
  const { signal } = new AbortController()
  const waiting = Array.from({ length: 2 }, () => account.watch?.(signal)[Symbol.asyncIterator]().next())
  await store.close()
  const late = account.watch?.(signal)[Symbol.asyncIterator]().next()
  for (const next of [...waiting, late]) expect(await next).toEqual({ done: true, value: undefined })
})
