/**
 * The entry of a worker thread: one role, one set of connections. A writer may block while other processes hold the
 * lock; nobody else lives in its thread.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { transferablesOf } from '../read/pack.js'
import { createReader, type StoreReader } from '../read/reader.js'
import type { ReadAnswers, ReadRequest } from '../read/requests.js'
import { storeErrorOf } from '../sql/connection.js'
import { loadDriver } from '../sql/driver.js'
import type { Failure, GroupResult, Reply, WriteRequest } from '../write/requests.js'
import type { ChangeNote } from '../write/state.js'
import { createWriter, type Writer } from '../write/writer.js'
import { groupSize, type Weight } from './group-size.js'
import type { FromWorker, ReadQuestion, ToWorker, WorkerAnswer, WorkerSettings } from './protocol.js'

/** ms for which SQLite itself waits for a lock before the group is asked again. */
const BLOCKING = 1_000

const port = parentPort
const settings = workerData as WorkerSettings

function post(message: FromWorker, transfer: readonly ArrayBufferLike[] = []): void {
  port?.postMessage(message, transfer as ArrayBuffer[])
}

function failureOf(error: unknown): Failure {
  const { code, message } = storeErrorOf(error)
  return { code, message }
}

try {
  const driver = loadDriver(settings.driver)
  const { files, limits, now } = settings
  if (settings.role === 'writer') serveWriter(createWriter(driver, files, limits, BLOCKING, now))
  else serveReader(createReader(driver, files, 5_000))
  post({ answers: [{ id: 0, value: null }] })
} catch (error) {
  post({ answers: [{ id: 0, failure: failureOf(error) }] })
}

function serveReader(reader: StoreReader): void {
  port?.on('message', (message: ToWorker) => {
    if (message.type === 'close') {
      reader.close()
      post({ answers: [{ id: message.id, value: null }] })
      port.close()
    } else if (message.type === 'read') answerAll(reader, message.questions)
  })
}

/** ms after which answers are sent, so that quick ones do not wait for a slow one that was asked with them. */
const SLOW = 1

function answerAll(reader: StoreReader, questions: readonly ReadQuestion[]): void {
  let answers: WorkerAnswer[] = []
  let transfer: ArrayBufferLike[] = []
  let began = performance.now()
  for (const { id, request } of questions) {
    try {
      const value = reader.answer(request)
      answers.push({ id, value })
      for (const buffer of movable(request, value)) transfer.push(buffer)
    } catch (error) {
      answers.push({ id, failure: failureOf(error) })
    }
    if (performance.now() - began < SLOW) continue
    post({ answers }, transfer)
    answers = []
    transfer = []
    began = performance.now()
  }
  if (answers.length > 0) post({ answers }, transfer)
}

/** All orders that have come by the time the last group is written are the next group, as far as they fit into one. */
function serveWriter(writer: Writer): void {
  const waiting: WriteOrder[] = []
  let end: number | null = null

  function work(): void {
    const group = waiting.splice(0, groupSize(waiting, weightOf))
    if (group.length > 0) answerGroup(writer, group)
    if (waiting.length > 0) setImmediate(work)
    else if (end !== null) {
      writer.close()
      post({ answers: [{ id: end, value: null }] })
      port?.close()
    }
  }

  port?.on('message', (message: ToWorker) => {
    if (waiting.length === 0) setImmediate(work)
    if (message.type === 'write') waiting.push(message)
    else if (message.type === 'close') end = message.id
  })
}

type WriteOrder = Extract<ToWorker, { type: 'write' }>

function weightOf({ requests, buffers }: WriteOrder): Weight {
  return { requests: requests.length, pieces: buffers }
}

/** One group of several orders: one flush of the disk pays for all. */
function answerGroup(writer: Writer, orders: readonly WriteOrder[]): void {
  // The octets are written when it is answered: the buffers are used again on the other side.
  const spare = orders.flatMap(({ buffers }) => buffers)
  post({ answers: answersOf(writer, orders), spare }, spare)
}

function answersOf(writer: Writer, orders: readonly WriteOrder[]): readonly WorkerAnswer[] {
  try {
    const requests = orders.flatMap((order) => order.requests)
    const { replies, notes } = runPatiently(writer, requests, orders[orders.length - 1].now)
    let first = 0
    return orders.map(({ id, requests: own }, i) => {
      const value: GroupResult = { replies: replies.slice(first, first + own.length), notes: i === 0 ? notes : [] }
      first += own.length
      return { id, value }
    })
  } catch (error) {
    const failure = failureOf(error)
    return orders.map(({ id }) => ({ id, failure }))
  }
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

/** What of an answer can be moved instead of copied. */
function movable(request: ReadRequest, value: unknown): readonly ArrayBufferLike[] {
  if (request.type === 'rows') return transferablesOf(value as ReadAnswers['rows'])
  if (request.type === 'octets') {
    const pieces = (value as ReadAnswers['octets'])?.pieces ?? []
    // A piece may be part of a larger buffer that is not ours to move.
    return pieces.flatMap(({ buffer, byteLength }) => (buffer.byteLength === byteLength ? [buffer] : []))
  }
  if (request.type === 'uids') return [(value as Uint32Array).buffer as ArrayBuffer]
  return []
}
