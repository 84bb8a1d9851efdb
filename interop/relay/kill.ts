/** `kill -9` of a relay at random moments: what was acknowledged arrives; what arrives twice is counted. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { openSqliteQueue } from '@posthouse/relay/node'
import { createSmtpServer, onMessage } from '@posthouse/smtp'
import { listen } from '@posthouse/smtp/node'
import { latin1 } from '@posthouse/wire'
import { typeTo } from '../line-client.js'
import { random } from '../messages.js'
import type { PostgresServer } from './postgres.js'
import { inHandThere } from './shared-queue.js'

export interface KillResult {
  /** Messages that the relay has said 250 to. */
  readonly acknowledged: number
  readonly kills: number
  /** Acknowledged and never arrived. */
  readonly lost: readonly string[]
  /** Arrived more than once. */
  readonly twice: readonly string[]
  /**
   * The unavoidable window: messages that were being delivered when the relay died, as the queue's file has it. Those of
   * them that the sink has taken come again, and nothing else may.
   */
  readonly window: readonly string[]
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const program = fileURLToPath(new URL('./relay-process.ts', import.meta.url))
const SENDERS = 4

/** Sends so many messages, and kills the relay so many times meanwhile. */
export async function killRelay(options: {
  readonly messages: number
  readonly kills: number
  readonly seed: number
  /** Default: a SQLite file. */
  readonly postgres?: PostgresServer
  /** How often PostgreSQL is killed and started again, in the life of each process. Default: never. */
  readonly crashes?: number
}): Promise<KillResult> {
  const next = random(options.seed)
  const { postgres, crashes = 0 } = options
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-kill-'))
  const place = postgres?.url ?? join(folder, 'queue.db')
  const arrived = new Map<string, number>()
  const window = new Set<string>()
  let changed: () => void = () => {}
  const sink = createSmtpServer({
    hostname: 'sink.test',
    handlers: [
      onMessage((message) => {
        const id = idOf(message.octets())
        arrived.set(id, (arrived.get(id) ?? 0) + 1)
        changed()
      }),
    ],
  })
  const listening = await listen(sink, { port: 0 })
  const acknowledged = new Set<string>()
  let child: ChildProcess | null = null
  let kills = 0
  let number = 0

  async function begin(): Promise<number> {
    const args = ['--import', 'tsx', program, place, String(listening.port)]
    child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
    if (!child.stdout) throw new Error('no standard output')
    for await (const line of createInterface({ input: child.stdout })) {
      if (!line.startsWith('ready ')) continue
      child.stdout.resume()
      return Number(line.slice(6))
    }
    throw new Error('the relay ended before it was ready')
  }

  async function send(port: number): Promise<void> {
    const client = await typeTo(port)
    try {
      await client.until('220 ')
      client.write('EHLO test\r\n')
      await client.until('250 ')
      while (acknowledged.size < options.messages) {
        const id = String(++number)
        client.write(`MAIL FROM:<>\r\nRCPT TO:<x@far.test>\r\nDATA\r\n`)
        await client.until('354 ')
        client.write(`X-Id: <${id}>\r\n\r\n${'x'.repeat(60)}\r\n.\r\n`)
        // It is refused for now while there is no database.
        if ((await client.line()).startsWith('250 ')) acknowledged.add(id)
        else await new Promise((resolve) => setTimeout(resolve, 10))
      }
      client.write('QUIT\r\n')
      await client.end()
    } catch {
      // The relay is gone: that is the point.
    }
  }

  try {
    const share = options.messages / (options.kills + 1)
    while (acknowledged.size < options.messages) {
      const port = await begin()
      const killer = child as ChildProcess | null
      const at =
        kills < options.kills ? acknowledged.size + Math.floor(share * (0.5 + next())) : Number.POSITIVE_INFINITY
      const from = acknowledged.size
      const crashAt = Array.from({ length: crashes }, (_, i) => from + (share * (i + 1) * 0.4) / crashes)
      const watch = setInterval(() => {
        if (postgres && acknowledged.size >= (crashAt[0] ?? Number.POSITIVE_INFINITY)) {
          crashAt.shift()
          postgres.crash()
        }
        if (acknowledged.size < at) return
        clearInterval(watch)
        killer?.kill('SIGKILL')
      }, 1)
      const gone = killer ? once(killer, 'exit') : Promise.resolve()
      await Promise.all(Array.from({ length: SENDERS }, () => send(port)))
      clearInterval(watch)
      if (acknowledged.size >= options.messages) break
      await gone
      kills++
      for (const id of postgres ? (await inHandThere(place)).map(idOf) : await inHand(place)) window.add(id)
    }
    await new Promise<void>((resolve, reject) => {
      const waiting = [...acknowledged]
      const check = (): void => {
        while (waiting.length > 0 && arrived.has(waiting.at(-1) as string)) waiting.pop()
        if (waiting.length === 0) resolve()
      }
      changed = check
      check()
      setTimeout(() => reject(new Error('not all messages arrived within 60 s')), 60_000).unref()
    }).catch(() => {})
    const running = child as ChildProcess | null
    running?.kill('SIGTERM')
    if (running) await once(running, 'exit')
  } finally {
    await listening.close({ force: true })
    rmSync(folder, { recursive: true, force: true })
  }
  return {
    acknowledged: acknowledged.size,
    kills,
    lost: [...acknowledged].filter((id) => !arrived.has(id)),
    twice: [...arrived].flatMap(([id, times]) => (times > 1 ? [id] : [])),
    window: [...window],
  }
}

function idOf(octets: Uint8Array): string {
  return /X-Id: <([^>]*)>/.exec(latin1(octets))?.[1] ?? ''
}

/** The messages that a dead relay had in hand, as its queue's file has it. */
async function inHand(path: string): Promise<readonly string[]> {
  const queue = await openSqliteQueue({ path, thread: false })
  try {
    const ids: string[] = []
    for (const job of await queue.list({ state: 'running', limit: 10_000 })) {
      for await (const octets of queue.read(job.message.id)) ids.push(idOf(octets))
    }
    return ids
  } finally {
    await queue.close()
  }
}
