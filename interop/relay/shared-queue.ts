import { createRequire } from 'node:module'
import type { JobEngine } from '@posthouse/relay'
import { type Boss, openPostgresQueue, type PgPool } from '@posthouse/relay/postgres'

const require = createRequire(new URL('../../packages/relay/package.json', import.meta.url))
const { Pool } = require('pg') as { Pool: new (options: object) => PgPool & { end(): Promise<void> } }
const { PgBoss } = require('pg-boss') as { PgBoss: new (options: object) => Boss }

/** The queue of a process that others share, or take over soon after it has died. */
export function openSharedQueue(url: string): Promise<JobEngine> {
  return openPostgresQueue({
    pool: new Pool({ connectionString: url, max: 8 }),
    boss: new PgBoss({ connectionString: url, max: 3, monitorIntervalSeconds: 1, superviseIntervalSeconds: 1 }),
    heartbeat: 10,
    poll: 50,
  })
}

/** The first octets of the messages that are in somebody's hands, as the database has it. */
export async function inHandThere(url: string): Promise<readonly Uint8Array[]> {
  const pool = new Pool({ connectionString: url, max: 1 })
  try {
    const { rows } = await pool.query(
      'SELECT c.octets FROM posthouse.job j JOIN posthouse.chunk c ON c.message = j.message WHERE j.state IN (1, 3) AND c.number = 0',
    )
    return rows.map(({ octets }) => octets as Uint8Array)
  } finally {
    await pool.end()
  }
}
