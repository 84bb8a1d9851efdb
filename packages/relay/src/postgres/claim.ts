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
  const { now, max, limits, byDestination } = options
  await client.query('SELECT pg_advisory_xact_lock($1)', [CLAIM_LOCK])
  const troubled = await client.query(`SELECT * FROM ${schema}.destination WHERE failures > 0 OR free > $1`, [now])
  const destinations = new Map((troubled.rows as Destination[]).map((row) => [row.key, row]))
  const isShut = ({ blocked, free }: Destination): boolean => Number(blocked) > now || Number(free) > now
  const shut = [...destinations.values()].filter(isShut).map(({ key }) => key)
  const tiers: Record<string, number> = {}
  for (const [key, { concurrency, perMinute }] of byDestination) tiers[key] = perMinute === null ? concurrency : 1
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
  const jobs: ClaimedJob[] = []
  for (const job of [...late, ...fetched]) {
    const before = job.data as JobData
    const overdue = late.includes(job)
    const retries = Number(job.retryCount ?? 0)
    const data: JobData = overdue ? before : { ...before, attempts: before.attempts + retries + 1, attempted: now }
    attempts.set(job.id, { retryCount: retries, data: overdue ? before : data, overdue })
    const pace = (byDestination.get(data.destination) ?? limits).perMinute
    if (pace !== null && !overdue) await setPace(client, schema, data.destination, now + Math.ceil(60_000 / pace))
    const { rows } = await client.query(`SELECT size, arrived, envelope FROM ${schema}.message WHERE id = $1`, [
      data.message,
    ])
    if (rows.length === 0) continue
    const destination = destinations.get(data.destination)
    jobs.push({
      ...(data as unknown as Omit<ClaimedJob, 'message'>),
      id: job.id,
      message: {
        id: data.message,
        size: Number(rows[0].size),
        arrived: Number(rows[0].arrived),
        envelope: rows[0].envelope,
      },
      state: 'running',
      purpose: overdue ? 'overdue' : 'deliver',
      failures: destination?.failures ?? 0,
      blocked: destination?.failure ?? null,
      octets: null,
    })
  }
  return { jobs, next: null }
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
