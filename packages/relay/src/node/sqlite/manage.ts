/** What people do to a queue: look, hold, release, cancel. */
import type { SqlValue } from '@posthouse/store-sqlite'
import type { Job, JobQuery, JobSelector, QueueStatus } from '../../queue/types.js'
import { JOB_COLUMNS, jobOf } from './claim.js'
import type { Destinations } from './destinations.js'
import { discardWhenDone } from './messages.js'
import { HELD, RUNNING, RUNNING_TO_HOLD, type Sql, WAITING } from './schema.js'

const STATES = { waiting: [WAITING], running: [RUNNING, RUNNING_TO_HOLD], held: [HELD] } as const
/** Jobs that are changed in one transaction at most; who wants more asks again. */
const STEP = 1_000
const LIST = 100

/** The condition of a selector. The texts are few: each combination is one prepared statement. */
function where({ job, message, destination, state }: JobSelector): { condition: string; values: SqlValue[] } {
  const conditions: string[] = []
  const values: SqlValue[] = []
  const add = (condition: string, ...more: SqlValue[]): void => {
    conditions.push(condition)
    values.push(...more)
  }
  if (job !== undefined) add('job.jid=?', Number(job))
  if (message !== undefined) add('job.mid=(SELECT mid FROM message WHERE id=?)', message)
  if (destination !== undefined) add('job.did=(SELECT did FROM destination WHERE key=?)', destination)
  if (state !== undefined) {
    const [first, second = first] = STATES[state]
    add('job.state IN (?, ?)', first, second)
  }
  return { condition: conditions.join(' AND ') || '1', values }
}

export function list(sql: Sql, destinations: Destinations, query: JobQuery): readonly Job[] {
  const { condition, values } = where(query)
  const rows = sql.all(
    `SELECT ${JOB_COLUMNS} FROM job JOIN message ON message.mid = job.mid WHERE ${condition} AND job.jid>?
     ORDER BY job.jid LIMIT ?`,
    ...values,
    Number(query.after ?? 0),
    query.limit ?? LIST,
  )
  return rows.map((row) => jobOf(row, destinations.byId(row[2] as number).key))
}

/** At most 1,000 at a time. */
export function hold(sql: Sql, destinations: Destinations, which: JobSelector): number {
  const { condition, values } = where(which)
  const rows = sql.all(
    `SELECT jid, did, state FROM job WHERE ${condition} AND state IN (0, 1) LIMIT ${STEP}`,
    ...values,
  )
  for (const [jid, did, state] of rows) {
    const destination = destinations.byId(did as number)
    if (state === WAITING) {
      destination.waiting--
      destination.held++
    }
    sql.run('UPDATE job SET state=? WHERE jid=?', state === WAITING ? HELD : RUNNING_TO_HOLD, jid)
  }
  return rows.length
}

/** At most 1,000 at a time. */
export function release(sql: Sql, destinations: Destinations, which: JobSelector, at: number): number {
  const { condition, values } = where(which)
  const rows = sql.all(
    `SELECT jid, did, state FROM job WHERE ${condition} AND (state IN (2, 3) OR (state=0 AND due>?)) LIMIT ${STEP}`,
    ...values,
    at,
  )
  for (const [jid, did, state] of rows) {
    const destination = destinations.byId(did as number)
    if (state === HELD) {
      destination.held--
      destination.waiting++
    }
    sql.run('UPDATE job SET state=?, due=? WHERE jid=?', state === RUNNING_TO_HOLD ? RUNNING : WAITING, at, jid)
  }
  return rows.length
}

/** Whoever lets jobs go knows something that we do not: their destinations are tried at once. */
export function unblock(sql: Sql, destinations: Destinations, which: JobSelector): void {
  const { condition, values } = where(which)
  const blocked = 'SELECT did FROM destination WHERE blocked>0'
  const rows =
    condition === '1'
      ? sql.all(blocked)
      : sql.all(`${blocked} AND did IN (SELECT did FROM job WHERE ${condition})`, ...values)
  for (const [did] of rows) destinations.byId(did as number).blocked = 0
}

/** At most 1,000 at a time. */
export function cancel(sql: Sql, destinations: Destinations, which: JobSelector): number {
  const { condition, values } = where(which)
  const rows = sql.all(
    `SELECT jid, did, state, mid FROM job WHERE ${condition} AND state IN (0, 2) LIMIT ${STEP}`,
    ...values,
  )
  for (const [jid, did, state, mid] of rows) {
    const destination = destinations.byId(did as number)
    if (state === WAITING) destination.waiting--
    else destination.held--
    sql.run('DELETE FROM job WHERE jid=?', jid)
    discardWhenDone(sql, mid as number)
  }
  return rows.length
}

export function status(sql: Sql): QueueStatus {
  const [waiting, running, held] = sql.get(
    'SELECT ifnull(sum(waiting), 0), ifnull(sum(running), 0), ifnull(sum(held), 0) FROM destination',
  ) as number[]
  const rows = sql.all(
    `SELECT key, waiting, running, held, failures, blocked FROM destination WHERE waiting + running + held > 0
     ORDER BY waiting + running + held DESC LIMIT 100`,
  )
  return {
    messages: sql.get('SELECT count(*) FROM message WHERE complete=1')?.[0] as number,
    ...{ waiting, running, held },
    destinations: rows.map(([key, ...counts]) => {
      const [w, r, h, failures, blocked] = counts as number[]
      return {
        destination: key as string,
        ...{ waiting: w, running: r, held: h, failures },
        blockedUntil: failures > 0 ? blocked : null,
      }
    }),
  }
}
