/** Two relays, one queue on PostgreSQL: limits hold across both, and when one is killed the other finishes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createSmtpServer, onMessage } from '@posthouse/smtp'
import { connectSmtp, type Listening, listen } from '@posthouse/smtp/node'
import { latin1 } from '@posthouse/wire'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ensureInstalled } from '../tools.js'
import { type PostgresServer, startPostgres } from './postgres.js'

const there = ensureInstalled(['postgresql'])
const root = fileURLToPath(new URL('../..', import.meta.url))
const program = fileURLToPath(new URL('./postgres-process.ts', import.meta.url))
/** Deliveries of one domain at a time, in the whole cluster. */
const CONCURRENCY = 3
const MESSAGES = 120

interface RelayProcess {
  readonly child: ChildProcess
  readonly port: number
}

describe.skipIf(!there)('a queue on PostgreSQL', () => {
  let postgres: PostgresServer
  let listening: Listening
  const relays: RelayProcess[] = []
  const arrived = new Map<string, number>()
  const running = new Map<string, number>()
  let most = 0
  let changed: () => void = () => {}
  let goOn: () => void = () => {}
  const queued = new Promise<void>((resolve) => (goOn = resolve))
  const until = (test: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      changed = () => test() && resolve()
      changed()
    })

  async function begin(): Promise<RelayProcess> {
    const args = ['--import', 'tsx', program, postgres.url, String(listening.port), String(CONCURRENCY)]
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
    for await (const line of createInterface({ input: child.stdout })) {
      if (!line.startsWith('ready ')) continue
      child.stdout.resume()
      const relay = { child, port: Number(line.slice(6)) }
      relays.push(relay)
      return relay
    }
    throw new Error('the relay ended before it was ready')
  }

  beforeAll(async () => {
    postgres = await startPostgres()
    const sink = createSmtpServer({
      hostname: 'sink.test',
      handlers: [
        onMessage(async (message, session) => {
          const { domain } = message.transaction.recipients[0].mailbox
          const now = (running.get(domain) ?? 0) + 1
          running.set(domain, now)
          most = Math.max(most, now)
          changed()
          // Nobody is through before all messages are in the queue: so there is always more to do than may be done.
          await queued
          await session.delay(10)
          running.set(domain, (running.get(domain) ?? 1) - 1)
          const id = /X-Id: (\S+)/.exec(latin1(message.octets()))?.[1] ?? ''
          arrived.set(id, (arrived.get(id) ?? 0) + 1)
          changed()
        }),
      ],
    })
    listening = await listen(sink, { port: 0 })
  }, 60_000)
  afterAll(async () => {
    for (const { child } of relays) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
    await listening?.close({ force: true })
    postgres?.stop()
  })

  test('two relays share it; one is killed, the other finishes', async () => {
    const [first, second] = [await begin(), await begin()]
    const ids = Array.from({ length: MESSAGES }, (_, i) => `m${i}`)
    const send = async ({ port }: RelayProcess, own: readonly string[]): Promise<void> => {
      await using client = await connectSmtp({ host: '127.0.0.1', port, tls: 'never' })
      for (const [i, id] of own.entries()) {
        const message = new TextEncoder().encode(`X-Id: ${id}\r\n\r\nHello\r\n`)
        const domain = i % 2 === 0 ? 'a.test' : 'b.test'
        await client.send({ envelope: { reversePath: null, recipients: [`x@${domain}`] }, message })
      }
    }
    await Promise.all([send(first, ids.slice(0, MESSAGES / 2)), send(second, ids.slice(MESSAGES / 2))])
    await until(() => running.get('a.test') === CONCURRENCY && running.get('b.test') === CONCURRENCY)
    goOn()
    await until(() => arrived.size >= MESSAGES / 3)
    first.child.kill('SIGKILL')
    await until(() => arrived.size >= MESSAGES)
    expect(ids.filter((id) => !arrived.has(id))).toEqual([])
    expect(most).toBe(CONCURRENCY)
    // What the killed one had in hand may have been delivered: at most that much comes twice.
    const twice = [...arrived.values()].filter((count) => count > 1).length
    expect(twice).toBeLessThanOrEqual(2 * CONCURRENCY)
  }, 180_000)
})
