/** Our server, as built, over memory or SQLite, with accounts `name:messages:kind`. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createImapServer } from '@posthouse/imap'
import { listen } from '@posthouse/imap/node'
import { summarize } from '@posthouse/mime/summary'
import { createMemoryStore, type MailStore } from '@posthouse/store-api'
import { openSqliteStore } from '@posthouse/store-sqlite'
import { mailOf } from './messages.js'

const [kind, ...specs] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'posthouse-bench-'))

type DeliveryStore = MailStore & Required<Pick<MailStore, 'stage' | 'deliver'>>

async function fill(store: DeliveryStore, name: string, messages: number, what: string): Promise<void> {
  let pending: Promise<unknown>[] = []
  for (let i = 0; i < messages; i++) {
    const octets = mailOf(what, i)
    const { summary, header } = summarize(octets)
    const staged = await store.stage([octets])
    pending.push(store.deliver({ staged, summary, header, to: [{ account: name, dedup: `${name}${i}` }] }))
    if (pending.length < 200) continue
    await Promise.all(pending)
    pending = []
  }
  await Promise.all(pending)
}

let store: DeliveryStore
let close = async (): Promise<void> => {}
let addAccount: (name: string) => unknown
if (kind === 'memory') {
  const made = createMemoryStore({ maxBytes: 1e12, maxMessages: 1e9 })
  store = made
  addAccount = (name) => made.addAccount(name)
} else {
  const made = await openSqliteStore({ path: folder })
  store = made
  addAccount = (name) => made.addAccount(name)
  close = () => made.close()
}
for (const spec of specs) {
  const [name, messages, what] = spec.split(':')
  await addAccount(name)
  await fill(store, name, Number(messages), what)
}
const server = createImapServer({ store, authenticate: (user) => user })
const listening = await listen(server, {
  port: 0,
  host: '127.0.0.1',
  maxConnections: 100_000,
  maxConnectionsPerAddress: 100_000,
})
console.log(`ready ${listening.port}`)
process.on('SIGTERM', async () => {
  await listening.close({ force: true })
  await close()
  rmSync(folder, { recursive: true, force: true })
  process.exit(0)
})
