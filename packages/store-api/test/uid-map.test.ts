import {
  type Account,
  applyUidMapChange,
  collectBytes,
  collectRows,
  createMemoryUidSidecar,
  type MailboxInfo,
  type UnnumberedMessage,
  type UnnumberedSource,
  type Writer,
  withUidMap,
} from '@posthouse/store-api'
import { describe, expect, test } from 'vitest'

const bytes = (text: string) => new TextEncoder().encode(text)
const summary = new Uint8Array(0)

describe('withUidMap', () => {
  const message = (key: string, flags = 0): UnnumberedMessage => ({ key, flags, size: 1, internalDate: 0, blob: key })

  function mapped(list: { messages: UnnumberedMessage[] }, sidecar = createMemoryUidSidecar()): Account {
    return withUidMap(
      {
        mailboxes: async () => [{ key: 'in', path: ['INBOX'] }],
        messages: () => [list.messages],
        read: (blob) => [bytes(blob)],
      },
      sidecar,
      { clock: () => 1_700_000_000_000 },
    )
  }

  test('UIDs in the order of discovery; a row that appears late comes last', async () => {
    const list = { messages: [message('m'), message('z')] }
    const account = mapped(list)
    expect((await account.mailboxes())[0]).toMatchObject({
      uidNext: 3,
      messages: 2,
      modseq: 1,
      uidValidity: 1_700_000_000,
    })
    list.messages = [message('a'), message('m'), message('z')]
    const [info] = await account.mailboxes()
    expect((await collectRows(account.messages('in', {}))).map(({ uid, blob }) => `${uid}${blob}`)).toEqual([
      '1m',
      '2z',
      '3a',
    ])
    expect(info!.modseq).toBe(2)
    expect((await collectRows(account.messages('in', { since: 1 }))).map(({ blob }) => blob)).toEqual(['a'])
  })

  test('changes and removals raise the modseq, and no UID comes back', async () => {
    const list = { messages: [message('a'), message('b'), message('c')] }
    const sidecar = createMemoryUidSidecar()
    const account = mapped(list, sidecar)
    await account.mailboxes()
    list.messages = [message('a', 1), message('b')]
    expect((await account.mailboxes())[0]!.modseq).toBe(2)
    expect(await account.vanished!('in', 1)).toEqual([[3, 3]])
    expect((await collectRows(account.messages('in', { since: 1 }))).map(({ uid }) => uid)).toEqual([1])
    list.messages = [message('a', 1), message('b'), message('c')]
    const later = mapped(list, sidecar)
    expect((await later.mailboxes())[0]).toMatchObject({ uidNext: 5, modseq: 3 })
    expect([...(await later.uids!('in'))]).toEqual([1, 2, 4])
  })

  test('two processes over one sidecar give one numbering', async () => {
    const list = { messages: [message('a')] }
    const sidecar = createMemoryUidSidecar()
    const [one, two] = [mapped(list, sidecar), mapped(list, sidecar)]
    for (let i = 0; i < 20; i++) {
      list.messages = [...list.messages, message(`n${i}`)]
      await Promise.all([one.mailboxes(), two.mailboxes()])
    }
    const numbering = async (account: Account) =>
      (await collectRows(account.messages('in', {}))).map(({ uid, blob }) => `${uid}${blob}`)
    expect(await numbering(one)).toEqual(await numbering(two))
    expect((await one.mailboxes())[0]!.uidNext).toBe(22)
  })

  test('who asks what has changed hears of what nobody has discovered yet', async () => {
    const list = { messages: [message('a'), message('b')] }
    const account = mapped(list)
    await account.mailboxes()
    list.messages = [message('b', 1), message('c')]
    expect((await collectRows(account.messages('in', {}))).map(({ blob }) => blob)).toEqual(['a', 'b'])
    const rows = await collectRows(account.messages('in', { since: 1 }))
    expect(rows.map(({ uid, flags, blob }) => [uid, flags, blob])).toEqual([
      [2, 1, 'b'],
      [3, 0, 'c'],
    ])
    expect(await account.vanished!('in', 1)).toEqual([[1, 1]])
  })

  test('a mailbox of the source that is gone is nonexistent for who asks what has changed', async () => {
    const source: UnnumberedSource = {
      mailboxes: async () => boxes.map((key) => ({ key, path: [key] })),
      messages: () => [[message('a')]],
      read: (blob) => [bytes(blob)],
    }
    const boxes = ['INBOX', 'Old']
    const account = withUidMap(source, createMemoryUidSidecar())
    await account.mailboxes()
    boxes.pop()
    await expect(collectRows(account.messages('Old', { since: 1 }))).rejects.toMatchObject({ code: 'nonexistent' })
  })

  test('a large source that is read as a whole rests as long as that took; questions at one time are one look', async () => {
    let now = 1_700_000_000_000
    let reads = 0
    const messages = Array.from({ length: 1000 }, (_, i) => message(`m${i}`))
    const source: UnnumberedSource = {
      mailboxes: async () => [{ key: 'in', path: ['INBOX'] }],
      messages() {
        reads++
        now += 50
        return [[...messages]]
      },
      read: (blob) => [bytes(blob)],
    }
    const account = withUidMap(source, createMemoryUidSidecar(), { clock: () => now })
    await account.mailboxes()
    messages.push(message('new'))
    const fresh = async () => (await collectRows(account.messages('in', { since: 1 }))).map(({ blob }) => blob)
    expect([await fresh(), reads]).toEqual([[], 1])
    now += 50
    expect(await Promise.all([fresh(), fresh(), fresh()])).toEqual([['new'], ['new'], ['new']])
    expect(reads).toBe(2)
    await account.mailboxes()
    expect(reads).toBe(3)
  })

  test('a mailbox that is not there is nonexistent', async () => {
    await expect(collectRows(mapped({ messages: [] }).messages('out', {}))).rejects.toMatchObject({
      code: 'nonexistent',
    })
    expect(applyUidMapChange(null, { uidValidity: 1, uidNext: 1, modseq: 1, put: [], removed: [] }).entries).toEqual([])
  })

  /** A source that keeps a journal, as a table with a revision column does, and counts how often it is read as a whole. */
  function journal() {
    const list = new Map<string, UnnumberedMessage>()
    const log: { key: string; gone: boolean }[] = []
    let whole = 0
    let told = 0
    const note = (key: string, gone = false) => log.push({ key, gone })
    const source: UnnumberedSource = {
      mailboxes: async () => [{ key: 'in', path: ['INBOX'] }],
      messages() {
        whole++
        return [[...list.values()]]
      },
      read: (blob) => [bytes(blob)],
      async changes(_mailbox, cursor) {
        if (cursor === null) return { cursor: String(log.length), changed: [], removed: [] }
        if (Number(cursor) < 0) return null
        const since = log.slice(Number(cursor))
        told += since.length
        return {
          cursor: String(log.length),
          changed: since.flatMap(({ key }) => list.get(key) ?? []),
          removed: since.filter(({ key, gone }) => gone && !list.has(key)).map(({ key }) => key),
        }
      },
      async flag(_mailbox, key, { add, remove }) {
        const old = list.get(key)
        if (!old) return
        const keywords = [...(old.keywords ?? []).filter((name) => !remove.keywords.includes(name)), ...add.keywords]
        list.set(key, { ...old, flags: (old.flags | add.flags) & ~remove.flags, keywords })
        note(key)
      },
      async remove(_mailbox, keys) {
        for (const key of keys) if (list.delete(key)) note(key, true)
      },
      async stage(octets) {
        const text = new TextDecoder().decode(await collectBytes(octets))
        return { blob: text, size: text.length, expires: Number.MAX_SAFE_INTEGER }
      },
      async add(_mailbox, { staged, flags }) {
        put(message(staged.blob, flags))
        return staged.blob
      },
    }
    const put = (one: UnnumberedMessage) => {
      list.set(one.key, one)
      note(one.key)
    }
    return { source, put, list, counts: () => ({ whole, told }) }
  }

  test('a source that says what changed is read once; each sync costs what changed', async () => {
    const { source, put, counts } = journal()
    for (let i = 0; i < 1000; i++) put(message(`m${i}`))
    const account = withUidMap(source, createMemoryUidSidecar())
    await account.mailboxes()
    expect(counts()).toEqual({ whole: 1, told: 0 })
    for (let i = 0; i < 20; i++) {
      put(message(`n${i}`))
      const [info] = await account.mailboxes()
      expect([info!.messages, info!.uidNext, info!.modseq]).toEqual([1001 + i, 1002 + i, 2 + i])
    }
    await account.mailboxes()
    expect(counts()).toEqual({ whole: 1, told: 20 })
    expect((await collectRows(account.messages('in', { since: 20 }))).map(({ blob }) => blob)).toEqual(['n19'])
    expect((await collectRows(account.messages('in', { uids: [[1, 2]] }))).map(({ blob }) => blob)).toEqual([
      'm0',
      'm1',
    ])
  })

  test('flags, expunge and append go through to the source', async () => {
    const { source, put, list } = journal()
    for (const name of ['a', 'b', 'c']) put(message(name))
    const account = withUidMap(source, createMemoryUidSidecar()) as Account & Writer
    const [{ modseq }] = (await account.mailboxes()) as [MailboxInfo]
    const flags = { op: 'flags', in: 'in', uids: [[1, 2]], mode: 'add', flags: 1, keywords: ['todo'] } as const
    const done = await account.commit([flags])
    expect(done.results).toMatchObject([{ mailbox: 'in', uids: [[1, 2]] }])
    expect(done.modseq).toBeGreaterThan(modseq)
    expect(list.get('a')).toMatchObject({ flags: 1, keywords: ['todo'] })
    const again = await account.commit([{ ...flags, keywords: ['TODO'] }])
    expect([again.results[0]!.uids, again.modseq]).toEqual([[], done.modseq])
    const refused = await account.commit([{ ...flags, uids: [[1, 3]], flags: 4, unchangedSince: modseq }])
    expect(refused.results).toMatchObject([{ uids: [[3, 3]], modified: [[1, 2]] }])
    const staged = await account.stage([bytes('new')])
    const op = { op: 'append', to: 'in', staged, summary, flags: 8 } as const
    expect((await account.commit([op])).results).toEqual([
      { mailbox: 'in', uidValidity: expect.any(Number), uids: [[4, 4]] },
    ])
    const expunged = await account.commit([{ op: 'expunge', in: 'in', onlyDeleted: true }])
    expect(expunged.results).toEqual([{ mailbox: 'in', uids: [[4, 4]] }])
    expect(await account.vanished!('in', modseq)).toEqual([[4, 4]])
    expect([...list.keys()]).toEqual(['a', 'b', 'c'])
    await expect(account.commit([{ op: 'create', path: ['More'] }])).rejects.toMatchObject({ code: 'readonly' })
  })

  test('a commit in two mailboxes hides nothing in either: its modseq is no larger than that of both', async () => {
    const inbox = journal()
    const other = journal()
    const of = (mailbox: string) => (mailbox === 'in' ? inbox.source : other.source)
    const source: UnnumberedSource = {
      ...inbox.source,
      mailboxes: async () => [
        { key: 'in', path: ['INBOX'] },
        { key: 'out', path: ['Out'] },
      ],
      messages: (mailbox) => of(mailbox).messages(mailbox),
      changes: (mailbox, cursor) => of(mailbox).changes!(mailbox, cursor),
      add: (mailbox, one) => of(mailbox).add!(mailbox, one),
      remove: (mailbox, keys) => of(mailbox).remove!(mailbox, keys),
    }
    inbox.put(message('a'))
    const account = withUidMap(source, createMemoryUidSidecar()) as Account & Writer
    for (let i = 0; i < 20; i++) {
      other.put(message(`o${i}`))
      await account.mailboxes()
    }
    const staged = await account.stage([bytes('new')])
    const { modseq } = await account.commit([
      { op: 'append', to: 'out', staged, summary, flags: 0 },
      { op: 'expunge', in: 'in', uids: [[1, 1]], onlyDeleted: false },
    ])
    expect((await account.mailboxes()).map((info) => info.modseq)).toEqual([2, 21])
    expect(modseq).toBe(2)
    inbox.put(message('later'))
    await account.mailboxes()
    expect((await collectRows(account.messages('in', { since: modseq }))).map(({ blob }) => blob)).toEqual(['later'])
  })

  test('what is kept of removals grows with the messages that are there, not with those that were', async () => {
    const sidecar = createMemoryUidSidecar()
    const list = { messages: [message('kept'), message('also')] }
    const account = mapped(list, sidecar)
    await account.mailboxes()
    for (let i = 0; i < 1500; i++) {
      list.messages = [message('kept'), message('also'), message(`m${i}`)]
      await account.mailboxes()
    }
    list.messages = [message('kept')]
    const [{ modseq }] = (await account.mailboxes()) as [MailboxInfo]
    const { gone } = (await sidecar.load('in'))!
    expect(gone.length).toBeLessThanOrEqual(1000)
    expect(gone.reduce((sum, { uids }) => sum + uids.length, 0)).toBeLessThanOrEqual(1002)
    expect(await account.vanished!('in', 1)).toEqual([[2, 1502]])
    expect(await account.vanished!('in', modseq - 1)).toEqual([
      [2, 2],
      [1502, 1502],
    ])
  })

  test('a source that takes flags only says so for the rest', async () => {
    const { source, put } = journal()
    put(message('a'))
    const { remove: _, add: __, stage: ___, ...some } = source
    const account = withUidMap(some, createMemoryUidSidecar()) as Account & Writer
    await account.mailboxes()
    await account.commit([{ op: 'flags', in: 'in', uids: [[1, 1]], mode: 'set', flags: 1 }])
    const expunge = account.commit([{ op: 'expunge', in: 'in', onlyDeleted: false }])
    await expect(expunge).rejects.toMatchObject({ code: 'readonly' })
    await expect((async () => account.stage([]))()).rejects.toMatchObject({ code: 'readonly' })
  })

  test('a source may give all that it has in one page', async () => {
    const list = { messages: Array.from({ length: 130_000 }, (_, i) => message(`m${i}`)) }
    expect((await mapped(list).mailboxes())[0]).toMatchObject({ messages: 130_000, uidNext: 130_001 })
  })

  test('a cursor that is too old means reading everything again', async () => {
    const { source, put, list, counts } = journal()
    put(message('a'))
    put(message('b'))
    let forgotten = false
    const forgetful: UnnumberedSource = {
      ...source,
      changes: (mailbox, cursor) =>
        forgotten && cursor !== null ? Promise.resolve(null) : source.changes!(mailbox, cursor),
    }
    const account = withUidMap(forgetful, createMemoryUidSidecar())
    await account.mailboxes()
    list.delete('a')
    put(message('c'))
    forgotten = true
    const [info] = await account.mailboxes()
    expect([info!.messages, info!.uidNext]).toEqual([2, 4])
    expect(await account.vanished!('in', 1)).toEqual([[1, 1]])
    expect(counts().whole).toBe(2)
  })
})
