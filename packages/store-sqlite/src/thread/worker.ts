/**
 * The entry of a worker thread: one role, one set of connections. A writer may block while other processes hold the
 * lock; nobody else lives in its thread.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { transferablesOf } from '../read/pack.js'
import { createReader } from '../read/reader.js'
import type { ReadAnswers, ReadRequest } from '../read/requests.js'
import { storeErrorOf } from '../sql/connection.js'
import { loadDriver } from '../sql/driver.js'
import type { GroupResult, Reply, WriteRequest } from '../write/requests.js'
import type { ChangeNote } from '../write/state.js'
import { createWriter, type Writer } from '../write/writer.js'
import type { FromWorker, ToWorker, WorkerSettings } from './protocol.js'

/** ms for which SQLite itself waits for a lock before the group is asked again. */
const BLOCKING = 1_000

const port = parentPort
const settings = workerData as WorkerSettings

function post(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  port?.postMessage(message, transfer)
}

function fail(id: number, error: unknown): void {
  const { code, message } = storeErrorOf(error)
  post({ id, failure: { code, message } })
}

try {
  const driver = loadDriver(settings.driver)
  if (settings.role === 'writer') serveWriter(createWriter(driver, settings.files, settings.limits, BLOCKING))
  else {
    const reader = createReader(driver, settings.files, 5_000)
    port?.on('message', (message: ToWorker) => {
      if (message.type === 'close') {
        reader.close()
        post({ id: message.id, value: null })
        port.close()
      } else if (message.type === 'read') {
        try {
          const value = reader.answer(message.request)
          post({ id: message.id, value }, movable(message.request, value))
        } catch (error) {
          fail(message.id, error)
        }
      }
    })
  }
  post({ id: 0, value: null })
} catch (error) {
  fail(0, error)
}

function serveWriter(writer: Writer): void {
  port?.on('message', (message: ToWorker) => {
    if (message.type === 'close') {
      writer.close()
      post({ id: message.id, value: null })
      port.close()
    } else if (message.type === 'write') {
      try {
        const value = runPatiently(writer, message.requests, message.now)
        const spare = buffersOf(message.requests)
        post({ id: message.id, value, spare }, spare)
      } catch (error) {
        fail(message.id, error)
      }
    }
  })
}

/** Asks again until the lock was free. The octets were moved here, so it cannot be done on the other side. */
function runPatiently(writer: Writer, requests: readonly WriteRequest[], now: number): GroupResult {
  const replies: (Reply | null)[] = new Array(requests.length).fill(null)
  const notes: ChangeNote[] = []
  const pause = new Int32Array(new SharedArrayBuffer(4))
  const until = performance.now() + settings.limits.busy
  let open = requests.map((_, i) => i)
  for (;;) {
    const result = writer.run(
      open.map((i) => requests[i]),
      now,
    )
    notes.push(...result.notes)
    open.forEach((place, i) => {
      replies[place] = result.replies[i]
    })
    open = open.filter((place) => replies[place] === null)
    if (open.length === 0 || performance.now() >= until) return { replies, notes }
    Atomics.wait(pause, 0, 0, 2 + Math.random() * 18)
  }
}

/** The buffers that came with the requests: written by now, and to be used again on the other side. */
function buffersOf(requests: readonly WriteRequest[]): ArrayBuffer[] {
  const buffers: ArrayBuffer[] = []
  for (const request of requests) {
    if (request.type === 'put') for (const chunk of request.chunks) buffers.push(chunk.buffer as ArrayBuffer)
  }
  return buffers
}

/** What of an answer can be moved instead of copied. */
function movable(request: ReadRequest, value: unknown): ArrayBuffer[] {
  if (request.type === 'rows') return transferablesOf(value as ReadAnswers['rows'])
  if (request.type === 'octets') {
    const pieces = (value as ReadAnswers['octets'])?.pieces ?? []
    // A piece may be part of a larger buffer that is not ours to move.
    return pieces.flatMap(({ buffer, byteLength }) => (buffer.byteLength === byteLength ? [buffer as ArrayBuffer] : []))
  }
  if (request.type === 'uids') return [(value as Uint32Array).buffer as ArrayBuffer]
  return []
}
