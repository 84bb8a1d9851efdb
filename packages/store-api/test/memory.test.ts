import {
  type Account,
  collectBytes,
  collectRows,
  createMemoryStore,
  isStoreError,
  type Writer,
} from '@posthouse/store-api'
import { describe, expect, test } from 'vitest'

const bytes = (text: string) => new TextEncoder().encode(text)
const summary = new Uint8Array(0)

async function inboxOf(account: Account) {
  return (await account.mailboxes())[0]!
}

async function append(account: Account, text: string): Promise<void> {
  const { stage, commit } = account as Account & Writer
  const staged = await stage([bytes(text)])
  await commit([{ op: 'append', to: (await inboxOf(account)).id, staged, summary, flags: 0 }])
}

async function codeOf(attempt: Promise<unknown>): Promise<string> {
  return attempt.then(
    () => 'accepted',
    (error: unknown) => (isStoreError(error) ? error.code : String(error)),
  )
}

describe('accounts and addresses', () => {
  test('an unknown account is nonexistent; autoCreate makes it', async () => {
    expect(await codeOf(createMemoryStore().open('ann'))).toBe('nonexistent')
    const some = createMemoryStore({ autoCreate: (name) => name.endsWith('@example.org') })
    expect(await codeOf(some.open('ann@example.org'))).toBe('accepted')
    expect(await codeOf(some.open('ann@example.net'))).toBe('nonexistent')
  })

  test('addresses resolve without case to their account', async () => {
    const store = createMemoryStore()
    store.addAddress('Sales@Example.org', 'ann')
    store.addAccount('bob@example.org')
    expect(await store.resolve('sales@EXAMPLE.ORG')).toBe('ann')
    expect(await store.resolve('Bob@example.org')).toBe('bob@example.org')
    expect(await store.resolve('carol@example.org')).toBeNull()
    expect(await store.resolve('nonsense')).toBeNull()
    expect(await createMemoryStore({ autoCreate: true }).resolve('New@example.org')).toBe('new@example.org')
    expect(await createMemoryStore({ resolve: () => 'catch-all' }).resolve('x@example.org')).toBe('catch-all')
  })
})

describe('delivery', () => {
  test('one staging, many targets: each its prefix, mailbox and result', async () => {
    const store = createMemoryStore()
    for (const name of ['ann', 'bob', 'full']) store.addAccount(name)
    store.setQuota('full', { messages: 0 })
    const staged = await store.stage([bytes('Subject: hi\r\n\r\nhi\r\n')])
    const to = [
      { account: 'ann', dedup: '1', prefix: bytes('Delivered-To: ann\r\n') },
      { account: 'bob', dedup: '1', path: ['Lists', 'News'], flags: 4, keywords: ['$label1'] },
      { account: 'nobody', dedup: '1' },
      { account: 'full', dedup: '1' },
    ]
    const results = await store.deliver({ staged, summary, to })
    expect(results.map((result) => (isStoreError(result) ? result.code : 'delivered'))).toEqual([
      'delivered',
      'delivered',
      'nonexistent',
      'overquota',
    ])
    const ann = await store.open('ann')
    const [row] = await collectRows(ann.messages((await inboxOf(ann)).id, {}))
    expect(row!.size).toBe(staged.size + row!.prefix!.length)
    const bob = await store.open('bob')
    const news = (await bob.mailboxes()).find(({ path }) => path.join('/') === 'Lists/News')!
    expect(await collectRows(bob.messages(news.id, {}))).toMatchObject([{ flags: 4, keywords: ['$label1'] }])

    const again = await store.deliver({ staged, summary, to: to.slice(0, 2) })
    expect(again).toMatchObject([{ duplicate: true }, { duplicate: true }])
    expect(store.usage().messages).toBe(2)
  })

  test('a refused delivery into a new mailbox leaves no mailbox', async () => {
    const store = createMemoryStore()
    store.addAccount('ann')
    store.setQuota('ann', { bytes: 3 })
    const staged = await store.stage([bytes('too much')])
    const [result] = await store.deliver({ staged, summary, to: [{ account: 'ann', dedup: '1', path: ['New'] }] })
    expect(isStoreError(result) && result.code).toBe('overquota')
    expect((await (await store.open('ann')).mailboxes()).map(({ path }) => path)).toEqual([['INBOX']])
  })
})

