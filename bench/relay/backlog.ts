/**
 * A queue in which a million messages wait for one dead domain: does mail for others notice? The relay delivers into a
 * sink, first with an empty queue, then beside the backlog.
 *
 *   npx tsx bench/relay/backlog.ts [--messages 1000000] [--others 5000] [--postgres 1]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { JobEngine, RelayEvent } from '@posthouse/relay'
import { startRelay } from '@posthouse/relay/node'
import { median, option, printTable, startServer } from '../harness.js'
import { type BacklogQueue, openOnPostgres, openOnSqlite } from './queues.js'

const backlog = option('messages', 1_000_000)
const others = option('others', 5_000)
/** Messages that are sent one after the other, to see how long each takes. */
const SINGLE = 200
const folder = mkdtempSync(join(tmpdir(), 'posthouse-backlog-'))
const queue: BacklogQueue =
  option('postgres', 0) === 1 ? await openOnPostgres() : await openOnSqlite(join(folder, 'queue.db'))
const message = new TextEncoder().encode(`Subject: x\r\n\r\n${'x'.repeat(1000)}\r\n`)
const sink = await startServer([
  process.execPath,
  ...['--import', 'tsx', fileURLToPath(new URL('../smtp/ours.ts', import.meta.url)), 'discard'],
])

/** How long a claim takes, beside everything else that goes on. */
let longestClaim = 0
function timed(engine: JobEngine): JobEngine {
  return {
    ...engine,
    async claim(options) {
      const began = performance.now()
      const claim = await engine.claim(options)
      longestClaim = Math.max(longestClaim, performance.now() - began)
      return claim
    },
  }
}

const heard = new Set<(event: RelayEvent) => void>()
/** Resolves when so many events of a type have come. */
function seen(type: RelayEvent['type'], count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count
    const listener = (event: RelayEvent): void => {
      if (event.type !== type || --left > 0) return
      heard.delete(listener)
      resolve()
    }
    heard.add(listener)
  })
}

const live = { hosts: [{ host: '127.0.0.1', port: sink.port }], tls: 'never' } as const
// Nobody listens at port 1.
const dead = { hosts: [{ host: '127.0.0.1', port: 1 }], tls: 'never' } as const
const relay = await startRelay({
  hostname: 'relay.bench',
  engine: timed(queue.engine),
  routing: {
    routes: new Map([
      ['.live.test', live],
      ['dead.test', dead],
    ]),
  },
  limits: { perServer: 50, perConnection: 10_000 },
  onEvent(event) {
    for (const listener of [...heard]) listener(event)
  },
})
const submit = (domain: string) =>
  relay.submit({ envelope: { reversePath: null }, recipients: [`x@${domain}`], message })

interface Measured {
  /** Messages a second, of many for 500 domains. */
  readonly rate: number
  /** ms from submission to delivery of one message. */
  readonly latency: number
  readonly slowest: number
  readonly claim: number
}

async function measure(): Promise<Measured> {
  longestClaim = 0
  const times: number[] = []
  for (let i = 0; i < SINGLE; i++) {
    const began = performance.now()
    const delivered = seen('delivered', 1)
    await submit(`d${i}.live.test`)
    await delivered
    times.push(performance.now() - began)
  }
  const began = performance.now()
  const delivered = seen('delivered', others)
  for (let at = 0; at < others; at += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, i) => submit(`d${(at + i) % 500}.live.test`)))
  }
  await delivered
  const rate = (others * 1000) / (performance.now() - began)
  return { rate, latency: median(times), slowest: Math.max(...times), claim: longestClaim }
}

try {
  // The first round warms up.
  await measure()
  const alone = await measure()
  const rss = process.memoryUsage().rss
  const blocked = seen('destination.blocked', 1)
  await submit('dead.test')
  await blocked
  const filling = await queue.fill(backlog)
  const beside = await measure()
  const began = performance.now()
  const { waiting } = await relay.status()
  const status = performance.now() - began
  const memory = process.memoryUsage().rss
  const stopping = performance.now()
  await relay.close()
  const stopped = performance.now() - stopping
  const row = (name: string, of: (one: Measured) => number, digits = 0): readonly string[] => [
    name,
    ...[alone, beside].map((one) => of(one).toFixed(digits)),
    (of(beside) / of(alone)).toFixed(2),
  ]
  printTable(
    ['', 'empty queue', `beside ${waiting}`, 'ratio'],
    [
      row('delivered to others, messages/s', ({ rate }) => rate),
      row('one message, ms from submission to delivery: median', ({ latency }) => latency, 1),
      row('                                             slowest', ({ slowest }) => slowest, 1),
      row('longest claim, ms', ({ claim }) => claim, 1),
      ['memory, MB', (rss / 1e6).toFixed(0), (memory / 1e6).toFixed(0), (memory / rss).toFixed(2)],
    ],
  )
  const opening = performance.now()
  await queue.reopen()
  console.log(
    [
      `filled at ${filling.toFixed(0)} messages/s; status ${status.toFixed(0)} ms; stop ${stopped.toFixed(0)} ms`,
      `open and start again ${(performance.now() - opening).toFixed(0)} ms; ${(queue.size() / 1e6).toFixed(0)} MB on disk`,
    ].join('; '),
  )
} finally {
  await relay.close()
  await queue.close()
  await sink.stop()
  rmSync(folder, { recursive: true, force: true })
}
