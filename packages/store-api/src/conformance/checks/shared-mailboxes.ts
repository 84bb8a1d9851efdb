/** Checks 208 to 214: what several principals do in one mailbox. */
import type { OpenAccount } from '../context.js'
import { type CheckContext, expectRecount, mail, setOf, summary } from '../context.js'
import { check, type Definition } from '../define.js'
import { expect, expectEqual, expectRefusal } from '../failure.js'
import { createRandom } from '../random.js'

const overreach = 'a guest changes or deletes mail that was only shown'
const missed = 'a flag that was set on the phone never shows on the desktop'

/** A guest whose \Seen is its own, or a skip. */
async function readerOf(t: CheckContext, principal: string, rights: string): Promise<OpenAccount> {
  await t.share(principal, rights)
  const guest = await t.as(principal)
  const { id } = await t.inbox()
  if (((await t.info(id, guest)).privateFlags ?? 0) !== 1) t.skip('\\Seen is not private here')
  return guest
}

export const sharedMailboxChecks: readonly Definition[] = [
  check(
    208,
    'API',
    'STORE changes what the rights cover, and is refused when they cover nothing',
    overreach,
    async (t) => {
      const { id } = await t.inbox()
      const uids = setOf(await t.append(mail('partly'), { flags: 16, keywords: ['theirs'] }))
      await t.share('writer', 'lrw')
      const writer = await t.as('writer')
      const flags = async (on = t.account) => {
        const [row] = await t.rows(id, {}, on)
        return [row?.flags, row?.keywords ?? []]
      }
      const op = { op: 'flags', in: id, uids, mode: 'set', flags: 4 | 8, keywords: ['mine'] } as const
      await t.one(op, writer)
      expectEqual(await flags(), [4, ['mine']], 'what w changes; \\Deleted is not among it')
      await t.share('deleter', 'lrt')
      const deleter = await t.as('deleter')
      await t.one({ ...op, mode: 'add', flags: 2 | 8, keywords: ['no'] }, deleter)
      expectEqual(await flags(), [4 | 8, ['mine']], 'what t changes')
      await expectRefusal(
        t.one({ ...op, mode: 'add', flags: 2, keywords: [] }, deleter),
        ['noperm'],
        '\\Answered with t',
      )
      await t.one({ ...op, mode: 'set', flags: 0, keywords: [] }, deleter)
      expectEqual(await flags(), [4, ['mine']], 'a set of nothing with t')
      await expectRecount(t, id)
    },
  ),
  check(209, 'API', 'append and copy leave out flags that the rights do not cover', overreach, async (t) => {
    const inbox = await t.inbox()
    const { id } = await t.create('Drop')
    await t.append(mail('flagged'), { flags: 8 | 4 | 2, keywords: ['kept'] })
    await t.share('guest', 'lr', inbox.id)
    await t.share('guest', 'lri', id)
    const guest = await t.as('guest')
    const staged = await guest.stage([new TextEncoder().encode(mail('by the guest'))])
    const append = { op: 'append', to: id, staged, summary, flags: 31, keywords: ['k'] } as const
    await guest.commit([append, { op: 'copy', from: inbox.id, uids: [[1, 1]], to: id }])
    expectEqual(
      (await t.rows(id)).map(({ flags, keywords = [] }) => [flags, keywords]),
      [
        [0, []],
        [0, []],
      ],
      'flags with i alone',
    )
    await expectRecount(t, id)
    await t.share('guest', 'lriwt', id)
    await guest.commit([append, { op: 'copy', from: inbox.id, uids: [[1, 1]], to: id }])
    expectEqual(
      (await t.rows(id)).slice(2).map(({ flags, keywords = [] }) => [flags & ~1, keywords]),
      [
        [30, ['k']],
        [14, ['kept']],
      ],
      'flags with w and t',
    )
    await expectRecount(t, id)
  }),
  check(
    210,
    'R5',
    'a private \\Seen raises the modseq for its owner, and nobody else hears of it',
    missed,
    async (t) => {
      const guest = await readerOf(t, 'phone', 'lrs')
      const { id } = await t.inbox()
      const uids = await t.append(mail('private'), { times: 3 })
      const { modseq } = await t.info(id, guest)
      const one = setOf(uids.slice(0, 1))
      await t.one({ op: 'flags', in: id, uids: one, mode: 'add', flags: 1 }, guest)
      expect((await t.info(id, guest)).modseq > modseq, 'the modseq of the mailbox did not rise')
      const changed = await t.rows(id, { since: modseq }, guest)
      expectEqual(
        changed.map(({ uid, flags }) => [uid, flags]),
        [[uids[0], 1]],
        'rows since, for the guest',
      )
      const others = (await t.rows(id, { since: modseq })).filter(({ flags }) => (flags & 1) !== 0)
      expectEqual(others, [], 'rows with \\Seen for the owner')
      const conditional = {
        op: 'flags',
        in: id,
        uids: setOf(uids),
        mode: 'remove',
        flags: 1,
        unchangedSince: modseq,
      } as const
      expectEqual((await t.one(conditional, guest)).modified, one, 'modified, for the guest')
      const before = (await t.info(id, guest)).modseq
      await t.one({ op: 'flags', in: id, uids: one, mode: 'add', flags: 1 }, guest)
      expectEqual((await t.info(id, guest)).modseq, before, 'the modseq after a no-op')
      const unseen = { type: 'not', of: { type: 'flag', flag: 1 } } as const
      const found = await guest.search?.(id, unseen)
      if (found && found.rest === null)
        expectEqual(found.uids, setOf(uids.slice(1)), 'a search for UNSEEN by the guest')
      const recent = await guest.search?.(id, { type: 'modseq', atLeast: modseq + 1 })
      if (recent && recent.rest === null) expectEqual(recent.uids, one, 'a search by modseq for the guest')
    },
  ),
  check(
    211,
    'API',
    'a private \\Seen goes along with copies and moves, and away with its message',
    missed,
    async (t) => {
      const guest = await readerOf(t, 'mover', allButAdmin)
      const { id } = await t.inbox()
      const other = await t.create('Elsewhere')
      await t.share('mover', allButAdmin, other.id)
      await t.append(mail('travels'), { times: 4 })
      await t.one({ op: 'flags', in: id, uids: [[1, 2]], mode: 'add', flags: 1 }, guest)
      await t.one({ op: 'copy', from: id, uids: [[1, 1]], to: other.id })
      await t.one({ op: 'move', from: id, uids: [[2, 3]], to: other.id }, guest)
      const view = async (mailbox: string, on: OpenAccount) => [
        (await t.info(mailbox, on)).unseen,
        (await t.rows(mailbox, {}, on)).map(({ flags }) => flags & 1).join(''),
      ]
      expectEqual(await view(other.id, guest), [1, '110'], 'what the guest sees of the copies')
      expectEqual(await view(other.id, t.account), [3, '000'], 'what the owner sees of the copies')
      expectEqual(await view(id, guest), [1, '10'], 'what the guest sees of the source')
      await t.one({ op: 'expunge', in: id, uids: [[1, 1]], onlyDeleted: false })
      await t.append(mail('new'))
      expectEqual(await view(id, guest), [2, '00'], 'what the guest sees after an expunge')
    },
  ),
  check(
    212,
    'API',
    'a guest has subscriptions of its own',
    'folders appear in or vanish from a colleague’s client',
    async (t) => {
      await t.share('guest', 'lr')
      const guest = await t.as('guest')
      await t.one({ op: 'subscribe', path: ['INBOX'], on: true })
      expectEqual((await guest.mailboxes())[0]?.subscribed, false, 'subscribed, for the guest')
      await t.one({ op: 'subscribe', path: ['INBOX'], on: true }, guest)
      await t.one({ op: 'subscribe', path: ['INBOX'], on: false })
      expectEqual((await guest.mailboxes())[0]?.subscribed, true, 'subscribed, for the guest, after its own op')
      expectEqual((await t.inbox()).subscribed, false, 'subscribed, for the owner')
    },
  ),
  check(213, 'R5', 'the counters of every principal equal a recount after many random ops', missed, async (t) => {
    const guests = [await readerOf(t, 'one', allButAdmin), await readerOf(t, 'two', allButAdmin)]
    const { id } = await t.inbox()
    const other = await t.create('Second')
    for (const name of ['one', 'two']) await t.share(name, allButAdmin, other.id)
    const random = createRandom(213)
    const boxes = [id, other.id]
    for (let i = 0; i < t.scaled(150, 5000); i++) {
      const on = [t.account, ...guests][random(3)]!
      const mailbox = boxes[random(2)]!
      const lo = 1 + random(30)
      const uids = [[lo, lo + random(5)]] as const
      const kind = random(5)
      const flags = random(32)
      if (kind < 2) await t.append(mail(`random ${i}`), { to: mailbox, flags, on })
      else if (kind === 2) {
        const mode = (['add', 'remove', 'set'] as const)[random(3)]!
        await t.one({ op: 'flags', in: mailbox, uids, mode, flags }, on)
      } else if (kind === 3) {
        await t.one({ op: random(2) ? 'copy' : 'move', from: mailbox, uids, to: boxes[random(2)]! }, on)
      } else await t.one({ op: 'expunge', in: mailbox, uids, onlyDeleted: random(2) === 0 }, on)
    }
    for (const on of [t.account, ...guests]) for (const mailbox of boxes) await expectRecount(t, mailbox, on)
  }),
  check(
    214,
    'R11',
    'changes of a guest and of access lists reach who watches',
    'new mail shows up when the user presses a button',
    async (t) => {
      await t.share('guest', 'lri')
      const guest = await t.as('guest')
      const watch = t.method('watch')
      const { id } = await t.inbox()
      for (const change of [
        () => t.append(mail('by a guest'), { to: id, on: guest }),
        () => t.share('guest', 'lri' + 's'),
      ]) {
        const controller = new AbortController()
        t.atEnd(() => controller.abort())
        const hints = watch(controller.signal)[Symbol.asyncIterator]()
        await change()
        const late = new Promise<'late'>((resolve) => {
          const timer = setTimeout(() => resolve('late'), 3000 * Math.max(1, t.patience))
          t.atEnd(() => clearTimeout(timer))
        })
        expect((await Promise.race([hints.next(), late])) !== 'late', 'no hint of the change')
        controller.abort()
      }
    },
  ),
]

const allButAdmin = 'lrswipkxte'
