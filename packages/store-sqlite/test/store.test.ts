import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { collectRows } from '@posthouse/store-api'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Driver, loadDriver, openSqliteStore, type SqliteAccount, type SqliteStore } from '../src/index.js'
import { filesOf } from '../src/sql/connection.js'
import { INDEX_SCHEMA } from '../src/sql/schema.js'
import { instrument } from './instrument.js'
import { mailOf } from './mail.js'
import { temporaryFolder, withDatabase } from './test-store.js'

const HOUR = 3_600_000
const summary = new Uint8Array([1])

let folder: ReturnType<typeof temporaryFolder>
let store: SqliteStore
let account: SqliteAccount
let inbox: string
let skew: number

beforeEach(async () => {
  folder = temporaryFolder()
  skew = 0
  await open()
})
afterEach(async () => {
  await store.close()
  folder.remove()
})

async function open(options: { limits?: { expungeLog?: number }; driver?: Driver } = {}): Promise<void> {
  store = await openSqliteStore({
    path: folder.path,
    threads: 0,
    maintenanceInterval: 0,
    clock: () => Date.now() + skew,
    ...options,
  })
  await store.addAccount('anna')
  account = await store.open('anna')
  inbox = (await account.mailboxes())[0].id
}

async function append(times: number, octets = 100, to = inbox): Promise<void> {
  const staged = await store.stage([mailOf('m1', octets)])
  await account.commit?.(
    Array.from({ length: times }, () => ({ op: 'append', to, staged, summary, flags: 0 }) as const),
  )
}

function count(table: string, file: 'index' | 'blobs'): number {
  return withDatabase(
    filesOf(folder.path)[file],
    (db) => db.prepare(`SELECT count(*) FROM ${table}`).get()?.[0] as number,
  )
}

test('a disk that is full in the middle of a message: its first part goes at once, not with its lease', async () => {
  await store.close()
  const { driver, fillDisk } = instrument(loadDriver())
  await open({ driver })
  async function* octets(): AsyncGenerator<Uint8Array> {
    // More than two flights: the first is on the disk.
    for (let i = 0; i < 10; i++) {
      if (count('chunk', 'blobs') > 0) fillDisk(true)
      yield new Uint8Array(65_536)
    }
  }
  await expect(store.stage(octets())).rejects.toMatchObject({ code: 'unavailable' })
  fillDisk(false)
  // Behind the removal, which nobody waits for.
  await store.stage([])
  expect(count('chunk', 'blobs')).toBe(0)
})

test.each([0, 1])('closing twice is closing once; both wait (threads: %i)', async (threads) => {
  const twice = await openSqliteStore({ path: folder.path, threads, maintenanceInterval: 0 })
  const written = twice.addAccount('ben')
  await Promise.all([written, twice.close(), twice.close()])
  await twice.close()
})

