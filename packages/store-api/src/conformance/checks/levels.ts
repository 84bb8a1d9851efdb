/** Checks 97 to 99 and 109: optional methods that stand by themselves. */
import { collectBytes } from '../../adapter.js'
import { mailboxPathKey } from '../../mailbox-name.js'
import { mail, setOf, summary } from '../context.js'
import { check, type Definition } from '../define.js'
import { expect, expectEqual, expectRefusal } from '../failure.js'

export const levelChecks: readonly Definition[] = [
  check(
    97,
    'API',
    'subscriptions() names what is subscribed, also where there is no mailbox',
    'a folder disappears from the client although the user has asked for it',
    async (t) => {
      const subscriptions = t.method('subscriptions')
      const names = async () => (await subscriptions()).map(mailboxPathKey).sort()
      await t.one({ op: 'subscribe', path: ['Gone', 'Cafe\u0301'], on: true })
      const { id } = await t.create('Here')
      await t.one({ op: 'subscribe', path: ['Here'], on: true })
      await t.one({ op: 'subscribe', path: ['inbox'], on: true })
      const all = [['Gone', 'Caf\u00e9'], ['Here'], ['INBOX']].map(mailboxPathKey).sort()
      expectEqual(await names(), all, 'names')
      await t.one({ op: 'drop', id })
      expectEqual(await names(), all, 'names after the mailbox was dropped')
      await t.one({ op: 'subscribe', path: ['Gone', 'Caf\u00e9'], on: false })
      expectEqual(await names(), all.slice(1), 'names after unsubscribe')
    },
  ),
  check(
    98,
    'API',
    'messages of one conversation have one threadId, for ever; copies too',
    'a client shows an answer apart from its question',
    async (t) => {
      const { id } = await t.inbox()
      const thread = (subject: string, ...ids: string[]) => ({ subject, ids })
      const append = (name: string, keys: { subject: string; ids: string[] }) => t.append(mail(name), { thread: keys })
      await append('question', thread('lunch', 'q@x'))
      const [row] = await t.rows(id)
      if (row?.threadId === undefined) return t.skip('the store keeps no threads')
      await append('answer', thread('lunch', 'a@x', 'q@x'))
      await append('other subject', thread('dinner', 'd@x', 'q@x'))
      await append('answer to the answer', thread('lunch', 'b@x', 'a@x'))
      await append('comes before what it answers', thread('late', 'z@x', 'y@x'))
      await append('what was answered', thread('late', 'y@x'))
      await t.append(mail('no keys'))
      const threads = (await t.rows(id)).map(({ threadId }) => threadId)
      const [question, answer, dinner, second, late, early, none] = threads
      expectEqual([answer, second], [question, question], 'threads of the answers')
      expect(dinner !== question, 'another subject is in the same thread')
      expectEqual(early, late, 'the thread of a message that came after its answer')
      expectEqual(none, undefined, 'the thread of a message of which nothing is known')
      const other = await t.create('Copies')
      await t.one({ op: 'copy', from: id, uids: setOf([2]), to: other.id })
      await t.one({ op: 'expunge', in: id, uids: setOf([1]), onlyDeleted: false })
      expectEqual((await t.rows(other.id))[0]?.threadId, question, 'the thread of a copy')
      const found = await t.account.search?.(id, { type: 'threadId', id: question! })
      if (found && found.rest === null) expectEqual(found.uids, setOf([2, 4]), 'a search for the thread')
    },
  ),
  check(
    99,
    'R7',
    'restage gives octets that are there a new lease, in any account',
    'a copy into a shared folder fails or is empty',
    async (t) => {
      const restage = t.method('restage')
      const other = await t.openOn(t.test.store, t.need('otherAccount'))
      const { id } = await t.inbox()
      await t.append(mail('taken along'))
      const [row] = await t.rows(id)
      // The lease that the octets came with is over: the new one alone makes them usable.
      await t.test.advance?.((t.test.leaseMs ?? 3_600_000) + 1000)
      await t.test.collect?.()
      const staged = await restage(row!.blob)
      await t.one({ op: 'expunge', in: id, onlyDeleted: false })
      await t.test.collect?.()
      const target = await t.inbox(other)
      await t.one({ op: 'append', to: target.id, staged, summary, flags: 0 }, other)
      const [copy] = await t.rows(target.id, {}, other)
      expectEqual(copy?.size, row!.size, 'size of the copy')
      const octets = await collectBytes(other.read(copy!.blob))
      expectEqual(new TextDecoder().decode(octets), mail('taken along'), 'octets of the copy')
      await expectRefusal(restage('no such octets'), ['nonexistent'], 'restage of octets that never were')
    },
  ),
  check(
    109,
    'API',
    'deliverOctets is stage and deliver in one: each recipient has the octets, or an error of its own',
    'a message is lost, doubled or cut when it comes with its delivery',
    async (t) => {
      const { store, account } = t.test
      const deliver = store.deliverOctets?.bind(store)
      if (!deliver) return t.skip('the store has no "deliverOctets"')
      const { id } = await t.inbox()
      for (const [i, size] of [0, 1, 20_000, 70_000, 300_000].entries()) {
        const octets = new Uint8Array(size).map((_, at) => at % 251)
        const half = size >> 1
        const results = await deliver({
          octets: [octets.subarray(0, half), octets.subarray(half)],
          summary,
          to: [
            { account, dedup: `octets ${size}` },
            { account: 'no such account', dedup: `octets ${size}` },
          ],
        })
        expect(results[1] instanceof Error, 'an account that is not there has a message')
        expectEqual(
          results[0],
          { mailbox: id, uidValidity: (await t.info(id)).uidValidity, uids: [[i + 1, i + 1]] },
          'result',
        )
        const row = (await t.rows(id)).at(-1)
        const kept = await collectBytes(t.account.read(row!.blob))
        expect(
          kept.length === size && kept.every((octet, at) => octet === octets[at]),
          `${size} octets are not the same`,
        )
      }
      const again = await deliver({ octets: [new Uint8Array(1)], summary, to: [{ account, dedup: 'octets 1' }] })
      expect(
        !(again[0] instanceof Error) && again[0]?.duplicate === true,
        'a key seen before is not called a duplicate',
      )
      expectEqual((await t.rows(id)).length, 5, 'messages')
    },
  ),
]
