/** The queue on PostgreSQL does what the one on SQLite does; and what only several machines see. */
import type { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'
import type { JobEngine } from '@posthouse/relay'
import {
  type Boss,
  openPostgresQueue,
  type PgClient,
  type PgPool,
  type PostgresQueueOptions,
} from '@posthouse/relay/postgres'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { PostgresGate } from '../../packages/relay/src/postgres/gate.js'
import { claimOf, done, mail, testEngine } from '../../packages/relay/test/engine-tests.js'
import { ensureInstalled } from '../tools.js'
import { type PostgresServer, startPostgres } from './postgres.js'

const there = ensureInstalled(['postgresql'])
const require = createRequire(new URL('../../packages/relay/package.json', import.meta.url))
const { Pool } = require('pg') as { Pool: new (options: object) => PgPool & { end(): Promise<void> } }
const { PgBoss } = require('pg-boss') as { PgBoss: new (options: object) => Boss }

describe.skipIf(!there)('a queue on PostgreSQL', () => {
  let postgres: PostgresServer
  let pool: PgPool & { end(): Promise<void> }
  let number = 0
  const opened: JobEngine[] = []
  beforeAll(async () => {
    postgres = await startPostgres()
    pool = new Pool({ connectionString: postgres.url, max: 8 })
  }, 60_000)
  afterEach(async () => {
    for (const engine of opened.splice(0)) await engine.close()
  })
  afterAll(async () => {
    await pool?.end()
    postgres?.stop()
  })

  async function openAt(schema: string, options: Partial<PostgresQueueOptions> = {}): Promise<JobEngine> {
    const boss = new PgBoss({ connectionString: postgres.url, max: 2, supervise: false, schedule: false })
    // Nobody is asked again before the test says so: `next` is the queue's own.
    const engine = await openPostgresQueue({ pool, boss, schema, queue: schema, poll: 1e12, ...options })
    opened.push(engine)
    return engine
  }
  const open = (): Promise<JobEngine> => openAt(`queue_${++number}`)
  const count = async (schema: string, table: string): Promise<number> => {
    const { rows } = await pool.query(`SELECT count(*)::int AS count FROM ${schema}.${table}`)
    return rows[0].count
  }

  testEngine(open)

  test('two machines: a job is given to one of them, limits count for both, what is held is held for both', async () => {
    const first = await openAt(`queue_${++number}`)
    const second = await openAt(`queue_${number}`)
    for (let i = 0; i < 10; i++) await first.enqueue(mail('domain:a.test'))
    const [ours, theirs] = [await first.claim(claimOf({ max: 3 })), await second.claim(claimOf())]
    expect([ours.jobs.length, theirs.jobs.length]).toEqual([3, 2])
    expect(new Set([...ours.jobs, ...theirs.jobs].map(({ id }) => id)).size).toBe(5)
    // Who does not have a job cannot settle it.
    await second.settle(done(ours.jobs[0]))
    expect(await second.status()).toMatchObject({ messages: 10, running: 5 })
    await first.settle(done(ours.jobs[0]))
    expect(await second.hold({ destination: 'domain:a.test' })).toBe(9)
    expect((await first.claim(claimOf())).jobs).toEqual([])
    expect(await second.status()).toMatchObject({ messages: 9, running: 4, waiting: 0, held: 5 })
  })

  test('a machine that ends gives back what it could not settle, with the attempt on record', async () => {
    const first = await openAt(`queue_${++number}`)
    const second = await openAt(`queue_${number}`)
    await first.enqueue(mail('domain:a.test'))
    const [{ id }] = (await first.claim(claimOf())).jobs
    await first.close()
    const { jobs } = await second.claim(claimOf())
    expect(jobs).toMatchObject([{ id, attempts: 2 }])
  })

  /** What pg-boss does when nobody has given a sign of life for a job, as when the database was away. */
  const giveUp = (queue: string) => pool.query(`UPDATE pgboss.job SET state = 'retry' WHERE name = $1`, [queue])

  test('a job that pg-boss has given up, and whose attempt goes on, stays in its hands: nobody does it a second time', async () => {
    const first = await openAt(`queue_${++number}`)
    const second = await openAt(`queue_${number}`)
    await first.enqueue(mail('domain:a.test'))
    const [job] = (await first.claim(claimOf())).jobs
    await giveUp(`queue_${number}`)
    expect((await first.claim(claimOf())).jobs).toEqual([])
    expect((await second.claim(claimOf())).jobs).toEqual([])
    expect(await first.status()).toMatchObject({ running: 1 })
    await first.settle(done(job))
    expect(await first.status()).toMatchObject({ messages: 0 })
  })

  test('a job that another machine has given back is not begun again by the one that does it, which may settle it', async () => {
    const first = await openAt(`queue_${++number}`)
    const second = await openAt(`queue_${number}`)
    for (let i = 0; i < 2; i++) await first.enqueue(mail('domain:a.test'))
    const [one, two] = (await first.claim(claimOf())).jobs
    await giveUp(`queue_${number}`)
    // For the other one it is not yet time.
    expect((await second.claim(claimOf({ now: 500 }))).jobs).toEqual([])
    expect(await second.status()).toMatchObject({ running: 0, waiting: 2 })
    expect((await first.claim(claimOf())).jobs).toEqual([])
    expect(await second.hold({ job: two.id })).toBe(1)
    for (const job of [one, two]) await first.settle(done(job, { recipients: job.recipients, due: 2_000 }))
    expect(await first.list({})).toMatchObject([
      { id: one.id, state: 'waiting', due: 2_000 },
      { id: two.id, state: 'held', due: 2_000 },
    ])
    const { jobs } = await first.claim(claimOf({ now: 2_000 }))
    expect(jobs).toMatchObject([{ id: one.id, attempts: 2 }])
  })

  test('who has a job that was given back has it alone: what its first owner says has no effect', async () => {
    const first = await openAt(`queue_${++number}`)
    const second = await openAt(`queue_${number}`)
    await first.enqueue(mail('domain:a.test'))
    const [job] = (await first.claim(claimOf())).jobs
    await giveUp(`queue_${number}`)
    const { jobs } = await second.claim(claimOf())
    expect(jobs).toMatchObject([{ id: job.id, attempts: 2 }])
    await first.settle(done(job))
    expect(await first.status()).toMatchObject({ messages: 1, running: 1 })
    // It has let go of it: it may have it again when its turn comes.
    await second.settle(done(jobs[0], { recipients: job.recipients, due: 1_000 }))
    expect((await first.claim(claimOf())).jobs).toMatchObject([{ id: job.id, attempts: 3 }])
  })

  test('a sign of life that fails is given again a second later, before anybody looks for the dead', async () => {
    const boss = new PgBoss({ connectionString: postgres.url, max: 2, supervise: false, schedule: false })
    let signs = 0
    let told: (event: string) => void = () => {}
    const heard = (): Promise<string> => new Promise((resolve) => (told = resolve))
    const touch: Boss['touch'] = async () => {
      if (++signs === 1) throw new Error('nobody there')
      told(`sign ${signs}`)
    }
    vi.useFakeTimers({ toFake: ['setInterval', 'setTimeout'] })
    try {
      const options = { boss: Object.assign(boss, { touch }), heartbeat: 10 }
      const engine = await openAt(`queue_${++number}`, { ...options, onError: ({ message }) => told(message) })
      await engine.enqueue(mail('domain:a.test'))
      await engine.claim(claimOf())
      const failed = heard()
      vi.advanceTimersByTime(3_000)
      expect(await failed).toContain('nobody there')
      const again = heard()
      vi.advanceTimersByTime(1_000)
      expect(await again).toBe('sign 2')
    } finally {
      vi.useRealTimers()
    }
  })

  test('what a machine gives back while another one claims is not forgotten', async () => {
    let giving: (() => void) | null = null
    let goOn = (): void => {}
    const claimed = new Promise<void>((resolve) => (goOn = resolve))
    const slow = answering(async (text, query) => {
      if (text === 'COMMIT' && giving) {
        giving()
        await claimed
      }
      return query()
    })
    const first = await openAt(`queue_${++number}`, { pool: slow })
    const second = await openAt(`queue_${number}`)
    for (let i = 0; i < 2; i++) await first.enqueue(mail('domain:a.test'))
    const ours = await first.claim(claimOf({ max: 1 }))
    const begun = new Promise<void>((resolve) => (giving = resolve))
    const closed = first.close()
    await begun
    const theirs = second.claim(claimOf())
    await Promise.race([theirs, pool.query('SELECT pg_sleep(0.3)')])
    goOn()
    await closed
    await theirs
    const { jobs } = await second.claim(claimOf({ now: 1_001 }))
    expect(jobs.map(({ id }) => id)).toEqual(ours.jobs.map(({ id }) => id))
  })

  type Answer = (text: string, query: () => ReturnType<PgClient['query']>, client: PgClient) => unknown
  /** A pool, with other answers to some statements, and to the end of a connection's use (`RELEASE`). */
  function answering(answer: Answer, on: PgPool = pool): PgPool {
    const wrap = (client: PgClient): PgClient => ({
      query: async (text, values) => (await answer(text, () => client.query(text, values), client)) as never,
      release: (destroy) => void answer('RELEASE', async () => client.release(destroy) as never, client),
      on: (event, listener) => client.on?.(event, listener),
      off: (event, listener) => client.off?.(event, listener),
    })
    return { ...wrap(on as unknown as PgClient), connect: async () => wrap(await on.connect()) }
  }

  test('a long message whose COMMIT was not answered, but comes about, has its octets', async () => {
    const late: (() => Promise<unknown>)[] = []
    let lost = false
    const flaky = answering(async (text, query) => {
      if (!lost) return query()
      if (text === 'COMMIT' || text === 'RELEASE') late.push(query)
      if (text === 'RELEASE') return undefined
      if (text === 'COMMIT' || text === 'ROLLBACK') throw new Error('Connection terminated unexpectedly')
      if (!text.startsWith('DELETE')) return query()
      lost = false
      const deleted = query()
      // While the queue cleans up, the server commits after all.
      await pool.query('SELECT pg_sleep(0.1)')
      for (const step of late) await step()
      return deleted
    })
    const engine = await openAt(`queue_${++number}`, { pool: flaky })
    const long = { ...mail('domain:a.test'), octets: Array.from({ length: 11 }, () => new Uint8Array(100_000)) }
    lost = true
    await expect(engine.enqueue(long)).rejects.toMatchObject({ code: 'unavailable' })
    expect(await engine.status()).toMatchObject({ messages: 1 })
    let length = 0
    for await (const chunk of engine.read(long.id)) length += chunk.length
    expect(length).toBe(1_100_000)
  })

  test('nothing is left of messages that are through: no octets, no destinations, no jobs of pg-boss', async () => {
    const engine = await open()
    const schema = `queue_${number}`
    for (let i = 0; i < 5; i++) await engine.enqueue(mail('domain:a.test', 'domain:b.test'))
    const { jobs } = await engine.claim(claimOf())
    for (const job of jobs) await engine.settle(done(job))
    await engine.enqueue(mail('domain:held.test'))
    await engine.hold({ destination: 'domain:held.test' })
    await engine.claim(claimOf())
    expect(await engine.cancel({})).toBe(1)
    await engine.claim(claimOf())
    for (const table of ['message', 'chunk', 'destination', 'job'])
      expect([table, await count(schema, table)]).toEqual([table, 0])
    const { rows } = await pool.query('SELECT count(*)::int AS count FROM pgboss.job WHERE name = $1', [schema])
    expect(rows[0].count).toBe(0)
  })

  test('a claim leaves what waits for a dead destination alone, though PostgreSQL believes that the queue is empty', async () => {
    const engine = await open()
    const schema = `queue_${number}`
    await engine.enqueue(mail('domain:dead.test'))
    const [job] = (await engine.claim(claimOf())).jobs
    const failure = { status: '4.4.1', text: 'nobody there', reply: null, remote: null, at: 0 }
    const destination = { failures: 0, blockedUntil: 1e13, failure }
    await engine.settle({ ...done(job), recipients: job.recipients, due: 1e13, destination })
    await pool.query(`ALTER TABLE ${schema}.job SET (autovacuum_enabled = off)`)
    await pool.query(`ANALYZE ${schema}.job`)
    await pool.query(`INSERT INTO ${schema}.job(message, destination, state, due, alarm, expires, recipients)
      SELECT message, destination, state, due, 1e13, 1e13, recipients FROM ${schema}.job, generate_series(1, 20000)`)
    const rowsRead = async (): Promise<number> => {
      await pool.query('SELECT pg_stat_force_next_flush()')
      const { rows } = await pool.query(
        `SELECT (t.seq_tup_read + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes i WHERE i.relid = t.relid))::int AS read
         FROM pg_stat_user_tables t WHERE schemaname = $1 AND relname = 'job'`,
        [schema],
      )
      return rows[0].read
    }
    const before = await rowsRead()
    await engine.enqueue(mail('domain:live.test'))
    const { jobs } = await engine.claim(claimOf())
    expect(jobs).toMatchObject([{ destination: 'domain:live.test' }])
    await engine.settle(done(jobs[0]))
    await engine.claim(claimOf())
    expect((await rowsRead()) - before).toBeLessThan(100)
  })

  test('places at a server, and messages a minute, are counted for all machines', async () => {
    const first = await openAt(`queue_${++number}`)
    const second = await openAt(`queue_${number}`)
    const [a, b] = [first.gate, second.gate]
    if (!a || !b) throw new Error('no gate')
    expect([await a.enter('s 25', 2), await b.enter('s 25', 2), await b.enter('s 25', 2)]).toEqual([true, true, false])
    expect(await b.enter('other 25', 2)).toBe(true)
    // A machine that ends leaves its places to others.
    await first.close()
    expect(await b.enter('s 25', 2)).toBe(true)
    // One a minute: the first at once; the next has to wait for longer than it wants to, or has its turn a minute later.
    expect(await b.pace('s 25', 1, 5_000)).toBe(0)
    expect(await b.pace('s 25', 1, 5_000)).toBe(null)
    const wait = (await b.pace('s 25', 1, 120_000)) ?? 0
    expect(wait).toBeGreaterThan(30_000)
    expect(wait).toBeLessThanOrEqual(60_000)
  })

  test('a place that could not be given back is free when its time is over, though its machine lives on', async () => {
    let broken = false
    const flaky = answering(async (text, query) => {
      if (broken && text.startsWith('DELETE')) throw new Error('Connection terminated unexpectedly')
      return query()
    })
    const schema = `queue_${++number}`
    let heard: (error: Error) => void = () => {}
    const failed = new Promise<Error>((resolve) => (heard = resolve))
    const engine = await openAt(schema, { pool: flaky, onError: (error) => heard(error) })
    const gate = engine.gate as PostgresGate
    expect([await gate.enter('s 25', 2), await gate.enter('s 25', 2)]).toEqual([true, true])
    broken = true
    gate.leave('s 25')
    expect(await failed).toMatchObject({ message: 'Connection terminated unexpectedly' })
    broken = false
    await pool.query(`UPDATE ${schema}.place SET until = 0`)
    await gate.renew()
    expect([await gate.enter('s 25', 2), await gate.enter('s 25', 2)]).toEqual([true, false])
  })

  test('connections that the server closes, in use or not, end no more than what they are used for', async () => {
    const own = new Pool({ connectionString: postgres.url, max: 2 })
    const kill = async (query: Pick<PgClient, 'query'>, client: object): Promise<void> => {
      const { rows } = await query.query('SELECT pg_backend_pid() AS pid')
      const ended = new Promise<void>((resolve) => (client as EventEmitter).once('end', resolve))
      await pool.query('SELECT pg_terminate_backend($1)', [rows[0].pid])
      await ended
    }
    let victim = ''
    const dying = answering(async (text, query, client) => {
      if (victim !== '' && text.includes(victim)) await kill(client, client)
      return query()
    }, own)
    const heard: string[] = []
    const engine = await openAt(`queue_${++number}`, { pool: dying, onError: ({ message }) => heard.push(message) })
    for (victim of ['BEGIN', 'advisory', 'INSERT INTO', 'earlier AS', 'COMMIT']) {
      await expect(engine.enqueue(mail('domain:a.test'))).rejects.toMatchObject({ code: 'unavailable' })
    }
    victim = ''
    const idle = await own.connect()
    idle.release()
    await kill(idle, idle)
    expect(heard).toEqual(['terminating connection due to administrator command'])
    await engine.enqueue(mail('domain:a.test'))
    expect(await engine.status()).toMatchObject({ messages: 1 })
    await opened.pop()?.close()
    await own.end()
  })
})
