/** `fts: true` and `threadIds: true`: what the packages beside the store know of messages. */
import { summarize } from '@posthouse/mime/summary'
import type { SearchExpr } from '@posthouse/store-api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSqliteStore, type SqliteStore } from '../src/index.js'
import { temporaryFolder } from './test-store.js'

let folder: ReturnType<typeof temporaryFolder>
let store: SqliteStore
beforeEach(async () => {
  folder = temporaryFolder()
  store = await openSqliteStore({ path: folder.path, threads: 0, fts: true, threadIds: true })
  await store.addAccount('anna')
})
afterEach(async () => {
  await store.close()
  folder.remove()
})

const message = (fields: readonly string[], body: string): Uint8Array =>
  new TextEncoder().encode(['MIME-Version: 1.0', ...fields, '', body, ''].join('\r\n'))

async function deliver(octets: Uint8Array, dedup: string): Promise<void> {
  const staged = await store.stage([octets])
  const [result] = await store.deliver({ staged, summary: summarize(octets).summary, to: [{ account: 'anna', dedup }] })
  if (result instanceof Error) throw result
}

test('fts: true finds decoded text in headers and bodies', async () => {
  await deliver(message(['Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=', 'From: Zoe <zoe@example.org>'], 'plain'), '1')
  const encoded = ['Subject: other', 'Content-Transfer-Encoding: base64', 'Content-Type: text/plain; charset=utf-8']
  await deliver(message(encoded, Buffer.from('aus Zürich').toString('base64')), '2')
  await store.indexText()
  const account = await store.open('anna')
  const [{ id }] = await account.mailboxes()
  const find = async (place: 'subject' | 'body' | 'from' | 'all', contains: string) =>
    (await account.search(id, { type: 'text', in: place, contains } satisfies SearchExpr))?.uids
  expect(await find('subject', 'grüß')).toEqual([[1, 1]])
  expect(await find('body', 'ZÜRI')).toEqual([[2, 2]])
  expect(await find('from', 'example.org')).toEqual([[1, 1]])
  expect(await find('all', 'zürich')).toEqual([[2, 2]])
  expect(await find('body', 'nowhere')).toEqual([])
})

test('threadIds: true reads the summary, for deliveries and appends', async () => {
  await deliver(message(['Subject: Lunch?', 'Message-ID: <q@example.org>'], 'when'), '1')
  await deliver(
    message(['Subject: Re: Lunch?', 'Message-ID: <a@example.org>', 'In-Reply-To: <q@example.org>'], 'one'),
    '2',
  )
  await deliver(message(['Subject: no ids'], 'nothing'), '3')
  const account = await store.open('anna')
  const [{ id }] = await account.mailboxes()
  const draft = message(['Subject: RE: [x] Lunch?', 'References: <q@example.org> <a@example.org>'], 'ok')
  const staged = await store.stage([draft])
  await account.commit([{ op: 'append', to: id, staged, summary: summarize(draft).summary, flags: 16 }])
  const threads: (string | undefined)[] = []
  for await (const rows of account.messages(id, {})) for (const { threadId } of rows) threads.push(threadId)
  expect(threads).toEqual([threads[0], threads[0], undefined, threads[0]])
  expect(threads[0]).toMatch(/^t\d+$/)
})
