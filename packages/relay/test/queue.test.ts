/** The queue on SQLite. */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { loadDriver } from '@posthouse/store-sqlite'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { JobEngine } from '../src/index.js'
import { openSqliteQueue } from '../src/node/index.js'
import { openQueueFile } from '../src/node/sqlite/queue-file.js'
import { claimOf, DAY, done, mail, testEngine } from './engine-tests.js'

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

test.each([false, true])('closing twice is closing once; both wait (thread: %s)', async (thread) => {
  const engine = await open(thread)
  await engine.start()
  const enqueued = engine.enqueue(mail('domain:a.test'))
  await Promise.all([enqueued, engine.close(), engine.close()])
  await engine.close()
})

test.each([false, true])('its file, and the log of it, is for nobody but its owner (thread: %s)', async (thread) => {
  path = join(folder, 'below', 'queue.db')
  const before = process.umask(0)
  await open(thread)
  process.umask(before)
  const modes = ['', 'queue.db', 'queue.db-wal'].map((name) => statSync(join(folder, 'below', name)).mode & 0o777)
  expect(modes).toEqual([0o700, 0o600, 0o600])
})

test('a thread that ends fails what it owed; another one takes its place, with the jobs that nobody heard of', async () => {
  const workers: Worker[] = []
  const note = (worker: Worker): void => void workers.push(worker)
  process.on('worker', note)
  const engine = await open(true)
  process.off('worker', note)
  await engine.start()
  for (let i = 0; i < 3; i++) await engine.enqueue(mail('domain:a.test'))
  const [ours] = (await engine.claim(claimOf({ max: 1 }))).jobs
  const [lost] = await engine.list({ state: 'waiting', limit: 1 })
  // As if the thread had ended between writing down who does it and saying so.
  const db = loadDriver().open(path, { readOnly: false })
  db.exec('BEGIN IMMEDIATE')
  const owed = Promise.allSettled([engine.status()])
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  const gone = workers[0].terminate()
  db.exec(`UPDATE job SET state=1 WHERE jid=${lost.id}; UPDATE destination SET waiting=1, running=2; COMMIT`)
  db.close()
  await gone
  expect(await owed).toMatchObject([{ status: 'rejected', reason: { code: 'unavailable' } }])
  const { jobs } = await engine.claim(claimOf())
  expect(jobs.map(({ id }) => id)).toContain(lost.id)
  expect(jobs.map(({ id }) => id)).not.toContain(ours.id)
  for (const job of [...jobs, ours]) await engine.settle(done(job))
  expect(await engine.status()).toMatchObject({ messages: 0, running: 0, waiting: 0, destinations: [] })
})

describe('a clock that is set back by a day', () => {
  let now = 0
  const at = (due: number) => {
    const message = mail('domain:a.test')
    return { ...message, arrived: due, jobs: message.jobs.map((job) => ({ ...job, due, expires: due + 5 * DAY })) }
  }
  async function openAt(time: number): Promise<JobEngine> {
    now = time
    const engine = await openSqliteQueue({ path, thread: false, now: () => now })
    opened.push(engine)
    await engine.start()
    return engine
  }
  /** One was tried and failed, one is due now, one wants to be tried in two days. */
  async function fill(engine: JobEngine): Promise<void> {
    await engine.enqueue(at(now))
    const [job] = (await engine.claim(claimOf({ now, limits: { concurrency: 1, perMinute: 1 } }))).jobs
    const failure = { status: '4.4.1', text: 'no route', reply: null, remote: null, at: now }
    const destination = { failures: 0, blockedUntil: now + 600_000, failure }
    await engine.settle(done(job, { due: now + 600_000, recipients: job.recipients, destination }))
    await engine.enqueue(at(now))
    await engine.enqueue(at(now + 2 * DAY))
  }
  async function expectNoDelay(engine: JobEngine): Promise<void> {
    expect((await engine.claim(claimOf({ now }))).jobs).toEqual([])
    now += 600_000
    const [probe, ...others] = (await engine.claim(claimOf({ now }))).jobs
    expect(others).toEqual([])
    await engine.settle(done(probe))
    expect((await engine.claim(claimOf({ now }))).jobs).toHaveLength(1)
    expect((await engine.claim(claimOf({ now: 12 * DAY - 1 }))).jobs).toEqual([])
    expect((await engine.claim(claimOf({ now: 12 * DAY }))).jobs).toHaveLength(1)
  }

  test('keeps no mail waiting, once the queue is opened again', async () => {
    const engine = await openAt(10 * DAY)
    await fill(engine)
    await engine.close()
    await expectNoDelay(await openAt(9 * DAY))
  })

  test('keeps no mail waiting while the queue is open', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    try {
      const engine = await openAt(10 * DAY)
      await fill(engine)
      now -= DAY
      const changed = new Promise<void>((resolve) => engine.watch(resolve))
      vi.advanceTimersByTime(10_000)
      await changed
      await expectNoDelay(engine)
    } finally {
      vi.useRealTimers()
    }
  })

  test('does not make a process that has died alive for a day', async () => {
    now = 9 * DAY
    const engine = await openAt(10 * DAY)
    await engine.close()
    const db = loadDriver().open(path, { readOnly: false })
    db.exec(`INSERT INTO owner VALUES(1, 'token', 1, 'elsewhere', ${10 * DAY})`)
    db.close()
    await expect(openAt(9 * DAY)).rejects.toMatchObject({ code: 'busy' })
    await expect(openAt(9 * DAY + 60_000)).resolves.toBeDefined()
  })
})

test('what came in halfway and could not be removed is gone after a day', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  try {
    let now = 1_000
    const engine = await openSqliteQueue({ path, thread: false, now: () => now })
    opened.push(engine)
    await engine.start()
    const db = loadDriver().open(path, { readOnly: false })
    db.exec("INSERT INTO message(id, complete, size, arrived, envelope) VALUES('half', 0, 0, 1000, '')")
    now += DAY + 1
    vi.advanceTimersByTime(10_000)
    await engine.status()
    expect(db.prepare('SELECT count(*) FROM message').get()).toEqual([0])
    db.close()
  } finally {
    vi.useRealTimers()
  }
})

test('while another process has the file, those that wait are refused together, not one wait after the other', () => {
  const driver = loadDriver()
  let locked = false
  let tried = 0
  const file = openQueueFile(
    {
      name: 'locked',
      open(...given) {
        const db = driver.open(...given)
        return {
          ...db,
          exec(sql) {
            if (locked && sql === 'BEGIN IMMEDIATE' && ++tried > 0) throw new Error('database is locked')
            db.exec(sql)
          },
        }
      },
    },
    path,
  )
  locked = true
  const replies = file.run([{ type: 'status' }, { type: 'status' }, { type: 'status' }], 1_000)
  expect(replies.map((reply) => 'failure' in reply && reply.failure.code)).toEqual(new Array(3).fill('unavailable'))
  expect(tried).toBe(1)
  locked = false
  expect(file.run([{ type: 'status' }], 1_000)).toMatchObject([{ value: { messages: 0 } }])
  file.close()
})
