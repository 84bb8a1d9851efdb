import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMemoryStore, type MailStore } from '@posthouse/store-api'
import { openSqliteStore } from '@posthouse/store-sqlite'
import { afterEach } from 'vitest'

export const STORE_KINDS = ['memory', 'SQLite'] as const

const closes: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closes.splice(0)) await close()
})

/** An empty store with the accounts `alice` and `bob`; gone after the test. `threadIds`: SQLite keeps them. */
export async function emptyStore(kind: (typeof STORE_KINDS)[number], threadIds = false): Promise<MailStore> {
  if (kind === 'memory') {
    const store = createMemoryStore()
    for (const name of ['alice', 'bob']) store.addAccount(name)
    return store
  }
  const path = mkdtempSync(join(tmpdir(), 'posthouse-imap-'))
  const store = await openSqliteStore({ path, threads: 0, threadIds })
  closes.push(async () => {
    await store.close()
    rmSync(path, { recursive: true })
  })
  for (const name of ['alice', 'bob']) await store.addAccount(name)
  return store
}
