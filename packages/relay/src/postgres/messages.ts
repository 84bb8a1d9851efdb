import type { NewMessage } from '../queue/types.js'
import type { Boss, BossInsert, BossTransaction, PgClient } from './connections.js'
import { type JobData, NEVER } from './schema.js'

/** Octets of a row of the table of chunks. */
export const CHUNK_SIZE = 262_144

/** A message whose octets are in memory, or in the table already. */
export interface TakenMessage extends Omit<NewMessage, 'octets'> {
  readonly size: number
  readonly octets: readonly Uint8Array[] | null
}

/** What everything is done with. */
export interface Context {
  readonly boss: Boss
  readonly queue: string
  readonly schema: string
}

export async function writeChunks(
  client: Pick<PgClient, 'query'>,
  schema: string,
  message: string,
  chunks: readonly Uint8Array[],
  from = 0,
): Promise<void> {
  for (const [i, octets] of chunks.entries()) {
    const text = `INSERT INTO ${schema}.chunk(message, number, octets) VALUES ($1, $2, $3)`
    await client.query(text, [message, from + i, octets])
  }
}

/** Puts messages and their jobs into the queue, in the caller's transaction. */
export async function enqueue(
  { boss, queue, schema }: Context,
  client: PgClient,
  db: BossTransaction,
  message: TakenMessage,
): Promise<void> {
  await client.query(`INSERT INTO ${schema}.message(id, size, arrived, envelope, jobs) VALUES ($1, $2, $3, $4, $5)`, [
    message.id,
    message.size,
    message.arrived,
    JSON.stringify(message.envelope),
    message.jobs.length,
  ])
  if (message.octets) await writeChunks(client, schema, message.id, message.octets)
  const jobs = message.jobs.map((job): BossInsert & { readonly id: string } => ({
    id: crypto.randomUUID(),
    ...insertOf({ ...job, message: message.id, attempts: 0, attempted: null }),
  }))
  await boss.insert(queue, jobs as never[], { db })
  for (const [i, job] of message.jobs.entries()) await setAlarm(client, schema, jobs[i].id, job)
}

/** A job as pg-boss takes it. */
export function insertOf(data: JobData): BossInsert {
  const { destination, due, held } = data
  // The tier is the key as well: limits of single destinations are limits of tiers.
  return { data, startAfter: held ? NEVER : new Date(due), group: { id: destination, tier: destination } }
}

/** When a job wants attention although its destination is left alone. */
export async function setAlarm(
  client: PgClient,
  schema: string,
  id: string,
  job: Pick<JobData, 'destination' | 'expires' | 'warnAt' | 'held'>,
): Promise<void> {
  const at = job.held ? NEVER.getTime() : Math.min(job.expires, job.warnAt ?? job.expires)
  await client.query(
    `INSERT INTO ${schema}.alarm(job, destination, at) VALUES ($1, $2, $3) ON CONFLICT (job) DO UPDATE SET at = $3`,
    [id, job.destination, at],
  )
}

/** A job of a message is gone; with the last one the message goes. */
export async function jobGone(client: PgClient, schema: string, id: string, message: string): Promise<void> {
  await client.query(`DELETE FROM ${schema}.alarm WHERE job = $1`, [id])
  const { rows } = await client.query(`UPDATE ${schema}.message SET jobs = jobs - 1 WHERE id = $1 RETURNING jobs`, [
    message,
  ])
  if (rows.length === 0 || rows[0].jobs > 0) return
  await client.query(`DELETE FROM ${schema}.message WHERE id = $1`, [message])
  await client.query(`DELETE FROM ${schema}.chunk WHERE message = $1`, [message])
}
