/**
 * A session's cursor only moves forward, whatever the order in which it hears of changes: nothing is told twice,
 * HIGHESTMODSEQ never decreases (RFC 7162 §3.1.1), and it never passes an expunge that was not told (§3.2, erratum 1810).
 */
import { type Account, type ChangeHint, Flag, type Op } from '@posthouse/store-api'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Command, ok } from '../src/index.js'
import { DialogueClient } from './dialogue.js'
import { HELLO, serverOver, testServer } from './servers.js'

interface Hinted {
  readonly client: DialogueClient
  /** Changes INBOX behind the session's back; gives the modification sequence. */
  change(op: Omit<Extract<Op, { op: 'flags' | 'expunge' }>, 'in'>): Promise<number>
  deliver(): Promise<void>
  /** The store's notice of a change comes now. Without it the session does not hear of any. */
  hint(modseq?: number): Promise<void>
  readonly account: Account
  readonly inbox: string
}

/** A session that has INBOX selected and hears of changes when the test says so. */
async function hinted(messages: number, ...first: readonly string[]): Promise<Hinted> {
  const made = testServer()
  for (let i = 0; i < messages; i++) await made.deliver(HELLO)
  const account = (await made.account()) as Required<Account>
  const inbox = (await account.mailboxes())[0]?.id as string
  const hints: ChangeHint[] = []
  let wake = (): void => {}
  const server = serverOver(made, () => ({
    async *watch(signal) {
      while (!signal.aborted) {
        while (hints.length > 0) yield hints.shift() as ChangeHint
        await new Promise<void>((resolve) => {
          wake = resolve
          signal.addEventListener('abort', () => resolve())
        })
      }
    },
  }))
  const client = new DialogueClient(server)
  await client.logIn('alice')
  for (const line of first) await client.run(line)
  return {
    client,
    account,
    inbox,
    async change(op) {
      return (await account.commit([{ ...op, in: inbox } as Op])).modseq
    },
    deliver: () => made.deliver(HELLO),
    async hint(modseq) {
      hints.push(modseq === undefined ? {} : { mailbox: inbox, modseq })
      wake()
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

const flag = (uid: number, flags: number) => ({ op: 'flags', uids: [[uid, uid]], mode: 'add', flags }) as const
const gone = (uid: number) => ({ op: 'expunge', uids: [[uid, uid]], onlyDeleted: false }) as const

const SELECT = 's SELECT INBOX (CONDSTORE)'

test('notices that come late or in another order tell nothing twice, and leave HIGHESTMODSEQ where it is', async () => {
  const { client, change, hint } = await hinted(3, SELECT)
  client.send('i IDLE')
  expect(await client.line()).toBe('+ idling')
  // Rows come by UID: the last one has not the largest modification sequence.
  for (const uid of [3, 2, 1]) await change(flag(uid, Flag.Seen))
  await hint(7)
  expect([await client.line(), await client.line(), await client.line()]).toEqual([
    '* 1 FETCH (UID 1 FLAGS (\\Seen) MODSEQ (7))',
    '* 2 FETCH (UID 2 FLAGS (\\Seen) MODSEQ (6))',
    '* 3 FETCH (UID 3 FLAGS (\\Seen) MODSEQ (5))',
  ])
  for (const late of [6, 5, 1, undefined]) {
    await hint(late)
    await client.expectSilence(0)
  }
  client.send('DONE')
  expect(await client.line()).toBe('i OK IDLE completed')
  expect(await client.run('x EXPUNGE')).toEqual(['x OK [HIGHESTMODSEQ 7] EXPUNGE completed'])
  await hint(2)
  expect(await client.run('f FETCH 1 MODSEQ')).toEqual(['* 1 FETCH (MODSEQ (7))', 'f OK FETCH completed'])
  expect(await client.run('y EXPUNGE')).toEqual(['y OK [HIGHESTMODSEQ 7] EXPUNGE completed'])
})

test('an old notice is still a reason to look, and the look finds what is new', async () => {
  const { client, change, hint } = await hinted(2, SELECT)
  await change(flag(1, Flag.Seen))
  await change(flag(2, Flag.Flagged))
  await hint(4)
  expect(await client.run('f FETCH 1 UID')).toEqual([
    '* 1 FETCH (UID 1)',
    '* 1 FETCH (UID 1 FLAGS (\\Seen) MODSEQ (4))',
    '* 2 FETCH (UID 2 FLAGS (\\Flagged) MODSEQ (5))',
    'f OK FETCH completed',
  ])
  expect(await client.run('x EXPUNGE')).toEqual(['x OK [HIGHESTMODSEQ 5] EXPUNGE completed'])
})

test('while an expunge is withheld the cursor waits before it, however often there is a look, and then goes on', async () => {
  const { client, change, hint, deliver } = await hinted(3, SELECT)
  const expunged = await change(gone(2))
  for (const [uid, now] of [
    [1, 6],
    [3, 7],
  ] as const) {
    expect(await change(flag(uid, Flag.Seen))).toBe(now)
    await hint(now)
    const lines = await client.run(`f${uid} FETCH 1 UID`)
    expect(lines.slice(1)).toEqual([
      `* ${uid} FETCH (UID ${uid} FLAGS (\\Seen) MODSEQ (${now}))`,
      `* OK [HIGHESTMODSEQ ${expunged - 1}] Behind it are expunges`,
      `f${uid} OK [EXPUNGEISSUED] FETCH completed`,
    ])
  }
  await deliver()
  await hint(8)
  expect(await client.run('f FETCH 1 UID')).toEqual(['* 1 FETCH (UID 1)', 'f OK [EXPUNGEISSUED] FETCH completed'])
  expect(await client.run('x EXPUNGE')).toEqual([
    '* 2 EXPUNGE',
    '* 3 EXISTS',
    '* 1 RECENT',
    '* OK [HIGHESTMODSEQ 8] Highest',
    'x OK [HIGHESTMODSEQ 8] EXPUNGE completed',
  ])
})

test('a change that comes while EXPUNGE looks is told, and its end has the HIGHESTMODSEQ behind it', async () => {
  const made = testServer()
  for (let i = 0; i < 3; i++) await made.deliver(HELLO)
  const account = (await made.account()) as Required<Account>
  const inbox = (await account.mailboxes())[0]?.id as string
  const change = (op: ReturnType<typeof flag> | ReturnType<typeof gone>) => account.commit([{ ...op, in: inbox } as Op])
  let between: (() => Promise<unknown>) | undefined
  const server = serverOver(made, ({ vanished }) => ({
    async vanished(...asked) {
      const uids = await (vanished as NonNullable<typeof vanished>)(...asked)
      const once = between
      between = undefined
      await once?.()
      return uids
    },
  }))
  const client = new DialogueClient(server)
  await client.logIn('alice')
  await client.run(SELECT)
  await change(gone(2))
  await change(flag(1, Flag.Seen))
  expect((await client.run('n FETCH 1 UID')).slice(-2)).toEqual([
    '* OK [HIGHESTMODSEQ 4] Behind it are expunges',
    'n OK [EXPUNGEISSUED] FETCH completed',
  ])
  // The rows were read already when this comes.
  between = () => change(flag(3, Flag.Flagged))
  expect(await client.run('x EXPUNGE')).toEqual([
    '* 2 EXPUNGE',
    '* 2 FETCH (UID 3 FLAGS (\\Flagged) MODSEQ (7))',
    '* OK [HIGHESTMODSEQ 7] Highest',
    'x OK [HIGHESTMODSEQ 7] EXPUNGE completed',
  ])
})

/** What a client with QRESYNC believes, and up to which modification sequence it thinks to know all. */
class Believer {
  readonly flags = new Map<number, string>()
  count = 0
  highest = 0
  told = 0

  hear(lines: readonly string[]): void {
    let modseq = 0
    let said = 0
    for (const line of lines) {
      const [, exists] = /^\* (\d+) EXISTS/.exec(line) ?? []
      if (exists) this.count = Number(exists)
      const [, set] = /^\* VANISHED (\S+)/.exec(line) ?? []
      for (const range of set?.split(',') ?? []) {
        const [lo, hi = lo] = range.split(':').map(Number) as [number, number?]
        for (let uid = lo; uid <= (hi as number); uid++) {
          if (this.flags.delete(uid)) this.count--
        }
      }
      const fetch = /^\* \d+ FETCH \(UID (\d+) FLAGS \(([^)]*)\)/.exec(line)
      if (fetch) this.flags.set(Number(fetch[1]), (fetch[2] as string).replace(/ ?\\Recent/, ''))
      modseq = Math.max(modseq, Number(/ MODSEQ \((\d+)\)/.exec(line)?.[1] ?? 0))
      const highest = /\[HIGHESTMODSEQ (\d+)\]/.exec(line)
      if (highest) said = Number(highest[1])
    }
    if (said > 0) {
      expect(said).toBeGreaterThanOrEqual(this.told)
      this.told = said
      this.highest = said
    }
    // RFC 7162 §3.2: without HIGHESTMODSEQ, it may take the largest MODSEQ that it has heard.
    else this.highest = Math.max(this.highest, modseq)
  }
}

const step = fc.record({
  kind: fc.constantFrom('flag', 'expunge', 'deliver', 'hint', 'late', 'FETCH', 'UID FETCH', 'NOOP', 'STORE', 'EXPUNGE'),
  pick: fc.nat(20),
})

test('whatever a client keeps as HIGHESTMODSEQ, it has heard of everything up to it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const { client, change, hint, deliver, account, inbox } = await hinted(4, 'e ENABLE QRESYNC')
      const believer = new Believer()
      const expunged: { uid: number; modseq: number }[] = []
      const run = async (command: string): Promise<void> => believer.hear(await client.run(`t ${command}`))
      await run('SELECT INBOX')
      await run('UID FETCH 1:* (FLAGS)')
      const last = ['hint', 'NOOP', 'EXPUNGE'].map((kind) => ({ kind, pick: 0 }))
      for (const { kind, pick } of [...steps, ...last]) {
        const now = (await account.mailboxes())[0]?.modseq as number
        const known = [...believer.flags.keys()]
        const uid = known[pick % (known.length || 1)] ?? 1
        if (kind === 'flag') await change(flag(uid, pick % 2 === 0 ? Flag.Seen : Flag.Flagged))
        else if (kind === 'expunge') {
          const modseq = await change(gone(uid))
          if (modseq > now) expunged.push({ uid, modseq })
        } else if (kind === 'deliver') await deliver()
        else if (kind === 'hint') await hint(now)
        else if (kind === 'late') await hint(1 + (pick % now))
        else if (kind === 'FETCH' && known.length > 0) await run(`FETCH 1:${known.length} (UID FLAGS MODSEQ)`)
        else if (kind === 'UID FETCH') await run('UID FETCH 1:* (FLAGS)')
        else if (kind === 'STORE' && known.length > 0) await run(`UID STORE ${uid} +FLAGS.SILENT (\\Answered)`)
        else if (kind === 'NOOP' || kind === 'EXPUNGE') await run(kind)
        for (const one of expunged) {
          if (one.modseq <= believer.highest) expect(believer.flags.has(one.uid)).toBe(false)
        }
        let present = 0
        for await (const rows of account.messages(inbox, {})) {
          for (const row of rows) {
            if (row.modseq > believer.highest) continue
            present++
            const believed = believer.flags.get(row.uid)
            if (believed === undefined || kind === 'STORE') continue
            expect(believed.includes('\\Seen')).toBe((row.flags & Flag.Seen) !== 0)
            expect(believed.includes('\\Flagged')).toBe((row.flags & Flag.Flagged) !== 0)
          }
        }
        expect(believer.count).toBeGreaterThanOrEqual(present)
      }
      expect(believer.told).toBe((await account.mailboxes())[0]?.modseq)
    }),
    { numRuns: 200 },
  )
})

