/** Durable deliveries per second: each message is on the disk before the next one begins, by `stage` and `deliver` or in one step. */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { printTable } from '../harness.js'
import { HEADER, openFixture, PREFIX, SUMMARY } from './fixture.js'

const LOADS: readonly (readonly [connections: number, octets: number, messages: number])[] = [
  [1, 2_000, 400],
  [1, 10_000, 400],
  [1, 100_000, 200],
  [50, 2_000, 6_000],
  [50, 10_000, 6_000],
  [50, 100_000, 1_000],
]

export async function benchDeliveries(scale: number): Promise<void> {
  const rows: string[][] = []
  for (const [connections, octets, messages] of LOADS) {
    const count = Math.ceil(messages * scale)
    const cells = [`${octets / 1000} KB, ${connections} in flight`]
    for (const [, threads, inOneStep] of WAYS) {
      const { perSecond, cpu } = await rate(threads, inOneStep, connections, octets, count)
      cells.push(`${Math.round(perSecond)}/s`, `${Math.round(cpu)} us`)
    }
    cells.push(`${Math.round(flushes(octets, Math.min(count, 500)))}/s`)
    rows.push(cells)
  }
  const ways = WAYS.flatMap(([name]) => [name, 'cpu'])
  printTable(['durable deliveries', ...ways, 'bare file, a flush each'], rows)
}

interface Rate {
  readonly perSecond: number
  /** Microseconds of processor time of all threads, for one delivery. */
  readonly cpu: number
}

const WAYS = [
  ['one thread', 0, false],
  ['in one step', 0, true],
  ['threads', 1, false],
  ['in one step', 1, true],
] as const

async function rate(
  threads: number,
  inOneStep: boolean,
  connections: number,
  octets: number,
  messages: number,
): Promise<Rate> {
  const fixture = await openFixture(threads)
  const { store } = fixture
  const mail = new Uint8Array(octets).fill(65)
  let next = 0
  const lane = async (until: number): Promise<void> => {
    while (next < until) {
      const dedup = String(next++)
      const delivery = { summary: SUMMARY, header: HEADER, to: [{ account: 'anna', dedup, prefix: PREFIX }] }
      const [result] = inOneStep
        ? await store.deliverOctets({ octets: [mail], ...delivery })
        : await store.deliver({ staged: await store.stage([mail]), ...delivery })
      if (result instanceof Error) throw result
    }
  }
  const run = (until: number): Promise<unknown> => Promise.all(Array.from({ length: connections }, () => lane(until)))
  await run(Math.ceil(messages / 10))
  const cpu = process.cpuUsage()
  const start = performance.now()
  const from = next
  await run(from + messages)
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(cpu)
  await fixture.close()
  return { perSecond: (next - from) / seconds, cpu: (user + system) / (next - from) }
}

/** What the disk gives: octets appended to a file, each time with a flush. */
function flushes(octets: number, times: number): number {
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-bench-flush-'))
  const file = openSync(join(folder, 'bare'), 'w')
  const data = new Uint8Array(octets)
  const start = performance.now()
  for (let i = 0; i < times; i++) {
    writeSync(file, data)
    fdatasyncSync(file)
  }
  const seconds = (performance.now() - start) / 1000
  closeSync(file)
  rmSync(folder, { recursive: true, force: true })
  return times / seconds
}
