import type { Settlement } from '../../queue/types.js'
import type { Destinations } from './destinations.js'
import { alarmOf, discardWhenDone, enqueue } from './messages.js'
import type { EnqueuedMessage } from './requests.js'
import { HELD, RUNNING, RUNNING_TO_HOLD, type Sql, WAITING } from './schema.js'

/** Writes what became of a job, and its notices, in one step. */
export function settle(
  sql: Sql,
  destinations: Destinations,
  settlement: Omit<Settlement, 'notices'> & { readonly notices: readonly EnqueuedMessage[] },
): void {
  const jid = Number(settlement.job)
  const row = sql.get('SELECT mid, did, state, expires FROM job WHERE jid=?', jid)
  const [mid, did, state, expires] = (row ?? []) as number[]
  // Somebody else has it by now.
  if (!row || (state !== RUNNING && state !== RUNNING_TO_HOLD)) return
  const destination = destinations.byId(did)
  destination.running--
  if (settlement.destination === 'alive') {
    destination.failures = 0
    destination.blocked = 0
    destination.failure = null
  } else if (settlement.destination && 'pausedUntil' in settlement.destination) {
    destination.free = Math.max(destination.free, settlement.destination.pausedUntil)
  } else if (settlement.destination && settlement.destination.failures === destination.failures) {
    destination.failures++
    destination.blocked = settlement.destination.blockedUntil
    destination.failure = settlement.destination.failure
  }
  for (const notice of settlement.notices) enqueue(sql, destinations, notice)
  if (settlement.recipients.length === 0) {
    sql.run('DELETE FROM job WHERE jid=?', jid)
    discardWhenDone(sql, mid)
    return
  }
  const held = state === RUNNING_TO_HOLD
  const alarm = alarmOf(expires, settlement.warnAt)
  if (held) destination.held++
  else destination.waiting++
  sql.run(
    'UPDATE job SET state=?, due=?, alarm=?, warn=?, attempts=attempts-?, recipients=? WHERE jid=?',
    held ? HELD : WAITING,
    settlement.due,
    // What was put off is not asked for again before its time, however late it is.
    settlement.postponed ? Math.max(alarm, settlement.due) : alarm,
    settlement.warnAt,
    settlement.postponed ? 1 : 0,
    JSON.stringify(settlement.recipients),
    jid,
  )
}
