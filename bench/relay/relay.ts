/** A relay in a process of its own: takes mail, and sends all of it to the port that it is told. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { relayRecipients, relayTo } from '@posthouse/relay'
import { openSqliteQueue, startRelay } from '@posthouse/relay/node'
import { createSmtpServer } from '@posthouse/smtp'
import { listen } from '@posthouse/smtp/node'

const sink = Number(process.argv[2])
const connections = Number(process.argv[3] ?? 20)
const folder = mkdtempSync(join(tmpdir(), 'posthouse-bench-relay-'))
const engine = await openSqliteQueue({ path: join(folder, 'queue.db'), thread: process.argv[4] !== 'here' })
let delivered = 0
const relay = await startRelay({
  hostname: 'relay.bench',
  engine,
  routing: {
    smartHost: { hosts: [{ host: '127.0.0.1', port: sink }], tls: 'never', limits: { concurrency: connections } },
  },
  limits: { perServer: connections, perConnection: 10_000 },
  onEvent(event) {
    if (event.type === 'delivered') delivered++
    if (event.type === 'trouble' || event.type === 'deferred') console.error(event)
  },
})
const server = createSmtpServer({
  hostname: 'relay.bench',
  limits: { recipients: 1000 },
  handlers: [
    relayRecipients(relay, { allow: () => true }),
    relayTo(relay),
    {
      // How the parent asks: VRFY says how many are delivered.
      commands: new Map([['VRFY', () => ({ code: 250, enhanced: '2.0.0', text: String(delivered) })]]),
    },
  ],
})
const listening = await listen(server, { port: 0 })
console.log(`ready ${listening.port}`)
process.on('SIGTERM', async () => {
  await listening.close({ force: true })
  await relay.close()
  rmSync(folder, { recursive: true, force: true })
  process.exit(0)
})
