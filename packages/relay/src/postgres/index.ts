/** `@posthouse/relay/postgres`: one queue for several machines, on PostgreSQL, by pg-boss 12. */
import { RelayError } from '../errors.js'
import type { JobEngine } from '../queue/types.js'
import { claim } from './claim.js'
import { ask, type Boss, type Context, type PgPool, relayErrorOf, transaction } from './connections.js'
import { earliest, makeReady } from './destinations.js'
import { createPostgresGate } from './gate.js'
import { cancel, hold, list, release, status, unblock } from './manage.js'
import { discard, sweepChunks, takeAll, write } from './messages.js'
import { RUNNING, RUNNING_TO_HOLD, schemaName, schemaSql } from './schema.js'
import { settle } from './settle.js'
import { waitAgain } from './take-back.js'

export type { Boss, BossTransaction, PgClient, PgPool } from './connections.js'

/** How a queue on PostgreSQL is opened. */
export interface PostgresQueueOptions {
  /** A `Pool` of `pg`. It stays open when the queue is closed. */
  readonly pool: PgPool
  /** A `PgBoss` on the same database. It is started and stopped with the queue. */
  readonly boss: Boss
  /** The schema of our own tables. Default: `posthouse`. */
  readonly schema?: string
  /** The name of the queue in pg-boss. Default: `posthouse-relay`. */
  readonly queue?: string
  /** Seconds without a sign of life after which a job of a dead machine is another's: 10 or more. Default: 60. */
  readonly heartbeat?: number
  /** ms after which the queue is asked again. Default: 500. */
  readonly poll?: number
  /** Hears what goes wrong in pg-boss's own work, and of idle connections of the pool that break. Default: nobody. */
  readonly onError?: (error: Error) => void
}

/** ms until a sign of life is given again that could not be given. */
const AFTER_TROUBLE = 1_000

/** Opens the queue; tables are made where they are missing. @throws RelayError `unavailable` */
export async function openPostgresQueue(options: PostgresQueueOptions): Promise<JobEngine> {
  const { pool, boss, queue = 'posthouse-relay', heartbeat = 60, poll = 500 } = options
  const schema = schemaName(options.schema ?? 'posthouse')
  const context: Context = { boss, queue, schema }
  const onError = (error: Error): void => options.onError?.(error)
  boss.on('error', onError)
  // Connections that nobody uses break as well.
  pool.on?.('error', onError)
  /** Jobs in our hands, with the job of pg-boss that stands for each. */
  const bosses = new Map<string, string>()
  const watchers = new Set<() => void>()
  const life = Math.max(10, heartbeat)
  const gate = createPostgresGate({ pool, schema, lease: life * 1000, onError })
  let closed = false
  try {
    await transaction(pool, async (step) => {
      await step.query('SELECT pg_advisory_xact_lock($1)', [0x706f7375])
      await step.query(schemaSql(schema))
    })
    await boss.start()
    await boss.createQueue(queue, {
      heartbeatSeconds: life,
      // A job is ours for as long as we say so; how often it is tried is not pg-boss's business.
      expireInSeconds: 23 * 3600,
      retryLimit: 1_000_000,
      retentionSeconds: 60 * 86_400,
      deleteAfterSeconds: 60,
    })
  } catch (cause) {
    pool.off?.('error', onError)
    throw relayErrorOf(cause)
  }

  const signs = setInterval(beat, life * 300)
  signs.unref()
  let soon: ReturnType<typeof setTimeout> | undefined

  /** A sign of life. When the database is there again it is to come before pg-boss looks for the dead. */
  function beat(): void {
    signOfLife().catch((error: unknown) => {
      clearTimeout(soon)
      if (!closed) soon = setTimeout(beat, AFTER_TROUBLE).unref()
      onError(relayErrorOf(error))
    })
  }

  /** What we have is ours for another while. */
  async function signOfLife(): Promise<void> {
    if (bosses.size > 0) await boss.touch(queue, [...bosses.values()])
    await gate.renew()
  }

  function changed(): void {
    for (const watcher of watchers) watcher()
  }

  function assertOpen(): void {
    if (closed) throw new RelayError('closed', 'the queue is closed')
  }

  async function assertThere(message: string): Promise<void> {
    const { rows } = await ask(pool, `SELECT FROM ${schema}.message WHERE id = $1`, [message])
    if (rows.length === 0) throw new RelayError('unavailable', `no message ${message} is in the queue`)
  }

  async function told(change: Promise<number>): Promise<number> {
    const count = await change
    if (count > 0) changed()
    return count
  }

  return {
    async enqueue(message) {
      assertOpen()
      const taken = await takeAll(pool, schema, [message])
      try {
        await transaction(pool, async (step) => {
          await write(step, schema, taken)
          await makeReady(step, schema, earliest(message.jobs))
        })
      } catch (error) {
        await discard(pool, schema, taken)
        throw error
      }
      changed()
    },
    async start() {
      assertOpen()
      await sweepChunks(context, pool)
      // Of jobs that run somebody must know: pg-boss, as long as nobody has emptied its tables.
      const { rows } = await ask(
        pool,
        `SELECT boss FROM ${schema}.job WHERE boss IS NOT NULL AND state IN (${RUNNING}, ${RUNNING_TO_HOLD})`,
      )
      for (const row of rows) {
        if (await boss.getJobById(queue, row.boss)) continue
        await transaction(pool, (step) => waitAgain(context, step, [row.boss]))
      }
    },
    async claim(claimOptions) {
      assertOpen()
      const { jobs, next, ...claimed } = await transaction(pool, (step) => claim(context, step, claimOptions, bosses))
      for (const [job, one] of claimed.bosses) bosses.set(job, one)
      // Others put jobs into the queue as well: it is asked again soon, whatever happens here.
      return { jobs, next: Math.min(next ?? Number.POSITIVE_INFINITY, claimOptions.now + poll) }
    },
    async settle(settlement) {
      assertOpen()
      const { job } = settlement
      const one = bosses.get(job)
      if (one === undefined) return
      const notices = await takeAll(pool, schema, settlement.notices)
      let written = false
      try {
        written = await transaction(pool, (step) => settle(context, step, settlement, one, notices))
      } finally {
        if (!written) await discard(pool, schema, notices)
      }
      if (bosses.get(job) === one) bosses.delete(job)
      if (written && notices.length > 0) changed()
    },
    gate,
    async *read(message) {
      const text = `SELECT octets FROM ${schema}.chunk WHERE message = $1 AND number = $2`
      for (let number = 0; ; number++) {
        const { rows } = await ask(pool, text, [message, number])
        if (rows.length > 0) yield rows[0].octets as Uint8Array
        else if (number === 0) return assertThere(message)
        else return
      }
    },
    hold: (which) => told(hold(schema, pool, which)),
    async release(which, now) {
      // Whoever lets a job go knows something that we do not: destinations are tried at once.
      await unblock(schema, pool, which)
      const count = await release(schema, pool, which, now)
      changed()
      return count
    },
    cancel: (which) => told(cancel(schema, pool, which)),
    list: (query) => list(schema, pool, query),
    status: () => status(schema, pool),
    watch(watcher) {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    async close() {
      if (closed) return
      closed = true
      clearInterval(signs)
      clearTimeout(soon)
      try {
        await gate.close()
        // What could not be settled is another machine's at once.
        const left = [...bosses.values()]
        if (left.length > 0) await transaction(pool, (step) => waitAgain(context, step, left))
      } catch (error) {
        onError(relayErrorOf(error))
      }
      await boss.stop({ graceful: false })
      pool.off?.('error', onError)
    },
  }
}
