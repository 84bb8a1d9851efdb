import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { StoreError } from '@posthouse/store-api'
import type { ReadRequest } from '../read/requests.js'
import type { DriverName } from '../sql/driver.js'
import type { GroupResult } from '../write/requests.js'
import { isOctets } from '../write/writer.js'
import { type Backend, createWriteQueue, errorOf, type WriteQueue } from './backend.js'
import { createChunkPool } from './chunk-pool.js'
import { gather, smallBuffers } from './gather.js'
import type { BackendOptions } from './options.js'
import type { FromWorker, ReadQuestion, ToWorker, WorkerSettings } from './protocol.js'

/**
 * Two writers (octets, rows) and some readers, each in a thread of its own, so that neither a flush of the disk nor a scan of many rows
 * holds up the event loop. A group of writes is one message each way, and so is what is asked of a reader in one turn of the
 * loop; octets are moved, not copied.
 */
export async function openWorkers(driver: DriverName, options: BackendOptions, readerCount: number): Promise<Backend> {
  const { files, limits } = options
  const pool = createChunkPool()
  const startOne = (role: WorkerSettings['role']): Promise<Thread> =>
    startWorker({ role, driver, files, limits, now: options.clock() }, pool.give)
  const start = async (role: WorkerSettings['role']): Promise<Thread> =>
    lasting(await startOne(role), () => startOne(role))
  // The first writer makes the files; the others come after it.
  const rows = await start('writer')
  const roles = ['writer', ...new Array<'reader'>(readerCount).fill('reader')] as const
  const started = await Promise.allSettled(roles.map(start))
  const others = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  const broken = started.find((each) => each.status === 'rejected')
  if (broken) {
    await Promise.all([rows, ...others].map((thread) => thread.close()))
    throw broken.reason
  }
  const [octets, ...readers] = others

  // Octets and rows are two files: while one is being flushed, the other is written. A flag change does not wait behind a large
  // message. A small one goes to the writer of rows with its octets: one way in place of two is worth more than the overlap.
  const queueOf = (writer: Thread): WriteQueue =>
    createWriteQueue({
      ahead: AHEAD,
      async run(requests, now) {
        const gathered = gather(requests, pool)
        const result = await writer.ask({ type: 'write', ...gathered, now }, gathered.buffers)
        pool.give(smallBuffers(requests))
        return result as GroupResult
      },
      clock: options.clock,
      // The worker has been patient already; what comes back unanswered is not asked again.
      patience: 0,
      onNotes: options.onNotes,
    })
  const octetQueue = queueOf(octets)
  const rowQueue = queueOf(rows)
  const long = new Set<Promise<unknown>>()

  /** What may take minutes has a thread of its own: nobody's reading waits behind a backup. */
  async function askAside(request: ReadRequest): Promise<unknown> {
    const thread = await startOne('reader')
    try {
      return await thread.read(request)
    } finally {
      await thread.close()
    }
  }

  return {
    buffer: pool.take,
    giveBack: (buffers) => pool.give(buffers.map(({ buffer }) => buffer)),
    write: (request) => (isOctets(request) ? octetQueue : rowQueue).add(request),
    read: (request) => {
      if (request.type === 'backup' || request.type === 'verify') {
        const answer = askAside(request)
        const done = (): void => void long.delete(answer)
        long.add(answer)
        answer.then(done, done)
        return answer as Promise<never>
      }
      // Which thread is asked about changes is not free: it remembers what it answered.
      const thread = request.type === 'poll' ? readers[0] : leastBusy(readers)
      return thread.read(request) as Promise<never>
    },
    async close() {
      await Promise.allSettled(long)
      await Promise.all([rowQueue.close(), octetQueue.close()])
      await Promise.all(readers.map((reader) => reader.close()))
      await octets.close()
      await rows.close()
    },
  }
}

/**
 * Groups on their way to a writer. It makes one of all that are there when it has finished the last, and does not wait until this
 * thread has a moment to send the next.
 */
const AHEAD = 16

function leastBusy(threads: readonly Thread[]): Thread {
  let best = threads[0]
  for (const thread of threads) if (thread.pending() < best.pending()) best = thread
  return best
}

type Order = { [M in ToWorker as M['type']]: M extends { readonly id: number } ? Omit<M, 'id'> : never }[
  | 'write'
  | 'close']

interface Thread {
  /** Is it gone? Then whatever it is asked fails. */
  ended(): boolean
  /** Gives an order; `transfer` is moved. */
  ask(order: Order, transfer?: readonly ArrayBufferLike[]): Promise<unknown>
  /** Asks a reader. */
  read(request: ReadRequest): Promise<unknown>
  pending(): number
  close(): Promise<void>
}