describe('accounts and addresses', () => {
  test('adding twice is adding once; addresses have no case', async () => {
    await append(2)
    await store.addAccount('anna', { bytes: 1000 })
    expect((await account.mailboxes())[0].messages).toBe(2)
    expect(await account.quota?.()).toEqual([{ root: '', used: { bytes: 234, messages: 2 }, limit: { bytes: 1000 } }])
    await store.addAddress('Anna@Example.ORG', 'anna')
    expect(await store.resolve('anna@example.org')).toBe('anna')
    await store.removeAddress('ANNA@example.org')
    expect(await store.resolve('anna@example.org')).toBeNull()
  })

  test('no account: nonexistent; no address: invalid', async () => {
    await expect(store.open('nobody')).rejects.toMatchObject({ code: 'nonexistent' })
    await expect(store.addAddress('a@b.example', 'nobody')).rejects.toMatchObject({ code: 'nonexistent' })
    await expect(store.addAddress('not an address', 'anna')).rejects.toMatchObject({ code: 'invalid' })
  })

  test.each(['', 'a\0b', '\ud800', 'a\udc00b'])('%j is no name of an account', async (name) => {
    await expect(store.addAccount(name)).rejects.toMatchObject({ code: 'invalid' })
  })

  test('one recipient over quota does not hold up the others', async () => {
    await store.addAccount('full', { bytes: 10 })
    const staged = await store.stage([mailOf('m1', 100)])
    const to = ['anna', 'full', 'nobody'].map((name) => ({ account: name, dedup: 'k' }))
    const results = await store.deliver({ staged, summary, to })
    expect(results).toMatchObject([{ uids: [[1, 1]] }, { code: 'overquota' }, { code: 'nonexistent' }])
    expect((await store.verify()).problems).toEqual([])
  })

  test('a delivery that is repeated does not make its mailbox again, which was deleted since', async () => {
    const staged = await store.stage([mailOf('m1', 100)])
    const deliver = () => store.deliver({ staged, summary, to: [{ account: 'anna', path: ['Lists'], dedup: 'k' }] })
    const [first] = await deliver()
    if (first instanceof Error) throw first
    await account.commit([{ op: 'drop', id: first.mailbox as string }])
    expect(await deliver()).toEqual([{ ...first, duplicate: true }])
    expect((await account.mailboxes()).map(({ path }) => path)).toEqual([['INBOX']])
  })
})

describe('annotations', () => {
  test('RFC 7162 §3.2: one that is set or taken away is a change of its mailbox; one that was not there is none', async () => {
    const modseq = async (): Promise<number> => (await account.mailboxes())[0].modseq
    const set = (value: Uint8Array | null): unknown =>
      account.commit?.([{ op: 'meta', mailbox: inbox, key: '/shared/comment', value }])
    const before = await modseq()
    await set(null)
    expect(await modseq()).toBe(before)
    await set(new Uint8Array([1]))
    const after = await modseq()
    expect(after).toBeGreaterThan(before)
    await set(null)
    expect(await modseq()).toBeGreaterThan(after)
  })
})

describe('the mailbox op', () => {
  test('R5: what changes nothing raises nothing', async () => {
    const { results } = await account.commit([{ op: 'create', path: ['Box'], role: 'archive' }])
    const id = results[0].mailbox as string
    const modseq = async (): Promise<number> => Math.max(...(await account.mailboxes()).map((box) => box.modseq))
    let before = await modseq()
    const same = [{}, { path: ['Box'] }, { role: 'archive' }, { noSelect: false }]
    for (const change of same) await account.commit([{ op: 'mailbox', id, ...change }])
    await account.commit([{ op: 'mailbox', id: inbox, path: ['inbox'] }])
    expect(await modseq()).toBe(before)
    for (const change of [{ path: ['Other'] }, { role: null }, { noSelect: true }]) {
      await account.commit([{ op: 'mailbox', id, ...change }])
      expect(await modseq()).toBeGreaterThan(before)
      before = await modseq()
    }
  })

  test('INBOX and a mailbox with messages go on holding messages', async () => {
    const { results } = await account.commit([{ op: 'create', path: ['Box'] }])
    const id = results[0].mailbox as string
    await append(1, 100, id)
    for (const box of [inbox, id]) {
      const refused = account.commit([{ op: 'mailbox', id: box, noSelect: true }])
      await expect(refused).rejects.toMatchObject({ name: 'StoreError', code: 'invalid' })
    }
    await account.commit([
      { op: 'expunge', in: id, onlyDeleted: false },
      { op: 'mailbox', id, noSelect: true },
    ])
  })
})

