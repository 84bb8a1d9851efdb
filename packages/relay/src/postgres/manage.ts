/** What people do to a queue on PostgreSQL: look, hold, release, cancel. */
import type { Job, JobQuery, JobSelector, QueueStatus } from '../queue/types.js'
import { JOB_COLUMNS, type JobRow, jobOf } from './claim.js'
import { ask, type PgPool, type Step, transaction } from './connections.js'
import { LOCK_SHARED, makeReady, markEmpty } from './destinations.js'
import { jobsGone } from './messages.js'
import { HELD, RUNNING, RUNNING_TO_HOLD, WAITING } from './schema.js'

const STATES = { waiting: [WAITING], running: [RUNNING, RUNNING_TO_HOLD], held: [HELD] } as const
/** Jobs that are changed in one transaction at most. */
const STEP = 1_000
const LIST = 100

/** The condition of a selector; its values go behind those that are there. */
function where({ job, message, destination, state }: JobSelector, values: unknown[]): string {
  const conditions = ['true']
  const add = (condition: string, value: unknown): void => {
    values.push(value)
    conditions.push(condition.replace('?', `$${values.length}`))
  }
  // A name that is none is the name of no job.
  if (job !== undefined) add('j.id = ?', numberOf(job) ?? -1)
  if (message !== undefined) add('j.message = ?', message)
  if (destination !== undefined) add('j.destination = ?', destination)
  if (state !== undefined) add('j.state = ANY(?)', STATES[state])
  return conditions.join(' AND ')
}

function numberOf(id: string): number | null {
  const number = Number(id)
  return Number.isSafeInteger(number) ? number : null
}

export async function list(schema: string, pool: PgPool, query: JobQuery): Promise<readonly Job[]> {
  const values: unknown[] = [numberOf(query.after ?? '0') ?? 0, query.limit ?? LIST]
  const condition = where(query, values)
  const { rows } = await ask(
    pool,
    `SELECT ${JOB_COLUMNS}, m.size, m.arrived, m.envelope FROM ${schema}.job j
     JOIN ${schema}.message m ON m.id = j.message WHERE ${condition} AND j.id > $1 ORDER BY j.id LIMIT $2`,
    values,
  )
  return rows.map(({ size, arrived, envelope, ...row }) =>
    jobOf(row as JobRow, { id: row.message, size, arrived, envelope }),
  )
}

/** Changes jobs in steps until none is left to change. `change`: a statement on the jobs in `picked`, with their rows. */
async function inSteps(
  schema: string,
  pool: PgPool,
  which: JobSelector,
  more: string,
  change: string,
  extra: readonly unknown[],
  after: (step: Step, rows: readonly { message: string; destination: string; state: number }[]) => Promise<void>,
): Promise<number> {
  for (let total = 0; ; ) {
    const count = await transaction(pool, async (step) => {
      const values: unknown[] = [...extra]
      const condition = where(which, values)
      const { rows } = await step.query(
        `WITH picked AS (SELECT j.id FROM ${schema}.job j WHERE ${condition} AND ${more} LIMIT ${STEP} FOR UPDATE)
         ${change} j.message, j.destination, j.state`,
        values,
      )
      if (rows.length > 0) await after(step, rows as never)
      return rows.length
    })
    total += count
    if (count === 0) return total
  }
}

export function hold(schema: string, pool: PgPool, which: JobSelector): Promise<number> {
  const change = `UPDATE ${schema}.job j SET state = CASE j.state WHEN ${WAITING} THEN ${HELD} ELSE ${RUNNING_TO_HOLD} END
    FROM picked WHERE j.id = picked.id RETURNING`
  return inSteps(schema, pool, which, `j.state IN (${WAITING}, ${RUNNING})`, change, [], async () => {})
}

export function release(schema: string, pool: PgPool, which: JobSelector, now: number): Promise<number> {
  const change = `UPDATE ${schema}.job j SET due = $1,
      state = CASE j.state WHEN ${RUNNING_TO_HOLD} THEN ${RUNNING} ELSE ${WAITING} END
    FROM picked WHERE j.id = picked.id RETURNING ${LOCK_SHARED},`
  const more = `(j.state IN (${HELD}, ${RUNNING_TO_HOLD}) OR (j.state = ${WAITING} AND j.due > $1))`
  return inSteps(schema, pool, which, more, change, [Math.ceil(now)], (step, rows) =>
    makeReady(step, schema, new Map(rows.map(({ destination }) => [destination, now]))),
  )
}

export function cancel(schema: string, pool: PgPool, which: JobSelector): Promise<number> {
  const change = `DELETE FROM ${schema}.job j USING picked WHERE j.id = picked.id RETURNING ${LOCK_SHARED},`
  return inSteps(schema, pool, which, `j.state IN (${WAITING}, ${HELD})`, change, [], async (step, rows) => {
    const counts = new Map<string, number>()
    for (const { message } of rows) counts.set(message, (counts.get(message) ?? 0) + 1)
    await jobsGone(step, schema, counts)
    await markEmpty(step, schema, [...new Set(rows.map(({ destination }) => destination))])
  })
}

/** Destinations of these jobs are not left alone any more. */
export async function unblock(schema: string, pool: PgPool, which: JobSelector): Promise<void> {
  const values: unknown[] = []
  const condition = where(which, values)
  const some = `AND EXISTS (SELECT FROM ${schema}.job j WHERE j.destination = d.key AND ${condition})`
  await ask(
    pool,
    `UPDATE ${schema}.destination d SET blocked = 0, ready = LEAST(ready, free) WHERE blocked > 0
     ${condition === 'true' ? '' : some}`,
    values,
  )
}

export async function status(schema: string, pool: PgPool): Promise<QueueStatus> {
  const { rows } = await ask(
    pool,
    `SELECT c.*, coalesce(d.failures, 0) AS failures, d.blocked FROM (
       SELECT destination, count(*) FILTER (WHERE state = ${WAITING})::int AS waiting,
         count(*) FILTER (WHERE state IN (${RUNNING}, ${RUNNING_TO_HOLD}))::int AS running,
         count(*) FILTER (WHERE state = ${HELD})::int AS held
       FROM ${schema}.job GROUP BY 1
     ) c LEFT JOIN ${schema}.destination d ON d.key = c.destination ORDER BY waiting + running + held DESC`,
  )
  const messages = await ask(pool, `SELECT count(*)::int AS count FROM ${schema}.message`)
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
