/**
 * Jobs whose machine is gone, or gave no sign of life while it could not reach the database.
 *
 * Such a machine may be at work all the same. So a job keeps the name that it was given out under (`boss`) until it is given
 * out again: till then whoever has it may still say what became of it, and nobody does it twice.
 */
import type { Context, Step } from './connections.js'
import { LOCK_SHARED, makeReady } from './destinations.js'
import { HELD, RUNNING, RUNNING_TO_HOLD, WAITING } from './schema.js'

/** Jobs of machines that gave no sign of life: pg-boss has given them back. Those of `hands` are ours again, being fetched. */
export async function takeBack(context: Context, step: Step, hands: ReadonlySet<string>): Promise<void> {
  for (;;) {
    const fetched = await context.boss.fetch(context.queue, { db: step.db, batchSize: 100 })
    if (fetched.length === 0) return
    const lost = fetched.map(({ id }) => id as string).filter((id) => !hands.has(id))
    if (lost.length > 0) await waitAgain(context, step, lost)
  }
}

/** What somebody had in hand is in nobody's hands. Whoever claims next looks there, whatever time it is on his clock. */
export async function waitAgain(
  { boss, queue, schema }: Context,
  step: Step,
  bosses: readonly string[],
): Promise<void> {
  const { rows } = await step.query(
    `UPDATE ${schema}.job j SET state = CASE state WHEN ${RUNNING_TO_HOLD} THEN ${HELD} ELSE ${WAITING} END
     WHERE boss = ANY($1) AND state IN (${RUNNING}, ${RUNNING_TO_HOLD}) RETURNING j.destination, j.state, ${LOCK_SHARED}`,
    [bosses],
  )
  await boss.deleteJob(queue, bosses as never, { db: step.db })
  const waiting = rows.filter(({ state }) => state === WAITING)
  await makeReady(step, schema, new Map(waiting.map(({ destination }) => [destination as string, 0])))
}
