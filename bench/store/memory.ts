/** The store in memory, as test servers use it. Reach: a delivery under 50 microseconds. */
import { collectBytes, createMemoryStore } from '@posthouse/store-api'
import { printTable } from '../harness.js'
import { HEADER, PREFIX, SUMMARY } from './fixture.js'

const LOADS: readonly (readonly [octets: number, messages: number])[] = [
  [2_000, 20_000],
  [10_000, 20_000],
  [100_000, 2_000],
]

export async function benchMemory(): Promise<void> {
  const rows: string[][] = []
  for (const [octets, messages] of LOADS) {
    const store = createMemoryStore({ maxMessages: 1_000_000, maxBytes: 4 * 2 ** 30 })
    store.addAccount('anna')
    const mail = new Uint8Array(octets).fill(65)
    let next = 0
    const deliver = async (): Promise<void> => {
      const staged = await store.stage([mail], { size: octets })
      const to = [{ account: 'anna', dedup: String(next++), prefix: PREFIX }]
      const [result] = await store.deliver({ staged, summary: SUMMARY, header: HEADER, to })
      if (result instanceof Error) throw result
    }
    for (let i = 0; i < messages / 10; i++) await deliver()
    let start = performance.now()
    const cpu = process.cpuUsage()
    for (let i = 0; i < messages; i++) await deliver()
    const written = ((performance.now() - start) * 1000) / messages
    const { user, system } = process.cpuUsage(cpu)
    const account = await store.open('anna')
    const [inbox] = await account.mailboxes()
    start = performance.now()
    let read = 0
    for await (const page of account.messages(inbox.id, {})) {
      for (const { blob } of page) read += (await collectBytes(account.read(blob))).length
    }
    const each = ((performance.now() - start) * 1000) / (read / octets)
    const busy = (user + system) / messages
    rows.push([`${octets / 1000} KB`, `${written.toFixed(1)} us`, `${busy.toFixed(1)} us`, `${each.toFixed(1)} us`])
  }
  printTable(['in memory', 'delivery', 'cpu', 'reading it'], rows)
}
