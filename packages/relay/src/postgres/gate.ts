/** Connections to servers, and messages a minute, counted for all processes on one database, by its clock. */
import type { ServerGate } from '../delivery/gate.js'
import { ask, type PgPool, transaction } from './connections.js'

export interface PostgresGate extends ServerGate {
  /** Keeps our places for a while more. */
  renew(): Promise<void>
  /** Gives all places back. */
  close(): Promise<void>
}

export interface PostgresGateOptions {
  readonly pool: PgPool
  readonly schema: string
  /** ms for which a place is kept without a sign of life. */
  readonly lease: number
  readonly onError: (error: Error) => void
}

/** Milliseconds since the epoch: the clocks of several machines differ. */
const NOW = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint'

/** One row for each place that is taken: who has died loses his when they are not renewed. */
export function createPostgresGate({ pool, schema, lease, onError }: PostgresGateOptions): PostgresGate {
  const owner = crypto.randomUUID()
  /** Our places, by server. */
  const places = new Map<string, string[]>()

  return {
    async enter(server, limit) {
      const id = crypto.randomUUID()
      const entered = await transaction(pool, async (step) => {
        await step.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`posthouse gate ${server}`])
        await step.query(`DELETE FROM ${schema}.place WHERE server = $1 AND until < ${NOW}`, [server])
        const { rowCount } = await step.query(
          `INSERT INTO ${schema}.place(id, server, owner, until) SELECT $1, $2, $3, ${NOW} + $4
           WHERE (SELECT count(*) FROM ${schema}.place WHERE server = $2) < $5`,
          [id, server, owner, lease, limit],
        )
        return rowCount === 1
      })
      if (entered) places.set(server, [...(places.get(server) ?? []), id])
      return entered
    },
    leave(server) {
      const ours = places.get(server) ?? []
      const id = ours.pop()
      if (ours.length === 0) places.delete(server)
      if (id === undefined) return
      // A place that cannot be given back is free when its time is over.
      pool.query(`DELETE FROM ${schema}.place WHERE id = $1`, [id]).catch(onError)
    },
    async pace(server, perMinute, patience) {
      // The turn begins where the one before ends; `free` is when the next one may.
      const { rows } = await ask(
        pool,
        `INSERT INTO ${schema}.pace AS p (server, free) VALUES ($1, ${NOW} + $2)
         ON CONFLICT (server) DO UPDATE SET free = GREATEST(p.free, ${NOW}) + $2 WHERE p.free <= ${NOW} + $3
         RETURNING GREATEST(0, free - $2 - ${NOW})::int AS wait`,
        [server, Math.ceil(60_000 / perMinute), patience],
      )
      return rows.length === 0 ? null : rows[0].wait
    },
    async renew() {
      // By name: what we could not give back, or do not know that we have, is to be free some day.
      const ours = [...places.values()].flat()
      if (ours.length > 0) {
        await ask(pool, `UPDATE ${schema}.place SET until = ${NOW} + $1 WHERE id = ANY($2)`, [lease, ours])
      }
      // Who has been served long ago has nothing to wait for.
      await ask(pool, `DELETE FROM ${schema}.pace WHERE free < ${NOW} - 60000`)
    },
    async close() {
      await pool.query(`DELETE FROM ${schema}.place WHERE owner = $1`, [owner])
    },
  }
}
