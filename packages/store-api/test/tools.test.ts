import {
  collectBytes,
  collectRows,
  composeText,
  createMemoryStore,
  createWatchQueue,
  deliverTo,
  Flag,
  isStoreError,
  type MailboxInfo,
  type MailStore,
  type MessageRow,
  metaOf,
  type Op,
  type OpResult,
  pages,
  quotaOf,
  readOnly,
  searchOf,
  sliceOf,
  stageFor,
  uidsOf,
  vanishedOf,
  watchOf,
  withQuota,
  writerOf,
} from '@posthouse/store-api'
import { describe, expect, test } from 'vitest'

const bytes = (text: string) => new TextEncoder().encode(text)
const summary = new Uint8Array(0)

/** The five methods that every writable account has, and nothing more. */
function bare(store: MailStore): MailStore {
  return {
    async open(name) {
      const { mailboxes, messages, read, stage, commit } = await store.open(name)
      return { mailboxes, messages, read, stage: stage!, commit: commit! }
    },
  }
}

async function deliver(store: MailStore, account: string, text: string, dedup: string) {
  const staged = await stageFor(store, account, [bytes(text)])
  return deliverTo(store, { staged, summary, to: [{ account, dedup }] })
}

const codeOf = (error: unknown) => (isStoreError(error) ? error.code : String(error))

describe('fallbacks give what the methods would', () => {
  test('uids, vanished, quota, meta, search', async () => {
    const full = createMemoryStore({ autoCreate: true })
    const store = bare(full)
    for (let i = 0; i < 5; i++) await deliver(store, 'ann', `message ${i}`, `${i}`)
    const [rich, poor] = [await full.open('ann'), await store.open('ann')]
    const [{ id, modseq }] = (await poor.mailboxes()) as [MailboxInfo]
    await poor.commit!([{ op: 'expunge', in: id, uids: [[2, 3]], onlyDeleted: false }])
    for (const account of [rich, poor]) {
      expect([...(await uidsOf(account, id))]).toEqual([1, 4, 5])
      expect(await vanishedOf(account, id, { since: modseq, known: [[1, 5]] })).toEqual([[2, 3]])
      expect(await vanishedOf(account, id, { since: modseq, known: [[3, 4]] })).toEqual([[3, 3]])
      expect((await quotaOf(account))[0]!.used).toEqual({ bytes: 27, messages: 3 })
    }
    expect(await metaOf(poor, null, '')).toEqual([])
    expect(await searchOf(poor, id, { type: 'all' })).toBeNull()
  })

  test('deliverTo: by deliver, or account by account', async () => {
    for (const wrap of [(store: MailStore) => store, bare]) {
      const store = wrap(createMemoryStore({ autoCreate: (name) => name !== 'nobody' }))
      const staged = await stageFor(store, 'ann', [bytes('to all')])
      const to = [
        { account: 'ann', dedup: 'a' },
        { account: 'nobody', dedup: 'a' },
        { account: 'bob', dedup: 'a', path: ['New'] },
        { account: 'ann', dedup: 'a' },
      ]
      const results = await deliverTo(store, { staged, summary, to })
      expect(results.map((result) => (result instanceof Error ? codeOf(result) : (result.duplicate ?? false)))).toEqual(
        [false, 'nonexistent', false, true],
      )
    }
  })

  test('watchOf polls, doubles its wait, and starts again after a change', async () => {
    const store = createMemoryStore({ autoCreate: true })
    const account = await bare(store).open('ann')
    const controller = new AbortController()
    const waits: number[] = []
    const sleep = async (ms: number) => {
      waits.push(ms)
      if (waits.length === 6) await deliver(store, 'ann', 'new', 'new')
      if (waits.length === 8) controller.abort()
    }
    const hints = []
    for await (const hint of watchOf(account, controller.signal, { sleep })) hints.push(hint)
    expect(waits).toEqual([2000, 4000, 8000, 16_000, 30_000, 30_000, 2000, 4000])
    expect(hints).toHaveLength(1)
    expect(hints[0]).toMatchObject({ mailbox: (await account.mailboxes())[0]!.id })
  })

  test('a poll tells of what came between the call and its first pull, and of mailboxes that go', async () => {
    const store = createMemoryStore({ autoCreate: true })
    const account = await bare(store).open('ann')
    const made = await account.commit!([{ op: 'create', path: ['Brief'] }])
    const controller = new AbortController()
    const hints = watchOf(account, controller.signal, { sleep: async () => {} })
    await account.commit!([{ op: 'drop', id: made.results[0]!.mailbox! }])
    expect((await hints[Symbol.asyncIterator]().next()).value).toEqual({ mailbox: made.results[0]!.mailbox })
    controller.abort()
  })
})

