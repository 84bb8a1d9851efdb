/** Checks 27 to 38: expunge and its history. */
import { uidSetContains, uidSetSize } from '../../uid-set.js'
import { expectRecount, expectWithin, mail, setOf, timed } from '../context.js'
import { check, type Definition } from '../define.js'
import { expect, expectEqual, fail } from '../failure.js'

const ghost = 'a client that reconnects keeps showing messages that are gone'
const lost = 'mail is deleted that the user wanted to keep'

export const expungeChecks: readonly Definition[] = [
  check(27, 'API', '`onlyDeleted` leaves what has no \\Deleted', lost, async (t) => {
    const { id } = await t.inbox()
    const kept = await t.append(mail('kept'), { times: 2 })
    const gone = await t.append(mail('gone'), { flags: 8 })
    expectEqual((await t.one({ op: 'expunge', in: id, onlyDeleted: true })).uids, setOf(gone), 'uids')
    expectEqual(await t.uids(id), kept, 'what is left')
    await expectRecount(t, id)
  }),
  check(28, 'API', '`onlyDeleted` with UIDs takes what is in both', lost, async (t) => {
    const { id } = await t.inbox()
    const deleted = await t.append(mail('deleted'), { flags: 8, times: 3 })
    const plain = await t.append(mail('plain'), { times: 2 })
    const uids = setOf([deleted[0]!, plain[0]!])
    const result = await t.one({ op: 'expunge', in: id, uids, onlyDeleted: true })
    expectEqual(result.uids, setOf([deleted[0]!]), 'uids')
    expectEqual(await t.uids(id), [...deleted.slice(1), ...plain], 'what is left')
  }),
  check(
    29,
    'R12',
    'absent UIDs are stepped over',
    'UID EXPUNGE, STORE and FETCH fail after another client has expunged',
    async (t) => {
      const { id } = await t.inbox()
      const uids = await t.append(mail('present'), { times: 2 })
      const wide = [[1, 4_294_967_295]] as const
      const absent = [[uids[1]! + 100, uids[1]! + 200]] as const
      expectEqual(
        (await t.one({ op: 'expunge', in: id, uids: absent, onlyDeleted: false })).uids,
        [],
        'expunge of none',
      )
      const flags = await t.one({ op: 'flags', in: id, uids: absent, mode: 'add', flags: 1 })
      expectEqual(flags.uids ?? [], [], 'flags on none')
      expectEqual((await t.rows(id, { uids: absent })).length, 0, 'rows of none')
      expectEqual(
        (await t.one({ op: 'expunge', in: id, uids: wide, onlyDeleted: false })).uids,
        setOf(uids),
        'expunge of 1:*',
      )
    },
  ),
  check(30, 'R10', 'vanished(since) is exact after mixed expunges', ghost, async (t) => {
    const vanished = t.method('vanished')
    const { id } = await t.inbox()
    const uids = await t.append(mail('mixed'), { times: 20 })
    const steps: { modseq: number; gone: number[] }[] = [{ modseq: (await t.info(id)).modseq, gone: [] }]
    for (const picked of [[3, 4, 5], [0, 19], [10], [6, 7, 11]]) {
      const gone = picked.map((i) => uids[i]!)
      const { modseq } = await t.commit({ op: 'expunge', in: id, uids: setOf(gone), onlyDeleted: false })
      steps.push({ modseq, gone })
    }
    for (const [i, { modseq }] of steps.entries()) {
      const after = steps.slice(i + 1).flatMap(({ gone }) => gone)
      const expected = setOf(after.sort((a, b) => a - b))
      const answer = await vanished(id, modseq)
      if (answer !== null) expectEqual(answer, expected, `vanished since step ${i}`)
    }
  }),
  check(31, 'R10', 'vanished covers what was moved away', ghost, async (t) => {
    const vanished = t.method('vanished')
    const { id } = await t.inbox()
    const other = await t.create('Moved')
    const uids = await t.append(mail('moves'), { times: 3 })
    const { modseq } = await t.info(id)
    await t.one({ op: 'move', from: id, uids: setOf(uids.slice(1)), to: other.id })
    const answer = await vanished(id, modseq)
    if (answer !== null) expectEqual(answer, setOf(uids.slice(1)), 'vanished after a move')
  }),
  check(32, 'R10', 'what came and went between two pulls is at most in vanished', ghost, async (t) => {
    const vanished = t.method('vanished')
    const { id } = await t.inbox()
    const [kept] = await t.append(mail('kept'))
    const { modseq } = await t.info(id)
    const [brief] = await t.append(mail('brief'))
    await t.one({ op: 'expunge', in: id, uids: setOf([brief!]), onlyDeleted: false })
    expectEqual(await t.rows(id, { since: modseq }), [], 'rows since')
    const answer = await vanished(id, modseq)
    if (answer === null) return
    expect(!uidSetContains(answer, kept!), 'vanished names a message that is there')
    expect(uidSetSize(answer) <= 1, `vanished names ${uidSetSize(answer)} messages; one was expunged`)
  }),
  check(33, 'R10', 'a trimmed history answers null, never a part', ghost, async (t) => {
    const vanished = t.method('vanished')
    const trim = t.need('trimVanished')
    const { id } = await t.inbox()
    const uids = await t.append(mail('trimmed'), { times: 6 })
    const { modseq } = await t.info(id)
    await t.one({ op: 'expunge', in: id, uids: setOf(uids.slice(0, 2)), onlyDeleted: false })
    await trim(t.test.account)
    const { modseq: middle } = await t.info(id)
    await t.one({ op: 'expunge', in: id, uids: setOf(uids.slice(2, 3)), onlyDeleted: false })
    expectEqual(await vanished(id, modseq), null, 'vanished since before the trim')
    const recent = await vanished(id, middle)
    if (recent !== null) expectEqual(recent, setOf(uids.slice(2, 3)), 'vanished since after the trim')
  }),
  check(34, 'R10', 'where history starts is known after a restart', ghost, async (t) => {
    t.method('vanished')
    const trim = t.need('trimVanished')
    const reopen = t.need('reopen')
    const { id } = await t.inbox()
    const uids = await t.append(mail('floor'), { times: 4 })
    const { modseq } = await t.info(id)
    await t.one({ op: 'expunge', in: id, uids: setOf(uids.slice(0, 2)), onlyDeleted: false })
    await trim(t.test.account)
    const on = await t.openOn(await reopen())
    expectEqual(await on.vanished!(id, modseq), null, 'vanished since before the trim, after a restart')
  }),
  check(
    35,
    'R7',
    'a read in flight gets all octets while another handle expunges',
    'a FETCH breaks off in the middle of a message',
    async (t) => {
      const second = await t.another()
      const { id } = await t.inbox()
      const size = t.scaled(300_000, 5_000_000)
      const octets = new Uint8Array(size).map((_, i) => i % 251)
      await t.append(octets)
      const [row] = await t.rows(id)
      let read = 0
      for await (const piece of t.account.read(row!.blob)) {
        if (read === 0) await t.one({ op: 'expunge', in: id, onlyDeleted: false }, second)
        for (let i = 0; i < piece.length; i += 997) expectEqual(piece[i], (read + i) % 251, `octet ${read + i}`)
        read += piece.length
      }
      expectEqual(read, size, 'octets read')
    },
  ),
  check(
    36,
    'R7',
    'the octets of an expunged message can be read for 15 minutes',
    'a message that is being opened or saved comes back empty',
    async (t) => {
      const { id } = await t.inbox()
      await t.append(mail('grace'))
      const [row] = await t.rows(id)
      // The lease runs out first: what keeps the octets from here on is the grace time alone.
      if (t.test.advance) await t.test.advance((t.test.leaseMs ?? 3_600_000) + 1000)
      await t.one({ op: 'expunge', in: id, onlyDeleted: false })
      if (t.test.advance) await t.test.advance(14 * 60_000)
      await t.test.collect?.()
      expectEqual(new TextDecoder().decode(await t.octets(row!)), mail('grace'), 'the octets of the expunged message')
    },
  ),
  check(
    37,
    'R10',
    'an expunge of very many is one quick commit with a short log',
    'the mailbox is locked for minutes while a folder is emptied',
    async (t) => {
      const { id } = await t.inbox()
      const n = t.scaled(2000, 50_000)
      for (let i = 0; i < n; i += 1000) await t.append(mail('bulk'), { times: Math.min(1000, n - i) })
      const { modseq } = await t.info(id)
      const ms = await timed(() => t.one({ op: 'expunge', in: id, onlyDeleted: false }))
      expectWithin(t, ms, 2000, `an expunge of ${n}`)
      expectEqual((await t.info(id)).messages, 0, 'messages left')
      const answer = await t.account.vanished?.(id, modseq)
      if (answer) expectEqual(answer.length, 1, 'ranges of vanished')
    },
  ),
  check(
    38,
    'R4',
    'two handles that expunge the same: each UID is reported once',
    'a client counts its messages wrongly from then on',
    async (t) => {
      const second = await t.another()
      const { id } = await t.inbox()
      const uids = await t.append(mail('double'), { times: 30, flags: 8 })
      const results = await Promise.all([
        t.one({ op: 'expunge', in: id, onlyDeleted: true }),
        t.one({ op: 'expunge', in: id, onlyDeleted: true }, second),
      ])
      const reported = results.reduce((sum, result) => sum + uidSetSize(result.uids ?? fail('expunge has no uids')), 0)
      expectEqual(reported, uids.length, 'UIDs reported by both together')
    },
  ),
]
