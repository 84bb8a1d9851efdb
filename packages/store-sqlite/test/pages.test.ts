/** Rows cross from SQLite page by page, a column as one value: whatever octets and numbers they hold, they come out as they went in. */
import { type Account, type MessageQuery, type MessageRow, type UidSet, uidSetContains } from '@posthouse/store-api'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openSqliteStore, type SqliteStore } from '../src/index.js'
import { readNumbers } from '../src/read/pack.js'
import { temporaryFolder } from './test-store.js'

const MOST = 4294967295

async function rowsOf(account: Account, mailbox: string, query: MessageQuery): Promise<MessageRow[]> {
  const rows: MessageRow[] = []
  for await (const page of account.messages(mailbox, query)) rows.push(...page)
  return rows
}

test('numbers are read as they are written', () => {
  const whole = fc.integer({ min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER })
  fc.assert(
    fc.property(fc.array(whole, { minLength: 1 }), (numbers) => {
      const read = new Float64Array(numbers.length + 1).fill(7)
      readNumbers(numbers.join(','), read, 0)
      expect([...read]).toEqual([...numbers, 7])
    }),
  )
})

const octets = (max: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength: max })

test('whatever a row holds comes out as it went in', { timeout: 60_000 }, async () => {
  const folder = temporaryFolder()
  const store = await openSqliteStore({ path: folder.path, threads: 0, maintenanceInterval: 0 })
  await store.addAccount('anna')
  const account = await store.open('anna')
  const message = fc.record({
    body: octets(40),
    summary: octets(60),
    header: fc.option(octets(60), { nil: undefined }),
    prefix: fc.option(octets(30), { nil: undefined }),
    flags: fc.nat(31),
    keywords: fc.uniqueArray(fc.constantFrom('$Junk', 'Work', '\u{61}b', 'x-1'), { maxLength: 3 }),
    internalDate: fc.integer({ min: -5e11, max: 5e12 }),
  })
  let made = 0
  await fc.assert(
    fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 8 }), async (messages) => {
      const path = [`M${++made}`]
      const ops = await Promise.all(
        messages.map(async ({ body, header, prefix, ...rest }) => ({
          op: 'append' as const,
          to: { made: 0 },
          staged: await account.stage([body]),
          ...rest,
          ...(header && { header }),
          ...(prefix && { prefix }),
        })),
      )
      const { results } = await account.commit([{ op: 'create', path }, ...ops])
      const mailbox = results[0].mailbox as string
      const rows = await rowsOf(account, mailbox, { want: ['summary', 'header', 'inline'] })
      const found = rows.map(({ flags, keywords = [], internalDate, summary, header, inline, prefix, size }) => ({
        ...{ flags, keywords: [...keywords].sort(), internalDate, size },
        ...{ summary, header, inline, prefix: prefix?.length ? prefix : undefined },
      }))
      expect(found).toEqual(
        messages.map(({ body, prefix, keywords, ...rest }) => ({
          ...rest,
          keywords: [...keywords].sort(),
          size: body.length + (prefix?.length ?? 0),
          inline: body,
          prefix: prefix?.length ? prefix : undefined,
        })),
      )
    }),
    { numRuns: 60 },
  )
  await store.close()
  folder.remove()
})