describe('the queue of a watcher', () => {
  test('merges by mailbox, keeps what came before the first pull, and ends with its signal', async () => {
    const controller = new AbortController()
    let ended = 0
    const queue = createWatchQueue(controller.signal, { maxHints: 3, onEnd: () => ended++ })
    queue.push({ mailbox: 'a', modseq: 1 })
    queue.push({ mailbox: 'b', modseq: 2 })
    queue.push({ mailbox: 'a', modseq: 3 })
    const hints = queue[Symbol.asyncIterator]()
    expect((await hints.next()).value).toEqual({ mailbox: 'a', modseq: 3 })
    expect((await hints.next()).value).toEqual({ mailbox: 'b', modseq: 2 })
    for (const mailbox of ['a', 'b', 'c', 'd', 'e']) queue.push({ mailbox })
    expect((await hints.next()).value).toEqual({})
    const waiting = hints.next()
    controller.abort()
    expect((await waiting).done).toBe(true)
    await hints.return?.()
    expect(ended).toBe(1)
  })

  test('leaving the loop ends it', async () => {
    let ended = 0
    const queue = createWatchQueue(new AbortController().signal, { onEnd: () => ended++ })
    queue.push({})
    for await (const _ of queue) break
    expect(ended).toBe(1)
  })
})

describe('stores made of stores', () => {
  test('readOnly has nothing that writes', async () => {
    const store = createMemoryStore({ autoCreate: true })
    await deliver(store, 'ann', 'kept', '1')
    const shown = readOnly(store)
    const account = await shown.open('ann')
    expect(account.commit ?? account.stage ?? account.summaries ?? shown.deliver ?? shown.stage).toBeUndefined()
    expect((await account.mailboxes())[0]!.messages).toBe(1)
    expect(() => writerOf(account)).toThrow(expect.objectContaining({ code: 'readonly' }))
  })

  test('withQuota refuses what does not fit, also from many handles at once', async () => {
    const store = withQuota(createMemoryStore({ autoCreate: true }), () => ({ messages: 3 }))
    const results = await Promise.all(
      Array.from({ length: 6 }, async (_, i) => (await deliver(store, 'ann', `message ${i}`, `${i}`))[0]),
    )
    expect(results.filter((result) => result instanceof Error).map(codeOf)).toEqual(Array(3).fill('overquota'))
    const account = await store.open('ann')
    expect((await account.mailboxes())[0]!.messages).toBe(3)
    const [{ id }] = (await account.mailboxes()) as [MailboxInfo]
    const copy = account.commit!([{ op: 'copy', from: id, uids: [[1, 9]], to: id }])
    await expect(copy).rejects.toMatchObject({ code: 'overquota' })
    await account.commit!([{ op: 'expunge', in: id, onlyDeleted: false }])
    expect(await account.quota!()).toEqual([{ root: '', used: { bytes: 0, messages: 0 }, limit: { messages: 3 } }])
  })

  test('withQuota: what a commit takes away is counted only where there is no room without', async () => {
    const memory = createMemoryStore({ autoCreate: true })
    let counted = 0
    const counting: MailStore = {
      ...memory,
      async open(name, as) {
        const account = await memory.open(name, as)
        const messages: typeof account.messages = (...about) => {
          counted++
          return account.messages(...about)
        }
        return { ...account, messages }
      },
    }
    const account = await withQuota(counting, () => ({ messages: 3 })).open('ann')
    const [{ id }] = (await account.mailboxes()) as [MailboxInfo]
    const append: Op = { op: 'append', to: id, staged: await account.stage!([bytes('one')]), summary, flags: 0 }
    const expunge: Op = { op: 'expunge', in: id, onlyDeleted: false }
    for (const ops of [[append, append], [expunge], [expunge, append], [append, append]]) await account.commit!(ops)
    expect(counted).toBe(0)
    await account.commit!([expunge, append])
    expect(counted).toBe(1)
  })

  test('withQuota: what a commit takes away makes room for what it adds, once and in either order', async () => {
    const store = withQuota(createMemoryStore({ autoCreate: true }), () => ({ bytes: 30, messages: 3 }))
    for (let i = 0; i < 3; i++) await deliver(store, 'ann', `message ${i}`, `${i}`)
    const account = await store.open('ann')
    const [{ id }] = (await account.mailboxes()) as [MailboxInfo]
    const staged = await account.stage!([bytes('another 1')])
    const append: Op = { op: 'append', to: id, staged, summary, flags: Flag.Deleted }
    const expunge = (uid: number): Op => ({ op: 'expunge', in: id, uids: [[uid, uid]], onlyDeleted: false })
    await account.commit!([expunge(1), append])
    await account.commit!([append, expunge(2)])
    const tooMuch = [
      [expunge(3), expunge(3), append, append],
      [expunge(9), append],
      [{ op: 'expunge', in: id, uids: [[3, 3]], onlyDeleted: true } as const, append],
    ]
    for (const ops of tooMuch) await expect(account.commit!(ops)).rejects.toMatchObject({ code: 'overquota' })
    await account.commit!([{ op: 'expunge', in: id, onlyDeleted: true }, append, append])
    expect(await collectRows(account.messages(id, {}))).toMatchObject([{ uid: 3 }, { uid: 6 }, { uid: 7 }])
    const [{ mailbox }] = (await account.commit!([{ op: 'create', path: ['A'] }])).results as [OpResult]
    await account.commit!([{ op: 'move', from: id, uids: [[1, 9]], to: mailbox! }])
    await account.commit!([{ op: 'drop', id: mailbox! }, append, append, append])
  })
})