describe('numbers with fractions', () => {
  test.each([
    [1_700_000_000_123.456, 1_700_000_000_123],
    [-1.5, -1],
    [-0.5, 0],
  ])('the internal date %d, as files have them, is %d', async (internalDate, is) => {
    const staged = await store.stage([mailOf('m1', 100)])
    await account.commit([{ op: 'append', to: inbox, staged, summary, flags: 0, internalDate }])
    expect((await collectRows(account.messages(inbox, {})))[0].internalDate).toBe(is)
  })

  test.each([NaN, Infinity, 8.64e15 + 1])('%d is no internal date', async (internalDate) => {
    const staged = await store.stage([mailOf('m1', 100)])
    const append = account.commit([{ op: 'append', to: inbox, staged, summary, flags: 0, internalDate }])
    await expect(append).rejects.toMatchObject({ code: 'invalid' })
  })

  test('a clock may have them', async () => {
    await store.close()
    skew = 0.25
    await open()
    const staged = await store.stage([mailOf('m1', 100)])
    const [done] = await store.deliver({ staged, summary, to: [{ account: 'anna', dedup: '1' }] })
    expect(done).toMatchObject({ uids: [[1, 1]] })
    await store.maintain()
  })

  test('a quota may have them, and is a number', async () => {
    await store.addAccount('anna', { bytes: 1000.7, messages: 2.5 })
    expect(await account.quota()).toMatchObject([{ limit: { bytes: 1000, messages: 2 } }])
    for (const bytes of [NaN, Infinity])
      await expect(store.addAccount('anna', { bytes })).rejects.toMatchObject({ code: 'invalid' })
  })
})

test('STORE, like APPEND, keeps system flags only', async () => {
  const staged = await store.stage([mailOf('m1', 100)])
  await account.commit([{ op: 'append', to: inbox, staged, summary, flags: 0x101 }])
  for (const mode of ['add', 'set'] as const)
    await account.commit([{ op: 'flags', in: inbox, uids: [[1, 1]], mode, flags: 0x105 }])
  expect((await collectRows(account.messages(inbox, {})))[0].flags).toBe(5)
})

describe('removeAccount', () => {
  test('takes the mail away, frees the name, and gives no number twice', async () => {
    await store.addAddress('anna@example.org', 'anna')
    await append(600)
    const before = (await account.mailboxes())[0]
    const staged = await store.stage([mailOf('late', 10)])
    await store.removeAccount('anna')
    await expect(store.removeAccount('anna')).rejects.toMatchObject({ code: 'nonexistent' })
    await expect(store.open('anna')).rejects.toMatchObject({ code: 'nonexistent' })
    expect(await store.resolve('anna@example.org')).toBeNull()
    // Whoever has it open is told so.
    await expect(account.mailboxes()).rejects.toMatchObject({ code: 'nonexistent' })
    const late = account.commit([{ op: 'append', to: inbox, staged, summary, flags: 0 }])
    await expect(late).rejects.toMatchObject({ code: 'nonexistent' })
    await store.addAccount('anna')
    const [inboxAgain] = await (await store.open('anna')).mailboxes()
    expect(inboxAgain).toMatchObject({ messages: 0, path: ['INBOX'] })
    expect(inboxAgain.uidValidity).toBeGreaterThan(before.uidValidity)
    expect(inboxAgain.id).not.toBe(before.id)
    await store.maintain()
    skew = 3 * HOUR
    await store.maintain()
    expect([count('msg', 'index'), count('content', 'index'), count('chunk', 'blobs')]).toEqual([0, 0, 0])
    expect(await store.verify()).toMatchObject({ accounts: 1, mailboxes: 1, messages: 0, problems: [] })
  })
})

test('who watches an account hears of other processes, also when another one of its name is watched still', async () => {
  const other = await openSqliteStore({ path: folder.path, threads: 0, maintenanceInterval: 0 })
  const leave = new AbortController()
  const hints = (of: SqliteAccount) => of.watch(leave.signal)[Symbol.asyncIterator]()
  const before = hints(account)
  await store.removeAccount('anna')
  expect(await before.next()).toMatchObject({ done: false })
  await store.addAccount('anna')
  const view = await store.open('anna')
  await view.mailboxes()
  const after = hints(view)
  for (const dedup of ['1', '2']) {
    await other.deliver({ staged: await other.stage([mailOf('m1', 100)]), summary, to: [{ account: 'anna', dedup }] })
    expect(await after.next()).toMatchObject({ done: false })
    expect((await view.mailboxes())[0].messages).toBe(Number(dedup))
  }
  leave.abort()
  await other.close()
})

