/** Checks 201 to 207: access lists and what they allow (RFC 4314). */

import type { StoreError } from '../../errors.js'
import { sharedWith } from '../../fallbacks.js'
import { allRights } from '../../rights.js'
import { type CheckContext, mail, setOf, summary } from '../context.js'
import { check, type Definition } from '../define.js'
import { expect, expectEqual, expectRefusal } from '../failure.js'

const leak = 'somebody reads mail that was never meant for them'
const overreach = 'a guest changes or deletes mail that was only shown'

/** What a stranger gets, at once or with its first look. */
async function seesNothing(t: CheckContext, principal: string, groups: readonly string[] = []): Promise<boolean> {
  try {
    return (await (await t.as(principal, groups)).mailboxes()).length === 0
  } catch (error) {
    return (error as StoreError).code === 'nonexistent'
  }
}

export const sharingChecks: readonly Definition[] = [
  check(201, 'API', 'an access list is what was set, added and removed, the owner first', overreach, async (t) => {
    const acl = t.method('acl')
    const { id } = await t.inbox()
    const owner = { identifier: t.test.account, rights: allRights }
    expectEqual(await acl(id), [owner], 'the list of a new account')
    const change = (mode: 'set' | 'add' | 'remove', rights: string, identifier = 'guest') =>
      t.one({ op: 'acl', in: id, identifier, mode, rights })
    await change('set', 'rl')
    await change('add', 'sw')
    await change('remove', 'r')
    expectEqual(await acl(id), [owner, { identifier: 'guest', rights: 'lsw' }], 'the list')
    await change('remove', 'lsw')
    expectEqual(await acl(id), [owner], 'the list after the last right was taken away')
    await expectRefusal(change('set', 'lq'), ['invalid'], 'a right that there is not')
    await expectRefusal(change('set', 'l', ''), ['invalid'], 'an empty identifier')
    await expectRefusal(change('remove', 'a', t.test.account), ['invalid', 'noperm'], 'rights taken from the owner')
    await change('set', 'lr')
    const guest = await t.as('guest')
    await expectRefusal(guest.acl!(id), ['noperm'], 'the list for a guest without a')
    const own = guest.commit([{ op: 'acl', in: id, identifier: 'guest', mode: 'add', rights: 'a' }])
    await expectRefusal(own, ['noperm'], 'a guest that gives itself rights')
  }),
  check(202, 'API', 'rights are those of one mailbox; others do not exist for the guest', leak, async (t) => {
    const shown = await t.create('Shown')
    const hidden = await t.create('Hidden')
    await t.append(mail('secret'), { to: hidden.id })
    await t.share('guest', 'lr', shown.id)
    const guest = await t.as('guest')
    const infos = await guest.mailboxes()
    expectEqual(
      infos.map(({ id, rights, owner }) => ({ id, rights, owner })),
      [{ id: shown.id, rights: 'lr', owner: t.test.account }],
      'mailboxes that the guest sees',
    )
    await expectRefusal(t.rows(hidden.id, {}, guest), ['nonexistent'], 'messages of a hidden mailbox')
    for (const method of ['uids', 'vanished', 'search', 'acl', 'meta'] as const) {
      if (!guest[method]) continue
      const arguments_ = { uids: [], vanished: [0], search: [{ type: 'all' }], acl: [], meta: [''] }[method]
      const call = guest[method] as (...given: unknown[]) => Promise<unknown>
      await expectRefusal(call(hidden.id, ...arguments_), ['nonexistent'], `${method} of a hidden mailbox`)
    }
    const copy = guest.commit([{ op: 'copy', from: hidden.id, uids: [[1, 9]], to: shown.id }])
    await expectRefusal(copy, ['nonexistent'], 'a copy out of a hidden mailbox')
    expect((await guest.mailboxes()).length === 1, 'the guest sees more after refusals')
  }),
  check(203, 'API', 'anyone, groups, and identifiers that take away', leak, async (t) => {
    await t.share('anyone', 'lr')
    await t.share('group:staff', 'sw')
    await t.share('-mallory', 'lrsw')
    const rightsOf = async (principal: string, groups: readonly string[] = []) =>
      (await (await t.as(principal, groups)).mailboxes())[0]?.rights
    expectEqual(await rightsOf('somebody'), 'lr', 'rights by anyone')
    expectEqual(await rightsOf('somebody', ['group:staff']), 'lrsw', 'rights by anyone and a group')
    expect(await seesNothing(t, 'mallory', ['group:staff']), 'rights that are taken away are there')
    expect(!(await seesNothing(t, 'alice')), 'what is taken from one is taken from all')
    expectEqual(await rightsOf('-mallory'), 'lr', 'rights of somebody whose name is such a line')
    expectEqual((await t.inbox()).rights, undefined, 'rights of the owner')
  }),
  check(204, 'API', 'sharedWith names the accounts that show a principal something', leak, async (t) => {
    t.method('acl')
    const store = t.test.store
    if (!store.sharedWith) return t.skip('the store has no "sharedWith"')
    const names = (principal: string, groups: readonly string[] = []) => sharedWith(store, { principal, groups })
    expectEqual(await names('guest'), [], 'before anything is shared')
    const { id } = await t.create('Shown')
    await t.share('group:staff', 'lr', id)
    expectEqual(await names('guest'), [], 'for somebody outside of the group')
    expectEqual(await names('guest', ['group:staff']), [t.test.account], 'for a member of the group')
    await t.share('-guest', 'lr', id)
    expectEqual(await names('guest', ['group:staff']), [], 'for a member from whom it is taken away')
    expectEqual(await names('other', ['group:staff']), [t.test.account], 'for another member')
    await t.one({ op: 'drop', id })
    expectEqual(await names('other', ['group:staff']), [], 'after the mailbox was dropped')
    expect(!(await names(t.test.account)).includes(t.test.account), 'an account is shared with itself')
  }),
  check(205, 'API', 'rights that are taken away are gone at once, on open handles too', leak, async (t) => {
    const { id } = await t.inbox()
    await t.share('guest', 'lrs')
    const guest = await t.as('guest')
    await t.append(mail('before'))
    expectEqual((await t.rows(id, {}, guest)).length, 1, 'rows with rights')
    await t.share('guest', '')
    await expectRefusal(t.rows(id, {}, guest), ['nonexistent'], 'rows without rights')
    const store = guest.commit([{ op: 'flags', in: id, uids: setOf([1]), mode: 'add', flags: 1 }])
    await expectRefusal(store, ['nonexistent'], 'flags without rights')
    expect(await seesNothing(t, 'guest'), 'the mailbox is still listed')
  }),
  check(
    206,
    'API',
    'create wants k above, rename x and k, drop x; what is made takes the list of its parent',
    overreach,
    async (t) => {
      const top = await t.create('Team')
      await t.share('guest', 'lrk', top.id)
      const guest = await t.as('guest')
      await expectRefusal(t.one({ op: 'create', path: ['Mine'] }, guest), ['noperm'], 'create beside what is shared')
      const { mailbox } = await t.one({ op: 'create', path: ['Team', 'New'] }, guest)
      const made = await t.info(mailbox!, guest)
      expectEqual([made.path, made.rights], [['Team', 'New'], 'lrk'], 'the mailbox made')
      await expectRefusal(t.one({ op: 'drop', id: made.id }, guest), ['noperm'], 'drop without x')
      const rename = { op: 'mailbox', id: made.id, path: ['Team', 'Old'] } as const
      await expectRefusal(t.one(rename, guest), ['noperm'], 'rename without x')
      await t.share('guest', 'lrx', made.id)
      await t.one(rename, guest)
      await expectRefusal(t.one({ ...rename, path: ['Away'] }, guest), ['noperm'], 'rename out of what is shared')
      await t.one({ op: 'drop', id: made.id }, guest)
      const again = await t.create(['Team', 'Old'])
      expectEqual((await t.info(again.id, guest)).rights, 'lrk', 'rights in a mailbox that is made again')
      const { id } = await t.create(['Team', '\u00c5'])
      await t.share('guest', 'lr', id)
      const below = { op: 'create', path: ['Team', 'A\u030a', 'New'] } as const
      await expectRefusal(t.one(below, guest), ['noperm'], 'create below a mailbox that is spelt otherwise')
    },
  ),
  check(207, 'API', 'append wants i, copy r and i, move r, t, e and i, expunge e', overreach, async (t) => {
    const { id } = await t.inbox()
    const target = await t.create('Target')
    const uids = setOf(await t.append(mail('guarded'), { times: 2, flags: 8 }))
    const attempts = {
      append: async (guest: Awaited<ReturnType<typeof t.as>>) => {
        const staged = await t.stage(mail('new'))
        return guest.commit([{ op: 'append', to: target.id, staged, summary, flags: 0 }])
      },
      copy: (guest: Awaited<ReturnType<typeof t.as>>) => guest.commit([{ op: 'copy', from: id, uids, to: target.id }]),
      move: (guest: Awaited<ReturnType<typeof t.as>>) =>
        guest.commit([{ op: 'move', from: id, uids: setOf([1]), to: target.id }]),
      expunge: (guest: Awaited<ReturnType<typeof t.as>>) =>
        guest.commit([{ op: 'expunge', in: id, onlyDeleted: true }]),
    }
    const needs = [
      ['append', 'lr', 'l', 'li'],
      ['copy', 'lr', 'lr', 'li'],
      ['move', 'lrte', 'lrt', 'li'],
      ['expunge', 'lre', 'lrwt', 'l'],
    ] as const
    for (const [what, source, less, into] of needs) {
      await t.share('guest', source)
      await t.share('guest', what === 'append' || what === 'copy' ? 'lr' : into, target.id)
      const guest = await t.as('guest')
      if (what === 'append' || what === 'copy') {
        await expectRefusal(attempts[what](guest), ['noperm'], `${what} without i`)
        await t.share('guest', into, target.id)
      } else {
        await t.share('guest', less)
        await expectRefusal(attempts[what](guest), ['noperm'], `${what} with ${less}`)
        await t.share('guest', source)
      }
      await attempts[what](guest)
    }
    expectEqual([(await t.info(id)).messages, (await t.info(target.id)).messages], [0, 4], 'messages here and there')
  }),
]
