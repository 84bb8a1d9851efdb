/**
 * A relay end to end: the generator hands messages in by SMTP, the relay writes them to its queue (SQLite, every commit
 * flushed), and a sink takes them. Taking and delivering go on at the same time; the clock stops when the last message
 * is with the sink and out of the queue.
 *
 *   npx tsx bench/relay/run.ts [--messages 20000] [--size 1024] [--rounds 3]
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connectSmtp } from '@posthouse/smtp/node'
import { median, onCore, option, printTable, startServer } from '../harness.js'

const here = fileURLToPath(new URL('.', import.meta.url))
const smtp = join(here, '../smtp')
const messages = option('messages', 20_000)
const rounds = option('rounds', 3)
const size = option('size', 1024)

function buildGenerator(): string {
  const binary = join(mkdtempSync(join(tmpdir(), 'posthouse-bench-')), 'generator')
  execFileSync('cc', ['-O2', '-o', binary, join(smtp, 'generator.c')])
  return binary
}

const generator = buildGenerator()
const tsx = [process.execPath, '--import', 'tsx']
const sink = await startServer([...tsx, join(smtp, 'ours.ts'), 'discard'])
const relay = await startServer([...tsx, join(here, 'relay.ts'), String(sink.port), '20'])
const rates: number[] = []
const taken: number[] = []
const perSecond: number[] = []
let memory = 0
try {
  const delivered = async (): Promise<number> => {
    await using client = await connectSmtp({ host: '127.0.0.1', port: relay.port, tls: 'never' })
    return Number((await client.command('VRFY', 'x')).text[0])
  }
  for (let round = 0; round <= rounds; round++) {
    const before = await delivered()
    const began = performance.now()
    const cpuBefore = relay.cpu()
    const [program, ...args] = onCore(1, [
      generator,
      ...['127.0.0.1', String(relay.port), 'pipelined', '20', String(messages), String(size)],
    ])
    const child = spawn(program, args, { stdio: 'ignore' })
    await once(child, 'exit')
    const accepted = performance.now()
    while ((await delivered()) - before < messages) await new Promise((resolve) => setTimeout(resolve, 25))
    const seconds = (performance.now() - began) / 1000
    memory = Math.max(memory, relay.memory())
    // The first round warms up.
    if (round === 0) continue
    rates.push(messages / seconds)
    taken.push((messages * 1000) / (accepted - began))
    perSecond.push((messages * 1000) / (relay.cpu() - cpuBefore))
  }
} finally {
  await relay.stop()
  await sink.stop()
}
printTable(
  ['', 'median'],
  [
    ['messages/s end to end', median(rates).toFixed(0)],
    ['messages/s taken', median(taken).toFixed(0)],
    ['messages per second of processor time', median(perSecond).toFixed(0)],
    ['memory of the relay, MB', (memory / 1e6).toFixed(0)],
  ],
)
