/** The blocks of README.md run: each stands below as it is there. */
import {
  createSmtpServer,
  deliverTo,
  dsnExtension,
  localRecipients,
  parseMailbox,
  requireAuth,
  type SmtpServer,
} from '@posthouse/smtp'
import { connectSmtp, type Listening, type ListenOptions, listen as listenAt } from '@posthouse/smtp/node'
import { createMemoryStore } from '@posthouse/store-api'
import { afterEach, expect, test, vi } from 'vitest'
import { squeeze, squeezedCode, typescriptBlocks } from '../../../scripts/readme.js'
import {
  cachedResolver,
  createRouter,
  createTlsReporter,
  deliverToStore,
  type Relay,
  type Route,
  type RoutingTable,
  relayRecipients,
  relayTo,
  tlsPolicies,
} from '../src/index.js'
import { dnsResolver, type StartRelayOptions, startRelay as start } from '../src/node/index.js'
import { selfSigned } from './certificates.js'
import { HELLO as octets, type Sink, startSink, zoneResolver } from './world.js'

/** The last block needs a PostgreSQL: interop/relay has it. */
test('every block of README.md is executed here, but for the one that needs a database', () => {
  const ours = squeezedCode(new URL(import.meta.url))
  const blocks = typescriptBlocks(new URL('../README.md', import.meta.url))
  expect(blocks).toHaveLength(6)
  for (const block of blocks.slice(0, 5)) expect(ours).toContain(squeeze(block))
  expect(blocks[5]).toContain('openPostgresQueue(')
})

const opened: { close(options?: { readonly force: boolean }): Promise<void> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close({ force: true })
})

/** Everything that is sent goes to a sink. */
let sink: Sink
async function startRelay(options: StartRelayOptions): Promise<Relay> {
  sink = await startSink()
  opened.push(sink)
  const relay = await start({
    ...options,
    path: ':memory:',
    ...{ port: sink.port, families: [4], allowAddress: () => true },
    resolver: zoneResolver({ a: { 'example.net': ['127.0.0.1'], 'example.com': ['127.0.0.1'] } }),
  })
  opened.push(relay)
  return relay
}

async function listen(server: SmtpServer, options: ListenOptions): Promise<Listening> {
  const listening = await listenAt(server, { ...options, port: 0 })
  opened.push(listening)
  return listening
}

test('a server that sends what its users submit', async () => {
  const store = createMemoryStore()
  store.addAccount('alice')
  store.addAddress('alice@example.org', 'alice')
  const authenticate = (user: string, password: string): string | null => (password === 'secret' ? user : null)
  const { cert, key } = selfSigned('mail.example.org')
  {
    const relay = await startRelay({
      hostname: 'mail.example.org',
      path: './mail/queue.db',
      routing: { domains: ['example.org'], exists: async (address) => (await store.resolve(address)) !== null },
      deliver: deliverToStore(store),
    })
    const submission = createSmtpServer({
      hostname: 'mail.example.org',
      authenticate,
      handlers: [
        requireAuth(),
        dsnExtension(),
        relayRecipients(relay),
        localRecipients(store, { domains: ['example.org'] }),
        // filters and dkimSign stand here
        relayTo(relay, { local: deliverTo(store) }),
      ],
    })
    await listen(submission, { port: 587, tls: { cert, key } })
  }
  const { port } = opened.at(-1) as unknown as Listening
  const auth = { user: 'alice', password: 'secret' }
  await using client = await connectSmtp({ host: 'localhost', port, auth, tlsOptions: { rejectUnauthorized: false } })
  const recipients = ['alice@example.org', 'bob@example.net']
  await client.send({ envelope: { reversePath: 'alice@example.org', recipients }, message: octets })
  expect((await sink.count(1))[0].to).toEqual(['bob@example.net'])
})