describe('verify', () => {
  const damages: readonly (readonly [sql: string, file: 'index' | 'blobs', problem: string])[] = [
    ['UPDATE mailbox SET unseen=unseen+1', 'index', 'the counters of mailbox 1 differ from a recount'],
    ['UPDATE account SET bytes=bytes-1', 'index', 'the counters of account anna differ from the sum of its mailboxes'],
    ['UPDATE mailbox SET uidnext=1', 'index', 'mailbox 1 has a message (UID 1) beyond its UIDNEXT or HIGHESTMODSEQ'],
    ['UPDATE account SET modseq=1', 'index', 'mailbox 1 is ahead of the clock of its account'],
    ['DELETE FROM content', 'index', 'mailbox 1 has a message (UID 1) whose content is missing or another'],
    ['DELETE FROM blob', 'blobs', 'mailbox 1 UID 1: its octets are missing or not 150017'],
    ['DELETE FROM chunk WHERE id % 65536 = 1', 'blobs', 'mailbox 1 UID 1: chunks of its octets are missing'],
  ]
  test.each(damages)('%s', async (sql, file, problem) => {
    await append(1, 150_000)
    expect(await store.verify()).toEqual({ accounts: 1, mailboxes: 1, messages: 1, unusedBlobs: 0, problems: [] })
    withDatabase(filesOf(folder.path)[file], (db) => db.exec(sql))
    expect((await store.verify()).problems).toContain(problem)
  })
})

describe('maintenance', () => {
  test('a dropped mailbox gives back its rows at once and its octets after the grace time', async () => {
    const made = await account.commit?.([{ op: 'create', path: ['Large'] }])
    await append(1200, 100, made?.results[0].mailbox)
    await account.commit?.([{ op: 'drop', id: made?.results[0].mailbox ?? '' }])
    expect((await account.quota?.())?.[0].used).toEqual({ bytes: 0, messages: 0 })
    await store.maintain()
    expect(count('msg', 'index')).toBe(0)
    expect(count('mailbox', 'index')).toBe(1)
    expect(count('chunk', 'blobs')).toBe(1)
    skew = 3 * HOUR
    await store.maintain()
    expect([
      count('content', 'index'),
      count('release', 'index'),
      count('chunk', 'blobs'),
      count('blob', 'blobs'),
    ]).toEqual([0, 0, 0, 0])
  })

  test('octets that one of two messages still names stay', async () => {
    await append(2)
    skew = 3 * HOUR
    await store.maintain()
    await account.commit?.([{ op: 'expunge', in: inbox, uids: [[1, 1]], onlyDeleted: false }])
    skew = 6 * HOUR
    await store.maintain()
    expect([count('content', 'index'), count('chunk', 'blobs')]).toEqual([1, 1])
    expect((await store.verify()).problems).toEqual([])
  })

  test('the logs are emptied when nobody has written since the last look', async () => {
    await append(50, 100_000)
    const logs = (): number[] =>
      Object.values(filesOf(folder.path))
        .slice(0, 2)
        .map((file) => statSync(`${file}-wal`).size)
    expect(Math.min(...logs())).toBeGreaterThan(0)
    await store.maintain()
    expect(Math.min(...logs())).toBeGreaterThan(0)
    await store.maintain()
    expect(logs()).toEqual([0, 0])
    await append(1)
    expect((await store.verify()).problems).toEqual([])
  })

  test('octets may not be deleted earlier than 15 minutes after their last row', async () => {
    const early = openSqliteStore({ path: folder.path, threads: 0, limits: { grace: 899_999 } })
    await expect(early).rejects.toMatchObject({ code: 'invalid', message: expect.stringContaining('limits.grace') })
  })

  test.each([0, 1])('the expunge log keeps its limit when commits alternate (%i before)', async (before) => {
    await store.close()
    await open({ limits: { expungeLog: 20 } })
    // Each pair of commits is an append and an expunge: all expunges have an odd number, or an even one.
    for (let i = 0; i < before; i++) await account.commit([{ op: 'subscribe', path: ['x'], on: true }])
    for (let i = 0; i < 200; i++) {
      await append(1)
      await account.commit([{ op: 'expunge', in: inbox, onlyDeleted: false }])
    }
    expect(count('gone', 'index')).toBeLessThanOrEqual(20 + 64)
  })

  test('the expunge log is cut, and says so', async () => {
    await store.close()
    await open({ limits: { expungeLog: 20 } })
    await append(200)
    for (let uid = 1; uid <= 150; uid++) {
      await account.commit?.([{ op: 'expunge', in: inbox, uids: [[uid, uid]], onlyDeleted: false }])
    }
    expect(count('gone', 'index')).toBeLessThan(20 + 64 + 1)
    expect([...((await account.uids?.(inbox)) ?? [])]).toEqual(Array.from({ length: 50 }, (_, i) => 151 + i))
    const [{ modseq }] = await account.mailboxes()
    expect(await account.vanished?.(inbox, 1)).toBeNull()
    expect(await account.vanished?.(inbox, modseq - 10)).toEqual([[141, 150]])
    skew = 31 * 24 * HOUR
    await store.maintain()
    expect(count('gone', 'index')).toBe(0)
    expect(await account.vanished?.(inbox, modseq)).toEqual([])
    expect(await account.vanished?.(inbox, modseq - 1)).toBeNull()
  })
})

