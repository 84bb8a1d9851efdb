/**
 * A queue in which a million messages wait for one dead domain: does anybody else notice?
 *
 *   npx tsx bench/relay/backlog.ts [--messages 1000000]
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ClaimedJob, ClaimOptions, JobEngine, NewMessage } from '@posthouse/relay'
import { openSqliteQueue } from '@posthouse/relay/node'
import { option, printTable } from '../harness.js'

const backlog = option('messages', 1_000_000)
const others = option('others', 5_000)
const folder = mkdtempSync(join(tmpdir(), 'posthouse-backlog-'))
const path = join(folder, 'queue.db')
const octets = new TextEncoder().encode(`Subject: x\r\n\r\n${'x'.repeat(1000)}\r\n`)
const limits = { concurrency: 20, perMinute: null }
let number = 0

function mail(domain: string, due: number): NewMessage {
  const recipient = { address: `x@${domain}`, original: null, notify: null, orcpt: null, failure: null }
  return {
    id: `m${++number}`,
    envelope: {
      ...{ reversePath: 'a@b.test', ret: null, envid: null, smtputf8: false, body: '7BIT', requireTls: false },
      tlsOptional: false,
      ...{ deliverBy: null, priority: 0, submitter: null, receivedFrom: null },
    },
    arrived: due,
    octets: [octets],
    jobs: [
      {
        ...{ destination: `domain:${domain}`, via: null, recipients: [recipient] },
        ...{ due, expires: due + 5 * 86_400_000, warnAt: due + 4 * 3_600_000, held: false },
      },
    ],
  }
}

async function fill(engine: JobEngine, count: number, domain: (i: number) => string): Promise<number> {
  const began = performance.now()
  for (let at = 0; at < count; at += 1_000) {
    const some = Math.min(1_000, count - at)
    await Promise.all(Array.from({ length: some }, (_, i) => engine.enqueue(mail(domain(at + i), Date.now()))))
  }
  return (count * 1000) / (performance.now() - began)
}

const settled = (job: ClaimedJob) => ({
  ...{ job: job.id, recipients: [], due: 0, warnAt: null, destination: 'alive' as const },
  ...{ postponed: false, notices: [] },
})
const claimOf = (): ClaimOptions => ({ max: 200, now: Date.now(), limits, byDestination: new Map() })

/** Claims and settles everything that can be; jobs a second, and the longest claim in ms. */
async function drain(engine: JobEngine): Promise<readonly [number, number]> {
  const began = performance.now()
  let count = 0
  let longest = 0
  for (;;) {
    const before = performance.now()
    const { jobs } = await engine.claim(claimOf())
    longest = Math.max(longest, performance.now() - before)
    if (jobs.length === 0) break
    count += jobs.length
    await Promise.all(jobs.map((job) => engine.settle(settled(job))))
  }
  return [(count * 1000) / (performance.now() - began), longest]
}

const engine = await openSqliteQueue({ path })
await engine.start()
const domains = (i: number): string => `d${i % 500}.test`
await fill(engine, others, domains)
const [alone, alonePause] = await drain(engine)
const filling = await fill(engine, backlog, () => 'dead.test')
const first = (await engine.claim({ ...claimOf(), max: 1 })).jobs[0]
const failure = { status: '4.4.1', text: 'nobody there', reply: null, remote: null, at: Date.now() }
await engine.settle({
  ...settled(first),
  recipients: first.recipients,
  due: Date.now() + 300_000,
  destination: { blockedUntil: Date.now() + 300_000, failure, failures: 0 },
})
await fill(engine, others, domains)
const [beside, besidePause] = await drain(engine)
const statusBegan = performance.now()
await engine.status()
const statusTook = performance.now() - statusBegan
const memory = process.memoryUsage().rss
const file = statSync(path).size
await engine.close()
const opening = performance.now()
const again = await openSqliteQueue({ path })
await again.start()
const opened = performance.now() - opening
await again.close()
rmSync(folder, { recursive: true, force: true })
printTable(
  ['', 'value'],
  [
    ['messages in the queue for a dead domain', String(backlog)],
    ['put into the queue, messages/s', filling.toFixed(0)],
    ['claimed and settled in an empty queue, jobs/s', alone.toFixed(0)],
    ['the same beside the backlog, jobs/s', beside.toFixed(0)],
    ['ratio', (beside / alone).toFixed(2)],
    ['longest claim, ms: empty, beside the backlog', `${alonePause.toFixed(0)}, ${besidePause.toFixed(0)}`],
    ['status, ms', statusTook.toFixed(0)],
    ['opening after a stop, ms', opened.toFixed(0)],
    ['memory, MB', (memory / 1e6).toFixed(0)],
    ['file, MB', (file / 1e6).toFixed(0)],
  ],
)
