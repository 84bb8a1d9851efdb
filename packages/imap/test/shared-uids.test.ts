/** Views of one mailbox share their UIDs, and no view ever sees another one's changes. */
import type { MailboxInfo } from '@posthouse/store-api'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MailboxView } from '../src/session/view/mailbox-view.js'
import { SharedUids } from '../src/session/view/shared-uids.js'
import { DialogueClient } from './dialogue.js'
import { HELLO, serverOver, testServer } from './servers.js'

const KEY = 'the INBOX of alice'

function open(uids: SharedUids, known: readonly number[], modseq: number): MailboxView {
  const mailbox = { id: 'INBOX', modseq, messages: known.length } as MailboxInfo
  return new MailboxView(mailbox, uids.recall(KEY, mailbox) ?? Uint32Array.from(known), false, { uids, key: KEY })
}

/** A mailbox: its UIDs at each modification sequence. */
const history = fc
  .array(fc.record({ add: fc.nat(3), remove: fc.array(fc.nat(30), { maxLength: 3 }) }), { minLength: 1, maxLength: 15 })
  .map((steps) => {
    const states: number[][] = [[1, 2, 3, 4, 5]]
    let next = 6
    for (const { add, remove } of steps) {
      const kept = states[states.length - 1]?.filter((uid) => !remove.includes(uid)) as number[]
      for (let i = 0; i < add; i++) kept.push(next++)
      states.push(kept)
    }
    return states
  })

test('views that come and go and learn at their own pace always hold what they were told', () => {
  fc.assert(
    fc.property(history, fc.array(fc.tuple(fc.nat(5), fc.boolean()), { maxLength: 60 }), (states, moves) => {
      const uids = new SharedUids()
      const views = new Map<number, { view: MailboxView; at: number }>()
      let now = 0
      for (const [i, [who, leaves]] of moves.entries()) {
        if (i % 3 === 0 && now < states.length - 1) now++
        const one = views.get(who)
        if (!one) {
          views.set(who, { view: open(uids, states[now] as number[], now), at: now })
        } else if (leaves) {
          one.view.release()
          views.delete(who)
        } else {
          const [before, after] = [states[one.at] as number[], states[now] as number[]]
          const gone = before.filter((uid) => !after.includes(uid))
          one.view.remove(gone.map((uid) => [uid, uid] as const))
          one.view.append(after.filter((uid) => uid > (before.at(-1) ?? 0) && !before.includes(uid)))
          one.at = one.view.cursor = now
          one.view.settle()
        }
        for (const { view, at } of views.values()) expect([...view.uids]).toEqual(states[at])
      }
      for (const { view } of views.values()) view.release()
      expect(uids.size).toBe(0)
    }),
    { numRuns: 300 },
  )
})

test('two views with the same messages have the same memory, also after changes', () => {
  const uids = new SharedUids()
  const views = [0, 1].map(() => open(uids, [1, 2, 3, 4], 1))
  const together = (): boolean => views[0]?.uids.buffer === views[1]?.uids.buffer
  expect(together()).toBe(true)
  for (const [cursor, change] of [
    [2, (view: MailboxView) => view.append([5, 6])],
    [3, (view: MailboxView) => void view.remove([[2, 3]])],
    [4, (view: MailboxView) => view.append(Array.from({ length: 50 }, (_, i) => 7 + i))],
  ] as const) {
    for (const view of views) {
      change(view)
      view.cursor = cursor
      view.settle()
    }
    expect(together()).toBe(true)
    expect([...(views[0]?.uids ?? [])]).toEqual([...(views[1]?.uids ?? [])])
  }
})

test('a view whose store has told it a wrong modification sequence does not pass on what it sees', () => {
  const uids = new SharedUids()
  const misled = open(uids, [1, 2], 1)
  misled.cursor = 9
  misled.settle()
  const fresh = open(uids, [1, 2, 3], 9)
  expect([...fresh.uids]).toEqual([1, 2, 3])
  expect([...misled.uids]).toEqual([1, 2])
  expect(uids.recall(KEY, { modseq: 9, messages: 3 })?.count).toBe(3)
})

test('the UIDs of a mailbox are read once, however many sessions select it', async () => {
  const made = testServer()
  for (let i = 0; i < 3; i++) await made.deliver(HELLO)
  let reads = 0
  const server = serverOver(made, (account) => ({
    uids(mailbox) {
      reads++
      return (account.uids as NonNullable<typeof account.uids>)(mailbox)
    },
  }))
  for (let i = 0; i < 5; i++) {
    const client = new DialogueClient(server)
    await client.logIn('alice')
    expect(await client.run('s SELECT INBOX')).toContain('* 3 EXISTS')
  }
  expect(reads).toBe(1)
  await made.deliver(HELLO)
  const client = new DialogueClient(server)
  await client.logIn('alice')
  expect(await client.run('s SELECT INBOX')).toContain('* 4 EXISTS')
  expect(reads).toBe(2)
})