describe('what it may hold', () => {
  test('maxBytes, maxMessages, maxMessageBytes', async () => {
    const store = createMemoryStore({ maxBytes: 100, maxMessages: 2, maxMessageBytes: 40, autoCreate: true })
    const ann = await store.open('ann')
    expect(await codeOf(append(ann, 'x'.repeat(41)))).toBe('toolarge')
    await append(ann, 'x'.repeat(40))
    await append(ann, 'x'.repeat(40))
    expect(await codeOf(append(ann, 'x'.repeat(30)))).toBe('limit')
    expect(await codeOf(append(ann, 'x'))).toBe('limit')
    expect(store.usage()).toMatchObject({ messages: 2 })
  })

  test('octets are freed when lease and grace are over, and make room', async () => {
    let now = 1_000_000
    const store = createMemoryStore({ maxBytes: 100, leaseMs: 1000, graceMs: 5000, clock: () => now, autoCreate: true })
    const ann = await store.open('ann')
    await append(ann, 'x'.repeat(90))
    const { id } = await inboxOf(ann)
    await ann.commit!([{ op: 'expunge', in: id, onlyDeleted: false }])
    now += 2000
    expect(await codeOf(append(ann, 'y'.repeat(90)))).toBe('limit')
    now += 4000
    await append(ann, 'y'.repeat(90))
    expect(store.usage()).toMatchObject({ messages: 1, octets: 90 })
  })

  test('a removed account frees its messages', async () => {
    let now = 0
    const store = createMemoryStore({ clock: () => now, autoCreate: true })
    await append(await store.open('ann'), 'gone')
    store.removeAccount('ann')
    now += 2 * 3_600_000
    store.collect()
    expect(store.usage()).toEqual({ octets: 0, messages: 0, accounts: 0, watchers: 0 })
  })
})

test('a mailbox op that changes nothing raises nothing and gives no hint (R5)', async () => {
  const store = createMemoryStore({ autoCreate: true })
  const ann = (await store.open('ann')) as Account & Writer
  const made = await ann.commit([{ op: 'create', path: ['Junk'], role: 'junk' }])
  const id = made.results[0]!.mailbox!
  const controller = new AbortController()
  const hints = ann.watch!(controller.signal)[Symbol.asyncIterator]()
  const same = await ann.commit([{ op: 'mailbox', id, path: ['Junk'], role: 'junk', noSelect: false }])
  expect(same.modseq).toBe(made.modseq)
  const other = await ann.commit([{ op: 'mailbox', id, role: null }])
  expect(other.modseq).toBe(made.modseq + 1)
  await ann.commit([{ op: 'create', path: ['Later'] }])
  expect([(await hints.next()).value?.mailbox, (await hints.next()).value?.mailbox]).toEqual([
    id,
    expect.not.stringMatching(id),
  ])
  controller.abort()
})

test('internal dates and clocks may have fractions, which are left out', async () => {
  const store = createMemoryStore({ autoCreate: true, clock: () => 1_000_000.75 })
  const ann = (await store.open('ann')) as Account & Writer
  const { id } = await inboxOf(ann)
  const staged = await ann.stage([bytes('x')])
  const append = (internalDate?: number) =>
    ann.commit([
      { op: 'append', to: id, staged, summary, flags: 0, ...(internalDate !== undefined && { internalDate }) },
    ])
  await append()
  await append(1.5)
  await append(-0.5)
  const rows = await collectRows(ann.messages(id, {}))
  expect(rows.map(({ internalDate, saveDate }) => [internalDate, saveDate])).toEqual([
    [1_000_000, 1_000_000],
    [1, 1_000_000],
    [0, 1_000_000],
  ])
  for (const none of [Number.NaN, Infinity, 8.64e15 + 1]) expect(await codeOf(append(none))).toBe('invalid')
})