test('uids() is what messages() has, with the whole expunge log and without it', async () => {
  const rows = async (): Promise<number[]> => {
    const uids: number[] = []
    for await (const page of account.messages(inbox, {})) for (const { uid } of page) uids.push(uid)
    return uids
  }
  expect(await account.uids?.(inbox)).toEqual(new Uint32Array())
  await append(300)
  await account.commit?.([
    {
      op: 'expunge',
      in: inbox,
      uids: [
        [1, 3],
        [50, 50],
        [299, 300],
      ],
      onlyDeleted: false,
    },
  ])
  await account.commit?.([{ op: 'move', from: inbox, uids: [[10, 20]], to: inbox }])
  await append(5)
  const before = await rows()
  expect(before.length).toBe(299)
  expect([...((await account.uids?.(inbox)) ?? [])]).toEqual(before)
  withDatabase(filesOf(folder.path).index, (db) => db.exec('UPDATE mailbox SET floor=modseq; DELETE FROM gone'))
  expect([...((await account.uids?.(inbox)) ?? [])]).toEqual(before)
})

describe('backup', () => {
  test('is a store of its own, taken while messages arrive', async () => {
    const target = temporaryFolder()
    await append(50, 100_000)
    const arriving = append(50)
    await store.backup(`${target.path}/copy`)
    await arriving
    const copy = await openSqliteStore({ path: `${target.path}/copy`, threads: 0 })
    const report = await copy.verify()
    expect(report.problems).toEqual([])
    expect(report.messages).toBeGreaterThanOrEqual(50)
    await expect(store.backup(`${target.path}/copy`)).rejects.toMatchObject({ code: 'exists' })
    // No folder can be made below a file.
    const below = join(filesOf(folder.path).index, 'copy')
    await expect(store.backup(below)).rejects.toMatchObject({ name: 'StoreError', code: 'unavailable' })
    await copy.close()
    target.remove()
  })

  test('one that fails leaves nothing, and the collector goes on', async () => {
    await append(1, 2_000_000)
    const target = temporaryFolder()
    const { tails } = filesOf(folder.path)
    rmSync(tails, { recursive: true })
    await expect(store.backup(target.path)).rejects.toMatchObject({ name: 'StoreError', code: 'unavailable' })
    expect(readdirSync(target.path)).toEqual([])
    expect(count("counter WHERE name LIKE 'hold%'", 'index')).toBe(0)
    target.remove()
  })

  test('while one runs nothing is collected; one that died long ago, or in the future, holds up nobody', async () => {
    await append(1)
    await account.commit([{ op: 'expunge', in: inbox, onlyDeleted: false }])
    skew = 3 * HOUR
    const hold = (until: number): unknown =>
      withDatabase(filesOf(folder.path).index, (db) =>
        db.prepare("INSERT OR REPLACE INTO counter VALUES('hold x', ?)").run(until),
      )
    hold(Date.now() + skew + HOUR)
    await store.maintain()
    expect(count('chunk', 'blobs')).toBe(1)
    hold(Date.UTC(2100, 0))
    await store.maintain()
    expect([count('chunk', 'blobs'), count("counter WHERE name='hold x'", 'index')]).toEqual([0, 0])
  })
})

