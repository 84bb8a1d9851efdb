/** Checks 55 to 61: copy and move. */
import { breathe, expectRecount, mail, setOf } from '../context.js'
import { check, type Definition } from '../define.js'
import { expect, expectEqual, expectRefusal } from '../failure.js'

const wrongPairs = 'a client applies what it knows of one message to another (COPYUID)'
const lost = 'a message that the user files disappears, or is there twice'

export const copyChecks: readonly Definition[] = [
  check(55, 'R4', 'source and target UIDs come in pairs and in order', wrongPairs, async (t) => {
    const { id } = await t.inbox()
    const other = await t.create('Pairs')
    const uids: number[] = []
    for (let i = 0; i < 6; i++) uids.push(...(await t.append(mail(`pair ${i}`))))
    const picked = [uids[0]!, uids[2]!, uids[3]!, uids[5]!]
    const result = await t.one({ op: 'copy', from: id, uids: setOf(picked), to: other.id })
    expectEqual(result.from, setOf(picked), 'from')
    expectEqual(result.uidValidity, other.uidValidity, 'uidValidity')
    const copies = await t.rows(other.id)
    expectEqual(result.uids, setOf(copies.map(({ uid }) => uid)), 'uids')
    const sources = await t.rows(id, { uids: setOf(picked) })
    for (const [i, copy] of copies.entries()) {
      expectEqual(await t.octets(copy), await t.octets(sources[i]!), `octets of copy ${i}`)
    }
  }),
  check(
    56,
    'API',
    'a copy keeps flags, keywords, dates, size and emailId',
    'filing a message makes it unread or changes its date',
    async (t) => {
      const { id } = await t.inbox()
      const other = await t.create('Kept')
      const internalDate = Date.UTC(1969, 6, 20, 20, 17, 40)
      const uids = setOf(await t.append(mail('kept'), { flags: 5, keywords: ['work', '$label1'], internalDate }))
      await t.append(mail('different'))
      await t.test.advance?.(60_000)
      await t.one({ op: 'copy', from: id, uids, to: other.id })
      const [source, different] = await t.rows(id)
      const [copy] = await t.rows(other.id)
      expectEqual(source!.internalDate, internalDate, 'the internal date of an append before 1970')
      const { flags, keywords, size, internalDate: date, emailId } = copy!
      const kept = { flags, keywords: [...(keywords ?? [])].sort(), size, date, emailId }
      const expected = {
        flags: 5,
        keywords: ['$label1', 'work'],
        size: source!.size,
        date: internalDate,
        emailId: source!.emailId,
      }
      expectEqual(kept, expected, 'the copy')
      expect(emailId === '' || emailId !== different!.emailId, 'two messages have one emailId')
      if (copy!.saveDate !== undefined && t.test.advance) {
        expect(copy!.saveDate > source!.saveDate!, 'the saveDate of the copy is that of the source')
      }
      await expectRecount(t, other.id)
    },
  ),
  check(57, 'R4', 'a moved message is in exactly one mailbox at any time', lost, async (t) => {
    const second = await t.another()
    const { id } = await t.inbox()
    const other = await t.create('Exactly')
    await t.append(mail('wanders'), { times: 3 })
    let running = true
    const work = (async () => {
      for (let i = 0; i < t.scaled(30, 500); i++) {
        const [from, to] = i % 2 ? [other.id, id] : [id, other.id]
        await t.one({ op: 'move', from, uids: [[1, 4_294_967_295]], to })
        await breathe()
      }
    })().finally(() => {
      running = false
    })
    try {
      while (running) {
        const infos = await second.mailboxes()
        const sum = infos.reduce((total, { messages }) => total + messages, 0)
        expectEqual(sum, 3, 'messages in both mailboxes')
        await breathe()
      }
    } finally {
      await work
    }
    await expectRecount(t, id)
    await expectRecount(t, other.id)
  }),
  check(58, 'R6', 'a move into the same mailbox gives new UIDs', lost, async (t) => {
    const { id } = await t.inbox()
    const uids = await t.append(mail('self'), { times: 3 })
    const result = await t.one({ op: 'move', from: id, uids: setOf(uids), to: id })
    const after = await t.uids(id)
    expectEqual(after.length, 3, 'messages')
    expect(after[0]! > uids[2]!, `UIDs ${after} after ${uids}`)
    expectEqual(result.uids, setOf(after), 'uids')
    await expectRecount(t, id)
  }),
  check(
    59,
    'R12',
    'a copy of absent UIDs is an empty result',
    'filing fails when another client was quicker',
    async (t) => {
      const { id } = await t.inbox()
      const other = await t.create('Nothing')
      for (const op of ['copy', 'move'] as const) {
        const result = await t.one({ op, from: id, uids: [[100, 200]], to: other.id })
        expectEqual([result.from ?? [], result.uids ?? []], [[], []], `${op} of none`)
      }
      expectEqual((await t.info(other.id)).messages, 0, 'messages')
    },
  ),
  check(60, 'R4', 'a copy over quota copies nothing', 'a part of the messages is there twice', async (t) => {
    const setQuota = t.need('setQuota')
    const { id } = await t.inbox()
    const other = await t.create('Full')
    await t.append(mail('quota'), { times: 3 })
    await setQuota(t.test.account, { messages: 4 })
    const copy = t.one({ op: 'copy', from: id, uids: [[1, 4_294_967_295]], to: other.id })
    await expectRefusal(copy, ['overquota'], 'a copy of three with room for one')
    expectEqual((await t.info(other.id)).messages, 0, 'messages in the target')
    // Moving needs no room.
    await t.one({ op: 'move', from: id, uids: [[1, 4_294_967_295]], to: other.id })
    expectEqual((await t.info(other.id)).messages, 3, 'messages moved')
  }),
  check(
    61,
    'R4',
    'moves in both directions at once do not lock each other out',
    'two clients hang until one of them is thrown out',
    async (t) => {
      const second = await t.another()
      const { id } = await t.inbox()
      const other = await t.create('Opposite')
      await t.append(mail('there'), { times: 2 })
      await t.append(mail('here'), { times: 2, to: other.id })
      const all = [[1, 4_294_967_295]] as const
      for (let i = 0; i < t.scaled(20, 1000); i++) {
        await Promise.all([
          t.one({ op: 'move', from: id, uids: all, to: other.id }),
          t.one({ op: 'move', from: other.id, uids: all, to: id }, second),
        ])
      }
      const sum = (await t.info(id)).messages + (await t.info(other.id)).messages
      expectEqual(sum, 4, 'messages in both')
    },
  ),
]
