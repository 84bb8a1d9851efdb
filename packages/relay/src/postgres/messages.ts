/** Messages on their way into the queue, and out of it. */
import type { Source } from '@posthouse/store-api'
import { concat } from '@posthouse/wire'
import { RelayError } from '../errors.js'
import type { NewMessage } from '../queue/types.js'
import { ask, type Context, isThere, jsonOf, type PgPool, type Step } from './connections.js'
import { lockShared } from './destinations.js'
import { HELD, WAITING } from './schema.js'

/** Octets of a row of the table of chunks. */
const CHUNK_SIZE = 262_144
/** Octets of a message that are kept in memory until it is complete. */
const MEMORY = 4 * CHUNK_SIZE

/** Octets that are in memory, or in the table already. */
export interface TakenOctets {
  readonly size: number
  /** In memory; none where they are in the table. */
  readonly chunks: readonly Uint8Array[]
  /** In the table: the name that they have there until the message is written, and how many rows. `null`: in memory. */
  readonly staged: { readonly name: string; readonly rows: number } | null
}

/** A message whose octets were taken. */
export interface TakenMessage extends Omit<NewMessage, 'octets'> {
  readonly octets: TakenOctets
}

/**
 * Takes octets; chunks of a message that never comes about are removed, or swept away at a later start. Until then they
 * have a name that nobody else knows: whoever gives up must not take the octets of another message of the same name, or of
 * one that is there although nobody was told (the answer to its COMMIT was lost).
 */
async function takeOctets(pool: PgPool, schema: string, source: Source): Promise<TakenOctets> {
  const name = crypto.randomUUID()
  let pieces: Uint8Array[] = []
  let kept = 0
  let size = 0
  let number = 0
  const flush = async (chunks: readonly Uint8Array[]): Promise<void> => {
    for (const octets of chunks) await writeChunk(pool, schema, name, number++, octets)
  }
  try {
    for await (const piece of source) {
      pieces.push(new Uint8Array(piece))
      kept += piece.length
      size += piece.length
      if (kept < MEMORY) continue
      const chunks = cut(pieces)
      await flush(chunks.slice(0, -1))
      pieces = chunks.slice(-1)
      kept = pieces[0].length
    }
    const chunks = cut(pieces)
    if (number === 0) return { size, chunks, staged: null }
    await flush(chunks)
    return { size, chunks: [], staged: { name, rows: number } }
  } catch (error) {
    if (number > 0) await discardChunks(pool, schema, name)
    throw error
  }
}

function cut(pieces: readonly Uint8Array[]): Uint8Array[] {
  const all = pieces.length === 1 ? pieces[0] : concat(pieces)
  return Array.from({ length: Math.ceil(all.length / CHUNK_SIZE) }, (_, i) =>
    all.subarray(i * CHUNK_SIZE, (i + 1) * CHUNK_SIZE),
  )
}

async function writeChunk(
  pool: PgPool,
  schema: string,
  name: string,
  number: number,
  octets: Uint8Array,
): Promise<void> {
  await ask(pool, `INSERT INTO ${schema}.chunk(message, number, octets) VALUES ($1, $2, $3)`, [name, number, octets])
}

function inTheQueue(message: string, cause: unknown): RelayError {
  return new RelayError('unavailable', `a message ${message} is in the queue already`, { cause })
}

async function discardChunks(pool: PgPool, schema: string, name: string): Promise<void> {
  await pool.query(`DELETE FROM ${schema}.chunk WHERE message = $1`, [name]).catch(() => {})
}

/** Removes the octets of messages that do not come about. Never rejects: what is left is swept away at a later start. */
export async function discard(pool: PgPool, schema: string, messages: readonly TakenMessage[]): Promise<void> {
  for (const { octets } of messages) if (octets.staged) await discardChunks(pool, schema, octets.staged.name)
}