describe('threads', () => {
  test('nobody waits behind a recount or a backup, and close() waits for them', { timeout: 60_000 }, async () => {
    await append(10)
    const target = temporaryFolder()
    const threaded = await openSqliteStore({ path: folder.path, threads: 1, maintenanceInterval: 0 })
    const view = await threaded.open('anna')
    const order: string[] = []
    const done = (name: string) => () => void order.push(name)
    const all = [
      threaded.verify().then(done('verify')),
      threaded.backup(`${target.path}/copy`).then(done('backup')),
      view.mailboxes().then(done('mailboxes')),
    ]
    await all[2]
    expect(order).toEqual(['mailboxes'])
    await all[1]
    await threaded.close()
    await Promise.all(all)
    expect(order).toContain('verify')
    target.remove()
  })

  test('what cannot cross to a thread is refused alone', { timeout: 60_000 }, async () => {
    const threaded = await openSqliteStore({ path: folder.path, threads: 1, maintenanceInterval: 0 })
    const view = await threaded.open('anna')
    const key = (() => undefined) as unknown as string
    const good = { op: 'subscribe', path: ['News'], on: true } as const
    const bad = { op: 'meta', key, value: null } as const
    const results = await Promise.allSettled([view.commit([good]), view.commit([bad]), view.commit([good])])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    await expect(view.commit([bad])).rejects.toMatchObject({ name: 'StoreError', code: 'invalid' })
    await threaded.close()
  })
})