test('send from a program, look at the queue', async () => {
  const relay = await startRelay({ hostname: 'mail.example.org', routing: {} })
  const { id, refused } = await relay.submit({
    envelope: { reversePath: 'news@example.org' },
    recipients: ['alice@example.net', { address: 'bob@example.com', notify: ['SUCCESS', 'FAILURE'] }],
    message: octets,
  })
  await relay.idle() // nothing waits or runs
  expect(refused).toEqual([])
  expect(sink.received.map(({ to }) => to).sort()).toEqual([['alice@example.net'], ['bob@example.com']])
  await queue(relay)

  async function queue(relay: Relay): Promise<void> {
    await relay.submit({
      id: 'later',
      held: true,
      envelope: { reversePath: null },
      recipients: ['bob@example.com'],
      message: octets,
    })
    const console = { log: vi.fn() }
    for (const job of await relay.list({ destination: 'domain:example.com' })) {
      console.log(job.id, job.message.id, job.state, job.attempts, job.recipients[0].failure?.text)
    }
    await relay.hold({ message: id })
    await relay.release({ message: id }) // and its destination is tried at once
    await relay.cancel({ message: id }) // nobody is told
    console.log(await relay.status()) // counts, and the busiest destinations
    expect(console.log.mock.calls[0].slice(1)).toEqual(['later', 'held', 0, undefined])
    expect(console.log.mock.calls[1][0]).toMatchObject({ messages: 1, held: 1 })
  }
})

test('aliases, forwards, catch-alls, smart hosts, routes', async () => {
  const users = new Set(['alice@example.org', 'bob@example.net'])
  const [user, password] = ['relay', 'secret']
  const routing: RoutingTable = {
    domains: ['example.org', 'example.net'],
    aliases: new Map<string, string | readonly string[]>([
      ['info@example.org', ['alice@example.org', 'bob@example.net']],
      ['old@example.org', 'new@elsewhere.example'], // a forward
    ]),
    catchAll: new Map([['example.net', 'alice@example.org']]),
    exists: (address) => users.has(address),
    routes: new Map<string, Route>([
      ['.intern.example.org', { hosts: [{ host: '10.0.0.25' }], limits: { concurrency: 2 } }],
      ['list.example.org', { hosts: [{ host: '127.0.0.1', port: 8024 }], protocol: 'lmtp' }],
    ]),
    smartHost: { hosts: [{ host: 'smtp.provider.example', port: 587 }], auth: { user, password } },
  }
  const router = createRouter(routing)
  const way = async (address: string): Promise<unknown> => {
    const found = await router.route(parseMailbox(address) as never)
    return found.type === 'refused'
      ? found.status
      : found.targets.map(({ mailbox, destination }) => [mailbox.address, destination])
  }
  expect(await way('info@example.org')).toEqual([
    ['alice@example.org', 'local'],
    ['bob@example.net', 'local'],
  ])
  expect(await way('old@example.org')).toEqual([['new@elsewhere.example', 'route:smarthost']])
  expect(await way('whoever@example.net')).toEqual([['alice@example.org', 'local']])
  expect(await way('whoever@example.org')).toBe('5.1.1')
  expect(await way('x@a.intern.example.org')).toEqual([['x@a.intern.example.org', 'domain:a.intern.example.org']])
  expect(router.routeOf('domain:list.example.org')?.protocol).toBe('lmtp')
})

test('verified TLS', async () => {
  const options = { hostname: 'mail.example.org', routing: {} }
  const reporter = createTlsReporter({ organization: 'Example', contact: 'tls@example.org' })
  const resolver = cachedResolver(dnsResolver({ servers: ['127.0.0.1'] }))
  const secure = await startRelay({
    ...options,
    resolver,
    tls: tlsPolicies({ resolver }),
    onEvent: reporter.observe,
  })
  const reports = reporter.take() // once a day, one JSON object for each domain (RFC 8460)
  expect(reports).toEqual([])
  expect((await secure.status()).messages).toBe(0)
})
