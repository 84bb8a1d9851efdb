/** The queue on SQLite when its thread ends at the worst time: no job is lost, none is done twice. */
import { afterEach, expect, test, vi } from 'vitest'
import { type JobEngine, RelayError } from '../src/index.js'
import { openSqliteQueue } from '../src/node/index.js'
import type { Reply, Request } from '../src/node/sqlite/requests.js'
import type { Runner } from '../src/node/sqlite/runner.js'
import { claimOf, done, mail } from './engine-tests.js'

/** What happens to the next groups of requests. */
const faults: ((run: () => Promise<readonly Reply[]>, requests: readonly Request[]) => Promise<readonly Reply[]>)[] = []

vi.mock(import('../src/node/sqlite/runner.js'), async (load) => {
  const { runHere } = await load()
  const runInThread = async (): Promise<Runner> => {
    const runner = runHere(undefined, ':memory:')
    return {
      ...runner,
      run(requests, now) {
        const run = () => runner.run(requests, now)
        return faults.shift()?.(run, requests) ?? run()
      },
    }
  }
  return { ...(await load()), runInThread }
})

/** The thread ends when everything is written down, and before it can say so. */
const ends: (typeof faults)[number] = async (run) => {
  await run()
  throw new RelayError('unavailable', 'the thread of the queue has ended')
}
const LOCKED: Reply = { failure: { code: 'unavailable', message: 'database is locked' } }

const opened: JobEngine[] = []
afterEach(async () => {
  faults.length = 0
  for (const engine of opened.splice(0)) await engine.close()
})

/** A queue with so many jobs. */
async function open(jobs: number): Promise<JobEngine> {
  const engine = await openSqliteQueue({ path: 'queue.db', now: () => 1_000 })
  opened.push(engine)
  await engine.start()
  for (let i = 0; i < jobs; i++) await engine.enqueue(mail('domain:a.test'))
  return engine
}

test('jobs that nobody has heard of are free again, also when the file is locked at first', async () => {
  const engine = await open(2)
  const [ours] = (await engine.claim(claimOf({ max: 1 }))).jobs
  faults.push(ends, async (_run, requests) => requests.map(() => LOCKED))
  await expect(engine.claim(claimOf())).rejects.toMatchObject({ code: 'unavailable' })
  await expect(engine.claim(claimOf())).rejects.toMatchObject({ code: 'unavailable' })
  const { jobs } = await engine.claim(claimOf())
  expect(jobs.map(({ id }) => id)).toEqual([expect.not.stringMatching(`^${ours.id}$`)])
  for (const job of [...jobs, ours]) await engine.settle(done(job))
  expect(await engine.status()).toMatchObject({ messages: 0, running: 0, waiting: 0, destinations: [] })
})

test('a job that is given in the same moment is not given twice', async () => {
  const engine = await open(1)
  faults.push(
    ends,
    // To free jobs fails alone; meanwhile somebody asks for something else.
    async (run, requests) => {
      void engine.status()
      const replies = await run()
      return requests.map(({ type }, i) => (type === 'recover' ? LOCKED : replies[i]))
    },
  )
  await expect(engine.status()).rejects.toMatchObject({ code: 'unavailable' })
  const [job] = (await engine.claim(claimOf())).jobs
  expect((await engine.claim(claimOf())).jobs).toEqual([])
  await engine.settle(done(job))
  expect(await engine.status()).toMatchObject({ messages: 0, running: 0 })
})

test('a job whose end was written down and not heard of is settled once', async () => {
  const engine = await open(1)
  const [job] = (await engine.claim(claimOf())).jobs
  const later = { ...done(job), recipients: job.recipients, due: 9_000, notices: [mail('domain:b.test')] }
  faults.push(ends)
  await expect(engine.settle(later)).rejects.toMatchObject({ code: 'unavailable' })
  await engine.settle(later)
  expect(await engine.status()).toMatchObject({ messages: 2, running: 0, waiting: 2 })
  expect((await engine.claim(claimOf({ now: 9_000 }))).jobs).toMatchObject([
    { destination: 'domain:b.test' },
    { id: job.id, attempts: 2 },
  ])
})
