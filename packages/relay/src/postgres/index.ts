/** `@posthouse/relay/postgres`: one queue for several machines, on PostgreSQL, by pg-boss 12. */
import { concat } from '@posthouse/wire'
import { RelayError } from '../errors.js'
import type { JobEngine, NewMessage, Settlement } from '../queue/types.js'
import { type Attempt, claim } from './claim.js'
import { type Boss, type PgPool, transaction } from './connections.js'
import { createPostgresGate } from './gate.js'
import { change, list, status, unblock } from './manage.js'
import {
  CHUNK_SIZE,
  type Context,
  enqueue,
  insertOf,
  jobGone,
  setAlarm,
  type TakenMessage,
  writeChunks,
} from './messages.js'
import { type JobData, schemaName, schemaSql } from './schema.js'

export type { Boss, BossTransaction, PgClient, PgPool } from './connections.js'

/** How a queue on PostgreSQL is opened. */
export interface PostgresQueueOptions {
  /** A `Pool` of `pg`. It stays open when the queue is closed. */
  readonly pool: PgPool
  /** A `PgBoss` on the same database, in its default schema. It is started and stopped with the queue. */
  readonly boss: Boss
  /** The schema of our own tables. Default: `posthouse`. */
  readonly schema?: string
  /** The name of the queue in pg-boss. Default: `posthouse-relay`. */
  readonly queue?: string
  /** Seconds without a sign of life after which a job of a dead machine is another's: 10 or more. Default: 60. */
  readonly heartbeat?: number
  /** ms after which the queue is asked again. Default: 500. */
  readonly poll?: number
  /** Hears what goes wrong in pg-boss's own work. Default: nobody. */
  readonly onError?: (error: Error) => void
}

/** Octets of a message that are kept in memory until it is complete. */
const MEMORY = 4 * CHUNK_SIZE

