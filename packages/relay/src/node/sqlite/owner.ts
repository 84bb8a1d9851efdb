/** Who works on the queue: one process at a time. Others may put messages into it, and look at it. */
import { RelayError } from '../../errors.js'
import { recover } from './claim.js'
import { bringBack } from './clock.js'
import type { Destinations } from './destinations.js'
import { discardIncomplete } from './messages.js'
import type { Answers, Requests } from './requests.js'
import type { Sql } from './schema.js'

/** ms without a sign of life after which a process is taken for dead. */
const SILENCE = 60_000

/** Takes the queue, or says who has it. */
export function start(
  sql: Sql,
  destinations: Destinations,
  { token, pid, host }: Requests['start'],
  now: number,
): Answers['start'] {
  const row = sql.get('SELECT token, pid, host, seen FROM owner') as [string, number, string, number] | undefined
  if (row && row[0] !== token) {
    const [, otherPid, otherHost, seen] = row
    const same = otherHost === host && otherPid === pid
    if (!same && isAlive(otherPid, otherHost, host, seen, now)) {
      // By a clock that was ahead it would be alive for as long: its silence begins now.
      if (seen > now + SILENCE) sql.run('UPDATE owner SET seen=?', now)
      return { pid: otherPid, host: otherHost, seen }
    }
  }
  sql.run('INSERT OR REPLACE INTO owner(one, token, pid, host, seen) VALUES (1, ?, ?, ?, ?)', token, pid, host, now)
  discardIncomplete(sql, now)
  recover(sql, destinations)
  // Whoever has left in good order has left no sign of life, but the time of the last claim.
  const claimed = (sql.get('SELECT max(served) FROM destination')?.[0] ?? 0) as number
  bringBack(sql, destinations, Math.max(row?.[3] ?? 0, claimed), now)
  return null
}

/** @throws RelayError `busy` when another process has taken the queue, because this one was silent for too long. */
export function checkOwner(sql: Sql, token: string): void {
  const row = sql.get('SELECT token, pid, host FROM owner')
  if (row && row[0] !== token) throw new RelayError('busy', `process ${row[1]} on ${row[2]} works on this queue now`)
}

/** Says that the owner is alive, and removes what came in halfway. @returns true when the clock was set back since */
export function signOfLife(sql: Sql, destinations: Destinations, token: string, now: number): boolean {
  const seen = sql.get('SELECT seen FROM owner WHERE token=?', token)?.[0] as number | undefined
  if (seen === undefined) return false
  sql.run('UPDATE owner SET seen=? WHERE token=?', now, token)
  discardIncomplete(sql, now)
  return bringBack(sql, destinations, seen, now)
}

export function leave(sql: Sql, token: string): void {
  sql.run('DELETE FROM owner WHERE token=?', token)
}

function isAlive(pid: number, where: string, here: string, seen: number, now: number): boolean {
  // A number may belong to another program by now, and to nobody on another machine: signs of life count as well.
  if (now - seen >= SILENCE) return false
  if (where !== here) return true
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
