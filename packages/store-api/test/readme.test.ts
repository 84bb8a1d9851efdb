/** The blocks of the README run: each stands below as it is there. (Those of test runners run in `interop/store`.) */
import {
  type Account,
  createMemoryStore,
  createMemoryUidSidecar,
  type FlagChange,
  type UnnumberedMessage,
  type Writer,
  withUidMap,
} from '@posthouse/store-api'
import { expect, test, vi } from 'vitest'
import { squeeze, squeezedCode, typescriptBlocks } from '../../../scripts/readme.js'

test('every block of the README is executed somewhere', () => {
  const files = ['./readme.test.ts', './adapter.test.ts', './custom-mailbox.ts']
  // A README does not need `!`.
  const ours = squeezedCode(...files.map((name) => new URL(name, import.meta.url))).replaceAll('!.', '.')
  const blocks = typescriptBlocks(new URL('../README.md', import.meta.url))
  expect(blocks).toHaveLength(5)
  const [adapter, kit, ...rest] = blocks
  expect(ours).toContain(squeeze(adapter!.slice(adapter!.indexOf('/** An owner'))))
  // `notes()` there is the author's own table.
  expect(kit).toContain('for (const check of storeChecks(')
  for (const block of rest) expect(ours).toContain(squeeze(block))
})

test('a store in memory; sharing', async () => {
  const store = createMemoryStore({ autoCreate: true, maxBytes: 64 * 1024 * 1024 })
  const ann = (await store.open('ann')) as Account & Writer
  const inbox = (await ann.mailboxes())[0]!
  const staged = await ann.stage([new TextEncoder().encode('Subject: hello\r\n\r\n')])
  await ann.commit([{ op: 'append', to: inbox.id, staged, summary: new Uint8Array(0), flags: 1 }])
  const console = { log: vi.fn() }
  await share()
  expect(console.log).toHaveBeenCalledWith('ann', 'lrs', 1)

  async function share(): Promise<void> {
    await ann.commit([{ op: 'acl', in: inbox.id, identifier: 'bob', mode: 'set', rights: 'lrs' }])

    const view = await store.open('ann', { principal: 'bob' })
    const [shared] = await view.mailboxes()
    console.log(shared!.owner, shared!.rights, shared!.unseen) // ann lrs 1: Bob's own count
  }
})

test('sources without UIDs', async () => {
  const list: UnnumberedMessage[] = [{ key: 'x', flags: 0, size: 1, internalDate: 0, blob: 'x' }]
  const flags: FlagChange[] = []
  const documents = {
    all: () => list,
    since: (cursor: string | null) => ({ cursor: cursor ?? '0', changed: cursor === null ? [] : list, removed: [] }),
    flag: (_key: string, change: FlagChange) => void flags.push(change),
    octets: (blob: string) => new TextEncoder().encode(blob),
  }
  const sidecar = createMemoryUidSidecar()
  const account = withUidMap(
    {
      mailboxes: async () => [{ key: 'in', path: ['INBOX'] }],
      messages: () => [documents.all()],
      changes: async (_mailbox, cursor) => documents.since(cursor),
      flag: async (_mailbox, key, change) => documents.flag(key, change),
      read: (blob) => [documents.octets(blob)],
    },
    sidecar,
  )
  expect(await account.mailboxes()).toMatchObject([{ messages: 1, uidNext: 2 }])
  await account.commit!([{ op: 'flags', in: 'in', uids: [[1, 1]], mode: 'add', flags: 4 }])
  expect(flags).toEqual([{ add: { flags: 4, keywords: [] }, remove: { flags: 0, keywords: [] } }])
})
