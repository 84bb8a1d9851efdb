/** The queue on SQLite. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { JobEngine } from '../src/index.js'
import { openSqliteQueue } from '../src/node/index.js'
import { claimOf, done, mail, testEngine } from './engine-tests.js'

let folder: string
let path: string
const opened: JobEngine[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'posthouse-relay-'))
  path = join(folder, 'queue.db')
})
afterEach(async () => {
  for (const engine of opened.splice(0)) await engine.close()
  rmSync(folder, { recursive: true, force: true })
})

async function open(thread = false): Promise<JobEngine> {
  const engine = await openSqliteQueue({ path, thread, now: () => 1_000 })
  opened.push(engine)
  return engine
}

describe.each([
  ['in the calling thread', false],
  ['in a thread of its own', true],
])('a queue %s', (_, thread) => testEngine(() => open(thread)))

describe('a queue in a file', () => {
  test('a process that ends leaves its jobs to the next one, with the attempt on record', async () => {
    const first = await open()
    await first.start()
    await first.enqueue(mail('domain:a.test'))
    const { jobs } = await first.claim(claimOf())
    expect(jobs).toHaveLength(1)
    const second = await open()
    await second.start()
    const again = (await second.claim(claimOf())).jobs
    expect(again).toMatchObject([{ id: jobs[0].id, attempts: 2 }])
    await second.settle(done(again[0]))
    expect(await second.status()).toMatchObject({ messages: 0, running: 0, waiting: 0, destinations: [] })
  })

  test('whoever has lost the queue to another process takes no more jobs from it', async () => {
    const first = await open()
    await first.start()
    await first.enqueue(mail('domain:a.test'))
    const { jobs } = await first.claim(claimOf())
    const second = await open()
    await second.start()
    await expect(first.claim(claimOf())).rejects.toMatchObject({ code: 'busy' })
    await expect(first.settle(done(jobs[0]))).rejects.toMatchObject({ code: 'busy' })
    expect((await second.claim(claimOf())).jobs).toHaveLength(1)
  })

  test('a message that is coming in survives the start of another process', async () => {
    const first = await open()
    const second = await open()
    await second.start()
    const piece = new Uint8Array(300_000).fill(65)
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield piece
      // The first octets are in the file; now somebody else begins.
      const third = await open()
      await third.start()
      yield piece
    }
    const long = { ...mail('domain:a.test'), octets: slow() }
    await first.enqueue(long)
    let length = 0
    for await (const chunk of first.read(long.id)) length += chunk.length
    expect(length).toBe(600_000)
    expect(await first.status()).toMatchObject({ messages: 1, waiting: 1 })
  })
})