/** Messages with their octets: those of long ones are in the table when this resolves. */
export async function takeAll(
  pool: PgPool,
  schema: string,
  messages: readonly NewMessage[],
): Promise<readonly TakenMessage[]> {
  const taken: TakenMessage[] = []
  try {
    for (const message of messages) {
      taken.push({ ...message, octets: await takeOctets(pool, schema, message.octets) })
    }
    return taken
  } catch (error) {
    await discard(pool, schema, taken)
    throw error
  }
}

/** Messages that were half written by a process that has ended. */
export async function sweepChunks({ schema }: Context, pool: PgPool): Promise<void> {
  await pool.query(
    `DELETE FROM ${schema}.chunk c WHERE written < now() - interval '1 day'
     AND NOT EXISTS (SELECT FROM ${schema}.message m WHERE m.id = c.message)`,
  )
}

/** When a waiting job wants attention although its destination cannot be tried. */
export function alarmOf(expires: number, warnAt: number | null): number {
  return warnAt === null ? expires : Math.min(expires, warnAt)
}

/** Writes messages and their jobs. `makeReady` for their destinations is the caller's. */
export async function write(step: Step, schema: string, messages: readonly TakenMessage[]): Promise<void> {
  await lockShared(
    step,
    messages.flatMap(({ jobs }) => jobs.map(({ destination }) => destination)),
  )
  for (const message of messages) {
    await writeOne(step, schema, message).catch((error: unknown) => {
      throw isThere(error) ? inTheQueue(message.id, error) : error
    })
  }
}

async function writeOne(step: Step, schema: string, { octets, jobs, ...message }: TakenMessage): Promise<void> {
  await step.query(
    `WITH message AS (
       INSERT INTO ${schema}.message(id, size, arrived, envelope, jobs) VALUES ($1, $2, $3, $4, $5)
     ), chunk AS (
       INSERT INTO ${schema}.chunk(message, number, octets)
       SELECT $1, number - 1, octets FROM unnest($6::bytea[]) WITH ORDINALITY c(octets, number)
     )
     INSERT INTO ${schema}.job(message, destination, state, due, alarm, expires, warn, via, recipients)
     SELECT $1, j.destination, j.state, j.due, j.alarm, j.expires, j.warn, j.via, j.recipients
     FROM jsonb_to_recordset($7::jsonb) j(destination text, state int, due bigint, alarm bigint, expires bigint,
       warn bigint, via text, recipients jsonb)`,
    [
      ...[message.id, octets.size, Math.round(message.arrived), jsonOf(message.envelope), jobs.length],
      octets.chunks,
      jsonOf(
        jobs.map(({ destination, held, due, expires, warnAt, via, recipients }) => ({
          ...{ destination, state: held ? HELD : WAITING, via, recipients },
          ...{ due: Math.ceil(due), alarm: Math.ceil(alarmOf(expires, warnAt)), expires: Math.ceil(expires) },
          warn: warnAt === null ? null : Math.ceil(warnAt),
        })),
      ),
    ],
  )
  if (!octets.staged) return
  const { name, rows } = octets.staged
  const { rowCount } = await step.query(`UPDATE ${schema}.chunk SET message = $1 WHERE message = $2`, [
    message.id,
    name,
  ])
  if (rowCount !== rows) throw new RelayError('unavailable', `the octets of message ${message.id} are gone`)
}

/** So many jobs of messages are gone; with its last one a message goes. */
export async function jobsGone(step: Step, schema: string, counts: ReadonlyMap<string, number>): Promise<void> {
  const sorted = [...counts].sort(([a], [b]) => (a < b ? -1 : 1))
  const { rows } = await step.query(
    `UPDATE ${schema}.message m SET jobs = m.jobs - gone.count
     FROM unnest($1::text[], $2::int[]) gone(id, count) WHERE m.id = gone.id RETURNING m.id, m.jobs`,
    [sorted.map(([id]) => id), sorted.map(([, count]) => count)],
  )
  const over = rows.filter(({ jobs }) => jobs <= 0).map(({ id }) => id)
  if (over.length === 0) return
  await step.query(
    `WITH chunk AS (DELETE FROM ${schema}.chunk WHERE message = ANY($1)) DELETE FROM ${schema}.message WHERE id = ANY($1)`,
    [over],
  )
}
