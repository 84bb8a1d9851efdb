/** What people do to a queue on PostgreSQL: look, hold, release, cancel. Reads go to pg-boss's own table. */
import type { Job, JobQuery, JobSelector, QueueStatus } from '../queue/types.js'
import type { BossTransaction, PgClient, PgPool } from './connections.js'
import { type Context, insertOf, jobGone, setAlarm } from './messages.js'
import type { JobData } from './schema.js'

interface BossRow {
  readonly id: string
  readonly state: 'created' | 'retry' | 'active'
  readonly data: JobData
}

const STEP = 1_000
const LIST = 100

function where({ job, message, destination, state }: JobSelector, values: unknown[]): string {
  const conditions = [`j.name = $1`, `j.state <= 'active'`]
  const add = (condition: string, value: unknown): void => {
    values.push(value)
    conditions.push(condition.replace('?', `$${values.length}`))
  }
  if (job !== undefined) add('j.id::text = ?', job)
  if (message !== undefined) add(`j.data->>'message' = ?`, message)
  if (destination !== undefined) add('j.group_id = ?', destination)
  if (state === 'running') conditions.push(`j.state = 'active'`)
  else if (state) {
    conditions.push(`j.state < 'active'`)
    add(`(j.data->>'held')::bool = ?`, state === 'held')
  }
  return conditions.join(' AND ')
}

export async function list({ queue, schema }: Context, pool: PgPool, query: JobQuery): Promise<readonly Job[]> {
  const values: unknown[] = [queue]
  const condition = where(query, values)
  values.push(query.after ?? '', query.limit ?? LIST)
  const { rows } = await pool.query(
    `SELECT j.id, j.state, j.data, m.id AS message, m.size, m.arrived, m.envelope FROM pgboss.job j
     JOIN ${schema}.message m ON m.id = j.data->>'message'
     WHERE ${condition} AND j.id::text > $${values.length - 1} ORDER BY j.id::text LIMIT $${values.length}`,
    values,
  )
  return rows.map((row): Job => {
    const { held, ...data } = row.data as JobData
    const { message: id, size, arrived, envelope } = row
    return {
      ...(data as unknown as Omit<Job, 'message'>),
      id: row.id,
      message: { id, size: Number(size), arrived: Number(arrived), envelope },
      state: row.state === 'active' ? 'running' : held ? 'held' : 'waiting',
    }
  })
}

/** Destinations of these jobs are not left alone any more. */
export async function unblock({ queue, schema }: Context, pool: PgPool, which: JobSelector): Promise<void> {
  const values: unknown[] = [queue]
  const condition = where(which, values)
  await pool.query(
    `UPDATE ${schema}.destination SET blocked = 0 WHERE blocked > 0
     AND key IN (SELECT j.group_id FROM pgboss.job j WHERE ${condition})`,
    values,
  )
}

/** Jobs that nobody has in hand, at most 1,000, each changed by `change`; `null` removes it. */
export async function change(
  context: Context,
  client: PgClient,
  db: BossTransaction,
  which: JobSelector,
  make: (data: JobData) => JobData | null,
): Promise<number> {
  const { boss, queue, schema } = context
  const values: unknown[] = [queue]
  const condition = where(which, values)
  const { rows } = await client.query(
    `SELECT j.id, j.state, j.data FROM pgboss.job j WHERE ${condition} AND j.state < 'active'
     ORDER BY j.created_on LIMIT ${STEP} FOR UPDATE SKIP LOCKED`,
    values,
  )
  for (const { id, data } of rows as BossRow[]) {
    const made = make(data)
    await boss.deleteJob(queue, id as never, { db })
    if (made) {
      await boss.insert(queue, [{ id, ...insertOf(made) }] as never[], { db })
      await setAlarm(client, schema, id, made)
    } else await jobGone(client, schema, id, data.message)
  }
  return rows.length
}

export async function status({ queue, schema }: Context, pool: PgPool): Promise<QueueStatus> {
  const { rows } = await pool.query(
    `SELECT j.group_id AS destination, coalesce(d.failures, 0) AS failures, d.blocked,
       count(*) FILTER (WHERE j.state < 'active' AND NOT (j.data->>'held')::bool)::int AS waiting,
       count(*) FILTER (WHERE j.state = 'active')::int AS running,
       count(*) FILTER (WHERE j.state < 'active' AND (j.data->>'held')::bool)::int AS held
     FROM pgboss.job j LEFT JOIN ${schema}.destination d ON d.key = j.group_id
     WHERE j.name = $1 AND j.state <= 'active' GROUP BY 1, 2, 3 ORDER BY count(*) DESC`,
    [queue],
  )
  const messages = await pool.query(`SELECT count(*)::int AS count FROM ${schema}.message`)
  const sum = (name: 'waiting' | 'running' | 'held'): number => rows.reduce((total, row) => total + row[name], 0)
  return {
    messages: messages.rows[0].count,
    ...{ waiting: sum('waiting'), running: sum('running'), held: sum('held') },
    destinations: rows.slice(0, 100).map(({ destination, waiting, running, held, failures, blocked }) => ({
      ...{ destination, waiting, running, held, failures },
      blockedUntil: failures > 0 ? Number(blocked) : null,
    })),
  }
}