test('the last message that goes between the look at changes and that at expunges does not come again', async () => {
  const made = testServer()
  for (let i = 0; i < 2; i++) await made.deliver(HELLO)
  const account = (await made.account()) as Required<Account>
  const inbox = (await account.mailboxes())[0]?.id as string
  const change = (op: ReturnType<typeof flag> | ReturnType<typeof gone>) => account.commit([{ ...op, in: inbox } as Op])
  let between: (() => Promise<unknown>) | undefined
  const server = serverOver(made, ({ vanished }) => ({
    async vanished(...asked) {
      const once = between
      between = undefined
      await once?.()
      return (vanished as NonNullable<typeof vanished>)(...asked)
    },
  }))
  const client = new DialogueClient(server)
  await client.logIn('alice')
  await client.run('s SELECT INBOX')
  await change(flag(2, Flag.Seen))
  between = () => change(gone(2))
  expect(await client.run('n NOOP')).toEqual(['* 2 EXPUNGE', 'n OK NOOP completed'])
  expect(await client.run('m NOOP')).toEqual(['m OK NOOP completed'])
})

test('a range of UIDs that goes beyond what the client was told of leaves the rest alone', async () => {
  const { client, deliver, account, inbox } = await hinted(1, 's SELECT INBOX')
  await deliver()
  await client.run('x UID STORE 1:9 +FLAGS.SILENT (\\Deleted)')
  for await (const rows of account.messages(inbox, { light: true })) {
    expect(rows.map(({ uid, flags }) => [uid, flags])).toEqual([
      [1, Flag.Deleted],
      [2, 0],
    ])
  }
})

test('changes of its own that a session need not be told of are forgotten with the next look', async () => {
  const count: Command = {
    name: 'XQUIET',
    states: ['selected'],
    parse() {},
    run: (session) => ok(String(session.view.quiet.length)),
  }
  const made = testServer({ extensions: [{ name: 'XQUIET', commands: [count] }] })
  await made.deliver(HELLO)
  const client = new DialogueClient(made.server)
  await client.logIn('alice')
  await client.run('s SELECT INBOX')
  for (let i = 0; i < 4; i++) await client.run(`t${i} STORE 1 ${i % 2 ? '-' : '+'}FLAGS (\\Seen)`)
  expect(await client.run('q XQUIET')).toEqual(['q OK 0'])
})
