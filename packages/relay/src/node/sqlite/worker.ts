/** The entry of the queue's thread: a flush of the disk holds up nobody but it. */
import { parentPort, workerData } from 'node:worker_threads'
import { type DriverName, loadDriver } from '@posthouse/store-sqlite'
import { openQueueFile, type QueueFile } from './queue-file.js'
import type { Reply, Request } from './requests.js'

/** To the thread: a group of requests, or `null` to end. */
export type ToWorker = { readonly requests: readonly Request[]; readonly now: number } | null
/** From the thread: the answers, `null` at the end, or why the file could not be opened. The first one is `[]`. */
export type FromWorker = readonly Reply[] | null | { readonly failure: string }

const port = parentPort
const { driver, path } = workerData as { readonly driver: DriverName; readonly path: string }

function post(message: FromWorker): void {
  port?.postMessage(message)
}

try {
  const file: QueueFile = openQueueFile(loadDriver(driver), path)
  port?.on('message', (message: ToWorker) => {
    if (message) return post(file.run(message.requests, message.now))
    file.close()
    post(null)
    port.close()
  })
  post([])
} catch (error) {
  post({ failure: error instanceof Error ? error.message : String(error) })
}
