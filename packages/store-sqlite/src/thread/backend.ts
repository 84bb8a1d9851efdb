import { isStoreError, StoreError } from '@posthouse/store-api'
import type { ReadAnswers, ReadRequest } from '../read/requests.js'
import type { Answers, Failure, GroupResult, WriteRequest } from '../write/requests.js'
import type { ChangeNote } from '../write/state.js'
import { octetsOf } from './gather.js'
import { groupSize, type Weight } from './group-size.js'

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
  /** Groups that may be with the writer at once; it does them in order. Default: 1. */
  readonly ahead?: number
}

interface Waiting {
  readonly request: WriteRequest
  readonly since: number
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/** The queue in front of a writer: what arrives while the writer takes no more is the next group. */
export interface WriteQueue {
  add<T extends WriteRequest['type']>(request: Extract<WriteRequest, { type: T }>): Promise<Answers[T]>
  /** Waits until everything is answered; later requests are refused. */
  close(): Promise<void>
}

/**
 * So many requests do not wait for the end of the turn where a writer works beside this thread. With many connections a turn
 * is long: it would have nothing to do while we have, and we nothing while it has.
 */
const HANDFUL = 8

export function createWriteQueue({ run, clock, patience, onNotes, ahead = 1 }: QueueOptions): WriteQueue {
  let waiting: Waiting[] = []
  /** Groups with the writer. */
  let flying = 0
  let starting = false
  let resting = false
  let closed = false
  let drained: (() => void) | null = null

  const mayFly = (): boolean => !resting && flying < ahead

  /** Whatever else this turn of the event loop asks for joins the group. */
  function start(): void {
    if (starting || !mayFly() || waiting.length === 0) return
    starting = true
    setImmediate(() => {
      starting = false
      if (mayFly()) send()
      start()
    })
  }

  function send(): void {
    if (waiting.length > 0) void fly(waiting.splice(0, groupSize(waiting, weightOf)))
  }

  async function fly(group: readonly Waiting[]): Promise<void> {
    flying++
    const again = await write(group)
    flying--
    if (again.length > 0) {
      waiting = [...again, ...waiting]
      resting = true
      await rest()
      resting = false
    }
    if (waiting.length > 0) start()
    else if (flying === 0) drained?.()
  }

  /** Resolves to those that have to be asked again. */
  async function write(group: readonly Waiting[]): Promise<readonly Waiting[]> {
    try {
      const requests = group.map(({ request }) => request)
      const result = await run(requests, clock())
      if (result.notes.length > 0) onNotes(result.notes)
      return settle(group, result)
    } catch (error) {
      if (isStoreError(error) && error.code === 'invalid' && group.length > 1) {
        // One of them cannot cross to the thread: each goes alone, so that it fails alone.
        const again: Waiting[] = []
        for (const each of group) again.push(...(await write([each])))
        return again
      }
      for (const { reject } of group) reject(error as Error)
      return []
    }
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
        if (ahead > 1 && waiting.length >= HANDFUL && mayFly()) send()
        else start()
      }),
    close() {
      closed = true
      return flying > 0 || waiting.length > 0 ? new Promise((resolve) => (drained = resolve)) : Promise.resolve()
    },
  }
}

function weightOf({ request }: Waiting): Weight {
  return { requests: 1, pieces: octetsOf(request) }
}

/** A little while, different for each process, so that they do not keep in step. */
function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 2 + Math.random() * 18))
}

/** A failure from the other side as an error of this one. */
export function errorOf({ code, message }: Failure): StoreError {
  return new StoreError(code, message)
}
