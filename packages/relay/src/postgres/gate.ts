/** Connections to servers, and messages a minute, counted for all processes on one database. */
import type { ServerGate } from '../delivery/gate.js'
import { type PgPool, transaction } from './connections.js'

export interface PostgresGate extends ServerGate {
  /** Keeps our places for so many ms more. */
  renew(until: number): Promise<void>
  /** Gives all places back. */
  close(): Promise<void>
}

export interface PostgresGateOptions {
  readonly pool: PgPool
  readonly schema: string
  /** ms for which a place is kept without a sign of life. */
  readonly lease: number
  readonly now: () => number
  readonly onError: (error: Error) => void
}

/** One row for each place that is taken: who has died loses his when they are not renewed. */
export function createPostgresGate({ pool, schema, lease, now, onError }: PostgresGateOptions): PostgresGate {
  const owner = crypto.randomUUID()
  /** Our places, by server. */
  const places = new Map<string, string[]>()

  return {
    async enter(server, limit) {
      const id = crypto.randomUUID()
      const at = now()
      const entered = await transaction(pool, async (client) => {
        await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`posthouse gate ${server}`])
        await client.query(`DELETE FROM ${schema}.place WHERE server = $1 AND until < $2`, [server, at])
        const { rowCount } = await client.query(
          `INSERT INTO ${schema}.place(id, server, owner, until) SELECT $1, $2, $3, $4
           WHERE (SELECT count(*) FROM ${schema}.place WHERE server = $2) < $5`,
          [id, server, owner, at + lease, limit],
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
    async pace(server, perMinute) {
      const at = now()
      const { rowCount } = await pool.query(
        `INSERT INTO ${schema}.pace(server, free) VALUES ($1, $2)
         ON CONFLICT (server) DO UPDATE SET free = $2 WHERE pace.free <= $3`,
        [server, Math.ceil(at + 60_000 / perMinute), at],
      )
      return rowCount === 1
    },
    async renew(until) {
      if (places.size > 0) await pool.query(`UPDATE ${schema}.place SET until = $1 WHERE owner = $2`, [until, owner])
    },
    async close() {
      await pool.query(`DELETE FROM ${schema}.place WHERE owner = $1`, [owner])
    },
  }
}
