import type { SqlRow } from '@posthouse/store-sqlite'
import { limitsOf } from '../../queue/limits-of.js'
import type { Claim, ClaimedJob, ClaimOptions, Job, JobState } from '../../queue/types.js'
import { type DestinationRow, type Destinations, hasSlot, slotsOf } from './destinations.js'
import { readChunk } from './messages.js'
import { CHUNK_SIZE, HELD, RUNNING, type Sql, WAITING } from './schema.js'

/** Columns of a job with its message, as `jobOf` reads them. */
export const JOB_COLUMNS = `job.jid, job.mid, job.did, job.state, job.due, job.expires, job.warn, job.attempts, job.attempted,
  job.via, job.recipients, message.id, message.size, message.arrived, message.envelope`

/** Destinations that are looked at in one step. */
const PAGE = 64
/** Of the jobs of one claim, those that only want a notice: they must not keep others from being delivered. */
const OVERDUE_SHARE = 0.25

/** Takes jobs that are due. */
export function claim(sql: Sql, destinations: Destinations, options: ClaimOptions): Claim {
  const jobs: ClaimedJob[] = []
  takeOverdue(sql, destinations, options, jobs)
  while (jobs.length < options.max) {
    const rows = sql.all('SELECT did FROM destination WHERE ready<=? ORDER BY ready LIMIT ?', options.now, PAGE)
    if (rows.length === 0) break
    for (const [did] of rows) {
      const destination = destinations.byId(did as number)
      takeDue(sql, destination, options, jobs)
      if (jobs.length >= options.max) break
    }
    destinations.flush(options.now)
  }
  return { jobs, next: jobs.length < options.max ? nextTime(sql) : options.now }
}

function takeDue(sql: Sql, destination: DestinationRow, options: ClaimOptions, jobs: ClaimedJob[]): void {
  setLimits(destination, options)
  destination.served = options.now
  if (destination.free > options.now) return
  const paced = destination.pace === 0 ? Number.POSITIVE_INFINITY : 1
  const room = Math.min(slotsOf(destination) - destination.running, paced, options.max - jobs.length)
  if (room <= 0) return
  const rows = sql.all(
    `SELECT ${JOB_COLUMNS} FROM job JOIN message ON message.mid = job.mid
     WHERE job.did=? AND job.state=0 AND job.due<=? ORDER BY job.due LIMIT ?`,
    destination.did,
    options.now,
    room,
  )
  for (const row of rows) jobs.push(take(sql, destination, row, options, 'deliver'))
}

/** Jobs that expire, or whose sender wants to be warned. */
function takeOverdue(sql: Sql, destinations: Destinations, options: ClaimOptions, jobs: ClaimedJob[]): void {
  const rows = sql.all(
    `SELECT ${JOB_COLUMNS} FROM job JOIN message ON message.mid = job.mid
     WHERE job.state=0 AND job.alarm<=? ORDER BY job.alarm LIMIT ?`,
    options.now,
    Math.max(1, Math.floor(options.max * OVERDUE_SHARE)),
  )
  for (const row of rows) {
    const destination = destinations.byId(row[2] as number)
    setLimits(destination, options)
    // Nobody gives up without a last try where there can be one.
    const open = hasSlot(destination) && destination.blocked <= options.now && destination.free <= options.now
    // Before its first try it waits for the time that was asked for (RFC 4865), and is only reported.
    const [, , , , due, , , attempts] = row as number[]
    const early = attempts === 0 && due > options.now
    jobs.push(take(sql, destination, row, options, open && !early ? 'deliver' : 'overdue'))
  }
  if (rows.length > 0) destinations.flush(options.now)
}

function setLimits(destination: DestinationRow, { limits, byDestination }: ClaimOptions): void {
  const { concurrency, perMinute } = limitsOf(destination.key, byDestination, limits)
  destination.slots = concurrency
  destination.pace = perMinute === null ? 0 : Math.ceil(60_000 / perMinute)
}

function take(
  sql: Sql,
  destination: DestinationRow,
  row: SqlRow,
  options: ClaimOptions,
  purpose: ClaimedJob['purpose'],
): ClaimedJob {
  const attempt = purpose === 'deliver' ? 1 : 0
  const [jid, mid, , , , , , attempts, attempted, , , , size] = row
  sql.run(
    'UPDATE job SET state=1, attempts=?, attempted=? WHERE jid=?',
    (attempts as number) + attempt,
    attempt ? options.now : attempted,
    jid,
  )
  destination.waiting--
  destination.running++
  if (purpose === 'deliver' && destination.pace > 0) {
    destination.free = Math.max(options.now, destination.free) + destination.pace
  }
  const short = purpose === 'deliver' && (size as number) <= CHUNK_SIZE
  return {
    ...jobOf(row, destination.key),
    state: 'running',
    attempts: (attempts as number) + attempt,
    attempted: attempt ? options.now : (attempted as number | null),
    purpose,
    failures: destination.failures,
    blocked: destination.failures > 0 ? destination.failure : null,
    octets: short ? (readChunk(sql, mid as number, 0) ?? new Uint8Array(0)) : null,
  }
}

function nextTime(sql: Sql): number | null {
  const ready = sql.get('SELECT min(ready) FROM destination WHERE ready IS NOT NULL')?.[0] as number | null
  const alarm = sql.get('SELECT min(alarm) FROM job WHERE state=0')?.[0] as number | null
  if (ready === null || alarm === null) return ready ?? alarm
  return Math.min(ready, alarm)
}

/** A row of `JOB_COLUMNS` as a job. */
export function jobOf(row: SqlRow, destination: string): Job {
  const [jid, , , state, due, expires, warnAt, attempts, attempted, via, recipients, id, size, arrived, envelope] = row
  return {
    id: String(jid),
    destination,
    state: stateOf(state as number),
    due: due as number,
    expires: expires as number,
    warnAt: warnAt as number | null,
    attempts: attempts as number,
    attempted: attempted as number | null,
    via: via as string | null,
    recipients: JSON.parse(recipients as string),
    message: {
      id: id as string,
      size: size as number,
      arrived: arrived as number,
      envelope: JSON.parse(envelope as string),
    },
  }
}

function stateOf(state: number): JobState {
  if (state === WAITING) return 'waiting'
  return state === HELD ? 'held' : 'running'
}

/** What an earlier process or thread had in hand is free again, but for `hands`. */
export function recover(sql: Sql, destinations: Destinations, hands: ReadonlySet<number> = new Set()): void {
  for (const [jid, did, state] of sql.all('SELECT jid, did, state FROM job WHERE state IN (1, 3)')) {
    if (hands.has(jid as number)) continue
    const destination = destinations.byId(did as number)
    destination.running--
    const held = state !== RUNNING
    if (held) destination.held++
    else destination.waiting++
    sql.run('UPDATE job SET state=? WHERE jid=?', held ? HELD : WAITING, jid)
  }
}
