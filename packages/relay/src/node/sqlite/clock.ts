/** A clock that is set back: what waits for the time must not wait for the difference as well. */
import type { Destinations } from './destinations.js'
import type { Sql } from './schema.js'

/** ms by which a clock may go back before anything is done: small steps cost a small delay. */
const TOLERANCE = 60_000

/**
 * Brings back when jobs are due and destinations are tried, by as much as the clock was set back. Never later than they were,
 * and what was put off to a time of its own (a first try in the future) keeps it; so do the times of expiry and of warnings.
 * @param latest the last time by the old clock that is known
 * @returns false when it was not set back
 */
export function bringBack(sql: Sql, destinations: Destinations, latest: number, now: number): boolean {
  const ahead = latest - now
  if (ahead <= TOLERANCE) return false
  destinations.flush(now)
  sql.run('UPDATE job SET due=max(?, due-?) WHERE due>? AND (attempts>0 OR due<=?)', now, ahead, now, latest)
  sql.run(
    'UPDATE destination SET served=min(served, ?), free=min(free, max(?, free-?)), blocked=min(blocked, max(?, blocked-?))',
    ...[now, now, ahead, now, ahead],
  )
  // Written anew, each with the time at which it is ready.
  for (const [did] of sql.all('SELECT did FROM destination')) destinations.byId(did as number)
  return true
}
