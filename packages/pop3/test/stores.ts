import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMemoryStore, type MailStore } from '@posthouse/store-api'
import { openSqliteStore } from '@posthouse/store-sqlite'
import { fromLatin1 } from '@posthouse/wire'
import { afterEach } from 'vitest'

export type TestStore = MailStore & Required<Pick<MailStore, 'stage' | 'deliver'>>
export type StoreKind = 'memory' | 'SQLite'

const closes: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closes.splice(0)) await close()
})

async function emptyStore(kind: StoreKind): Promise<TestStore> {
  if (kind === 'memory') {
    const store = createMemoryStore()
    store.addAccount('mrose')
    return store
  }
  const path = mkdtempSync(join(tmpdir(), 'posthouse-pop3-'))
  const store = await openSqliteStore({ path, threads: 0 })
  closes.push(async () => {
    await store.close()
    rmSync(path, { recursive: true })
  })
  await store.addAccount('mrose')
  return store
}

/** A store with these messages in mrose's INBOX. */
export async function storeWith(messages: readonly string[], kind: StoreKind = 'memory'): Promise<TestStore> {
  const store = await emptyStore(kind)
  for (const [i, message] of messages.entries()) {
    const staged = await store.stage([fromLatin1(message)])
    const request = {
      staged,
      summary: new Uint8Array(0),
      to: [{ account: 'mrose', dedup: String(i) }],
    }
    await store.deliver(request)
  }
  return store
}