describe('for adapters', () => {
  const rows = Array.from({ length: 25 }, (_, i) => ({ uid: i * 2 + 1, modseq: i + 1 }) as MessageRow)

  test('pages asks by key, and only for what is wanted', async () => {
    const asked: string[] = []
    const fetch = (query: { from: number; to: number; since: number; limit: number }) => {
      asked.push(`${query.from}-${query.to}`)
      return rows
        .filter((row) => row.uid >= query.from && row.uid <= query.to && row.modseq > query.since)
        .slice(0, query.limit)
    }
    const all = await collectRows(pages({}, fetch, 10))
    expect(all).toEqual(rows)
    expect(asked).toEqual(['1-4294967295', '20-4294967295', '40-4294967295'])
    const some = await collectRows(
      pages(
        {
          uids: [
            [3, 6],
            [49, 60],
          ],
          since: 2,
        },
        fetch,
        10,
      ),
    )
    expect(some.map(({ uid }) => uid)).toEqual([5, 49])
  })

  test('sliceOf keeps to the range', async () => {
    const octets = bytes('0123456789')
    expect(await collectBytes(sliceOf(octets, { start: 2, end: 4 }))).toEqual(bytes('23'))
    expect(await collectBytes(sliceOf(octets, { start: 8, end: 40 }))).toEqual(bytes('89'))
    expect(await collectBytes(sliceOf(octets, { start: 40 }))).toEqual(bytes(''))
    expect(await collectBytes(sliceOf(octets))).toEqual(octets)
  })

  test('composeText: the same octets each time, ASCII on the wire, no header from the text', () => {
    const message = {
      from: 'Zoë <zoe@example.org>',
      to: 'ann@example.org',
      subject: 'Grüße\r\nBcc: evil@example.org',
      date: Date.UTC(2026, 1, 3, 4, 5, 6),
      messageId: '42@app.example.org',
      text: 'Hallo\nWelt 📬',
    }
    const text = new TextDecoder().decode(composeText(message))
    expect(composeText(message)).toEqual(composeText({ ...message }))
    expect(text).toMatch(/^[\x20-\x7e\r\n]*$/)
    expect(text).not.toMatch(/^Bcc/m)
    expect(text).toContain('Date: Tue, 3 Feb 2026 04:05:06 +0000\r\n')
    expect(text).toContain(`From: =?UTF-8?B?${btoa('Zo\u00c3\u00ab')}?= <zoe@example.org>\r\n`)
    const body = atob(text.slice(text.indexOf('\r\n\r\n') + 4).replaceAll('\r\n', ''))
    expect(new TextDecoder().decode(Uint8Array.from(body, (char) => char.charCodeAt(0)))).toBe('Hallo\r\nWelt 📬')
    const plain = new TextDecoder().decode(composeText({ ...message, subject: 'Plain', text: 'a\nb' }))
    expect(plain.endsWith('Content-Transfer-Encoding: 7bit\r\n\r\na\r\nb')).toBe(true)
  })
})
