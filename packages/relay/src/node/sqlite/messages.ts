import { RelayError } from '../../errors.js'
import type { NewJob } from '../../queue/types.js'
import type { Destinations } from './destinations.js'
import type { EnqueuedMessage } from './requests.js'
import { CHUNK_SIZE, CHUNKS, HELD, type Sql, WAITING } from './schema.js'

/** When a waiting job wants attention although its destination cannot be tried. */
export function alarmOf(expires: number, warnAt: number | null): number {
  return warnAt === null ? expires : Math.min(expires, warnAt)
}

/** Writes a message and its jobs. */
export function enqueue(sql: Sql, destinations: Destinations, message: EnqueuedMessage): void {
  const envelope = JSON.stringify(message.envelope)
  let mid: number
  if ('mid' in message.octets) mid = message.octets.mid
  else {
    mid = reserve(sql, message.id, message.arrived)
    writeChunks(sql, mid, message.octets)
  }
  const written = sql.run(
    'UPDATE message SET complete=1, size=?, arrived=?, envelope=? WHERE mid=? AND complete=0',
    message.size,
    message.arrived,
    envelope,
    mid,
  )
  // Without its row nothing would ever be delivered: the caller must know.
  if (written === 0) throw new RelayError('unavailable', `the octets of message ${message.id} are gone`)
  for (const job of message.jobs) addJob(sql, destinations, mid, job)
}

function addJob(sql: Sql, destinations: Destinations, mid: number, job: NewJob): void {
  const destination = destinations.byKey(job.destination)
  sql.run(
    'INSERT INTO job(mid, did, state, due, alarm, expires, warn, via, recipients) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
    mid,
    destination.did,
    job.held ? HELD : WAITING,
    job.due,
    alarmOf(job.expires, job.warnAt),
    job.expires,
    job.warnAt,
    job.via,
    JSON.stringify(job.recipients),
  )
  if (job.held) destination.held++
  else destination.waiting++
}

/** A row for a message whose octets are about to come. Nobody sees it before `enqueue`. */
export function reserve(sql: Sql, id: string, now: number): number {
  const row = sql.get(
    `INSERT INTO message(id, complete, size, arrived, envelope) VALUES (?, 0, 0, ?, '') ON CONFLICT DO NOTHING
     RETURNING mid`,
    id,
    now,
  )
  if (!row) throw new RelayError('unavailable', `a message ${id} is in the queue already`)
  return row[0] as number
}

function writeChunks(sql: Sql, mid: number, octets: Uint8Array): void {
  for (let number = 0; number * CHUNK_SIZE < octets.length; number++) {
    writeChunk(sql, mid, number, octets.subarray(number * CHUNK_SIZE, (number + 1) * CHUNK_SIZE))
  }
}

export function writeChunk(sql: Sql, mid: number, number: number, octets: Uint8Array): void {
  if (number >= CHUNKS) throw new RelayError('limit', `a message of more than ${CHUNKS * CHUNK_SIZE} octets`)
  sql.run('INSERT INTO chunk(place, octets) VALUES (?, ?)', mid * CHUNKS + number, octets)
}

export function readChunk(sql: Sql, mid: number, number: number): Uint8Array | null {
  return (sql.get('SELECT octets FROM chunk WHERE place=?', mid * CHUNKS + number)?.[0] as Uint8Array) ?? null
}

/** Removes a message and its octets. */
function discard(sql: Sql, mid: number): void {
  sql.run('DELETE FROM chunk WHERE place>=? AND place<?', mid * CHUNKS, (mid + 1) * CHUNKS)
  sql.run('DELETE FROM message WHERE mid=?', mid)
}

/** Removes what was written of a message that does not come about. */
export function discardReserved(sql: Sql, mid: number): void {
  if (sql.get('SELECT 1 FROM message WHERE mid=? AND complete=0', mid)) discard(sql, mid)
}

/** Removes a message for which there is no job any more. */
export function discardWhenDone(sql: Sql, mid: number): void {
  if (!sql.get('SELECT 1 FROM job WHERE mid=? LIMIT 1', mid)) discard(sql, mid)
}

/** ms that a message may take to come in. */
const INCOMPLETE = 86_400_000

/** Removes what was half written when a process ended. What is younger may be on its way in another process. */
export function discardIncomplete(sql: Sql, now: number): void {
  for (const [mid] of sql.all('SELECT mid FROM message WHERE complete=0 AND arrived<?', now - INCOMPLETE)) {
    discard(sql, mid as number)
  }
}
