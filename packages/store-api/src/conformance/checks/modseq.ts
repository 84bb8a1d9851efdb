/** Checks 15 to 26, 108 and 110: modification sequences. */
import { breathe, mail, setOf } from '../context.js'
import { check, type Definition } from '../define.js'
import { expect, expectEqual } from '../failure.js'
import { underWriters } from './numbers.js'

const missed = 'a client that syncs by CHANGEDSINCE never learns of the change'
const noise = 'every sync fetches messages again that have not changed'
const everything = [[1, 4_294_967_295]] as const

export const modseqChecks: readonly Definition[] = [
  check(15, 'R5', 'append, flags, expunge, copy and move each raise the modseq', missed, async (t) => {
    const { id } = await t.inbox()
    const other = await t.create('Other')
    let last = (await t.info(id)).modseq
    const raised = async (what: string, mailbox = id) => {
      const { modseq } = await t.info(mailbox)
      expect(modseq > last, `${what}: the modseq of the mailbox was ${last} and is ${modseq}`)
      last = modseq
    }
    const uids = await t.append(mail('raised'), { times: 4 })
    await raised('append')
    await t.one({ op: 'flags', in: id, uids: setOf([uids[0]!]), mode: 'add', flags: 1 })
    await raised('flags')
    await t.one({ op: 'expunge', in: id, uids: setOf([uids[3]!]), onlyDeleted: false })
    await raised('expunge')
    await t.one({ op: 'copy', from: id, uids: setOf([uids[0]!]), to: other.id })
    await raised('copy (target)', other.id)
    await t.one({ op: 'move', from: id, uids: setOf([uids[1]!]), to: other.id })
    await raised('move (source)')
  }),
  check(16, 'R5', 'setting a flag that is set raises nothing', noise, async (t) => {
    const { id } = await t.inbox()
    const uids = setOf(await t.append(mail('noop'), { flags: 1, keywords: ['work'], times: 2 }))
    const before = await t.info(id)
    const rows = await t.rows(id)
    for (const mode of ['add', 'set'] as const) {
      await t.one({ op: 'flags', in: id, uids, mode, flags: 1, keywords: ['work'] })
    }
    await t.one({ op: 'flags', in: id, uids, mode: 'remove', flags: 4, keywords: ['absent'] })
    expectEqual((await t.info(id)).modseq, before.modseq, 'the modseq of the mailbox after no-ops')
    expectEqual(
      (await t.rows(id)).map((row) => row.modseq),
      rows.map((row) => row.modseq),
      'the modseqs of the rows',
    )
  }),
  check(
    17,
    'R4',
    'all rows of one commit have its modseq',
    'a client that stops between two pulls loses a part of one change',
    async (t) => {
      const { id } = await t.inbox()
      const uids = await t.append(mail('shared'), { times: 5 })
      const made = new Set((await t.rows(id)).map(({ modseq }) => modseq))
      expectEqual(made.size, 1, 'different modseqs of one appending commit')
      const { modseq } = await t.commit(
        { op: 'flags', in: id, uids: setOf(uids.slice(0, 2)), mode: 'add', flags: 1 },
        { op: 'flags', in: id, uids: setOf(uids.slice(2)), mode: 'add', flags: 4 },
      )
      for (const row of await t.rows(id)) expectEqual(row.modseq, modseq, `modseq of UID ${row.uid}`)
    },
  ),
  check(18, 'R5', 'the modseq of a mailbox is that of its last change, expunges included', missed, async (t) => {
    const { id } = await t.inbox()
    const uids = await t.append(mail('last'), { times: 3 })
    const { modseq: appended } = await t.info(id)
    const highest = Math.max(...(await t.rows(id)).map((row) => row.modseq))
    expectEqual(appended, highest, 'the modseq of the mailbox against the highest of its rows')
    const { modseq } = await t.commit({ op: 'expunge', in: id, uids: setOf(uids.slice(-1)), onlyDeleted: false })
    expectEqual((await t.info(id)).modseq, modseq, 'the modseq of the mailbox after an expunge')
    expect(modseq > appended, `the expunge has modseq ${modseq}, not above ${appended}`)
  }),
  check(19, 'API', '`since` is exclusive', noise, async (t) => {
    const { id } = await t.inbox()
    await t.append(mail('first'))
    const { modseq } = await t.info(id)
    const [second] = await t.append(mail('second'))
    expectEqual(
      (await t.rows(id, { since: modseq })).map(({ uid }) => uid),
      [second],
      `rows since ${modseq}`,
    )
  }),
  check(20, 'API', '`since: 0` is everything', missed, async (t) => {
    const { id } = await t.inbox()
    const uids = await t.append(mail('all'), { times: 3 })
    expectEqual(
      (await t.rows(id, { since: 0 })).map(({ uid }) => uid),
      uids,
      'rows since 0',
    )
  }),
  check(21, 'API', '`since` the highest modseq or beyond is nothing', noise, async (t) => {
    const { id } = await t.inbox()
    await t.append(mail('none'), { times: 3 })
    const { modseq } = await t.info(id)
    expectEqual((await t.rows(id, { since: modseq })).length, 0, 'rows since the highest modseq')
    expectEqual((await t.rows(id, { since: modseq + 1000 })).length, 0, 'rows since a modseq in the future')
  }),
  check(22, 'R2', 'copies have the modseq of the copy, not of the source', missed, async (t) => {
    const { id } = await t.inbox()
    const other = await t.create('Target')
    const uids = await t.append(mail('source'))
    await t.append(mail('later'))
    const before = (await t.inbox()).modseq
    const { modseq } = await t.commit({ op: 'copy', from: id, uids: setOf(uids), to: other.id })
    const [row] = await t.rows(other.id)
    expect(modseq > before, `the copy has modseq ${modseq}, not above ${before}`)
    expectEqual(row?.modseq, modseq, 'the modseq of the copied row')
  }),
  check(
    23,
    'API',
    'unchangedSince: the newer ones are refused and named, the others change',
    'two clients overwrite each other',
    async (t) => {
      const { id } = await t.inbox()
      const [a, b, c] = await t.append(mail('conditional'), { times: 3 })
      const { modseq } = await t.info(id)
      await t.one({ op: 'flags', in: id, uids: setOf([b!]), mode: 'add', flags: 4 })
      const result = await t.one({
        op: 'flags',
        in: id,
        uids: everything,
        mode: 'add',
        flags: 1,
        unchangedSince: modseq,
      })
      expectEqual(result.modified, setOf([b!]), 'modified')
      expectEqual(result.uids, setOf([a!, c!]), 'uids')
      expectEqual(
        (await t.rows(id)).map(({ flags }) => flags),
        [1, 4, 1],
        'flags',
      )
    },
  ),
  check(24, 'API', 'unchangedSince: 0 refuses every message', 'two clients overwrite each other', async (t) => {
    const { id } = await t.inbox()
    const uids = setOf(await t.append(mail('zero'), { times: 2 }))
    const op = { op: 'flags', in: id, uids, mode: 'add', flags: 1, unchangedSince: 0 } as const
    expectEqual((await t.one(op)).modified, uids, 'modified')
    expectEqual(
      (await t.rows(id)).map(({ flags }) => flags),
      [0, 0],
      'flags',
    )
  }),
  check(
    25,
    'R4',
    'two handles that add two flags at once both succeed',
    'a flag that a user set is gone',
    async (t) => {
      const second = await t.another()
      const { id } = await t.inbox()
      for (let i = 0; i < t.scaled(10, 200); i++) {
        const uids = setOf(await t.append(mail(`race ${i}`)))
        await Promise.all([
          t.one({ op: 'flags', in: id, uids, mode: 'add', flags: 1 }),
          t.one({ op: 'flags', in: id, uids, mode: 'add', flags: 4, keywords: ['raced'] }, second),
        ])
        const [row] = await t.rows(id, { uids })
        expectEqual({ flags: row?.flags, keywords: row?.keywords }, { flags: 5, keywords: ['raced'] }, 'after the race')
        await breathe()
      }
    },
  ),
  check(26, 'R5', 'a change of keywords alone raises the modseq', missed, async (t) => {
    const { id } = await t.inbox()
    const uids = setOf(await t.append(mail('keyword')))
    const before = (await t.info(id)).modseq
    await t.one({ op: 'flags', in: id, uids, mode: 'add', flags: 0, keywords: ['todo'] })
    const added = (await t.info(id)).modseq
    expect(added > before, `a keyword was added, and the modseq stayed ${before}`)
    expectEqual(
      (await t.rows(id, { since: before })).map((row) => row.keywords),
      [['todo']],
      'rows since',
    )
    await t.one({ op: 'flags', in: id, uids, mode: 'remove', flags: 0, keywords: ['todo'] })
    expect((await t.info(id)).modseq > added, `a keyword was removed, and the modseq stayed ${added}`)
  }),
  check(
    108,
    'R2',
    'under eight writers, `since` gives all up to the largest modseq that it gives',
    missed,
    async (t) => {
      const { id } = await t.inbox()
      const uids = await t.append(mail('changing'), { times: 16 })
      let cursor = 0
      const look = async () => {
        const pulled = new Map((await t.rows(id, { since: cursor })).map((row) => [row.uid, row.modseq]))
        const upTo = Math.max(cursor, ...pulled.values())
        for (const { uid, modseq } of await t.rows(id)) {
          const told = modseq <= cursor || modseq > upTo || pulled.has(uid)
          expect(told, `since ${cursor} gave up to ${upTo}, but not UID ${uid}, changed at ${modseq}`)
        }
        cursor = upTo
      }
      // Any two writers change different messages in a different order.
      await underWriters(t, look, (on, w, i) => {
        const changed = setOf([uids[(w * 5 + i * (2 * w + 1)) % uids.length]!])
        return t.one({ op: 'flags', in: id, uids: changed, mode: 'set', flags: 1 + (i % 31) }, on)
      })
    },
  ),
  check(110, 'R5', 'a mailbox op that changes nothing raises nothing', noise, async (t) => {
    const { id, path, modseq } = await t.create('Same', 'junk')
    await t.one({ op: 'mailbox', id, path, role: 'junk', noSelect: false })
    expectEqual((await t.info(id)).modseq, modseq, 'the modseq of the mailbox after a no-op')
  }),
]
