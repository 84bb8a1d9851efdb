/**
 * A relay in a process that is to be killed: takes mail on a port and sends all of it to one server. The queue is a file, or
 * the URL of a PostgreSQL. `[standby]`: waits for its turn.
 */

import { relayRecipients, relayTo } from '@posthouse/relay'
import { startRelay } from '@posthouse/relay/node'
import { createSmtpServer } from '@posthouse/smtp'
import { listen } from '@posthouse/smtp/node'
import { openSharedQueue } from './shared-queue.js'

const [path, port, standby] = process.argv.slice(2)

const relay = await startRelay({
  hostname: 'relay.test',
  ...(path.startsWith('postgres:') ? { engine: await openSharedQueue(path) } : { path }),
  routing: { smartHost: { hosts: [{ host: '127.0.0.1', port: Number(port) }], tls: 'never' } },
  retry: () => 200,
  limits: { pause: 200 },
  ...(standby && {
    standby: true,
    onEvent({ type }) {
      if (type === 'started' || type === 'standby' || type === 'delivered') console.log(type)
    },
  }),
})
const server = createSmtpServer({
  hostname: 'relay.test',
  handlers: [relayRecipients(relay, { allow: () => true }), relayTo(relay)],
})
const listening = await listen(server, { port: 0 })
console.log(`ready ${listening.port}`)
process.on('SIGTERM', async () => {
  await listening.close()
  // Whoever counts what arrives twice wants to see all of it; a standby hands over what it has.
  if (!standby) await relay.idle()
  await relay.close()
  process.exit(0)
})
