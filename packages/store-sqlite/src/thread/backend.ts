import { isStoreError, StoreError } from '@posthouse/store-api'
import type { ReadAnswers, ReadRequest } from '../read/requests.js'
import type { Answers, Failure, GroupResult, WriteRequest } from '../write/requests.js'
import type { ChangeNote } from '../write/state.js'

/** Where the work is done: in this thread or in others. */
export interface Backend {
  /** A buffer with room for so many octets, one chunk at most, to be filled and given to `put`, which takes it for good. */
  buffer(octets: number): Uint8Array
  /** Buffers that were not given to `put` after all. */
  giveBack(buffers: readonly Uint8Array[]): void
  write<T extends WriteRequest['type']>(request: Extract<WriteRequest, { type: T }>): Promise<Answers[T]>
  read<T extends ReadRequest['type']>(request: Extract<ReadRequest, { type: T }>): Promise<ReadAnswers[T]>
  close(): Promise<void>
}

/** One side of the write queue: takes a group of requests and answers all of them. */
export type RunGroup = (requests: readonly WriteRequest[], now: number) => Promise<GroupResult> | GroupResult

/** What the queue in front of a writer needs. */
export interface QueueOptions {
  readonly run: RunGroup
  readonly clock: () => number
  /** ms for which requests are asked again while other processes hold the lock. */
  readonly patience: number
  /** Told after a group is durable, before its callers are. */
  readonly onNotes: (notes: readonly ChangeNote[]) => void
  /** What the next group waits for, because more of its kind comes with it; `null`: nothing. */
  readonly awaits?: (next: readonly WriteRequest[]) => Promise<unknown> | null
  /** For how many requests the next group waits, `LONGEST_GATHERING` at most, when so many are there. Default: for none. */
  readonly wanted?: (waiting: number) => number
}

interface Waiting {
  readonly request: WriteRequest
  readonly since: number
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/** Octets of one group at most, so that one commit stays short. */
const GROUP_OCTETS = 4 * 1024 * 1024
/** Requests of one group at most. */
const GROUP_REQUESTS = 512

/** The queue in front of a writer: what arrives while a group is being written is the next group. */
export interface WriteQueue {
  add<T extends WriteRequest['type']>(request: Extract<WriteRequest, { type: T }>): Promise<Answers[T]>
  /** Waits until everything is answered; later requests are refused. */
  close(): Promise<void>
  /** The group that is being written. */
  writing(): GroupInWriting | null
  /** Requests of the group that was begun last. */
  last(): number
}

/** A group that is being written. */
export interface GroupInWriting {
  readonly requests: number
  /** When its callers have their answers. Never rejects. */
  readonly answered: Promise<unknown>
}

/** ms that a group waits for more requests. */
const LONGEST_GATHERING = 3

export function createWriteQueue({ run, clock, patience, onNotes, awaits, wanted }: QueueOptions): WriteQueue {
  let waiting: Waiting[] = []
  let running = false
  let writing: GroupInWriting | null = null
  let last = 0
  let closed = false
  let drained: (() => void) | null = null
  /** Ends the waiting for more requests when there are enough. */
  let arrived: (() => void) | null = null

  /** Resolves when so many requests wait, or after a while. */
  function gathered(count: number): Promise<void> {
    return new Promise((resolve) => {
      function done(): void {
        clearTimeout(timer)
        arrived = null
        resolve()
      }
      const timer = setTimeout(done, LONGEST_GATHERING)
      arrived = () => {
        if (waiting.length >= count) done()
      }
    })
  }

  async function pump(): Promise<void> {
    let alone = 0
    while (waiting.length > 0) {
      if (awaits) await awaits(waiting.map(({ request }) => request))
      const enough = wanted && alone === 0 ? wanted(waiting.length) : 0
      if (enough > waiting.length) await gathered(enough)
      const group = waiting.splice(0, alone > 0 ? 1 : groupSize(waiting))
      if (alone > 0) alone--
      let result: GroupResult
      try {
        const requests = group.map(({ request }) => request)
        const written = Promise.resolve(run(requests, clock()))
        last = requests.length
        writing = { requests: last, answered: written.catch(() => undefined) }
        result = await written
      } catch (error) {
        if (isStoreError(error) && error.code === 'invalid' && group.length > 1) {
          // One of them cannot cross to the thread: each goes alone, so that it fails alone.
          waiting = [...group, ...waiting]
          alone = group.length
        } else for (const { reject } of group) reject(error as Error)
        continue
      }
      if (result.notes.length > 0) onNotes(result.notes)
      const again = settle(group, result)
      if (again.length > 0) {
        waiting = [...again, ...waiting]
        await rest()
      }
    }
    running = false
    writing = null
    drained?.()
  }

  function settle(group: readonly Waiting[], { replies }: GroupResult): Waiting[] {
    const again: Waiting[] = []
    group.forEach((each, i) => {
      const reply = replies[i]
      if (reply === null || reply === undefined) {
        if (performance.now() - each.since < patience) again.push(each)
        else each.reject(new StoreError('busy', 'other processes keep the store locked; try again'))
      } else if ('failure' in reply) each.reject(errorOf(reply.failure))
      else each.resolve(reply.value)
    })
    return again
  }

  return {
    add: (request) =>
      new Promise((resolve, reject) => {
        if (closed) {
          reject(new StoreError('unavailable', 'the store is closed'))
          return
        }
        waiting.push({ request, since: performance.now(), resolve: resolve as (value: unknown) => void, reject })
        arrived?.()
        if (running) return
        running = true
        // Whatever else this turn of the event loop asks for joins the group.
        setImmediate(() => void pump())
      }),
    close() {
      closed = true
      return running ? new Promise((resolve) => (drained = resolve)) : Promise.resolve()
    },
    writing: () => writing,
    last: () => last,
  }
}

function groupSize(waiting: readonly Waiting[]): number {
  let octets = 0
  let size = 0
  while (size < waiting.length && size < GROUP_REQUESTS && octets < GROUP_OCTETS) {
    const { request } = waiting[size++]
    if (request.type === 'put') for (const chunk of request.chunks) octets += chunk.byteLength
  }
  return size
}

/** A little while, different for each process, so that they do not keep in step. */
function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 2 + Math.random() * 18))
}

/** A failure from the other side as an error of this one. */
export function errorOf({ code, message }: Failure): StoreError {
  return new StoreError(code, message)
}
