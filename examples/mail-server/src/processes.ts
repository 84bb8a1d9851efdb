/**
 * Several processes on the same ports and the same store. The primary holds the sockets and starts workers; when it hears
 * SIGHUP it starts new ones (with new code, settings and certificates), and lets the old ones finish: no connection is
 * refused meanwhile, because a socket is always listening.
 */
import cluster, { type Worker } from 'node:cluster'
import type { Log } from '@posthouse/wire'
import { AggregatorRegistry } from 'prom-client'
import { type StatusServer, startStatusServer } from './status.js'

/** A worker that ends by itself is replaced, but not faster than this (ms). */
const RESTART_PAUSE = 1_000

export type Ports = Readonly<Record<string, number | null>>

/** What a worker says to the primary. */
export type WorkerMessage = { readonly type: 'ready'; readonly ports: Ports; readonly firstSteps: string }
/** What the primary says to a worker. */
export type PrimaryMessage = { readonly type: 'stop' }

export interface PrimaryOptions {
  readonly workers: number
  readonly log: Log
  /** `null`: no status server. */
  readonly status: { readonly host: string; readonly port: number } | null
  ready(message: WorkerMessage, statusPort: number | null): void
}

/** Runs workers until SIGTERM or SIGINT; resolves when all have ended. */
export async function runPrimary({ workers, log, status, ready }: PrimaryOptions): Promise<void> {
  const stopping = new Set<Worker>()
  const running = new Set<Worker>()
  let ending = false
  let statusServer: StatusServer | null = null

  /** Resolves when the worker listens. */
  function start(): Promise<WorkerMessage> {
    const worker = cluster.fork()
    running.add(worker)
    return new Promise((resolve, reject) => {
      worker.on('message', (message: WorkerMessage) => {
        if (message.type === 'ready') resolve(message)
      })
      worker.once('exit', (code, signal) => {
        running.delete(worker)
        reject(new Error(`worker ${worker.process.pid} ended (${signal ?? code}) before it was ready`))
        if (stopping.delete(worker) || ending) return
        log({ level: 'error', event: 'worker.died', message: 'a worker died and is replaced', pid: worker.process.pid })
        setTimeout(() => !ending && start().catch(failed), RESTART_PAUSE)
      })
    })
  }
  function failed(error: Error): void {
    log({ level: 'error', event: 'worker.failed', message: error.message })
  }
  function stop(worker: Worker): Promise<void> {
    stopping.add(worker)
    return new Promise((resolve) => {
      worker.once('exit', () => resolve())
      // One that is just ending does not hear it any more; without a callback that would be an error event.
      worker.send({ type: 'stop' } satisfies PrimaryMessage, () => {})
    })
  }

  async function replaceAll(): Promise<void> {
    const old = [...running]
    for (const worker of old) {
      await start()
      // Its transactions may take minutes; the next one is not kept waiting.
      void stop(worker)
    }
    log({ level: 'info', event: 'workers.replaced', message: `${old.length} workers were replaced` })
  }

  // The first one makes what is made once: the tables and the certificate.
  const first = await start()
  await Promise.all(Array.from({ length: workers - 1 }, start))
  if (status) {
    const registry = new AggregatorRegistry()
    statusServer = await startStatusServer(status.host, status.port, {
      metrics: () => registry.clusterMetrics(),
      problem: async () => (running.size - stopping.size > 0 ? null : 'no worker is running'),
    })
  }
  process.on('SIGHUP', () => void replaceAll().catch(failed))
  const ended = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (ending) return
        ending = true
        Promise.all([...running].map(stop)).then(() => resolve())
      })
    }
  })
  ready(first, statusServer?.port ?? null)
  await ended
  await statusServer?.close()
}
