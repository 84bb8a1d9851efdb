/** Checks 90 to 96, and 100: crashes, limits, size. */
import type { Op } from '../../types.js'
import { breathe, type CheckContext, expectRecount, expectWithin, mail, setOf, summary, timed } from '../context.js'
import { expectSurvived } from '../crash-scenario.js'
import { check, type Definition } from '../define.js'
import { expect, expectEqual, fail } from '../failure.js'
import type { CrashPoint } from '../kit.js'

const crashPoints: readonly CrashPoint[] = ['after-stage', 'mid-commit', 'after-commit', 'mid-expunge', 'mid-collect']

async function fill(t: CheckContext, mailbox: string, n: number): Promise<void> {
  for (let i = 0; i < n; i += 1000) await t.append(mail('filled'), { to: mailbox, times: Math.min(1000, n - i) })
}

async function drain(t: CheckContext, mailbox: string): Promise<number> {
  let rows = 0
  for await (const page of t.account.messages(mailbox, {})) rows += page.length
  return rows
}

export const limitChecks: readonly Definition[] = [
  check(
    90,
    'R4',
    'after kill -9 nothing confirmed is missing, doubled or torn',
    'mail that was accepted is lost',
    async (t) => {
      const crash = t.need('crash')
      const all: string[] = []
      for (const point of crashPoints) {
        const { store, acknowledged } = await crash(point)
        all.push(...acknowledged)
        await expectSurvived(t, await t.openOn(store), all)
      }
    },
  ),
  check(
    91,
    'R4',
    'a full disk is a clean refusal, and the store works again after it',
    'mail is lost, or the server has to be repaired by hand',
    async (t) => {
      const fillDisk = t.need('fillDisk')
      const { id } = await t.inbox()
      await t.append(mail('before'))
      const staged = await t.stage(mail('staged before'))
      await fillDisk(true)
      const attempts = {
        stage: t.stage(new Uint8Array(5_000_000)),
        commit: t.one({ op: 'append', to: id, staged, summary, flags: 0 }),
      }
      for (const [what, attempt] of Object.entries(attempts)) {
        const code = await attempt.then(
          () => 'accepted',
          (error: { code?: string }) => error.code ?? String(error),
        )
        expect(['overquota', 'limit', 'unavailable', 'busy'].includes(code), `${what} on a full disk: ${code}`)
      }
      await fillDisk(false)
      expectEqual((await t.uids(id)).length, 1, 'messages after the full disk')
      await t.append(mail('after'))
      await expectRecount(t, id)
    },
  ),
  check(
    92,
    'R9',
    'a very large mailbox is selected and synced quickly',
    'opening a large folder takes longer than a client waits',
    async (t) => {
      const { id } = await t.inbox()
      const n = t.scaled(5000, 100_000)
      await fill(t, id, n)
      const select = await timed(async () => {
        await t.account.mailboxes()
        const count = t.account.uids ? (await t.account.uids(id)).length : await drain(t, id)
        expectEqual(count, n, 'UIDs')
      })
      expectWithin(t, select, 300, `SELECT of ${n}`)
      const sync = await timed(async () => expectEqual(await drain(t, id), n, 'rows'))
      expectWithin(t, sync, 500, `a flag sync of ${n}`)
      const largest = await largestPage(t, id)
      expect(largest <= 10_000, `messages() gave a page of ${largest} rows: the whole mailbox is in memory`)
    },
  ),
  check(
    93,
    'R9',
    'a reader that sleeps in the middle of messages() stops nobody',
    'one slow client blocks all mail of the account',
    async (t) => {
      const { id } = await t.inbox()
      const n = t.scaled(3000, 20_000)
      await fill(t, id, n)
      const second = await t.another()
      let rows = 0
      let slept = false
      for await (const page of t.account.messages(id, { uids: [[1, n]] })) {
        rows += page.length
        if (slept) continue
        slept = true
        const ms = await timed(async () => {
          await t.append(mail('meanwhile'), { on: second })
          await t.one({ op: 'flags', in: id, uids: [[1, 10]], mode: 'add', flags: 1 }, second)
        })
        expectWithin(t, ms, 1000, 'a commit while a reader sleeps')
        await new Promise((resolve) => setTimeout(resolve, t.scaled(50, 60_000)))
        if (t.test.logOctets) expect((await t.test.logOctets()) < 64_000_000, 'the log grew beyond 64 MB')
      }
      expectEqual(rows, n, 'rows')
    },
  ),
  check(
    100,
    'R9',
    'messages() leaves nothing out while others expunge what it has given',
    'a message that was never expunged is missing from the list until the client starts anew',
    async (t) => {
      const { id } = await t.inbox()
      const n = t.scaled(3000, 20_000)
      await fill(t, id, n)
      const second = await t.another()
      const given: number[] = []
      let gone = 0
      for await (const page of t.account.messages(id, {})) {
        given.push(...page.map(({ uid }) => uid))
        // All that was given, so that a walk by position would step over as many.
        const uids = setOf(given.slice(gone))
        gone = given.length
        await t.one({ op: 'expunge', in: id, uids, onlyDeleted: false }, second)
      }
      expectEqual(given.length, n, 'rows given')
      expectEqual(new Set(given).size, n, 'different UIDs given')
    },
  ),
  check(
    94,
    'API',
    'the number of statements of a call does not grow with the messages',
    'opening a folder takes one query for each message',
    async (t) => {
      const statements = t.need('statements')
      const { id } = await t.inbox()
      const costOf = async (n: number) => {
        await t.append(mail('counted'), { times: n })
        const before = await statements()
        await t.account.mailboxes()
        await drain(t, id)
        await t.one({ op: 'flags', in: id, uids: [[1, 4_294_967_295]], mode: 'add', flags: 1 })
        await t.one({ op: 'expunge', in: id, onlyDeleted: false })
        return (await statements()) - before
      }
      const few = await costOf(10)
      const many = await costOf(400)
      expect(many <= few + 12, `${few} statements for 10 messages, ${many} for 400`)
    },
  ),
  check(
    95,
    'R7',
    'the collector takes no octets that somebody has just named',
    'a message is in the list, and it is empty',
    async (t) => {
      const collect = t.need('collect')
      const { id } = await t.inbox()
      const other = await t.create('Kept')
      let running = true
      const collecting = (async () => {
        while (running) {
          await collect()
          await breathe()
        }
      })()
      const lease = t.test.leaseMs ?? 3_600_000
      try {
        for (let i = 0; i < t.scaled(30, 2000); i++) {
          const staged = await t.stage(mail('the same octets'))
          const append: Op = { op: 'append', to: id, staged, summary, flags: 0 }
          const { results } = await t.commit(append)
          const uids = results[0]!.uids ?? fail('append has no uids')
          await Promise.all([
            t.one({ op: 'copy', from: id, uids, to: other.id }),
            t.one({ op: 'expunge', in: id, uids, onlyDeleted: false }),
          ])
          // The lease must not be what keeps the octets of a copy.
          if (i % 10 === 0) await t.test.advance?.(lease + 86_400_000)
          await breathe()
        }
      } finally {
        running = false
        await collecting
      }
      await collect()
      for (const row of await t.rows(other.id)) {
        expectEqual(new TextDecoder().decode(await t.octets(row)), mail('the same octets'), `octets of UID ${row.uid}`)
      }
    },
  ),
  check(
    96,
    'API',
    'a clock that jumps by an hour harms neither order nor octets',
    'mail is refused or sorted wrongly when the clocks change',
    async (t) => {
      const advance = t.need('advance')
      const { id } = await t.inbox()
      const uids: number[] = []
      const modseqs: number[] = []
      for (const jump of [3_600_000, -7_200_000, 3_600_000]) {
        uids.push(...(await t.append(mail(`before ${jump}`))))
        const staged = await t.stage(mail(`across ${jump}`))
        await advance(jump)
        const result = await t
          .one({ op: 'append', to: id, staged, summary, flags: 0 })
          .catch((error: { code?: string }) =>
            error.code === 'expired' ? null : fail(`a commit after a jump: ${error.code}`),
          )
        if (result) uids.push(result.uids![0]![0])
        modseqs.push((await t.info(id)).modseq)
      }
      expectEqual(
        uids,
        [...uids].sort((a, b) => a - b),
        'UIDs across jumps',
      )
      expectEqual(
        modseqs,
        [...modseqs].sort((a, b) => a - b),
        'modseqs across jumps',
      )
      const rows = await t.rows(id, { uids: setOf(uids) })
      for (const row of rows) expectEqual((await t.octets(row)).length, row.size, `octets of UID ${row.uid}`)
    },
  ),
]

async function largestPage(t: CheckContext, mailbox: string): Promise<number> {
  let largest = 0
  for await (const page of t.account.messages(mailbox, {})) largest = Math.max(largest, page.length)
  return largest
}