test('a copy into a mailbox that holds no messages is refused, also one of nothing', async () => {
  const store = createMemoryStore({ autoCreate: true })
  const ann = (await store.open('ann')) as Account & Writer
  const [made] = (await ann.commit([{ op: 'create', path: ['Node'] }])).results
  const to = made!.mailbox!
  await ann.commit([{ op: 'mailbox', id: to, noSelect: true }])
  const { id } = await inboxOf(ann)
  for (const op of ['copy', 'move'] as const)
    expect(await codeOf(ann.commit([{ op, from: id, uids: [[1, 9]], to }]))).toBe('nonexistent')
})

test('the rights above a new name are those of the mailbox that it lies under, however that is spelt', async () => {
  const store = createMemoryStore({ autoCreate: true })
  const ann = (await store.open('ann')) as Account & Writer
  await ann.commit([
    { op: 'create', path: ['A'] },
    { op: 'create', path: ['A', '\u00c5'] },
  ])
  store.share('ann', 'ben', 'lrk', ['A'])
  store.share('ann', 'ben', 'lr', ['A', '\u00c5'])
  store.share('ann', 'ben', 'lrk', ['INBOX'])
  const ben = (await store.open('ann', { principal: 'ben' })) as Account & Writer
  const create = (...path: string[]) => codeOf(ben.commit([{ op: 'create', path }]))
  expect(await create('A', '\u00c5', 'composed')).toBe('noperm')
  expect(await create('A', 'A\u030a', 'decomposed')).toBe('noperm')
  expect(await create('inbox', 'new')).toBe('accepted')
})

describe('a removed account', () => {
  const ben = { principal: 'ben' }
  const see = { op: 'flags', uids: [[1, 1]], mode: 'add', flags: 1 } as const
  const note = { op: 'meta', key: '/private/note', value: bytes('n'), private: true } as const

  test('leaves nothing of what it had with others to the next one of its name', async () => {
    const store = createMemoryStore()
    for (const name of ['ann', 'ben', 'cat']) store.addAccount(name)
    const ann = (await store.open('ann')) as Account & Writer
    await append(ann, 'shared')
    const { id } = await inboxOf(ann)
    for (const name of ['ben', 'cat', 'group:ben', '-dan']) store.share('ann', name, 'lrs')
    const guests = async (name: string) => (await store.open('ann', { principal: name })) as Account & Writer
    for (const name of ['ben', 'cat'])
      await (await guests(name)).commit([
        { ...see, in: id },
        { ...note, mailbox: id },
        { op: 'subscribe', path: ['INBOX'], on: true },
      ])
    store.removeAccount('ben')
    store.addAccount('ben')
    expect(await store.sharedWith(ben)).toEqual([])
    expect(await codeOf(store.open('ann', ben))).toBe('nonexistent')
    expect(await store.sharedWith({ ...ben, groups: ['group:ben'] })).toEqual(['ann'])
    store.share('ann', 'ben', 'lrs')
    const seenBy = async (name: string) => {
      const guest = await guests(name)
      const [row] = await collectRows(guest.messages(id, {}))
      return [row!.flags, (await guest.meta!(id, '')).length, (await guest.subscriptions!()).length]
    }
    expect(await seenBy('ben')).toEqual([0, 0, 0])
    expect(await seenBy('cat')).toEqual([1, 1, 1])
  })

  test('takes its addresses along, and whoever watches it hears of that', async () => {
    const store = createMemoryStore()
    store.addAddress('info@example.org', 'ann')
    const hints = (await store.open('ann')).watch!(AbortSignal.timeout(60_000))[Symbol.asyncIterator]()
    store.removeAccount('ann')
    expect(await store.resolve('info@example.org')).toBe(null)
    expect((await hints.next()).value).toEqual({})
  })
})

