/** Which requests are written together: the queue in front of a writer. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createWriteQueue, type QueueOptions, type WriteQueue } from '../src/thread/backend.js'
import type { WriteRequest } from '../src/write/requests.js'

// The clock stands still: nobody is too late because the machine is slow.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

/** A queue whose writer notes the sizes of its groups. */
function noting(options: Partial<QueueOptions>): { readonly queue: WriteQueue; readonly groups: number[] } {
  const groups: number[] = []
  const run = (requests: readonly WriteRequest[]) => {
    groups.push(requests.length)
    return { replies: requests.map(() => ({ value: null })), notes: [] }
  }
  return { groups, queue: createWriteQueue({ run, clock: Date.now, patience: 0, onNotes() {}, ...options }) }
}

const discard = (queue: WriteQueue): Promise<null> => queue.add<'discard'>({ type: 'discard', blob: 1 })
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('what is asked in one turn of the event loop is one group', async () => {
  const { queue, groups } = noting({})
  await Promise.all([discard(queue), discard(queue), discard(queue)])
  expect(groups).toEqual([3])
  expect(queue.last()).toBe(3)
})

test('a group waits for more requests until there are as many as are wanted', async () => {
  const { queue, groups } = noting({ wanted: (waiting) => (waiting < 2 ? 0 : 5) })
  const asked = [discard(queue), discard(queue)]
  await turn()
  expect(groups).toEqual([])
  asked.push(discard(queue), discard(queue), discard(queue))
  await Promise.all(asked)
  expect(groups).toEqual([5])
})

test('it does not wait for those who never come, and one alone does not wait', async () => {
  const { queue, groups } = noting({ wanted: (waiting) => (waiting < 2 ? 0 : 5) })
  const asked = Promise.all([discard(queue), discard(queue)])
  await turn()
  expect(groups).toEqual([])
  vi.advanceTimersByTime(3)
  await asked
  await discard(queue)
  expect(groups).toEqual([2, 1])
})

test('a queue that is closed writes what waits', async () => {
  const { queue, groups } = noting({ wanted: () => 5 })
  const asked = [discard(queue), discard(queue)]
  await turn()
  const closed = queue.close()
  vi.advanceTimersByTime(3)
  await closed
  await Promise.all(asked)
  expect(groups).toEqual([2])
  await expect(discard(queue)).rejects.toMatchObject({ code: 'unavailable' })
})
