/** One commit of several ops: what its watchers hear, and what it may weigh. */
import type { Account, Op, Writer } from '@posthouse/store-api'
import { expect, test } from 'vitest'
import type { SqliteAccount } from '../src/index.js'
import { makeTestStore } from './test-store.js'

const summary = new Uint8Array()

async function withAnna(work: (anna: SqliteAccount, setQuota: (messages: number) => unknown) => Promise<void>) {
  const t = await makeTestStore()
  try {
    await work((await t.store.open('anna')) as SqliteAccount, (messages) => t.setQuota?.('anna', { messages }))
  } finally {
    await t.close?.()
  }
}

async function appendTo(anna: Account & Writer, to: string): Promise<Op> {
  return { op: 'append', to, staged: await anna.stage([new Uint8Array(10)]), summary, flags: 0 }
}

test('a commit that changes messages, rights and subscriptions tells of all of them', async () => {
  await withAnna(async (anna) => {
    const { results } = await anna.commit([{ op: 'create', path: ['A'] }])
    const [inbox] = await anna.mailboxes()
    const other = results[0]?.mailbox as string
    const append = await appendTo(anna, inbox.id)
    const share: Op = { op: 'acl', in: other, identifier: 'ben', mode: 'set', rights: 'lr' }
    const subscribe: Op = { op: 'subscribe', path: ['B'], on: true }
    const end = new AbortController()
    for (const [ops, told] of [
      [
        [append, share],
        [inbox.id, other],
      ],
      [[append, subscribe], [undefined]],
    ] as const) {
      const hints = anna.watch(end.signal)[Symbol.asyncIterator]()
      await anna.commit(ops)
      for (const mailbox of told) expect((await hints.next()).value?.mailbox).toBe(mailbox)
      await hints.return?.()
    }
  })
})

test('what a commit expunges or drops makes room for what it appends, in either order', async () => {
  await withAnna(async (anna, setQuota) => {
    const [{ id }] = await anna.mailboxes()
    const append = await appendTo(anna, id)
    const expunge = (uid: number): Op => ({ op: 'expunge', in: id, uids: [[uid, uid]], onlyDeleted: false })
    await anna.commit([append, append, append])
    await setQuota(3)
    await expect(anna.commit([append])).rejects.toMatchObject({ code: 'overquota' })
    await anna.commit([expunge(1), append])
    await anna.commit([append, expunge(2)])
    await expect(anna.commit([append, append, expunge(3)])).rejects.toMatchObject({ code: 'overquota' })
    // There are more than there may be: they may be replaced, and may not become more.
    await setQuota(1)
    await anna.commit([expunge(3), append])
    await expect(anna.commit([expunge(99), append])).rejects.toMatchObject({ code: 'overquota' })
    expect(Array.from(await anna.uids(id))).toEqual([4, 5, 6])
  })
})
