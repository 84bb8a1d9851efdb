/** Checks 101 and up: what goes wrong in adapters over somebody else's table. All but 111 only read. */
import { collectBytes } from '../../adapter.js'
import { isWritable, uidsOf } from '../../fallbacks.js'
import { Flag } from '../../types.js'
import { isUidSet } from '../../uid-set.js'
import { type CheckContext, expectRecount, mail } from '../context.js'
import { check, type Definition } from '../define.js'
import { expect, expectEqual } from '../failure.js'

/** A store that can be written starts empty; an adapter over a table brings its own messages. */
async function seed(t: CheckContext): Promise<void> {
  if (!isWritable(t.account)) return
  for (let i = 0; i < 5; i++) await t.append(mail(`seeded ${i} ${'.'.repeat(i * 40)}`), { flags: i })
}

const stale = 'a client that has cached the message shows wrong text, or fetches it again each time'
const wrongMessage = 'a client that has cached a UID shows another message in its place, or deletes the wrong one'

const missed = 'what is read on one device stays unread on the others'

export const adapterChecks: readonly Definition[] = [
  check(101, 'R6', 'size is exact, and reading twice gives the same octets', stale, async (t) => {
    await seed(t)
    for (const { id } of await t.account.mailboxes()) {
      for (const row of (await t.rows(id)).slice(0, 200)) {
        const first = await t.octets(row)
        expectEqual(first.length, row.size, `octets of UID ${row.uid} against its size`)
        const [again] = await t.rows(id, { uids: [[row.uid, row.uid]] })
        const second = await t.octets(again ?? row)
        expect(
          first.every((octet, i) => octet === second[i]),
          `UID ${row.uid} has other octets when read again`,
        )
        expectEqual(again?.size, row.size, `size of UID ${row.uid} when asked again`)
      }
    }
  }),
  check(102, 'R6', 'what else a row says about its octets is true', stale, async (t) => {
    await seed(t)
    for (const { id } of await t.account.mailboxes()) {
      for (const row of (await t.rows(id, { want: ['header', 'inline'] })).slice(0, 200)) {
        const blob = await collectBytes(t.account.read(row.blob))
        if (row.inline) expectEqual([...row.inline], [...blob], `inline of UID ${row.uid}`)
        if (row.header)
          expectEqual([...row.header], [...blob.subarray(0, row.header.length)], `header of UID ${row.uid}`)
      }
    }
  }),
  check(
    103,
    'API',
    'counters are those of the rows, UIDs ascend, keys are unique',
    'clients show unread mail that nobody can find',
    async (t) => {
      await seed(t)
      const infos = await t.account.mailboxes()
      expectEqual(new Set(infos.map(({ id }) => id)).size, infos.length, 'different mailbox ids')
      for (const { id } of infos) {
        await expectRecount(t, id)
        const rows = await t.rows(id)
        for (const [i, { uid }] of rows.entries()) {
          if (i > 0) expect(uid > rows[i - 1]!.uid, `UID ${uid} comes after UID ${rows[i - 1]!.uid}`)
        }
        expectEqual(
          [...(await uidsOf(t.account, id))],
          rows.map(({ uid }) => uid),
          'uids()',
        )
      }
    },
  ),
  check(
    104,
    'API',
    'queries by UID set and by modseq give what they say',
    'a client fetches one message and gets another, or none',
    async (t) => {
      await seed(t)
      for (const { id, modseq } of await t.account.mailboxes()) {
        const rows = await t.rows(id)
        for (const row of rows)
          expect(row.modseq <= modseq, `UID ${row.uid} has modseq ${row.modseq}; the mailbox ${modseq}`)
        const middle = rows[Math.floor(rows.length / 2)]
        if (!middle) continue
        const sets = [[[middle.uid, middle.uid]], [[middle.uid, 4_294_967_295]], [[1, middle.uid]]] as const
        for (const uids of sets) {
          expect(isUidSet(uids), 'the test is wrong')
          const expected = rows.filter(({ uid }) => uid >= uids[0][0] && uid <= uids[0][1]).map(({ uid }) => uid)
          expectEqual(
            (await t.rows(id, { uids })).map(({ uid }) => uid),
            expected,
            `rows of ${uids.join(':')}`,
          )
        }
        const since = rows.filter((row) => row.modseq > middle.modseq).map(({ uid }) => uid)
        expectEqual(
          (await t.rows(id, { since: middle.modseq })).map(({ uid }) => uid),
          since,
          `rows since ${middle.modseq}`,
        )
      }
    },
  ),
  check(105, 'API', 'lines end with CRLF', 'POP3 and some clients show the message as one line', async (t) => {
    if (isWritable(t.account)) return
    for (const { id } of await t.account.mailboxes()) {
      for (const row of (await t.rows(id)).slice(0, 50)) {
        const octets = await t.octets(row)
        const bare = octets.findIndex((octet, i) => octet === 0x0a && octets[i - 1] !== 0x0d)
        expect(bare < 0, `UID ${row.uid} has a bare LF at octet ${bare}`)
      }
    }
  }),
  check(106, 'R6', 'the UID of a removed newest message is not used again', wrongMessage, async (t) => {
    const { add, removeNewest } = t.need('application')
    await add()
    const before = await t.inbox()
    const uids = await t.uids(before.id)
    const newest = uids.at(-1)!
    await removeNewest()
    // A store that discovers changes does so when it is asked for its mailboxes, as a session does first.
    await t.inbox()
    expect(!(await t.uids(before.id)).includes(newest), `UID ${newest} is there after its message was removed`)
    await add()
    const { uidValidity } = await t.inbox()
    const after = await t.uids(before.id)
    const reused = uidValidity === before.uidValidity && after.at(-1)! <= newest
    expect(!reused, `UID ${newest} was removed, and the next message got UID ${after.at(-1)}`)
  }),
  check(
    107,
    'R5',
    'what the application adds and removes raises the modseq',
    'a client that syncs by CHANGEDSINCE never learns of it',
    async (t) => {
      const { add, removeNewest } = t.need('application')
      const before = await t.inbox()
      await add()
      const added = await t.inbox()
      expect(added.modseq > before.modseq, `a message was added, and the modseq stayed ${before.modseq}`)
      expectEqual((await t.rows(added.id, { since: before.modseq })).length, 1, 'rows since')
      if (!t.account.vanished) return
      await removeNewest()
      const { modseq } = await t.inbox()
      expect(modseq > added.modseq, `a message was removed, and the modseq stayed ${added.modseq}`)
      const answer = await t.account.vanished(added.id, added.modseq)
      if (answer !== null) expectEqual(answer.length, 1, 'ranges of vanished')
    },
  ),
  check(
    111,
    'R5',
    'marking as read shows in the row and the counters, and raises the modseq once',
    missed,
    async (t) => {
      const commit = t.method('commit')
      await seed(t)
      const before = await t.inbox()
      const [row] = await t.rows(before.id)
      if (!row) t.skip('there is no message')
      const { uid, flags } = row
      const uids = [[uid, uid]] as const
      const seen = (flags & Flag.Seen) !== 0
      const op = { op: 'flags', in: before.id, uids, mode: seen ? 'remove' : 'add', flags: Flag.Seen } as const
      const [done] = (await commit([op])).results
      expectEqual(done?.uids, uids, 'UIDs in the result')
      const after = await t.inbox()
      expect(after.modseq > before.modseq, `the modseq of the mailbox was ${before.modseq} and is ${after.modseq}`)
      expectEqual(after.unseen, before.unseen + (seen ? 1 : -1), 'unseen')
      const changed = await t.rows(before.id, { since: before.modseq })
      expectEqual(
        changed.map((one) => [one.uid, one.flags]),
        [[uid, flags ^ Flag.Seen]],
        'rows since, with their flags',
      )
      expectEqual((await commit([op])).results[0]?.uids ?? [], [], 'UIDs in the result of the same again')
      expectEqual((await t.inbox()).modseq, after.modseq, 'the modseq after the same again')
      const back = { ...op, mode: seen ? 'add' : 'remove', unchangedSince: before.modseq } as const
      expectEqual((await commit([back])).results[0]?.modified, uids, 'what unchangedSince has refused')
      expectEqual((await t.rows(before.id, { uids }))[0]?.flags, flags ^ Flag.Seen, 'its flags')
    },
  ),
]
