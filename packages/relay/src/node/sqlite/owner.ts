/** Who works on the queue: one process at a time. Others may put messages into it, and look at it. */
import { RelayError } from '../../errors.js'
import { recover } from './claim.js'
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
    if (!same && isAlive(otherPid, otherHost, host, seen, now)) return { pid: otherPid, host: otherHost, seen }
  }
  sql.run('INSERT OR REPLACE INTO owner(one, token, pid, host, seen) VALUES (1, ?, ?, ?, ?)', token, pid, host, now)
  discardIncomplete(sql, now)
  recover(sql, destinations)
  return null
}

/** @throws RelayError `busy` when another process has taken the queue, because this one was silent for too long. */
export function checkOwner(sql: Sql, token: string): void {
  const row = sql.get('SELECT token, pid, host FROM owner')
  if (row && row[0] !== token) throw new RelayError('busy', `process ${row[1]} on ${row[2]} works on this queue now`)
}

export function signOfLife(sql: Sql, token: string, now: number): void {
  sql.run('UPDATE owner SET seen=? WHERE token=?', now, token)
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
