import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { DriverName } from '@posthouse/store-sqlite'
import { concat } from '@posthouse/wire'
import { RelayError, type RelayErrorCode } from '../../errors.js'
import type { JobEngine, JobSelector, NewMessage } from '../../queue/types.js'
import type { Answers, EnqueuedMessage, Reply, Request, Requests, RequestType } from './requests.js'
import { type Runner, runHere, runInThread } from './runner.js'
import { CHUNK_SIZE } from './schema.js'

/** How a queue in a SQLite file is opened. */
export interface SqliteQueueOptions {
  /** The file; it (mode 0600) and its folder (0700) are made where they are missing. `:memory:`: nothing outlives the process. */
  readonly path: string
  /** The binding. Default: the first that this Node has (see `@posthouse/store-sqlite`). */
  readonly driver?: DriverName
  /** The file in a thread of its own, so that no flush of the disk holds up the event loop. Default: true. */
  readonly thread?: boolean
  /** Octets of a message that are kept in memory until it is complete; longer ones are written bit by bit. Default: 256 KiB. */
  readonly memory?: number
  /** The clock, in milliseconds since the epoch. Default: the system's. */
  readonly now?: () => number
}

/** ms between two signs of life. */
const HEARTBEAT = 10_000

interface Waiting {
  readonly request: Request
  readonly resolve: (value: Answers[RequestType]) => void
  readonly reject: (error: Error) => void
}

/**
 * The queue of one process in a SQLite file. Other processes may look at it, hold, release and cancel at the same time.
 * @throws RelayError `unavailable`
 */
