/** Deliveries that bring their octets along. */
import type { OpResult } from '@posthouse/store-api'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadDriver, openSqliteStore, type SqliteStore } from '../src/index.js'
import { filesOf } from '../src/sql/connection.js'
import { mailOf } from './mail.js'
import { temporaryFolder, withDatabase } from './test-store.js'

const summary = new Uint8Array([1])
const CHUNK = 65_536

let folder: ReturnType<typeof temporaryFolder>
let store: SqliteStore

async function open(threads: number, messageBytes?: number): Promise<void> {
  store = await openSqliteStore({
    path: folder.path,
    threads,
    maintenanceInterval: 0,
    ...(messageBytes && { limits: { messageBytes } }),
  })
  await store.addAccount('anna')
  await store.addAccount('bert')
}

beforeEach(() => {
  folder = temporaryFolder()
})
afterEach(async () => {
  await store.close()
  folder.remove()
})

/** The octets of all messages in somebody's INBOX. */
async function inboxOf(name: string): Promise<readonly Buffer[]> {
  const account = await store.open(name)
  const found: Buffer[] = []
  for await (const rows of account.messages((await account.mailboxes())[0].id, {})) {
    for (const { blob, size, prefix } of rows) {
      const pieces: Uint8Array[] = prefix ? [prefix] : []
      for await (const piece of account.read(blob)) pieces.push(piece)
      found.push(Buffer.concat(pieces))
      expect(found.at(-1)?.byteLength).toBe(size)
    }
  }
  return found
}

const blobs = (): number =>
  withDatabase(filesOf(folder.path).blobs, (db) => db.prepare('SELECT count(*) FROM blob').get()?.[0] as number)

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const to = (account: string, dedup: string) => ({ account, dedup })

describe.each([0, 1])('with %i threads', (threads) => {
  test.each([0, 1, 100, 16_384, 16_385, CHUNK - 1, CHUNK, CHUNK + 1, 300_000])('%i octets', async (size) => {
    await open(threads)
    const octets = mailOf('m1', size).subarray(0, size)
    const half = size >> 1
    const pieces = [octets.subarray(0, half), octets.subarray(half)]
    const prefix = new Uint8Array([80, 13, 10])
    const results = await store.deliverOctets({
      octets: pieces,
      summary,
      to: [to('anna', '1'), { ...to('bert', '1'), prefix }],
    })
    expect(results).toEqual([expect.objectContaining({ uids: [[1, 1]] }), expect.objectContaining({ uids: [[1, 1]] })])
    expect((await inboxOf('anna')).map((found) => found.equals(octets))).toEqual([true])
    expect((await inboxOf('bert')).map((found) => found.equals(Buffer.concat([prefix, octets])))).toEqual([true])
    expect(blobs()).toBe(1)
    expect((await store.verify()).problems).toEqual([])
  })

  test('each recipient succeeds or fails alone, and a key is good for one delivery', async () => {
    await open(threads)
    const octets = [mailOf('m1', 100)]
    const first = await store.deliverOctets({ octets, summary, to: [to('anna', 'k'), to('nobody', 'k')] })
    expect(first).toEqual([
      expect.objectContaining({ uids: [[1, 1]] }),
      expect.objectContaining({ code: 'nonexistent' }),
    ])
    const again = await store.deliverOctets({ octets, summary, to: [to('anna', 'k')] })
    expect(again).toEqual([{ ...(first[0] as OpResult), duplicate: true }])
    expect(await inboxOf('anna')).toHaveLength(1)
  })

  test('what is too large is refused before anybody has it', async () => {
    await open(threads, 1_000)
    const delivery = { summary, to: [to('anna', '1')] }
    for (const size of [1_001, CHUNK + 1]) {
      const refused = store.deliverOctets({ octets: [new Uint8Array(size)], ...delivery })
      await expect(refused).rejects.toMatchObject({ code: 'toolarge' })
    }
    await store.deliverOctets({ octets: [new Uint8Array(1_000)], ...delivery })
    expect(await inboxOf('anna')).toHaveLength(1)
  })

  test('while another process holds the index, the octets are written once', async () => {
    await open(threads)
    const db = loadDriver().open(filesOf(folder.path).index, { readOnly: false })
    db.exec('BEGIN IMMEDIATE')
    const delivery = store.deliverOctets({ octets: [mailOf('m1', 100)], summary, to: [to('anna', '1')] })
    while (blobs() === 0) await turn()
    await turn()
    db.exec('ROLLBACK')
    db.close()
    await delivery
    expect(blobs()).toBe(1)
    expect(await inboxOf('anna')).toHaveLength(1)
  })

  test('many short ones beside long ones', async () => {
    await open(threads)
    const long = mailOf('m0', 2_000_000)
    await Promise.all([
      ...Array.from({ length: 100 }, (_, i) =>
        store.deliverOctets({ octets: [mailOf(`m${i}`, 5_000)], summary, to: [to('anna', `short ${i}`)] }),
      ),
      ...Array.from({ length: 4 }, async (_, i) =>
        store.deliver({ staged: await store.stage([long]), summary, to: [to('bert', `long ${i}`)] }),
      ),
    ])
    expect(await inboxOf('anna')).toHaveLength(100)
    expect((await inboxOf('bert')).map((found) => found.equals(long))).toEqual([true, true, true, true])
    expect((await store.verify()).problems).toEqual([])
  })
})