describe('files', () => {
  test.skipIf(process.platform === 'win32')('are for their owner only', async () => {
    await append(1)
    for (const file of ['index', 'blobs'] as const) {
      for (const name of [filesOf(folder.path)[file], `${filesOf(folder.path)[file]}-wal`])
        expect(statSync(name).mode & 0o777).toBe(0o600)
    }
  })

  test.skipIf(process.platform === 'win32')('are for their owner only where a crash left them empty', async () => {
    await store.close()
    const { index, blobs } = filesOf(folder.path)
    for (const file of [index, blobs]) {
      rmSync(file)
      writeFileSync(file, '')
      chmodSync(file, 0o644)
    }
    await open()
    for (const file of [index, blobs]) expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  test.each([0, 1])(
    'that are no database, or cannot be made, are unavailable (%i threads)',
    async (threads) => {
      const place = join(folder.path, 'elsewhere')
      writeFileSync(place, 'no folder')
      await expect(openSqliteStore({ path: place, threads })).rejects.toMatchObject({
        name: 'StoreError',
        code: 'unavailable',
      })
      writeFileSync(`${place}.db`, 'no database, and longer than its head '.repeat(9))
      const opening = openSqliteStore({ path: `${place}.db`, threads })
      await expect(opening).rejects.toMatchObject({ name: 'StoreError', code: 'unavailable' })
    },
    60_000,
  )

  test('of a newer release are refused, with a word about it', async () => {
    await store.close()
    withDatabase(filesOf(folder.path).index, (db) => db.exec('PRAGMA user_version=999'))
    await expect(openSqliteStore({ path: folder.path, threads: 0 })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('has version 999'),
    })
    withDatabase(filesOf(folder.path).index, (db) => db.exec(`PRAGMA user_version=${INDEX_SCHEMA.length}`))
    await open()
  })

  test('of the first version are brought up to date with what is in them', async () => {
    await store.close()
    folder.remove()
    mkdirSync(folder.path)
    withDatabase(filesOf(folder.path).index, (db) => {
      db.exec(INDEX_SCHEMA[0])
      db.exec(`
        PRAGMA user_version=1;
        INSERT INTO account(id, name, modseq, next_validity, bytes, messages) VALUES(1, 'anna', 5, 2, 7, 1);
        INSERT INTO mailbox(id, account, path, uidvalidity, uidnext, modseq, floor, total, unseen, bytes)
          VALUES(1, 1, 'INBOX', 1, 2, 5, 0, 1, 1, 7);
        INSERT INTO subscription VALUES(1, 'INBOX'), (1, 'Old');
        INSERT INTO content(id, account, blob, summary) VALUES(1, 1, 1, x'');
        INSERT INTO msg VALUES(1, 1, 5, 0, NULL, 7, 0, 0, 1, 1, 0)`)
    })
    writeFileSync(filesOf(folder.path).blobs, '')
    await open()
    expect(await account.mailboxes()).toMatchObject([{ messages: 1, subscribed: true, uidNext: 2 }])
    expect(await account.subscriptions()).toEqual([['INBOX'], ['Old']])
    for await (const rows of account.messages(inbox, {})) expect(rows).toMatchObject([{ uid: 1, size: 7 }])
  })

  test('may be named by a file', () => {
    expect(filesOf('/var/mail.db')).toMatchObject({ index: '/var/mail.db', blobs: '/var/mail-blobs.db' })
  })
})

describe('very many at once', () => {
  /** Every other UID: as many ranges as messages. */
  const alternate = (n: number) => Array.from({ length: n / 2 }, (_, i) => [2 * i + 1, 2 * i + 1] as const)

  test('flags, moves and expunges of scattered UIDs', async () => {
    const n = 12_000
    await append(n)
    const { results } = await account.commit([{ op: 'create', path: ['Other'] }])
    const other = results[0].mailbox as string
    const set = await account.commit([{ op: 'flags', in: inbox, uids: [[1, n]], mode: 'add', flags: 1 }])
    expect(set.results[0].uids).toEqual([[1, n]])
    expect((await account.mailboxes())[0].unseen).toBe(0)
    const before = (await account.mailboxes())[0].modseq
    const moved = await account.commit([{ op: 'move', from: inbox, uids: alternate(n), to: other }])
    expect(moved.results[0].uids).toEqual([[1, n / 2]])
    expect(await account.vanished(inbox, before)).toEqual(alternate(n))
    const gone = await account.commit([{ op: 'expunge', in: other, uids: alternate(n / 2), onlyDeleted: false }])
    expect(gone.results[0].uids).toEqual(alternate(n / 2))
    expect(await store.verify()).toMatchObject({ messages: (n * 3) / 4, problems: [] })
  })
})

describe('search', () => {
  test('answers by column, and hands back what it cannot', async () => {
    await append(10)
    await account.commit?.([{ op: 'flags', in: inbox, uids: [[2, 4]], mode: 'add', flags: 1, keywords: ['$Junk'] }])
    const text = { type: 'text', in: 'body', contains: 'x' } as const
    const unseen = { type: 'not', of: { type: 'flag', flag: 1 } } as const
    expect(await account.search?.(inbox, { type: 'and', of: [unseen, text] })).toEqual({
      uids: [
        [1, 1],
        [5, 10],
      ],
      rest: text,
    })
    expect(await account.search?.(inbox, { type: 'keyword', keyword: '$junk' })).toEqual({ uids: [[2, 4]], rest: null })
    const either = {
      type: 'or',
      of: [
        { type: 'uids', uids: [[1, 3]] },
        { type: 'emailId', id: 'e9' },
      ],
    } as const
    expect(await account.search?.(inbox, either)).toEqual({
      uids: [
        [1, 3],
        [9, 9],
      ],
      rest: null,
    })
    expect(await account.search?.(inbox, text)).toBeNull()
    expect(await account.search?.(inbox, { type: 'or', of: [unseen, text] })).toBeNull()
  })

  test('NOT of a thread finds the messages that have none', async () => {
    const staged = await store.stage([mailOf('m1', 100)])
    for (const thread of [{ ids: ['1'], subject: 'a' }, { ids: ['2'], subject: 'b' }, undefined])
      await account.commit([{ op: 'append', to: inbox, staged, summary, flags: 0, ...(thread && { thread }) }])
    const [row] = await collectRows(account.messages(inbox, { uids: [[1, 1]] }))
    const one = { type: 'threadId', id: row.threadId as string } as const
    expect(await account.search(inbox, one)).toEqual({ uids: [[1, 1]], rest: null })
    expect(await account.search(inbox, { type: 'not', of: one })).toEqual({ uids: [[2, 3]], rest: null })
  })

  test('more values than a statement takes are left to the caller', async () => {
    const uids = Array.from({ length: 200 }, (_, i) => [2 * i + 1, 2 * i + 1] as const)
    const of = Array.from({ length: 90 }, () => ({ type: 'uids', uids }) as const)
    expect(await account.search(inbox, { type: 'or', of })).toBeNull()
    expect(await account.search(inbox, { type: 'or', of: of.slice(1, 3) })).toEqual({ uids: [], rest: null })
  })
})

test('threads: the same store, and errors keep their codes', { timeout: 60_000 }, async () => {
  const threaded = await openSqliteStore({ path: folder.path, threads: 2 })
  const view = await threaded.open('anna')
  await append(3)
  const octets: Uint8Array[] = []
  for await (const rows of view.messages(inbox, { want: ['inline'] }))
    for (const row of rows) octets.push(row.inline ?? summary)
  expect(octets).toEqual(Array.from({ length: 3 }, () => mailOf('m1', 100)))
  await expect(view.commit?.([{ op: 'drop', id: inbox }])).rejects.toMatchObject({
    name: 'StoreError',
    code: 'invalid',
  })
  await expect(view.uids?.('99')).rejects.toMatchObject({ name: 'StoreError', code: 'nonexistent' })
  await threaded.close()
  await expect(threaded.open('anna')).rejects.toMatchObject({ code: 'unavailable' })
  await expect(openSqliteStore({ path: folder.path, driver: loadDriver() })).rejects.toMatchObject({ code: 'invalid' })
})

test('threads: one that ends fails what it owed, and another takes its place', { timeout: 60_000 }, async () => {
  const workers: Worker[] = []
  const note = (worker: Worker): void => void workers.push(worker)
  process.on('worker', note)
  const threaded = await openSqliteStore({ path: folder.path, threads: 1, maintenanceInterval: 0 })
  process.off('worker', note)
  const view = await threaded.open('anna')
  const deliver = async (dedup: string): Promise<void> => {
    await threaded.deliverOctets({ octets: [mailOf(dedup, 100)], summary, to: [{ account: 'anna', dedup }] })
    await threaded.stage([mailOf(dedup, 100_000)])
  }
  const [rows, , reader] = workers
  for (const worker of [rows, reader]) {
    const owed = Promise.allSettled([view.mailboxes(), view.mailboxes(), deliver('m1')])
    await worker.terminate()
    for (const result of await owed)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ name: 'StoreError', code: 'unavailable' })
    await Promise.all([view.mailboxes(), view.mailboxes(), view.mailboxes(), deliver('m1')])
  }
  expect((await view.mailboxes())[0].messages).toBe(1)
  await threaded.close()
  await expect(view.mailboxes()).rejects.toMatchObject({ code: 'unavailable' })
})
