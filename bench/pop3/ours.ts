/** Our server, as built, over memory or SQLite, with accounts `name:messages:octets`. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPop3Server } from '@posthouse/pop3'
import { listen } from '@posthouse/pop3/node'
import { createMemoryStore, type MailStore } from '@posthouse/store-api'
import { openSqliteStore } from '@posthouse/store-sqlite'
import { messageOf, PREFIX } from './message.js'

const [kind, ...specs] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'posthouse-bench-'))

type DeliveryStore = MailStore & Required<Pick<MailStore, 'stage' | 'deliver'>>

/** Small messages for listings share their octets; those that are read have octets of their own, as on a real server. */
const SHARED = 2_000

async function fill(store: DeliveryStore, name: string, messages: number, octets: Buffer): Promise<void> {
  const shared = octets.length < SHARED ? 1_000 : 1
  let pending: Promise<unknown>[] = []
  for (let i = 0; i < messages; i += shared) {
    const count = Math.min(shared, messages - i)
    const to = Array.from({ length: count }, (_, n) => ({ account: name, dedup: `${name}${i + n}`, prefix: PREFIX }))
    const deliver = async () => store.deliver({ staged: await store.stage([octets]), summary: new Uint8Array(0), to })
    pending.push(deliver())
    if (pending.length < 100) continue
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
  const [name, messages, octets] = spec.split(':')
  await addAccount(name)
  await fill(store, name, Number(messages), messageOf(Number(octets)))
}
const listening = await listen(createPop3Server({ store, authenticate: (user) => user }), { port: 0 })
console.log(`ready ${listening.port}`)
process.on('SIGTERM', async () => {
  await listening.close({ force: true })
  await close()
  rmSync(folder, { recursive: true, force: true })
  process.exit(0)
})