describe('rows and octets', () => {
  test('columns are filled when they are asked for', async () => {
    const store = createMemoryStore({ autoCreate: true })
    const ann = await store.open('ann')
    const header = bytes('A: b\r\n\r\n')
    const staged = await ann.stage!([bytes('A: b\r\n\r\nbody')])
    const { id } = await inboxOf(ann)
    await ann.commit!([{ op: 'append', to: id, staged, summary: bytes('s'), header, flags: 0 }])
    const [plain] = await collectRows(ann.messages(id, {}))
    expect([plain!.summary, plain!.header, plain!.inline]).toEqual([undefined, undefined, undefined])
    const [full] = await collectRows(ann.messages(id, { want: ['summary', 'header', 'inline'] }))
    expect([full!.summary, full!.header]).toEqual([bytes('s'), header])
    expect(full!.inline).toEqual(await collectBytes(ann.read(full!.blob)))
    await ann.summaries!([{ emailId: full!.emailId, summary: bytes('new') }])
    expect((await collectRows(ann.messages(id, { want: ['summary'] })))[0]!.summary).toEqual(bytes('new'))
  })

  test('a row that was given out does not change any more', async () => {
    const store = createMemoryStore({ autoCreate: true })
    const ann = await store.open('ann')
    await append(ann, 'still')
    const { id } = await inboxOf(ann)
    const [before] = await collectRows(ann.messages(id, {}))
    await ann.commit!([{ op: 'flags', in: id, uids: [[1, 1]], mode: 'set', flags: 31, keywords: ['later'] }])
    expect(before).toMatchObject({ flags: 0, keywords: [] })
  })

  test('search answers from rows and leaves the text', async () => {
    const store = createMemoryStore({ autoCreate: true })
    const ann = await store.open('ann')
    for (const text of ['one', 'two', 'three']) await append(ann, text)
    const { id } = await inboxOf(ann)
    await ann.commit!([{ op: 'flags', in: id, uids: [[2, 3]], mode: 'add', flags: 1 }])
    const body = { type: 'text', in: 'body', contains: 'thr' } as const
    const seen = { type: 'flag', flag: 1 } as const
    expect(await ann.search!(id, seen)).toEqual({ uids: [[2, 3]], rest: null })
    expect(await ann.search!(id, { type: 'and', of: [seen, body] })).toEqual({ uids: [[2, 3]], rest: body })
    expect(await ann.search!(id, { type: 'or', of: [seen, body] })).toBeNull()
    expect(await ann.search!(id, { type: 'not', of: seen })).toEqual({ uids: [[1, 1]], rest: null })
    const wide = {
      type: 'and',
      of: [
        { type: 'size', larger: 3 },
        { type: 'uids', uids: [[1, 9]] },
      ],
    } as const
    expect(await ann.search!(id, wide)).toEqual({ uids: [[3, 3]], rest: null })
  })
})

test('annotations: shared and private, by prefix, gone with their mailbox', async () => {
  const store = createMemoryStore({ autoCreate: true })
  const ann = await store.open('ann')
  const { results } = await ann.commit!([{ op: 'create', path: ['Work'] }])
  store.share('ann', 'bob', 'lr')
  const bob = await store.open('ann', { principal: 'bob' })
  const mailbox = results[0]!.mailbox!
  await ann.commit!([
    { op: 'meta', mailbox, key: '/shared/comment', value: bytes('for all') },
    { op: 'meta', mailbox, key: '/private/comment', value: bytes('mine'), private: true },
    { op: 'meta', key: '/shared/admin', value: bytes('account') },
  ])
  expect((await ann.meta!(mailbox, '/')).map(({ key }) => key)).toEqual(['/shared/comment', '/private/comment'])
  expect((await bob.meta!(mailbox, '/')).map(({ key }) => key)).toEqual(['/shared/comment'])
  expect(await ann.meta!(null, '/shared')).toEqual([{ key: '/shared/admin', value: bytes('account') }])
  await ann.commit!([{ op: 'meta', mailbox, key: '/shared/comment', value: null }])
  expect(await bob.meta!(mailbox, '/')).toEqual([])
})

