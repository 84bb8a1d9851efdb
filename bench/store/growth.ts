/** How cost grows with the size of the mailbox: what touches k messages must not cost with all n of them. */
import type { UidSet } from '@posthouse/store-api'
import { exponent, printTable } from '../harness.js'
import { type Fixture, fastest, fill, HEADER, openFixture, SUMMARY } from './fixture.js'

const K = 100

/** The largest exponents that are no growth: what costs with k has some of the noise of its neighbours. */
const MAY = { k: 0.2, n: 1.05 } as const

interface Measure {
  readonly name: string
  /** `k`: must not grow with n; `n`: may. */
  readonly costs: 'k' | 'n'
  readonly runs: number
  /** Only for mailboxes with more messages. */
  readonly least?: number
  readonly work: (fixture: Fixture, n: number, run: number) => Promise<unknown>
}

/** k messages in the middle, other ones for each run. */
const some = (n: number, run: number): UidSet => [[n / 2 + run * K, n / 2 + run * K + K - 1]]

async function drain(rows: AsyncIterable<unknown> | Iterable<unknown>): Promise<void> {
  for await (const _ of rows);
}

const MEASURES: readonly Measure[] = [
  {
    name: 'SELECT (mailboxes, uids)',
    costs: 'n',
    runs: 3,
    work: async ({ account, inbox }) => [await account.mailboxes(), await account.uids?.(inbox)],
  },
  {
    name: 'flag sync of all',
    costs: 'n',
    runs: 2,
    work: ({ account, inbox }) => drain(account.messages(inbox, { light: true })),
  },
  {
    name: 'rows of all, prefixes too',
    costs: 'n',
    runs: 1,
    work: ({ account, inbox }) => drain(account.messages(inbox, {})),
  },
  {
    name: 'SEARCH UNSEEN',
    costs: 'n',
    runs: 3,
    work: async ({ account, inbox }) => account.search?.(inbox, { type: 'not', of: { type: 'flag', flag: 1 } }),
  },
  { name: 'STATUS', costs: 'k', runs: 5, work: ({ account }) => account.mailboxes() },
  {
    name: `FETCH ${K} summaries`,
    costs: 'k',
    runs: 5,
    work: ({ account, inbox }, n, run) => drain(account.messages(inbox, { uids: some(n, run), want: ['summary'] })),
  },
  {
    name: `STORE ${K}`,
    costs: 'k',
    runs: 3,
    work: async ({ account, inbox }, n, run) =>
      account.commit?.([{ op: 'flags', in: inbox, uids: some(n, run), mode: 'add', flags: 8 }]),
  },
  {
    name: `changes since, ${K} changed`,
    costs: 'k',
    runs: 1,
    work: async ({ account, inbox }) => {
      const [{ modseq }] = await account.mailboxes()
      await drain(account.messages(inbox, { since: modseq - 1 }))
    },
  },
  {
    name: `COPY ${K}`,
    costs: 'k',
    runs: 3,
    work: async ({ account, inbox }, n, run) =>
      account.commit([
        { op: 'create', path: [`Copies ${run}`] },
        { op: 'copy', from: inbox, uids: some(n, run), to: { made: 0 } },
      ]),
  },
  {
    name: 'delivery of one',
    costs: 'k',
    runs: 20,
    async work({ store }, _n, run) {
      const staged = await store.stage([new Uint8Array(2000).fill(65)])
      await store.deliver({ staged, summary: SUMMARY, header: HEADER, to: [{ account: 'anna', dedup: `one ${run}` }] })
    },
  },
  {
    name: `EXPUNGE (${3 * K} deleted)`,
    costs: 'k',
    runs: 1,
    work: async ({ account, inbox }) => account.commit?.([{ op: 'expunge', in: inbox, onlyDeleted: true }]),
  },
  { name: 'VANISHED', costs: 'k', runs: 3, work: async ({ account, inbox }) => account.vanished?.(inbox, 1) },
  {
    name: `MOVE ${K}`,
    costs: 'k',
    runs: 1,
    work: async ({ account, inbox }) =>
      account.commit?.([
        { op: 'create', path: ['Few'] },
        { op: 'move', from: inbox, uids: [[1, K]], to: { made: 0 } },
      ]),
  },
  {
    name: 'MOVE 10,000',
    costs: 'k',
    runs: 1,
    least: 10_000 + K,
    work: async ({ account, inbox }) =>
      account.commit?.([
        { op: 'create', path: ['Many'] },
        { op: 'move', from: inbox, uids: [[K + 1, 10_000 + K]], to: { made: 0 } },
      ]),
  },
]

export async function benchGrowth(sizes: readonly number[]): Promise<void> {
  const times = MEASURES.map((): number[] => [])
  const memory: number[] = []
  for (const n of sizes) {
    const fixture = await openFixture(1)
    await fill(fixture, n)
    for (const [i, { runs, least = 0, work }] of MEASURES.entries()) {
      let run = 0
      times[i].push(n > least ? await fastest(runs, () => work(fixture, n, run++)) : Number.NaN)
    }
    memory.push(process.memoryUsage().rss / 1e6)
    await fixture.close()
  }
  const header = ['n messages, ms', 'may cost with', ...sizes.map((n) => n.toLocaleString('en')), 'exponent']
  const rows = MEASURES.map(({ name, costs }, i) => {
    const growth = exponent(sizes, times[i])
    const verdict = growth > MAY[costs] ? ' GROWS' : ''
    return [
      name,
      costs,
      ...times[i].map((time) => (Number.isNaN(time) ? '' : time.toFixed(1))),
      Number.isNaN(growth) ? '' : growth.toFixed(2) + verdict,
    ]
  })
  printTable(header, [...rows, ['resident memory, MB', '', ...memory.map((mb) => mb.toFixed(0)), '']])
}

/** A short range far into a long message. */
export async function benchDeepRead(): Promise<void> {
  const fixture = await openFixture(1)
  const piece = new Uint8Array(1_000_000)
  const staged = await fixture.store.stage(Array.from({ length: 20 }, () => piece))
  const reads = 200
  const ms = await fastest(3, async () => {
    for (let i = 0; i < reads; i++) {
      const start = 15_000_000 + i * 20_000
      await drain(fixture.account.read(staged.blob, { start, end: start + 100 }))
    }
  })
  console.log(`100 octets deep in 20 MB: ${(ms / reads).toFixed(3)} ms`)
  await fixture.close()
}
