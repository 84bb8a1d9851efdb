/** Checks 77 to 81: flags, keywords and rights. */
import { expectRecount, expectWithin, mail, setOf, timed } from '../context.js'
import { check, type Definition } from '../define.js'
import { expect, expectEqual, expectRefusal } from '../failure.js'

const wrongFlags = 'read mail turns unread, or labels get lost'

export const flagChecks: readonly Definition[] = [
  check(
    77,
    'R4',
    'add, remove and set on very many rows in one commit',
    'marking a folder as read takes minutes',
    async (t) => {
      const { id } = await t.inbox()
      const n = t.scaled(1000, 10_000)
      const uids = setOf(await t.append(mail('many'), { times: n, flags: 2, keywords: ['old'] }))
      const modes = [
        { mode: 'add', flags: 1, keywords: ['new'], expected: { flags: 3, keywords: ['new', 'old'] } },
        { mode: 'remove', flags: 2, keywords: ['old'], expected: { flags: 1, keywords: ['new'] } },
        { mode: 'set', flags: 16, keywords: ['only'], expected: { flags: 16, keywords: ['only'] } },
        { mode: 'set', flags: 0, keywords: [], expected: { flags: 0, keywords: [] } },
      ] as const
      for (const { mode, flags, keywords, expected } of modes) {
        let changed: unknown
        const ms = await timed(async () => {
          changed = (await t.one({ op: 'flags', in: id, uids, mode, flags, keywords })).uids
        })
        expectEqual(changed, uids, `UIDs changed by ${mode}`)
        expectWithin(t, ms, 2000, `${mode} on ${n}`)
        for (const row of await t.rows(id)) {
          const seen = { flags: row.flags, keywords: [...(row.keywords ?? [])].sort() }
          expectEqual(seen, expected, `UID ${row.uid} after ${mode}`)
        }
        await expectRecount(t, id)
      }
    },
  ),
  check(
    78,
    'API',
    'keywords have no case',
    'a message marked as junk by one client is not junk for another',
    async (t) => {
      const { id } = await t.inbox()
      const uids = setOf(await t.append(mail('case'), { keywords: ['$Junk'] }))
      const { modseq } = await t.info(id)
      await t.one({ op: 'flags', in: id, uids, mode: 'add', flags: 0, keywords: ['$junk', '$JUNK'] })
      expectEqual((await t.rows(id))[0]?.keywords, ['$Junk'], 'keywords after the same in another case')
      expectEqual((await t.info(id)).modseq, modseq, 'the modseq after a no-op')
      const used = (await t.info(id)).keywords
      if (used) expectEqual(used, ['$Junk'], 'keywords of the mailbox')
      await t.one({ op: 'flags', in: id, uids, mode: 'remove', flags: 0, keywords: ['$jUNK'] })
      expectEqual((await t.rows(id))[0]?.keywords ?? [], [], 'keywords after remove in another case')
    },
  ),
  check(79, 'API', 'a hundred keywords in a mailbox; over the limit `limit`', wrongFlags, async (t) => {
    const { id } = await t.inbox()
    const uids = setOf(await t.append(mail('labels')))
    const hundred = Array.from({ length: 100 }, (_, i) => `label-${i}`)
    await t.one({ op: 'flags', in: id, uids, mode: 'set', flags: 0, keywords: hundred })
    expectEqual((await t.rows(id))[0]?.keywords?.length, 100, 'keywords of the message')
    const limit = t.test.keywordLimit
    if (limit === undefined) return
    const over = Array.from({ length: limit + 1 }, (_, i) => `over-${i}`)
    const op = { op: 'flags', in: id, uids, mode: 'set', flags: 1, keywords: over } as const
    await expectRefusal(t.one(op), ['limit'], `${limit + 1} keywords`)
    const [row] = await t.rows(id)
    expectEqual([row?.flags, row?.keywords?.length], [0, 100], 'flags and keywords after the refusal')
    await expectRecount(t, id)
  }),
  check(
    80,
    'API',
    'each principal of a shared mailbox has its own \\Seen and its own count',
    'a colleague reads a message and it is read for all',
    async (t) => {
      await t.share('colleague', 'lrs')
      const guest = await t.as('colleague')
      const { id } = await t.inbox()
      const uids = setOf(await t.append(mail('shared'), { times: 3 }))
      await guest.commit!([{ op: 'flags', in: id, uids: setOf([1]), mode: 'add', flags: 1 }])
      const view = async (on: typeof guest) => [
        (await t.info(id, on)).unseen,
        (await t.rows(id, {}, on)).map(({ flags }) => flags & 1).join(''),
      ]
      expectEqual(await view(guest), [2, '100'], 'what the colleague sees')
      expectEqual(await view(t.account), [3, '000'], 'what the owner sees')
      await t.one({ op: 'flags', in: id, uids, mode: 'add', flags: 1 })
      expectEqual(await view(guest), [2, '100'], 'what the colleague sees after the owner has read')
      const infoOfGuest = await t.info(id, guest)
      expect(((infoOfGuest.privateFlags ?? 0) & 1) === 1, 'privateFlags does not say that \\Seen is private')
    },
  ),
  check(
    81,
    'API',
    'a missing right is `noperm`, a stranger gets `nonexistent`',
    'a guest changes or deletes mail that was only shown',
    async (t) => {
      await t.share('reader', 'lr')
      const guest = await t.as('reader')
      const { id } = await t.inbox()
      const uids = setOf(await t.append(mail('look only')))
      expectEqual((await t.rows(id, {}, guest)).length, 1, 'rows that the reader sees')
      expectEqual((await t.info(id, guest)).rights, 'lr', 'rights')
      const seen = guest.commit!([{ op: 'flags', in: id, uids, mode: 'add', flags: 1 }])
      await expectRefusal(seen, ['noperm'], 'flags without the right s')
      await expectRefusal(
        guest.commit!([{ op: 'expunge', in: id, onlyDeleted: false }]),
        ['noperm'],
        'expunge without e',
      )
      await expectRefusal(guest.commit!([{ op: 'drop', id }]), ['noperm', 'invalid'], 'drop without x')
      const stranger = t.test.store.open(t.test.account, { principal: 'stranger' }).then((open) => open.mailboxes())
      const listed = await stranger.catch((error: { code?: string }) => error.code)
      expect(
        listed === 'nonexistent' || (Array.isArray(listed) && listed.length === 0),
        `a stranger sees ${String(listed)}`,
      )
      expectEqual((await t.rows(id))[0]?.flags, 0, 'flags')
    },
  ),
]
