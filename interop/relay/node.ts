/** A whole Posthouse mail host for one domain: MX, submission, mailboxes, relay. */

import {
  deliverToStore,
  type Relay,
  type RelayEvent,
  type RoutingTable,
  relayRecipients,
  relayTo,
} from '@posthouse/relay'
import { openSqliteQueue, startRelay, systemResolver } from '@posthouse/relay/node'
import {
  createSmtpServer,
  deliverTo,
  dsnExtension,
  localRecipients,
  requireAuth,
  type SmtpHandler,
} from '@posthouse/smtp'
import { connectSmtp, type Listening, listen } from '@posthouse/smtp/node'
import { createMemoryStore, type MailStore } from '@posthouse/store-api'
import { latin1 } from '@posthouse/wire'

export interface NodeOptions {
  readonly domain: string
  /** Where it listens: the same port for all. */
  readonly address: string
  readonly port: number
  readonly dns: string
  readonly users: readonly string[]
  /** Messages that a user may have. */
  readonly quota?: Readonly<Record<string, number>>
  readonly routing?: Partial<RoutingTable>
  /** Before everything else on the MX. */
  readonly before?: readonly SmtpHandler[]
  readonly tls?: { readonly cert: string; readonly key: string }
}

export interface MailNode {
  readonly domain: string
  readonly relay: Relay
  readonly events: readonly RelayEvent[]
  /** Hands in a message as a user of this domain. */
  submit(user: string, to: readonly string[], message: string): Promise<void>
  /** All messages of a user. */
  inbox(user: string): Promise<readonly string[]>
  /** Removes all messages of a user. */
  empty(user: string): Promise<void>
  /** The MX stops to listen, and begins again. */
  down(): Promise<void>
  up(): Promise<void>
  close(): Promise<void>
}

export async function startNode(options: NodeOptions): Promise<MailNode> {
  const { domain, address, port, users } = options
  const hostname = `mx.${domain}`
  const store = createMemoryStore()
  for (const user of users) {
    const limit = options.quota?.[user]
    store.addAccount(user)
    if (limit !== undefined) store.setQuota(user, { messages: limit })
    store.addAddress(`${user}@${domain}`, user)
  }
  const exists = async (one: string): Promise<boolean> => (await store.resolve(one)) !== null
  const events: RelayEvent[] = []
  const relay = await startRelay({
    hostname,
    engine: await openSqliteQueue({ path: ':memory:' }),
    resolver: systemResolver({ servers: [options.dns], timeout: 1_000 }),
    routing: { domains: [domain], exists, ...options.routing },
    deliver: deliverToStore(store),
    port,
    families: [4],
    allowAddress: () => true,
    retry: (attempts) => Math.min(100 * attempts, 500),
    connections: { localAddress: address },
    limits: { lifetime: 8_000, warnAfter: 0, pause: 300 },
    onEvent: (event) => events.push(event),
  })
  const local = deliverTo(store)
  const [relaying, end] = [relayRecipients(relay), relayTo(relay, { local })]
  const here = localRecipients(store, { domains: [domain] })
  const mx = createSmtpServer({
    hostname,
    handlers: [...(options.before ?? []), dsnExtension(), relaying, here, end],
  })
  const submission = createSmtpServer({
    hostname,
    authenticate: (user, password) => (password === 'secret' && users.includes(user) ? user : null),
    handlers: [requireAuth(), dsnExtension(), relaying, here, end],
  })
  const open = (): Promise<Listening> => listen(mx, { host: address, port, ...(options.tls && { tls: options.tls }) })
  let listening: Listening | null = await open()
  const submissions = await listen(submission, { host: '127.0.0.1', port: 0 })

  return {
    domain,
    relay,
    events,
    async submit(user, to, message) {
      const auth = { user, password: 'secret' }
      await using client = await connectSmtp({ host: '127.0.0.1', port: submissions.port, tls: 'never', auth })
      const envelope = { reversePath: `${user}@${domain}`, recipients: to }
      await client.send({ envelope, message: new TextEncoder().encode(message.replaceAll('\n', '\r\n')) })
    },
    inbox: (user) => texts(store, user),
    async empty(user) {
      const account = await store.open(user)
      for (const { id } of await account.mailboxes()) {
        await account.commit?.([{ op: 'expunge', in: id, onlyDeleted: false }])
      }
    },
    async down() {
      await listening?.close({ force: true })
      listening = null
    },
    async up() {
      listening ??= await open()
    },
    async close() {
      await listening?.close({ force: true })
      await submissions.close({ force: true })
      await relay.close()
    },
  }
}

async function texts(store: MailStore, user: string): Promise<string[]> {
  const account = await store.open(user)
  const found: string[] = []
  for (const { id } of await account.mailboxes()) {
    for await (const rows of account.messages(id, {})) {
      for (const row of rows) {
        let text = latin1(row.prefix ?? new Uint8Array(0))
        for await (const piece of account.read(row.blob)) text += latin1(piece)
        found.push(text)
      }
    }
  }
  return found
}
