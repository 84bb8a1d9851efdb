import type { Settlement } from '../queue/types.js'
import { type Context, jsonOf, type Step } from './connections.js'
import { earliest, LOCK_SHARED, makeReady, markEmpty, noteDestination } from './destinations.js'
import { jobsGone, type TakenMessage, write } from './messages.js'
import { HELD, RUNNING_TO_HOLD, WAITING } from './schema.js'

/**
 * Writes what became of a job, and its notices, in the caller's transaction. `boss`: the job of pg-boss that stood for it.
 * False when it is somebody else's by now, and nothing was written.
 */
export async function settle(
  { boss: pgBoss, queue, schema }: Context,
  step: Step,
  settlement: Settlement,
  boss: string,
  notices: readonly TakenMessage[],
): Promise<boolean> {
  // It may be gone, and the job still be in nobody else's hands: see `take-back.ts`.
  await pgBoss.deleteJob(queue, boss as never, { db: step.db })
  const { job: id, recipients, destination, postponed } = settlement
  const over = recipients.length === 0
  const { rows } = over
    ? await step.query(`DELETE FROM ${schema}.job j WHERE id = $1 AND boss = $2 RETURNING ${RETURNED}`, [id, boss])
    : await step.query(
        `UPDATE ${schema}.job j SET boss = NULL,
           state = CASE WHEN state IN (${RUNNING_TO_HOLD}, ${HELD}) THEN ${HELD} ELSE ${WAITING} END,
           due = $3, warn = $4, alarm = GREATEST($5, LEAST(expires, $4)), attempts = attempts - $6, recipients = $7
         WHERE id = $1 AND boss = $2 RETURNING ${RETURNED}`,
        [
          ...[id, boss, Math.ceil(settlement.due), settlement.warnAt],
          // What was put off is not asked for again before its time, however late it is.
          postponed ? Math.ceil(settlement.due) : 0,
          ...[postponed ? 1 : 0, jsonOf(recipients)],
        ],
      )
  if (rows.length === 0) return false
  const [row] = rows
  if (over) await jobsGone(step, schema, new Map([[row.message, 1]]))
  if (notices.length > 0) await write(step, schema, notices)
  await noteDestination(step, schema, row.destination, destination)
  const waiting = notices.flatMap(({ jobs }) => jobs)
  await makeReady(
    step,
    schema,
    earliest(over ? waiting : [...waiting, { destination: row.destination, due: settlement.due }]),
  )
  if (over) await markEmpty(step, schema, [row.destination])
  return true
}

const RETURNED = `j.message, j.destination, ${LOCK_SHARED}`