/** Opens the queue; tables are made where they are missing. @throws RelayError `unavailable` */
export async function openPostgresQueue(options: PostgresQueueOptions): Promise<JobEngine> {
  const { pool, boss, queue = 'posthouse-relay', heartbeat = 60, poll = 500 } = options
  const schema = schemaName(options.schema ?? 'posthouse')
  const context: Context = { boss, queue, schema }
  const onError = (error: Error): void => options.onError?.(error)
  boss.on('error', onError)
  const gate = createPostgresGate({ pool, schema, lease: Math.max(10, heartbeat) * 1000, now: Date.now, onError })
  /** Jobs in our hands. */
  const attempts = new Map<string, Attempt>()
  const watchers = new Set<() => void>()
  try {
    await transaction(pool, async (client) => {
      await client.query('SELECT pg_advisory_xact_lock($1)', [0x706f7375])
      await client.query(schemaSql(schema))
    })
    await boss.start()
    await boss.createQueue(queue, {
      heartbeatSeconds: Math.max(10, heartbeat),
      // A job is ours for as long as we say so; how often it is tried is not pg-boss's business.
      expireInSeconds: 23 * 3600,
      retryLimit: 1_000_000,
      retentionSeconds: 60 * 86_400,
      deleteAfterSeconds: 60,
    })
  } catch (cause) {
    throw new RelayError('unavailable', `the queue's database failed: ${messageOf(cause)}`, { cause })
  }

  function changed(): void {
    for (const watcher of watchers) watcher()
  }

  async function take({ octets, ...message }: NewMessage): Promise<TakenMessage> {
    let pieces: Uint8Array[] = []
    let held = 0
    let size = 0
    let number = 0
    const cut = (all: Uint8Array): Uint8Array[] =>
      Array.from({ length: Math.ceil(all.length / CHUNK_SIZE) }, (_, i) =>
        all.subarray(i * CHUNK_SIZE, (i + 1) * CHUNK_SIZE),
      )
    for await (const piece of octets) {
      pieces.push(piece.slice())
      held += piece.length
      size += piece.length
      if (held < MEMORY) continue
      // Chunks of a message that never comes about are swept away at the start.
      const chunks = cut(concat(pieces))
      await writeChunks(pool, schema, message.id, chunks, number)
      number += chunks.length
      pieces = []
      held = 0
    }
    const rest = pieces.length === 0 ? [] : cut(concat(pieces))
    if (number === 0) return { ...message, size, octets: rest }
    await writeChunks(pool, schema, message.id, rest, number)
    return { ...message, size, octets: null }
  }

  async function settle(settlement: Settlement): Promise<void> {
    const attempt = attempts.get(settlement.job)
    if (!attempt) return
    const notices: TakenMessage[] = []
    for (const notice of settlement.notices) notices.push(await take(notice))
    const { job: id, recipients } = settlement
    await transaction(pool, async (client, db) => {
      // Only the attempt that was fetched: when somebody else has the job by now, it is theirs.
      const which = attempt.overdue ? id : { id, retryCount: attempt.retryCount }
      // Its declared type hides the count.
      const deleted = (await boss.deleteJob(queue, which as never, { db })) as { readonly affected: number }
      if (deleted.affected === 0) return
      for (const notice of notices) await enqueue(context, client, db, notice)
      await noteDestination(client, attempt.data.destination, settlement.destination)
      if (recipients.length === 0) return jobGone(client, schema, id, attempt.data.message)
      const data: JobData = {
        ...attempt.data,
        recipients,
        due: settlement.due,
        warnAt: settlement.warnAt,
        attempts: attempt.data.attempts - (settlement.postponed ? 1 : 0),
      }
      await boss.insert(queue, [{ id, ...insertOf(data) }] as never[], { db })
      await setAlarm(client, schema, id, data)
    })
    attempts.delete(id)
    if (notices.length > 0) changed()
  }

  async function noteDestination(
    client: Pick<PgPool, 'query'>,
    key: string,
    learned: Settlement['destination'],
  ): Promise<void> {
    if (learned === null) return
    if (learned === 'alive') {
      await client.query(`DELETE FROM ${schema}.destination WHERE key = $1 AND failures > 0`, [key])
      return
    }
    await client.query(
      `INSERT INTO ${schema}.destination(key, failures, blocked, failure) VALUES ($1, 1, $2, $3)
       ON CONFLICT (key) DO UPDATE SET failures = destination.failures + 1, blocked = $2, failure = $3
       WHERE destination.failures = $4`,
      [key, learned.blockedUntil, JSON.stringify(learned.failure), learned.failures],
    )
  }

  const repeated = async (step: () => Promise<number>): Promise<number> => {
    let total = 0
    for (let count = await step(); count > 0; count = await step()) total += count
    if (total > 0) changed()
    return total
  }
  const each = (which: Parameters<JobEngine['hold']>[0], make: (data: JobData) => JobData | null): Promise<number> =>
    repeated(() => transaction(pool, (client, db) => change(context, client, db, which, make)))

  return {
    async enqueue(message) {
      const taken = await take(message)
      await transaction(pool, (client, db) => enqueue(context, client, db, taken))
      changed()
    },
    async start() {
      await pool.query(
        `DELETE FROM ${schema}.chunk c WHERE written < now() - interval '1 day'
         AND NOT EXISTS (SELECT FROM ${schema}.message m WHERE m.id = c.message)`,
      )
    },
    async claim(claimOptions) {
      const { jobs } = await transaction(pool, (client, db) => claim(context, client, db, claimOptions, attempts))
      // Others put jobs into the queue as well: it is asked again soon, whatever happens here.
      return { jobs, next: claimOptions.now + poll }
    },
    settle,
    gate,
    async renew(jobs, until) {
      await gate.renew(until)
      const ours = jobs.filter((id) => attempts.get(id)?.overdue === false)
      if (ours.length > 0) await boss.touch(queue, ours)
    },
    async *read(message) {
      const text = `SELECT octets FROM ${schema}.chunk WHERE message = $1 AND number = $2`
      for (let number = 0; ; number++) {
        const { rows } = await pool.query(text, [message, number])
        if (rows.length === 0) return
        yield rows[0].octets as Uint8Array
      }
    },
    hold: (which) => each({ ...which, state: 'waiting' }, (data) => ({ ...data, held: true })),
    async release(which, now) {
      // Whoever lets a job go knows something that we do not: destinations are tried at once.
      await unblock(context, pool, which)
      const held = await each({ ...which, state: 'held' }, (data) => ({ ...data, held: false, due: now }))
      const waiting = await transaction(pool, (client, db) =>
        change(context, client, db, { ...which, state: 'waiting' }, (data) => ({
          ...data,
          due: Math.min(data.due, now),
        })),
      )
      changed()
      return held + waiting
    },
    cancel: async (which) => (which.state === 'running' ? 0 : each(which, () => null)),
    list: (query) => list(context, pool, query),
    status: () => status(context, pool),
    watch(watcher) {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    async close() {
      await gate.close().catch(onError)
      await boss.stop({ graceful: false })
    },
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