test('a refused commit leaves nothing of any op', async () => {
  const store = createMemoryStore({ autoCreate: true })
  const ann = await store.open('ann')
  for (const text of ['one', 'two']) await append(ann, text)
  const { id } = await inboxOf(ann)
  const all = [[1, 9]] as const
  await ann.commit!([{ op: 'flags', in: id, uids: all, mode: 'add', flags: 2, keywords: ['Work'] }])
  const before = { infos: await ann.mailboxes(), rows: await collectRows(ann.messages(id, {})), usage: store.usage() }
  const staged = await ann.stage!([bytes('three')])
  const usage = store.usage()
  const attempt = ann.commit!([
    { op: 'create', path: ['Made'] },
    { op: 'append', to: id, staged, summary, flags: 1, keywords: ['new'], dedup: 'k' },
    { op: 'flags', in: id, uids: all, mode: 'set', flags: 9, keywords: ['WORK', 'other'] },
    { op: 'copy', from: id, uids: all, to: { made: 0 } },
    { op: 'expunge', in: id, uids: [[1, 2]], onlyDeleted: false },
    { op: 'subscribe', path: ['Made'], on: true },
    { op: 'meta', key: '/shared/x', value: bytes('x') },
    { op: 'create', path: ['Made'] },
  ])
  expect(await codeOf(attempt)).toBe('exists')
  expect(await ann.mailboxes()).toEqual(before.infos)
  expect(await collectRows(ann.messages(id, {}))).toEqual(before.rows)
  expect(await ann.meta!(null, '')).toEqual([])
  expect(store.usage()).toEqual(usage)
  // The dedup key and the UID are free again, too.
  const again = await ann.commit!([{ op: 'append', to: id, staged, summary, flags: 0, dedup: 'k' }])
  expect(again.results[0]).toEqual({ mailbox: id, uidValidity: before.infos[0]!.uidValidity, uids: [[3, 3]] })
})

test('an expunge log beyond its limit is trimmed, and says so', async () => {
  const store = createMemoryStore({ autoCreate: true, maxVanishedRanges: 10 })
  const ann = await store.open('ann')
  for (let i = 0; i < 60; i++) await append(ann, `${i}`)
  const { id } = await inboxOf(ann)
  const cursors: number[] = []
  for (let uid = 1; uid < 60; uid += 2) {
    cursors.push((await inboxOf(ann)).modseq)
    await ann.commit!([{ op: 'expunge', in: id, uids: [[uid, uid]], onlyDeleted: false }])
  }
  expect(await ann.vanished!(id, cursors[0]!)).toBeNull()
  expect(await ann.vanished!(id, cursors.at(-1)!)).toEqual([[59, 59]])
})

test('a closed store refuses', async () => {
  const store = createMemoryStore({ autoCreate: true })
  await store.close?.()
  expect(await codeOf(store.open('ann'))).toBe('unavailable')
})

