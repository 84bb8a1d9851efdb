/** Which requests are written together: the queue in front of a writer. */
import { StoreError } from '@posthouse/store-api'
import { expect, test } from 'vitest'
import { createWriteQueue, type QueueOptions, type WriteQueue } from '../src/thread/backend.js'
import type { GroupResult, WriteRequest } from '../src/write/requests.js'

/** A queue in front of a writer that answers a group when it is told to. */
function manual(options: Partial<QueueOptions> = {}): {
  readonly queue: WriteQueue
  readonly groups: number[]
  readonly answer: () => void
} {
  const groups: number[] = []
  const writing: (() => void)[] = []
  const run = (requests: readonly WriteRequest[]): Promise<GroupResult> => {
    groups.push(requests.length)
    return new Promise((resolve) =>
      writing.push(() => resolve({ replies: requests.map(() => ({ value: null })), notes: [] })),
    )
  }
  const queue = createWriteQueue({ run, clock: Date.now, patience: 0, onNotes() {}, ...options })
  return { groups, queue, answer: () => writing.shift()?.() }
}

const discard = (queue: WriteQueue): Promise<null> => queue.add<'discard'>({ type: 'discard', blob: 1 })
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

test('what is asked in one turn of the event loop is one group', async () => {
  const { queue, groups, answer } = manual()
  const asked = [discard(queue), discard(queue), discard(queue)]
  await turn()
  answer()
  await Promise.all(asked)
  expect(groups).toEqual([3])
})

test('what is asked while the writer takes no more is the next group', async () => {
  const { queue, groups, answer } = manual({ ahead: 2 })
  const asked = [discard(queue)]
  await turn()
  asked.push(discard(queue), discard(queue))
  await turn()
  expect(groups).toEqual([1, 2])
  asked.push(discard(queue))
  await turn()
  asked.push(discard(queue), discard(queue))
  await turn()
  expect(groups).toEqual([1, 2])
  answer()
  await turn()
  expect(groups).toEqual([1, 2, 3])
  answer()
  answer()
  await Promise.all(asked)
})

test('a queue that is closed writes what waits, and waits for what is written', async () => {
  const { queue, groups, answer } = manual()
  const first = discard(queue)
  await turn()
  const second = discard(queue)
  let isClosed = false
  const closed = queue.close().then(() => {
    isClosed = true
  })
  await expect(discard(queue)).rejects.toMatchObject({ code: 'unavailable' })
  answer()
  await first
  await turn()
  expect(isClosed).toBe(false)
  answer()
  await Promise.all([second, closed])
  expect(groups).toEqual([1, 1])
})

test('of a group that fails because one cannot cross, only that one fails', async () => {
  const run = async (requests: readonly WriteRequest[]): Promise<GroupResult> => {
    if (requests.some((request) => request.type === 'discard' && request.blob === 2)) {
      throw new StoreError('invalid', 'not plain data')
    }
    return { replies: requests.map(() => ({ value: null })), notes: [] }
  }
  const queue = createWriteQueue({ run, clock: Date.now, patience: 0, onNotes() {}, ahead: 4 })
  const asked = [1, 2, 3].map((blob) => queue.add<'discard'>({ type: 'discard', blob }))
  const outcomes = await Promise.allSettled(asked)
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  await queue.close()
})
