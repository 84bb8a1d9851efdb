/** Checks 62 to 76: mailboxes and their names. */

import { breathe, expectRecount, expectWithin, mail, setOf, timed } from '../context.js'
import { check, type Definition } from '../define.js'
import { expect, expectEqual, expectRefusal, fail } from '../failure.js'
import { createRandom } from '../random.js'

const twins = 'a client shows two folders of one name, and mail goes into either'
const vanishedFolder = 'a folder with its mail disappears'

export const mailboxChecks: readonly Definition[] = [
  check(62, 'API', 'create of a name that is there is refused with `exists`', twins, async (t) => {
    const before = await t.create('Twice')
    await expectRefusal(t.create('Twice'), ['exists'], 'a second create')
    const named = (await t.account.mailboxes()).filter(({ path }) => path[0] === 'Twice')
    expectEqual(
      named.map(({ id }) => id),
      [before.id],
      'mailboxes of this name',
    )
  }),
  check(63, 'API', 'INBOX is there from the start and cannot be dropped', 'new mail has no place to go', async (t) => {
    const { id } = await t.inbox()
    await expectRefusal(t.one({ op: 'drop', id }), ['invalid', 'noperm'], 'drop of INBOX')
    await t.append(mail('still works'))
  }),
  check(64, 'API', 'INBOX has no case as a first segment, and case below', twins, async (t) => {
    await expectRefusal(t.create('iNbOx'), ['exists'], 'create of iNbOx')
    const lower = await t.create(['Inbox', 'inbox'])
    const upper = await t.create(['INBOX', 'INBOX'])
    expectEqual(
      [lower.path, upper.path],
      [
        ['INBOX', 'inbox'],
        ['INBOX', 'INBOX'],
      ],
      'paths below INBOX',
    )
    await t.create('work')
    await t.create('Work')
  }),
  check(
    65,
    'API',
    'names: any Unicode in any segment, NFC and NFD are one name, no control characters',
    twins,
    async (t) => {
      const names = [
        'Ünïcödé',
        '日本語',
        '📬 post',
        '&',
        'Tom & Jerry',
        'a/b',
        'a.b',
        '~peter',
        ' leading',
        '%*',
        '"',
        'x'.repeat(255),
        '../etc',
      ]
      for (const name of names) {
        const { path } = await t.create(['Names', name])
        expectEqual(path, ['Names', name.normalize('NFC')], 'the path made')
      }
      await t.create('Cafe\u0301')
      await expectRefusal(t.create('Caf\u00e9'), ['exists'], 'NFC beside NFD')
      const bad = ['', 'a\0b', 'a\r\nb', 'tab\t', '\x7f', '\x85', '\ud800']
      for (const name of bad) await expectRefusal(t.create(name), ['invalid'], `create of ${JSON.stringify(name)}`)
      await expectRefusal(t.create('y'.repeat(100_000)), ['limit', 'invalid'], 'create of a very long name')
      await expectRefusal(t.create([]), ['invalid'], 'create of no segment')
    },
  ),
  check(
    66,
    'API',
    'what looks like an encoding is taken as it is',
    'IMAP shows the folder under another name',
    async (t) => {
      for (const name of ['&AOk-', '&-', '%41', '=?utf-8?q?x?=', 'xn--bcher-kva', '\\u0041']) {
        expectEqual((await t.create(['Raw', name])).path, ['Raw', name], 'the path made')
      }
    },
  ),
  check(67, 'R4', 'a subtree is renamed in one commit; others see old or new names', vanishedFolder, async (t) => {
    const second = await t.another()
    const n = t.scaled(50, 500)
    const made = await t.commit(
      ...Array.from({ length: n }, (_, i) => ({ op: 'create' as const, path: ['Tree', `n${i}`] })),
    )
    const ids = made.results.map(({ mailbox }) => mailbox ?? fail('create answered no id'))
    let running = true
    const work = (async () => {
      for (const root of ['Arbor', 'Tree', 'Arbre']) {
        await t.commit(...ids.map((id, i) => ({ op: 'mailbox' as const, id, path: [root, `n${i}`] })))
        await breathe()
      }
    })().finally(() => {
      running = false
    })
    try {
      while (running) {
        const roots = new Set((await second.mailboxes()).map(({ path }) => path[0]).filter((root) => root !== 'INBOX'))
        expectEqual(roots.size, 1, `roots seen at once (${[...roots].join(', ')})`)
        await breathe()
      }
    } finally {
      await work
    }
  }),
  check(68, 'R4', 'a rename onto a name that is there moves nothing', vanishedFolder, async (t) => {
    const a = await t.create('A')
    const b = await t.create('B')
    const c = await t.create('C')
    const both = t.commit({ op: 'mailbox', id: a.id, path: ['D'] }, { op: 'mailbox', id: b.id, path: ['C'] })
    await expectRefusal(both, ['exists'], 'a rename of B to C')
    const paths = new Map((await t.account.mailboxes()).map(({ id, path }) => [id, path[0]]))
    expectEqual(
      [a, b, c].map(({ id }) => paths.get(id)),
      ['A', 'B', 'C'],
      'names after the refusal',
    )
  }),
  check(
    69,
    'R4',
    'RENAME INBOX: the target has all, INBOX is empty and keeps its numbers',
    'new mail gets UIDs that were used before',
    async (t) => {
      const { id } = await t.inbox()
      await t.append(mail('moves along'), { times: 3 })
      const before = await t.info(id)
      const { results } = await t.commit(
        { op: 'create', path: ['Old mail'] },
        { op: 'move', from: id, uids: [[1, 4_294_967_295]], to: { made: 0 } },
      )
      const after = await t.info(id)
      expectEqual(after.messages, 0, 'messages in INBOX')
      expectEqual([after.uidValidity, after.uidNext], [before.uidValidity, before.uidNext], 'uidValidity and uidNext')
      expectEqual((await t.info(results[0]!.mailbox!)).messages, 3, 'messages in the target')
      expect(after.modseq > before.modseq, 'the modseq of INBOX did not rise')
    },
  ),
  check(70, 'API', 'a rename below itself is refused', vanishedFolder, async (t) => {
    const { id } = await t.create('Loop')
    await expectRefusal(t.one({ op: 'mailbox', id, path: ['Loop', 'Loop'] }), ['invalid', 'exists'], 'the rename')
    expectEqual((await t.info(id)).path, ['Loop'], 'the path')
  }),
  check(71, 'API', 'a drop of a large mailbox is quick', 'the client hangs while a folder is deleted', async (t) => {
    const { id } = await t.create('Large')
    const n = t.scaled(3000, 100_000)
    for (let i = 0; i < n; i += 1000) await t.append(mail('large'), { to: id, times: 1000 })
    const ms = await timed(() => t.one({ op: 'drop', id }))
    expectWithin(t, ms, 100, `a drop of ${n}`)
    expect(!(await t.account.mailboxes()).some((info) => info.id === id), 'the mailbox is still listed')
  }),
  check(
    72,
    'API',
    'a mailbox that was dropped elsewhere is `nonexistent`',
    'the server crashes or serves an empty folder for ever',
    async (t) => {
      const second = await t.another()
      const { id } = await t.create('Selected')
      await t.append(mail('soon gone'), { to: id })
      await t.one({ op: 'drop', id }, second)
      const flags = t.one({ op: 'flags', in: id, uids: [[1, 9]], mode: 'add', flags: 1 })
      await expectRefusal(flags, ['nonexistent'], 'flags in a dropped mailbox')
      await expectRefusal(t.rows(id), ['nonexistent'], 'messages of a dropped mailbox')
      await expectRefusal(t.append(mail('late'), { to: id }), ['nonexistent'], 'append to a dropped mailbox')
    },
  ),
  check(73, 'R8', 'drop and create of one name at once', twins, async (t) => {
    const old = await t.create('Reborn')
    await t.append(mail('old'), { to: old.id })
    const { results } = await t.commit({ op: 'drop', id: old.id }, { op: 'create', path: ['Reborn'] })
    const made = await t.info(results[1]!.mailbox!)
    expectEqual(made.messages, 0, 'messages')
    expect(made.id !== old.id && made.uidValidity > old.uidValidity, 'the new mailbox passes for the old one')
  }),
  check(
    74,
    'API',
    'a subscription is to a name: before create and after drop',
    'a folder disappears from the client after it was made anew',
    async (t) => {
      await t.one({ op: 'subscribe', path: ['News'], on: true })
      const first = await t.create('News')
      expectEqual(first.subscribed, true, 'subscribed, when the name came later')
      await t.one({ op: 'drop', id: first.id })
      expectEqual((await t.create('News')).subscribed, true, 'subscribed, after drop and create')
      await t.one({ op: 'subscribe', path: ['News'], on: false })
      const again = (await t.account.mailboxes()).find(({ path }) => path[0] === 'News')
      expect(!again?.subscribed, 'still subscribed after unsubscribe')
    },
  ),
  check(75, 'API', 'a role has one mailbox and survives a rename', 'sent mail is saved in two folders', async (t) => {
    const { id } = await t.create('Sent', 'sent')
    await t.one({ op: 'mailbox', id, path: ['Gesendet'] })
    expectEqual((await t.info(id)).role, 'sent', 'the role after a rename')
    await expectRefusal(t.create('Other', 'sent'), ['exists'], 'a second mailbox of this role')
    await t.one({ op: 'mailbox', id, role: null })
    expectEqual((await t.info(id)).role, undefined, 'the role taken away')
    await t.create('Other', 'sent')
  }),
  check(
    76,
    'R5',
    'the counters equal a recount after many random ops',
    'clients show unread mail that nobody can find',
    async (t) => {
      const random = createRandom(76)
      const boxes = [(await t.inbox()).id, (await t.create('One')).id, (await t.create('Two')).id]
      const pick = () => boxes[random(boxes.length)]!
      const some = () => {
        const lo = 1 + random(60)
        return [[lo, lo + random(10)]] as const
      }
      for (let i = 0; i < t.scaled(300, 10_000); i++) {
        const kind = random(6)
        const flags = random(32)
        const keywords = random(3) === 0 ? ['k', 'K2'].slice(0, 1 + random(2)) : []
        if (kind < 2) await t.append(mail(`random ${i}`), { to: pick(), flags, keywords })
        else if (kind === 2) {
          const mode = (['add', 'remove', 'set'] as const)[random(3)]!
          await t.one({ op: 'flags', in: pick(), uids: some(), mode, flags, keywords })
        } else if (kind === 3) await t.one({ op: random(2) ? 'copy' : 'move', from: pick(), uids: some(), to: pick() })
        else if (kind === 4) await t.one({ op: 'expunge', in: pick(), uids: some(), onlyDeleted: random(2) === 0 })
        else await t.one({ op: 'expunge', in: pick(), uids: setOf([1 + random(60)]), onlyDeleted: false })
      }
      for (const id of boxes) await expectRecount(t, id)
    },
  ),
]
