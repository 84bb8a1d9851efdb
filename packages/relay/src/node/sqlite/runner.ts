import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { type DriverName, loadDriver } from '@posthouse/store-sqlite'
import { RelayError } from '../../errors.js'
import { openQueueFile } from './queue-file.js'
import type { Reply, Request } from './requests.js'
import type { FromWorker, ToWorker } from './worker.js'

/** Does groups of requests, one after the other. A group whose promise is rejected may have been done all the same. */
export interface Runner {
  run(requests: readonly Request[], now: number): Promise<readonly Reply[]>
  close(): Promise<void>
}

/** Everything in the calling thread: for scripts, tests and bundles. */
export function runHere(driver: DriverName | undefined, path: string): Runner {
  const file = openQueueFile(loadDriver(driver), path)
  return {
    run: async (requests, now) => file.run(requests, now),
    close: async () => file.close(),
  }
}

/**
 * The file in a thread of its own. When that has ended (out of memory, say), what it owed has failed, and another one takes its
 * place for what comes next.
 */
export async function runInThread(driver: DriverName | undefined, path: string): Promise<Runner> {
  let thread = await startThread(driver, path)
  return {
    async run(requests, now) {
      if (thread.ended()) thread = await startThread(driver, path)
      return thread.run(requests, now)
    },
    close: () => thread.close(),
  }
}

async function startThread(
  driver: DriverName | undefined,
  path: string,
): Promise<Runner & { readonly ended: () => boolean }> {
  const worker = openWorker({ driver, path })
  let waiting: { resolve: (replies: readonly Reply[]) => void; reject: (error: Error) => void } | null = null
  let dead: RelayError | null = null

  function exchange(step?: () => void): Promise<readonly Reply[]> {
    if (dead) return Promise.reject(dead)
    return new Promise((resolve, reject) => {
      waiting = { resolve, reject }
      // An idle queue does not keep the process alive; one that owes an answer does.
      worker.ref()
      step?.()
    })
  }

  worker.on('message', (message: FromWorker) => {
    const caller = waiting
    waiting = null
    worker.unref()
    if (message && 'failure' in message) caller?.reject(new RelayError('unavailable', message.failure))
    else caller?.resolve((message as readonly Reply[] | null) ?? [])
  })
  const die = (cause: unknown): void => {
    dead ??= new RelayError('unavailable', 'the thread of the queue has ended', { cause })
    waiting?.reject(dead)
    waiting = null
  }
  worker.on('error', die)
  worker.on('messageerror', die)
  worker.on('exit', die)

  try {
    await exchange()
  } catch (error) {
    await worker.terminate()
    throw error
  }
  return {
    ended: () => dead !== null,
    run: (requests, now) => exchange(() => worker.postMessage({ requests, now } satisfies ToWorker)),
    async close() {
      if (dead) return
      await exchange(() => worker.postMessage(null satisfies ToWorker))
      await worker.terminate()
    },
  }
}

/** The worker's file lies beside the bundle (`dist/worker.js`), or beside this source. */
function openWorker(workerData: { readonly driver: DriverName | undefined; readonly path: string }): Worker {
  const here = import.meta.url
  if (here.endsWith('.ts')) return openSourceWorker(new URL('./worker.ts', here), workerData)
  const name = here.endsWith('.cjs') ? 'worker.cjs' : 'worker.js'
  // Shared code lies in `dist/`, the entry of this subpath one folder below.
  return new Worker(new URL(here.includes('/dist/node/') ? `../${name}` : `./${name}`, here), { workerData })
}

/** Node 20 cannot read TypeScript: the sources of this repository run through tsx, here and in the thread. */
function openSourceWorker(entry: URL, workerData: object): Worker {
  const start = `
    const require = process.getBuiltinModule('node:module').createRequire(${JSON.stringify(entry.href)})
    require('tsx/cjs/api').register()
    require(${JSON.stringify(fileURLToPath(entry))})`
  return new Worker(start, { workerData, eval: true, execArgv: [] })
}
