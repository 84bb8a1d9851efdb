import { limitsOf } from '../queue/limits-of.js'
import type { Claim, ClaimedJob, ClaimOptions } from '../queue/types.js'
import type { BossTransaction, PgClient } from './connections.js'
import type { Context } from './messages.js'
import type { JobData } from './schema.js'

/** What a claimed job is settled with, beside its id. */
export interface Attempt {
  /** pg-boss's count: whoever has an older one has lost the job. */
  readonly retryCount: number
  readonly data: JobData
  /** It was taken for a notice, past pg-boss. */
  readonly overdue: boolean
}

interface Destination {
  readonly key: string
  readonly failures: number
  readonly blocked: string
  readonly failure: ClaimedJob['blocked']
  readonly free: string
}

/** Octets of a message that comes with its job. */
const SHORT = 65_536

/** All claims of a cluster take turns: limits are counted and used in one step, and so they are exact. */
const CLAIM_LOCK = 0x706f7374

/** Takes jobs, in the caller's transaction. `attempts` keeps what `settle` needs. */
export async function claim(
  { boss, queue, schema }: Context,
  client: PgClient,
  db: BossTransaction,
  options: ClaimOptions,
  attempts: Map<string, Attempt>,
): Promise<{ readonly jobs: readonly ClaimedJob[] } & Pick<Claim, 'next'>> {
  const { now, max, limits } = options
  await client.query('SELECT pg_advisory_xact_lock($1)', [CLAIM_LOCK])
  const troubled = await client.query(`SELECT * FROM ${schema}.destination WHERE failures > 0 OR free > $1`, [now])
  const destinations = new Map((troubled.rows as Destination[]).map((row) => [row.key, row]))
  const isShut = ({ blocked, free }: Destination): boolean => Number(blocked) > now || Number(free) > now
  const shut = [...destinations.values()].filter(isShut).map(({ key }) => key)
  const tiers = await tiersOf(queue, client, options)
  // One at a time finds out whether somebody is there again.
  for (const { key, failures } of destinations.values()) if (failures > 0) tiers[key] = 1
  const fetched = await boss.fetch(queue, {
    db,
    batchSize: max,
    includeMetadata: true,
    groupConcurrency: { default: limits.perMinute === null ? limits.concurrency : 1, tiers },
    ...(shut.length > 0 && { ignoreGroups: shut }),
  })
  const late = await takeOverdue(schema, queue, client, options, shut)
  const messages = await messagesOf(schema, client, [...late, ...fetched])
  const jobs: ClaimedJob[] = []
  for (const job of [...late, ...fetched]) {
    const before = job.data as JobData
    const overdue = late.includes(job)
    const retries = Number(job.retryCount ?? 0)
    const data: JobData = overdue ? before : { ...before, attempts: before.attempts + retries + 1, attempted: now }
    attempts.set(job.id, { retryCount: retries, data: overdue ? before : data, overdue })
    const pace = limitsOf(data.destination, options.byDestination, limits).perMinute
    if (pace !== null && !overdue) await setPace(client, schema, data.destination, now + Math.ceil(60_000 / pace))
    const message = messages.get(data.message)
    if (!message) continue
    const destination = destinations.get(data.destination)
    jobs.push({
      ...(data as unknown as Omit<ClaimedJob, 'message'>),
      id: job.id,
      message: {
        id: data.message,
        size: Number(message.size),
        arrived: Number(message.arrived),
        envelope: message.envelope,
      },
      state: 'running',
      purpose: overdue ? 'overdue' : 'deliver',
      failures: destination?.failures ?? 0,
      blocked: destination?.failure ?? null,
      octets: overdue ? null : message.octets,
    })
  }
  return { jobs, next: null }
}

interface MessageRow {
  readonly id: string
  readonly size: string
  readonly arrived: string
  readonly envelope: ClaimedJob['message']['envelope']
  /** All of them, where the message is short. */
  readonly octets: Uint8Array | null
}

async function messagesOf(
  schema: string,
  client: PgClient,
  jobs: readonly { readonly data: unknown }[],
): Promise<ReadonlyMap<string, MessageRow>> {
  const ids = [...new Set(jobs.map(({ data }) => (data as JobData).message))]
  if (ids.length === 0) return new Map()
  const { rows } = await client.query(
    `SELECT m.id, m.size, m.arrived, m.envelope, c.octets FROM ${schema}.message m
     LEFT JOIN ${schema}.chunk c ON c.message = m.id AND c.number = 0 AND m.size <= ${SHORT} WHERE m.id = ANY($1)`,
    [ids],
  )
  return new Map((rows as MessageRow[]).map((row) => [row.id, row]))
}

/** How many jobs of single destinations may run, as pg-boss has it. */
async function tiersOf(
  queue: string,
  client: PgClient,
  { byDestination, limits }: ClaimOptions,
): Promise<Record<string, number>> {
  const keys = [...byDestination.keys()]
  if (keys.length === 0) return {}
  const suffixes = keys.filter((key) => key.startsWith('domain:.')).map((key) => key.slice(7))
  const { rows } = await client.query(
    `SELECT group_id AS key, count(*) FILTER (WHERE state = 'active')::int AS running FROM pgboss.job
     WHERE name = $1 AND state <= 'active' AND (group_id = ANY($2) OR EXISTS (
       SELECT FROM unnest($3::text[]) suffix WHERE right(group_id, length(suffix)) = suffix
     )) GROUP BY 1`,
    [queue, keys, suffixes],
  )
  return Object.fromEntries(
    (rows as { readonly key: string; readonly running: number }[]).map(({ key, running }) => {
      const { concurrency, perMinute } = limitsOf(key, byDestination, limits)
      // With a pace one more may begin at a time.
      return [key, perMinute === null ? concurrency : Math.min(concurrency, running + 1)]
    }),
  )
}

async function setPace(client: PgClient, schema: string, key: string, free: number): Promise<void> {
  await client.query(
    `INSERT INTO ${schema}.destination(key, free) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET free = $2`,
    [key, free],
  )
}

/** Of the jobs that pg-boss is told to leave alone, those that expire or want a warning. */
async function takeOverdue(
  schema: string,
  queue: string,
  client: PgClient,
  { now, max, lease }: ClaimOptions,
  shut: readonly string[],
): Promise<{ readonly id: string; readonly data: unknown; readonly retryCount?: number }[]> {
  if (shut.length === 0) return []
  const { rows } = await client.query(
    `UPDATE ${schema}.alarm SET at = $2 WHERE job IN (
       SELECT job FROM ${schema}.alarm WHERE at <= $1 AND destination = ANY($3) ORDER BY at LIMIT $4
     ) RETURNING job`,
    [now, now + lease, shut, Math.max(1, Math.floor(max / 4))],
  )
  if (rows.length === 0) return []
  const ids = rows.map(({ job }) => job)
  const found = await client.query(
    `SELECT id, data FROM pgboss.job WHERE name = $1 AND id = ANY($2) AND state < 'active'`,
    [queue, ids],
  )
  return found.rows
}
