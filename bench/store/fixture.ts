import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AppendOp, MailboxId } from '@posthouse/store-api'
import { type FullTextOptions, openSqliteStore, type SqliteAccount, type SqliteStore } from '@posthouse/store-sqlite'

/** A store in a folder of its own, with one account. */
export interface Fixture {
  readonly store: SqliteStore
  readonly account: SqliteAccount
  readonly inbox: MailboxId
  close(): Promise<void>
}

export async function openFixture(threads: number, fts?: FullTextOptions): Promise<Fixture> {
  const path = mkdtempSync(join(tmpdir(), 'posthouse-bench-store-'))
  const store = await openSqliteStore({ path, threads, maintenanceInterval: 0, ...(fts && { fts }) })
  await store.addAccount('anna')
  const account = await store.open('anna')
  const [inbox] = await account.mailboxes()
  return {
    store,
    account,
    inbox: inbox.id,
    async close() {
      await store.close()
      rmSync(path, { recursive: true, force: true })
    },
  }
}

/** What a message of an ordinary size brings along. */
export const SUMMARY = new Uint8Array(600).fill(1)
export const HEADER = new Uint8Array(900).fill(2)
export const PREFIX = new Uint8Array(250).fill(3)

/** Fills the INBOX: rows of their own, octets shared. */
export async function fill({ account, inbox }: Fixture, messages: number): Promise<void> {
  const staged = await account.stage?.([new Uint8Array(2000).fill(65)])
  if (!staged) throw new Error('nothing staged')
  for (let at = 0; at < messages; at += 1000) {
    const ops = Array.from({ length: Math.min(1000, messages - at) }, (_, i): AppendOp => {
      return {
        op: 'append',
        to: inbox,
        staged,
        summary: SUMMARY,
        header: HEADER,
        prefix: PREFIX,
        flags: (at + i) % 3 ? 1 : 0,
      }
    })
    await account.commit?.(ops)
  }
}

/** Milliseconds of the fastest of some runs: the one with the least of other people's work in it. */
export async function fastest(runs: number, work: () => Promise<unknown>): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < runs; i++) {
    const start = performance.now()
    await work()
    best = Math.min(best, performance.now() - start)
  }
  return best
}