describe('a mailbox of several pages', () => {
  const folder = temporaryFolder()
  let store: SqliteStore
  let account: Account
  let mailbox: string
  /** Long values among short ones, by UID. */
  const headerOf = (uid: number): Uint8Array =>
    new Uint8Array(uid % 50 === 3 ? 40_000 + uid : uid % 7 === 0 ? 0 : 100 + (uid % 90)).fill(uid)
  const summaryOf = (uid: number): Uint8Array => new Uint8Array(uid % 61 === 5 ? 20_000 : uid % 40).fill(uid + 1)
  const COUNT = 2_500

  beforeAll(async () => {
    store = await openSqliteStore({ path: folder.path, maintenanceInterval: 0 })
    await store.addAccount('anna')
    account = await store.open('anna')
    mailbox = (await account.mailboxes())[0].id
    const staged = await (account as Required<Account>).stage([new Uint8Array(300).fill(65)])
    const uids = Array.from({ length: COUNT }, (_, i) => i + 1)
    await account.commit?.(
      uids.map((uid) => ({
        ...{ op: 'append', to: mailbox, staged, flags: uid % 32 },
        ...{ summary: summaryOf(uid), header: headerOf(uid), keywords: uid % 3 === 0 ? ['Three'] : [] },
      })),
    )
  })
  afterAll(async () => {
    await store.close()
    folder.remove()
  })

  test('long and short octets keep their places', async () => {
    const rows = await rowsOf(account, mailbox, { want: ['summary', 'header'] })
    expect(rows.map(({ uid }) => uid)).toEqual(Array.from({ length: COUNT }, (_, i) => i + 1))
    for (const { uid, summary, header, keywords } of rows) {
      expect(Buffer.from(header as Uint8Array).equals(headerOf(uid))).toBe(true)
      expect(Buffer.from(summary as Uint8Array).equals(summaryOf(uid))).toBe(true)
      expect(keywords).toEqual(uid % 3 === 0 ? ['Three'] : undefined)
    }
  })

  test('a page ends where its octets are enough', async () => {
    let pages = 0
    for await (const page of account.messages(mailbox, { want: ['header'] })) {
      pages++
      const held = page.reduce((sum, { header }) => sum + (header?.length ?? 0), 0)
      expect(held).toBeLessThan(1_048_576 + 45_000)
    }
    expect(pages).toBeGreaterThan(3)
  })

  test('any ranges, with and without changes, light and not', async () => {
    const before = (await account.mailboxes())[0].modseq
    const changed: UidSet = [
      [5, 5],
      [190, 450],
      [1000, 1000],
      [1300, 2450],
    ]
    await account.commit?.([{ op: 'flags', in: mailbox, uids: changed, mode: 'set', flags: 4 }])
    const all = await rowsOf(account, mailbox, {})
    expect(all.filter(({ modseq }) => modseq > before).length).toBeGreaterThan(1_300)
    const range = fc
      .tuple(fc.integer({ min: 1, max: COUNT + 500 }), fc.constantFrom(0, 0, 3, 400, MOST))
      .map(([lo, more]) => [lo, Math.min(MOST, lo + more)] as const)
    const set = fc.oneof(
      fc.constant(undefined),
      fc.array(range, { maxLength: 6 }),
      // More ranges than one question holds.
      fc.constant(Array.from({ length: 1_250 }, (_, i) => [2 * i + 1, 2 * i + 1] as const)),
    )
    await fc.assert(
      fc.asyncProperty(set, fc.boolean(), fc.boolean(), async (ranges, changesOnly, light) => {
        const uids = ranges && disjoint(ranges)
        const rows = await rowsOf(account, mailbox, {
          light,
          ...(uids && { uids }),
          ...(changesOnly && { since: before }),
        })
        const wanted = all.filter(
          ({ uid, modseq }) => (!uids || uidSetContains(uids, uid)) && (!changesOnly || modseq > before),
        )
        const keys = ['uid', 'modseq', 'flags', 'keywords', 'size'] as const
        const pick = (row: MessageRow) => keys.map((key) => row[key])
        expect(rows.map(pick)).toEqual(wanted.map(pick))
        if (!light) expect(rows).toEqual(wanted)
      }),
      { numRuns: 60 },
    )
  })

  test('who stops in the middle leaves nothing behind', async () => {
    for await (const page of account.messages(mailbox, {})) {
      expect(page.length).toBeGreaterThan(0)
      break
    }
    await expect(rowsOf(account, '999', {})).rejects.toMatchObject({ code: 'nonexistent' })
  })
})

/** Sorted and without overlaps, as the contract has it. */
function disjoint(ranges: readonly (readonly [number, number])[]): UidSet {
  const sorted = [...ranges].sort(([a], [b]) => a - b)
  const merged: [number, number][] = []
  for (const [lo, hi] of sorted) {
    const last = merged.at(-1)
    if (last && lo <= last[1] + 1) last[1] = Math.max(last[1], hi)
    else merged.push([lo, hi])
  }
  return merged
}
