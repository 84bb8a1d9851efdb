/** One of several relays that share a queue on PostgreSQL: `postgres-process.ts URL PORT CONCURRENCY`. */
import { relayRecipients, relayTo } from '@posthouse/relay'
import { startRelay } from '@posthouse/relay/node'
import { createSmtpServer } from '@posthouse/smtp'
import { listen } from '@posthouse/smtp/node'
import { openSharedQueue } from './shared-queue.js'

const [url, port, concurrency] = process.argv.slice(2)
const engine = await openSharedQueue(url)
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