test('a mailbox that is renumbered has its messages under other UIDs, and is gone for who has it open', async () => {
  const store = createMemoryStore()
  store.addAccount('ann')
  const account = await store.open('ann')
  const before = await inboxOf(account)
  for (const text of ['one', 'two', 'three']) await append(account, text)
  await account.commit?.([
    { op: 'flags', in: before.id, uids: [[2, 2]], mode: 'add', flags: 4, keywords: ['Work'] },
    { op: 'expunge', in: before.id, uids: [[1, 1]], onlyDeleted: false },
    { op: 'meta', mailbox: before.id, key: '/shared/comment', value: bytes('kept') },
  ])
  store.renumber('ann', ['INBOX'])
  const after = await inboxOf(account)
  expect(after.uidValidity).toBeGreaterThan(before.uidValidity)
  expect(after).toMatchObject({ path: ['INBOX'], messages: 2, uidNext: 5 })
  const rows = await collectRows(account.messages(after.id, {}))
  expect(rows.map(({ uid, flags, keywords }) => [uid, flags, keywords])).toEqual([
    [3, 4, ['Work']],
    [4, 0, []],
  ])
  expect(Buffer.from(await collectBytes(account.read(rows[0]!.blob))).toString()).toBe('two')
  expect(await account.meta?.(after.id, '/')).toMatchObject([{ key: '/shared/comment' }])
  expect(await codeOf(collectRows(account.messages(before.id, {})))).toBe('nonexistent')
  expect(store.usage()).toMatchObject({ messages: 2 })
  expect(() => store.renumber('ann', ['Nowhere'])).toThrow('no such mailbox')
})

describe('what can grow', () => {
  test('keys are forgotten when there are too many, and an old one is a new one again', async () => {
    const store = createMemoryStore({ maxKeys: 2 })
    store.addAccount('ann')
    const deliver = async (dedup: string) => {
      const staged = await store.stage([bytes('x')])
      const [result] = await store.deliver({ staged, summary, to: [{ account: 'ann', dedup }] })
      return (result as { duplicate?: boolean }).duplicate ?? false
    }
    for (const key of ['a', 'b', 'c']) expect(await deliver(key)).toBe(false)
    expect([await deliver('b'), await deliver('c')]).toEqual([true, true])
    expect(await deliver('a')).toBe(false)
  })

  test('the collector works on when the clock was set back', async () => {
    let now = Date.UTC(2100, 0, 1)
    const store = createMemoryStore({ clock: () => now, leaseMs: 1000, graceMs: 1000 })
    await store.stage([bytes('in the year 2100')])
    now = Date.UTC(2026, 0, 1)
    await store.stage([bytes('back')])
    now += 2000
    await store.stage([bytes('and on')])
    // What was staged in 2100 has a lease until then.
    expect(store.usage().octets).toBe('in the year 2100'.length + 'and on'.length)
  })

  test('the next account of its name goes on with its ids: none of them means two things (RFC 8474 §4.1, §5.1)', async () => {
    const store = createMemoryStore({ autoCreate: true })
    const ids = async () => {
      const account = (await store.open('ann')) as Account & Writer
      await append(account, 'a message')
      const { id } = await inboxOf(account)
      const [row] = await collectRows(account.messages(id, {}))
      return [id, row!.emailId]
    }
    const before = await ids()
    store.removeAccount('ann')
    for (const id of await ids()) expect(before).not.toContain(id)
  })

  test('an account that was removed is nonexistent for whoever has it open', async () => {
    const store = createMemoryStore()
    store.addAccount('ann')
    const account = await store.open('ann')
    const { id } = await inboxOf(account)
    store.removeAccount('ann')
    expect(await codeOf(account.mailboxes())).toBe('nonexistent')
    expect(await codeOf(account.uids!(id))).toBe('nonexistent')
  })
})

test('UIDs and ranges among the holes of an expunge', async () => {
  const store = createMemoryStore()
  store.addAccount('ann')
  const account = (await store.open('ann')) as Account & Writer
  const { id } = await inboxOf(account)
  const staged = await account.stage([bytes('x')])
  const op = { op: 'append', to: id, staged, summary, flags: 0 } as const
  await account.commit(Array.from({ length: 200 }, () => op))
  await account.commit([{ op: 'expunge', in: id, uids: [[1, 99]], onlyDeleted: false }])
  const absent = Array.from({ length: 49 }, (_, i) => [i * 2 + 1, i * 2 + 1] as const)
  expect(await collectRows(account.messages(id, { uids: absent }))).toEqual([])
  expect((await collectRows(account.messages(id, { uids: [[99, 101]] }))).map(({ uid }) => uid)).toEqual([100, 101])
})
