/** One of several relays that share a queue on PostgreSQL: `postgres-process.ts URL PORT CONCURRENCY`. */
import { createRequire } from 'node:module'
import { relayRecipients, relayTo } from '@posthouse/relay'
import { startRelay } from '@posthouse/relay/node'
import { type Boss, openPostgresQueue, type PgPool } from '@posthouse/relay/postgres'
import { createSmtpServer } from '@posthouse/smtp'
import { listen } from '@posthouse/smtp/node'

const [url, port, concurrency] = process.argv.slice(2)
const require = createRequire(new URL('../../packages/relay/package.json', import.meta.url))
const { Pool } = require('pg') as { Pool: new (options: object) => PgPool }
const { PgBoss } = require('pg-boss') as { PgBoss: new (options: object) => Boss }

const engine = await openPostgresQueue({
  pool: new Pool({ connectionString: url, max: 8 }),
  boss: new PgBoss({ connectionString: url, max: 3, monitorIntervalSeconds: 1, superviseIntervalSeconds: 1 }),
  heartbeat: 10,
  poll: 50,
})
const hosts = [{ host: '127.0.0.1', port: Number(port) }]
const relay = await startRelay({
  hostname: 'relay.test',
  engine,
  routing: {
    routes: new Map(['a.test', 'b.test'].map((domain) => [domain, { hosts, tls: 'never' as const }])),
  },
  retry: () => 200,
  limits: { perDestination: Number(concurrency), pause: 200 },
})
const server = createSmtpServer({
  hostname: 'relay.test',
  handlers: [relayRecipients(relay, { allow: () => true }), relayTo(relay)],
})
const listening = await listen(server, { port: 0 })
console.log(`ready ${listening.port}`)
process.on('SIGTERM', async () => {
  await listening.close()
  await relay.close()
  process.exit(0)
})
