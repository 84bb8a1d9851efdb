import fc from 'fast-check'
import { expect, test } from 'vitest'
import { orderFrom } from '../../src/session/sort/kept-order.js'
import type { Made } from '../../src/session/sort/key-cache.js'
import type { TestServer } from '../servers.js'
import { mail, playSelected } from './play.js'

/** Keys by UID: many are the same. */
const KEYS = Array.from({ length: 400 }, (_, uid) => (uid * 7919) % 13)

const uidsOf = (list: readonly number[]): Uint32Array => Uint32Array.from([...new Set(list)].sort((a, b) => a - b))

test('an order that goes on from the last one is the order', async () => {
  const set = fc.uniqueArray(fc.nat(KEYS.length - 1), { maxLength: 120, size: 'max' })
  await fc.assert(
    fc.asyncProperty(fc.array(set, { minLength: 2, maxLength: 6 }), async (sets) => {
      let last: Made | undefined
      for (const uids of sets.map(uidsOf)) {
        const result = await orderFrom(
          last,
          uids,
          (a, b) => KEYS[uids[a]] - KEYS[uids[b]] || a - b,
          () => undefined,
        )
        const sorted = [...uids].sort((a, b) => KEYS[a] - KEYS[b] || a - b)
        expect(Array.from(result, (position) => uids[position])).toEqual(sorted)
        last = { uids, result }
      }
    }),
    { numRuns: 300 },
  )
})

test('what was ordered is not compared again; what is new is compared with few', async () => {
  const uids = uidsOf([...KEYS.keys()])
  let compared = 0
  const order = (list: Uint32Array, last?: Made): Promise<Float64Array> =>
    orderFrom(
      last,
      list,
      (a, b) => {
        compared++
        return KEYS[list[a]] - KEYS[list[b]] || a - b
      },
      () => undefined,
    )
  const before = uids.subarray(0, 399)
  const last = { uids: before, result: await order(before) }
  compared = 0
  expect(await order(before.slice(), last)).toBe(last.result)
  await order(
    before.filter((uid) => uid % 2 === 0),
    last,
  )
  expect(compared).toBe(0)
  await order(uids, last)
  expect(compared).toBeLessThan(10)
})

test('others have their turn while many new messages find their places', async () => {
  const length = 4_000
  const all = Uint32Array.from({ length }, (_, i) => i + 1)
  const compare = (a: number, b: number): number => a - b
  const uids = all.filter((uid) => uid % 2 === 0)
  const last = { uids, result: await orderFrom(undefined, uids, compare, () => undefined) }
  let pauses = 0
  const order = await orderFrom(last, all, compare, () => void pauses++)
  expect([...order]).toEqual([...all.keys()])
  // Sorting what is new pauses a few times by itself; finding places is the longer part.
  expect(pauses).toBeGreaterThanOrEqual(length / 2)
})

const mailbox = async (made: TestServer): Promise<void> => {
  for (const subject of ['c', 'a', 'b', 'd']) await made.deliver(mail({ Subject: subject }))
}

test('SORT and THREAD after messages have come, changed and gone', () =>
  playSelected(
    `
    C: a1 SORT (SUBJECT) UTF-8 ALL
    S: * SORT 2 3 1 4
    S: a1 OK SORT completed
    C: a2 THREAD ORDEREDSUBJECT UTF-8 ALL
    S: * THREAD (1)(2)(3)(4)
    S: a2 OK THREAD completed
    C: a3 APPEND INBOX {15+}
    C: Subject: aa
    C:
    C:
    S: * 5 EXISTS
    S: * 1 RECENT
    S: a3 OK {*}
    C: a4 SORT (SUBJECT) UTF-8 ALL
    S: * SORT 2 5 3 1 4
    S: a4 OK SORT completed
    C: a5 SORT (REVERSE SUBJECT) UTF-8 ALL
    S: * SORT 4 1 3 5 2
    S: a5 OK SORT completed
    C: a6 STORE 2 +FLAGS.SILENT (\\Deleted)
    S: a6 OK {*}
    C: a7 EXPUNGE
    S: * 2 EXPUNGE
    S: a7 OK {*}
    C: a8 SORT (SUBJECT) UTF-8 ALL
    S: * SORT 4 2 1 3
    S: a8 OK SORT completed
    C: a9 UID SORT (SUBJECT) UTF-8 ALL
    S: * SORT 5 3 1 4
    S: a9 OK SORT completed
    C: b1 THREAD ORDEREDSUBJECT UTF-8 ALL
    S: * THREAD (1)(2)(3)(4)
    S: b1 OK THREAD completed
    C: b2 UID THREAD ORDEREDSUBJECT UTF-8 ALL
    S: * THREAD (1)(3)(4)(5)
    S: b2 OK THREAD completed
    C: b3 SORT (SUBJECT) UTF-8 2:3
    S: * SORT 2 3
    S: b3 OK SORT completed
    C: b4 UID THREAD ORDEREDSUBJECT UTF-8 3
    S: * THREAD (4)
    S: b4 OK THREAD completed
    C: b5 THREAD ORDEREDSUBJECT UTF-8 3
    S: * THREAD (3)
    S: b5 OK THREAD completed
  `,
    mailbox,
  ))