/**
 * When a thread has ended (out of memory, say), what it owed has failed, and another one takes its place for what comes next.
 */
function lasting(thread: Thread, start: () => Promise<Thread>): Thread {
  let starting: Promise<Thread> | null = null
  let closed = false

  function another(): Promise<Thread> {
    starting ??= start()
      .then((next) => {
        thread = next
        return next
      })
      .finally(() => {
        starting = null
      })
    return starting
  }

  const isGone = (): boolean => thread.ended() && !closed
  return {
    ended: () => false,
    ask: (order, transfer) =>
      isGone() ? another().then((next) => next.ask(order, transfer)) : thread.ask(order, transfer),
    read: (request) => (isGone() ? another().then((next) => next.read(request)) : thread.read(request)),
    pending: () => thread.pending(),
    async close() {
      closed = true
      await starting?.catch(() => undefined)
      await thread.close()
    },
  }
}

async function startWorker(
  settings: WorkerSettings,
  giveBack: (buffers: readonly ArrayBufferLike[]) => void,
): Promise<Thread> {
  const worker = openWorker(settings)
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  let last = 0
  let dead: StoreError | null = null
  let questions: ReadQuestion[] = []

  const ready = new Promise<unknown>((resolve, reject) => waiting.set(0, { resolve, reject }))
  worker.on('message', ({ answers, spare }: FromWorker) => {
    if (spare) giveBack(spare)
    for (const answer of answers) {
      const caller = waiting.get(answer.id)
      waiting.delete(answer.id)
      if ('failure' in answer) caller?.reject(errorOf(answer.failure))
      else caller?.resolve(answer.value)
    }
    if (waiting.size === 0) worker.unref()
  })
  const die = (cause: unknown): void => {
    dead ??= new StoreError('unavailable', `the ${settings.role} thread of the store has ended`, { cause })
    for (const { reject } of waiting.values()) reject(dead)
    waiting.clear()
  }
  worker.on('error', die)
  worker.on('messageerror', die)
  worker.on('exit', die)

  /** An answer that is going to come. An idle store does not keep the process alive; one that owes an answer does. */
  function expect(id: number): Promise<unknown> {
    if (dead) return Promise.reject(dead)
    worker.ref()
    return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }))
  }

  /** Posts what has one answer, or fails it: there may be a function or a proxy somewhere in it. */
  function post(id: number, message: ToWorker, transfer: readonly ArrayBufferLike[] = []): void {
    try {
      worker.postMessage(message, transfer as ArrayBuffer[])
    } catch (cause) {
      waiting.get(id)?.reject(new StoreError('invalid', `not plain data: ${(cause as Error).message}`, { cause }))
      waiting.delete(id)
      if (waiting.size === 0) worker.unref()
    }
  }

  function ask(order: Order, transfer?: readonly ArrayBufferLike[]): Promise<unknown> {
    const id = ++last
    const answer = expect(id)
    if (!dead) post(id, { ...order, id }, transfer)
    return answer
  }

  function flushQuestions(): void {
    const asked = questions
    questions = []
    if (dead || asked.length === 0) return
    try {
      worker.postMessage({ type: 'read', questions: asked } satisfies ToWorker)
    } catch {
      // One of them is not plain data: each goes alone, so that it fails alone.
      for (const question of asked) post(question.id, { type: 'read', questions: [question] })
    }
  }

  function read(request: ReadRequest): Promise<unknown> {
    const id = ++last
    const answer = expect(id)
    if (questions.length === 0) setImmediate(flushQuestions)
    questions.push({ id, request })
    return answer
  }

  try {
    await ready
  } catch (error) {
    await worker.terminate()
    throw error
  }
  return {
    ended: () => dead !== null,
    ask,
    read,
    pending: () => waiting.size,
    async close() {
      flushQuestions()
      if (dead) return
      await ask({ type: 'close' })
      await worker.terminate()
    },
  }
}

/** The worker's file lies beside the bundle (`worker.js`, `worker.cjs`) or beside this source. */
function openWorker(workerData: WorkerSettings): Worker {
  const here = import.meta.url
  if (here.endsWith('.ts')) return openSourceWorker(new URL('./worker.ts', here), workerData)
  return new Worker(new URL(here.endsWith('.cjs') ? './worker.cjs' : './worker.js', here), { workerData })
}

/** Node 20 cannot read TypeScript: the sources of this repository run through tsx, here and in the thread. */
function openSourceWorker(entry: URL, workerData: WorkerSettings): Worker {
  const start = `
    const require = process.getBuiltinModule('node:module').createRequire(${JSON.stringify(entry.href)})
    require('tsx/cjs/api').register()
    require(${JSON.stringify(fileURLToPath(entry))})`
  return new Worker(start, { workerData, eval: true, execArgv: [] })
}
