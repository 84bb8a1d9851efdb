/** Two processes on the file of one queue: one works, the other goes on when that one ends or is killed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createSmtpServer, onMessage } from '@posthouse/smtp'
import { connectSmtp, type Listening, listen } from '@posthouse/smtp/node'
import { latin1 } from '@posthouse/wire'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const program = fileURLToPath(new URL('./relay-process.ts', import.meta.url))

interface RelayProcess {
  readonly child: ChildProcess
  readonly port: number
  /** Lines such as `started`. */
  readonly said: string[]
}

const folder = mkdtempSync(join(tmpdir(), 'posthouse-standby-'))
const relays: RelayProcess[] = []
const arrived: string[] = []
let sink: Listening
let changed: () => void = () => {}

async function until(test: () => boolean): Promise<void> {
  while (!test()) await new Promise<void>((resolve) => (changed = resolve))
}

async function begin(): Promise<RelayProcess> {
  const args = ['--import', 'tsx', program, join(folder, 'queue.db'), String(sink.port), 'standby']
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  const said: string[] = []
  const port = new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('ready ')) resolve(Number(line.slice(6)))
      else said.push(line)
      changed()
    })
    child.once('exit', () => reject(new Error('the relay ended before it was ready')))
  })
  const relay = { child, port: await port, said }
  relays.push(relay)
  return relay
}

async function send({ port }: RelayProcess, id: string): Promise<void> {
  await using client = await connectSmtp({ host: '127.0.0.1', port, tls: 'never' })
  const message = new TextEncoder().encode(`X-Id: ${id}\r\n\r\nHello\r\n`)
  await client.send({ envelope: { reversePath: null, recipients: ['x@far.test'] }, message })
}

beforeAll(async () => {
  const server = createSmtpServer({
    hostname: 'sink.test',
    handlers: [
      onMessage((message) => {
        arrived.push(/X-Id: (\S+)/.exec(latin1(message.octets()))?.[1] ?? '')
        changed()
      }),
    ],
  })
  sink = await listen(server, { port: 0 })
})
afterAll(async () => {
  for (const { child } of relays) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  await sink?.close({ force: true })
  rmSync(folder, { recursive: true, force: true })
})

test('one works, the others take mail for it; when it stops or dies the next one goes on', async () => {
  const first = await begin()
  const second = await begin()
  const third = await begin()
  await until(() => first.said.includes('started'))
  expect([second.said, third.said]).toEqual([['standby'], ['standby']])
  // The one that works finds what another has put into the queue.
  await send(second, 'one')
  await until(() => arrived.includes('one'))

  first.child.kill('SIGTERM')
  await once(first.child, 'exit')
  expect(first.child.exitCode).toBe(0)
  await send(third, 'two')
  await until(() => arrived.includes('two'))
  const working = second.said.includes('started') ? second : third
  const waiting = working === second ? third : second
  expect(waiting.said).toEqual(['standby'])
  // Not in the unavoidable window: what is written down does not come again.
  await until(() => working.said.includes('delivered'))
  working.child.kill('SIGKILL')
  await once(working.child, 'exit')
  await send(waiting, 'three')
  await until(() => arrived.includes('three'))
  expect(waiting.said.slice(0, 2)).toEqual(['standby', 'started'])
  expect(arrived).toEqual(['one', 'two', 'three'])
}, 120_000)
