/** The blocks of the README run: each stands below as it is there. */
import { parseMessage } from '@posthouse/mime'
import { summarize } from '@posthouse/mime/summary'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { squeeze, squeezedCode, typescriptBlocks } from '../../../scripts/readme.js'
import * as sqlite from '../src/index.js'
import { temporaryFolder } from './test-store.js'

test('every block of the README is executed here', () => {
  const ours = squeezedCode(new URL(import.meta.url))
  const blocks = typescriptBlocks(new URL('../README.md', import.meta.url))
  expect(blocks).toHaveLength(5)
  for (const block of blocks) expect(ours).toContain(squeeze(block))
})

let folder: ReturnType<typeof temporaryFolder>
let opened: sqlite.SqliteStore[]
beforeEach(() => {
  folder = temporaryFolder()
  opened = []
})
afterEach(async () => {
  for (const store of opened) await store.close()
  folder.remove()
})

/** `./mail` lies in a folder of the test. */
async function openSqliteStore(options: sqlite.SqliteStoreOptions): Promise<sqlite.SqliteStore> {
  const store = await sqlite.openSqliteStore({ ...options, path: `${folder.path}/mail`, threads: 0 })
  opened.push(store)
  return store
}

const octets = [new TextEncoder().encode('Subject: hello\r\nMessage-ID: <1@example.org>\r\n\r\nHello world\r\n')]
const { summary } = summarize(octets[0])
const console = { log: vi.fn() }

test('the first block', async () => {
  const store = await openSqliteStore({ path: './mail' })
  await store.addAccount('anna') // makes INBOX; harmless when it exists
  await store.addAddress('anna@example.org', 'anna')

  // Deliver
  const staged = await store.stage(octets) // any (async) iterable of Uint8Array
  const [result] = await store.deliver({ staged, summary, to: [{ account: 'anna', dedup: 'queue-id-1' }] })

  // Read
  const account = await store.open('anna')
  const [inbox] = await account.mailboxes()
  for await (const rows of account.messages(inbox.id, { want: ['summary'] })) {
    for (const { uid, flags, size } of rows) console.log(uid, flags, size)
  }
  await store.close()
  expect(result).toMatchObject({ uids: [[1, 1]] })
  expect(console.log).toHaveBeenCalledWith(1, 0, octets[0].length)
  opened = []
})

test('text search and conversations', async () => {
  const store = await openSqliteStore({ path: './mail', fts: true, threadIds: true })
  await store.addAccount('anna')
  await store.deliver({ staged: await store.stage(octets), summary, to: [{ account: 'anna', dedup: '1' }] })
  await store.indexText()
  const account = await store.open('anna')
  const [{ id }] = await account.mailboxes()
  const found = await account.search(id, { type: 'text', in: 'body', contains: 'WORLD' })
  expect(found?.uids).toEqual([[1, 1]])
  for await (const rows of account.messages(id, {})) expect(rows[0].threadId).toBeDefined()
})

test('text of one’s own', async () => {
  const store = await openSqliteStore({
    path: './mail',
    fts: {
      textOf(octets) {
        const message = parseMessage(octets)
        return { subject: message.subject, body: [message.text, message.html].join('\n') }
      },
    },
  })
  await store.addAccount('anna')
  await store.deliver({ staged: await store.stage(octets), summary, to: [{ account: 'anna', dedup: '1' }] })
  await store.indexText({ anew: true })
  const account = await store.open('anna')
  const [{ id }] = await account.mailboxes()
  const nothing = await account.search(id, { type: 'text', in: 'subject', contains: 'world' })
  expect(nothing?.uids).toEqual([])
})

test('sharing, and care', async () => {
  const store = await openSqliteStore({ path: './mail' })
  await store.addAccount('anna')
  const [inbox] = await (await store.open('anna')).mailboxes()
  await share()
  expect(console.log).toHaveBeenCalledWith('anna', ['INBOX'], 'lrswi', 0)
  const path = folder.path
  const careful = { ...store, backup: (to: string) => store.backup(`${path}/${to}`) }
  await care(careful)

  async function share(): Promise<void> {
    const anna = await store.open('anna')
    await anna.commit([{ op: 'acl', in: inbox.id, identifier: 'group:sales', mode: 'set', rights: 'lrswi' }])

    const bob = { principal: 'bob', groups: ['group:sales'] }
    for (const owner of await store.sharedWith(bob)) {
      const view = await store.open(owner, bob)
      const [shared] = await view.mailboxes()
      console.log(owner, shared.path, shared.rights, shared.unseen)
    }
  }

  async function care(store: sqlite.SqliteStore): Promise<void> {
    await store.backup('./backup-2026-11-23') // while in use; the copy is a store
    const { problems } = await store.verify() // counts everything again; [] is good
    await store.maintain() // what otherwise happens every minute
    await store.removeAccount('anna') // the name is free at once, the octets an hour later
    expect(problems).toEqual([])
    await expect(store.open('anna')).rejects.toMatchObject({ code: 'nonexistent' })
  }
})
