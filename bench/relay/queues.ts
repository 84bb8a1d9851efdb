/** The queues that `backlog.ts` fills. */
import { statSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { JobEngine, NewMessage } from '@posthouse/relay'
import { openSqliteQueue } from '@posthouse/relay/node'
import { type Boss, openPostgresQueue, type PgPool } from '@posthouse/relay/postgres'
import { startPostgres } from '../../interop/relay/postgres.js'

export interface BacklogQueue {
  readonly engine: JobEngine
  /** Puts so many messages for `dead.test` into the queue; messages a second. */
  fill(messages: number): Promise<number>
  /** Opens, starts and closes it, after a relay has closed it. */
  reopen(): Promise<void>
  /** Octets on the disk. */
  size(): number
  close(): Promise<void>
}

const octets = new TextEncoder().encode(`Subject: x\r\n\r\n${'x'.repeat(1000)}\r\n`)
let number = 0

function mail(): NewMessage {
  const now = Date.now()
  const recipient = { address: 'x@dead.test', original: null, notify: null, orcpt: null, failure: null }
  return {
    id: `dead${++number}`,
    envelope: {
      ...{ reversePath: 'a@b.test', ret: null, envid: null, smtputf8: false, body: '7BIT', requireTls: false },
      ...{ tlsOptional: false, deliverBy: null, priority: 0, submitter: null, receivedFrom: null },
    },
    arrived: now,
    octets: [octets],
    jobs: [
      {
        ...{ destination: 'domain:dead.test', via: null, recipients: [recipient] },
        ...{ due: now, expires: now + 5 * 86_400_000, warnAt: now + 4 * 3_600_000, held: false },
      },
    ],
  }
}

async function enqueue(engine: JobEngine, messages: number, atOnce: number): Promise<number> {
  const began = performance.now()
  for (let at = 0; at < messages; at += atOnce) {
    await Promise.all(Array.from({ length: Math.min(atOnce, messages - at) }, () => engine.enqueue(mail())))
  }
  return (messages * 1000) / (performance.now() - began)
}

export async function openOnSqlite(path: string): Promise<BacklogQueue> {
  const engine = await openSqliteQueue({ path })
  return {
    engine,
    fill: (messages) => enqueue(engine, messages, 1_000),
    async reopen() {
      const again = await openSqliteQueue({ path })
      await again.start()
      await again.close()
    },
    size: () => statSync(path).size,
    close: async () => {},
  }
}

export async function openOnPostgres(): Promise<BacklogQueue> {
  const require = createRequire(new URL('../../packages/relay/package.json', import.meta.url))
  const { Pool } = require('pg') as { Pool: new (options: object) => PgPool & { end(): Promise<void> } }
  const { PgBoss } = require('pg-boss') as { PgBoss: new (options: object) => Boss }
  const postgres = await startPostgres()
  const pool = new Pool({ connectionString: postgres.url, max: 8 })
  const open = (): Promise<JobEngine> =>
    openPostgresQueue({ pool, boss: new PgBoss({ connectionString: postgres.url, max: 3 }) })
  const engine = await open()
  let size = 0
  return {
    engine,
    async fill(messages) {
      const some = Math.min(messages, 5_000)
      const rate = await enqueue(engine, some, 100)
      // The others are copies: PostgreSQL makes them faster than they could be sent to it.
      const copies = Math.round(messages / some) - 1
      await pool.query(`INSERT INTO posthouse.message SELECT id || '-' || n, size, arrived, envelope, jobs
        FROM posthouse.message, generate_series(1, ${copies}) n WHERE id LIKE 'dead%'`)
      await pool.query(`INSERT INTO posthouse.chunk SELECT message || '-' || n, number, octets
        FROM posthouse.chunk, generate_series(1, ${copies}) n WHERE message LIKE 'dead%'`)
      await pool.query(`INSERT INTO posthouse.job(message, destination, state, due, alarm, expires, warn, recipients)
        SELECT message || '-' || n, destination, state, due, alarm, expires, warn, recipients
        FROM posthouse.job, generate_series(1, ${copies}) n WHERE message LIKE 'dead%'`)
      return rate
    },
    async reopen() {
      const again = await open()
      await again.start()
      await again.close()
      const { rows } = await pool.query('SELECT pg_database_size(current_database()) AS size')
      size = Number(rows[0].size)
    },
    size: () => size,
    async close() {
      await pool.end()
      postgres.stop()
    },
  }
}
