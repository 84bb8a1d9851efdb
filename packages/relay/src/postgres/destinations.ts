/**
 * What is known of destinations, and when each of them has something to do (`ready`).
 *
 * The rule is that `ready` is never later than it should be. Whoever puts a job there makes it earlier, which costs nobody a
 * lock where it is early enough; a claim makes it later when it has seen that nothing is due. So that a claim does not
 * miss a job that is about to be committed, both hold an advisory lock of the destination until they are through: the
 * ones who put jobs there a shared one, the claim its own, and only where it can have that at once.
 */
import type { Settlement } from '../queue/types.js'
import { jsonOf, type Step } from './connections.js'
import { WAITING } from './schema.js'

/** A row of the table. */
export interface DestinationRow {
  readonly key: string
  readonly failures: number
  readonly blocked: number
  readonly failure: { readonly status: string } | null
  readonly free: number
}

/** The class of the advisory locks of destinations. */
const LOCKS = 0x706f7376

/** The shared lock of the destination of a job `j`, as a column of what a statement returns. */
export const LOCK_SHARED = `pg_advisory_xact_lock_shared(${LOCKS}, hashtext(j.destination))`

/** Before a job is put there: see the theory on top. */
export async function lockShared(step: Step, keys: readonly string[]): Promise<void> {
  await step.query(`SELECT pg_advisory_xact_lock_shared(${LOCKS}, hashtext(key)) FROM unnest($1::text[]) key`, [
    [...new Set(keys)],
  ])
}

/** Something can be done there from these times on. Behind `lockShared`, and last in a transaction. */
export async function makeReady(step: Step, schema: string, times: ReadonlyMap<string, number>): Promise<void> {
  if (times.size === 0) return
  const sorted = [...times].sort(([a], [b]) => (a < b ? -1 : 1))
  await step.query(
    `WITH wanted AS (SELECT * FROM unnest($1::text[], $2::bigint[]) w(key, ready)),
     earlier AS (
       UPDATE ${schema}.destination d SET ready = w.ready FROM wanted w
       WHERE d.key = w.key AND (d.ready IS NULL OR d.ready > w.ready)
     )
     INSERT INTO ${schema}.destination(key, ready) SELECT key, ready FROM wanted w
     WHERE NOT EXISTS (SELECT FROM ${schema}.destination d WHERE d.key = w.key) ORDER BY key
     ON CONFLICT (key) DO UPDATE SET ready = LEAST(destination.ready, EXCLUDED.ready)`,
    [sorted.map(([key]) => key), sorted.map(([, ready]) => Math.ceil(ready))],
  )
}

/** The earliest of the times of each key. */
export function earliest(jobs: readonly { readonly destination: string; readonly due: number }[]): Map<string, number> {
  const times = new Map<string, number>()
  for (const { destination, due } of jobs) {
    times.set(destination, Math.min(due, times.get(destination) ?? due))
  }
  return times
}

/** Jobs are gone: destinations without any are forgotten by the next claim. Behind `LOCK_SHARED`. */
export async function markEmpty(step: Step, schema: string, keys: readonly string[]): Promise<void> {
  await step.query(`UPDATE ${schema}.destination SET ready = 0 WHERE key = ANY($1) AND ready IS NULL`, [keys])
}

/** After a claim: destinations with nothing due are not looked at before something is, and unused ones are forgotten. */
export async function makeLater(step: Step, schema: string, keys: readonly string[], now: number): Promise<void> {
  if (keys.length === 0) return
  const { rows } = await step.query(
    `SELECT key FROM unnest($1::text[]) key WHERE pg_try_advisory_xact_lock(${LOCKS}, hashtext(key))`,
    [keys],
  )
  if (rows.length === 0) return
  const ours = rows.map(({ key }) => key)
  // A statement of its own: it sees what was committed before the locks were ours.
  await step.query(
    `UPDATE ${schema}.destination d SET ready = (
       SELECT GREATEST(j.due, d.blocked, d.free, $2) FROM ${schema}.job j
       WHERE j.destination = d.key AND j.state = ${WAITING} ORDER BY j.due LIMIT 1
     ) WHERE d.key = ANY($1)`,
    [ours, now],
  )
  await step.query(
    `DELETE FROM ${schema}.destination d WHERE d.key = ANY($1) AND d.ready IS NULL AND d.free <= $2
     AND (SELECT j.id FROM ${schema}.job j WHERE j.destination = d.key ORDER BY j.state LIMIT 1) IS NULL`,
    [ours, now],
  )
}

/** Writes down what an attempt has found out about its destination. */
export async function noteDestination(
  step: Step,
  schema: string,
  key: string,
  learned: Settlement['destination'],
): Promise<void> {
  if (learned === null) return
  if (learned === 'alive') {
    // What waits there was to wait until the block is over: a claim says when it is due.
    await step.query(
      `UPDATE ${schema}.destination SET failures = 0, blocked = 0, failure = NULL, ready = LEAST(ready, free)
       WHERE key = $1 AND failures > 0`,
      [key],
    )
    return
  }
  if ('pausedUntil' in learned) {
    await step.query(`UPDATE ${schema}.destination SET free = $2 WHERE key = $1 AND free < $2`, [
      key,
      Math.ceil(learned.pausedUntil),
    ])
    return
  }
  await step.query(
    `UPDATE ${schema}.destination SET failures = failures + 1, blocked = $2, failure = $3
     WHERE key = $1 AND failures = $4`,
    [key, Math.ceil(learned.blockedUntil), jsonOf(learned.failure), learned.failures],
  )
}