export async function openSqliteQueue(options: SqliteQueueOptions): Promise<JobEngine> {
  const { path, driver, memory = 262_144, now = Date.now } = options
  const here = options.thread === false || path === ':memory:'
  const runner: Runner = here ? runHere(driver, path) : await runInThread(driver, path)
  const watchers = new Set<() => void>()
  let queue: Waiting[] = []
  let working: Promise<void> | null = null
  let closed = false
  let heartbeat: ReturnType<typeof setInterval> | null = null
  const token = randomUUID()
  /** Jobs that we are about to do. */
  const hands = new Set<string>()
  /** A thread has ended: it may have given jobs to us that we have not heard of. */
  let unsure = false

  function ask<T extends RequestType>(type: T, request: Requests[T]): Promise<Answers[T]> {
    if (closed) return Promise.reject(new RelayError('closed', 'the queue is closed'))
    return new Promise((resolve, reject) => {
      queue.push({
        request: { type, ...request } as unknown as Request,
        resolve: resolve as Waiting['resolve'],
        reject,
      })
      working ??= work()
    })
  }

  /** Group commit: whatever has come while the last group was written is the next one. */
  async function work(): Promise<void> {
    // What is asked in the same turn of the event loop shares a flush.
    await new Promise((resolve) => setImmediate(resolve))
    while (queue.length > 0) {
      const group = queue
      queue = []
      const first: Request[] = unsure && heartbeat ? [{ type: 'recover', token, hands: [...hands] }] : []
      let replies: Reply[]
      try {
        replies = [...(await runner.run([...first, ...group.map(({ request }) => request)], now()))]
        const [recovered] = replies.splice(0, first.length)
        // Whoever has lost the queue to another process has nothing to recover.
        unsure = recovered !== undefined && 'failure' in recovered && recovered.failure.code !== 'busy'
      } catch (error) {
        unsure = true
        for (const { reject } of group) reject(error as Error)
        continue
      }
      group.forEach(({ request, resolve, reject }, i) => {
        const reply = replies[i]
        if ('value' in reply) {
          note(request, reply.value)
          resolve(reply.value)
        } else reject(new RelayError(reply.failure.code as RelayErrorCode, reply.failure.message))
      })
    }
    working = null
  }

  /** Before anybody else is served: the next group may begin by setting free what is in no hands. */
  function note(request: Request, value: Answers[RequestType]): void {
    if (request.type === 'claim') for (const { id } of (value as Answers['claim']).jobs) hands.add(id)
    else if (request.type === 'settle') hands.delete(request.settlement.job)
  }

  function changed(): void {
    for (const watcher of watchers) watcher()
  }

  /** A message as the file takes it: its octets are in memory, or in the file already. */
  async function take({ octets, ...message }: NewMessage): Promise<EnqueuedMessage> {
    let pieces: Uint8Array[] = []
    let held = 0
    let size = 0
    let mid = 0
    let number = 0
    try {
      for await (const piece of octets) {
        // Whoever gives it may use its memory again.
        pieces.push(new Uint8Array(piece))
        held += piece.length
        size += piece.length
        if (held < memory) continue
        if (mid === 0) mid = await ask('reserve', { id: message.id })
        const all = concat(pieces)
        const whole = all.length - (all.length % CHUNK_SIZE)
        const writes: Promise<null>[] = []
        for (let at = 0; at < whole; at += CHUNK_SIZE) {
          writes.push(ask('chunk', { mid, number: number++, octets: all.subarray(at, at + CHUNK_SIZE) }))
        }
        await Promise.all(writes)
        pieces = whole === all.length ? [] : [all.slice(whole)]
        held = all.length - whole
      }
      const rest = pieces.length === 0 ? new Uint8Array(0) : concat(pieces)
      if (mid === 0) return { ...message, size, octets: rest }
      for (let at = 0; at < rest.length; at += CHUNK_SIZE) {
        await ask('chunk', { mid, number: number++, octets: rest.subarray(at, at + CHUNK_SIZE) })
      }
      return { ...message, size, octets: { mid } }
    } catch (error) {
      if (mid !== 0) await ask('discard', { mid }).catch(() => {})
      throw error
    }
  }

  /** The messages do not come about. */
  async function discard(messages: readonly EnqueuedMessage[]): Promise<void> {
    for (const { octets } of messages) {
      if ('mid' in octets) await ask('discard', octets).catch(() => {})
    }
  }

  async function takeAll(messages: readonly NewMessage[]): Promise<readonly EnqueuedMessage[]> {
    const taken: EnqueuedMessage[] = []
    try {
      for (const message of messages) taken.push(await take(message))
      return taken
    } catch (error) {
      await discard(taken)
      throw error
    }
  }

  async function beat(): Promise<void> {
    if (await ask('alive', { token })) changed()
  }

  async function repeated(step: () => Promise<number>): Promise<number> {
    let total = 0
    for (let count = await step(); count > 0; count = await step()) total += count
    if (total > 0) changed()
    return total
  }

  let closing: Promise<void> | null = null
  async function end(): Promise<void> {
    if (heartbeat) {
      clearInterval(heartbeat)
      await ask('leave', { token }).catch(() => {})
    }
    closed = true
    await working
    await runner.close()
  }

  return {
    async enqueue(message) {
      const taken = await take(message)
      try {
        await ask('enqueue', { message: taken })
      } catch (error) {
        await discard([taken])
        throw error
      }
      changed()
    },
    async start() {
      const other = await ask('start', { token, pid: process.pid, host: hostname() })
      if (other) throw new RelayError('busy', `process ${other.pid} on ${other.host} works on this queue`)
      hands.clear()
      unsure = false
      heartbeat ??= setInterval(() => void beat().catch(() => {}), HEARTBEAT)
      heartbeat.unref()
    },
    claim: (options) => ask('claim', { token, options }),
    async settle(settlement) {
      const notices = await takeAll(settlement.notices)
      await ask('settle', { token, settlement: { ...settlement, notices } })
    },
    async *read(message) {
      for (let number = 0; ; number++) {
        const chunk = await ask('read', { message, number })
        if (!chunk) return
        yield chunk
      }
    },
    hold: (which) => repeated(() => ask('hold', { which })),
    async release(which: JobSelector, at) {
      await ask('unblock', { which })
      const count = await repeated(() => ask('release', { which, at }))
      changed()
      return count
    },
    cancel: (which) => repeated(() => ask('cancel', { which })),
    list: (query) => ask('list', { query }),
    status: () => ask('status', {}),
    watch(watcher) {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    close: () => (closing ??= end()),
  }
}
