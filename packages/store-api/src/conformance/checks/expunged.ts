/** Checks 301 and up: rows of messages that are gone since not long ago. */
import { collectRows } from '../../adapter.js'
import type { MessageRow } from '../../types.js'
import { mail, setOf, summary, text } from '../context.js'
import { check, type Definition } from '../define.js'
import { expectEqual } from '../failure.js'

const everything = [[1, 4_294_967_295]] as const

/** What has to be as it was. */
function kept({ uid, flags, keywords, size, internalDate, emailId, blob, prefix }: MessageRow): unknown {
  return { uid, flags, keywords: keywords ?? [], size, internalDate, emailId, blob, prefix: prefix ?? null }
}

export const expungedChecks: readonly Definition[] = [
  check(
    301,
    'R7',
    'rows of expunged and moved messages are given for 15 minutes, as they were',
    'a message that another client has just deleted cannot be opened where it is still shown',
    async (t) => {
      const expunged = t.method('expunged')
      const { id } = await t.inbox()
      const other = await t.create('Elsewhere')
      await t.append(mail('stays'))
      await t.append(mail('flagged'), { flags: 5, keywords: ['$Label'], internalDate: 1_000_000 })
      await t.append(mail('with prefix'), { prefix: text('Return-Path: <>\r\n') })
      await t.append(mail('moves'))
      const before = await t.rows(id)
      const gone = before.slice(1)
      expectEqual(await collectRows(expunged(id, {})), [], 'rows before anything is expunged')
      await t.one({ op: 'expunge', in: id, uids: setOf(gone.slice(0, 2).map(({ uid }) => uid)), onlyDeleted: false })
      await t.one({ op: 'move', from: id, uids: setOf(gone.slice(2).map(({ uid }) => uid)), to: other.id })
      if (t.test.advance) await t.test.advance(14 * 60_000)
      await t.test.collect?.()
      const rows = await collectRows(expunged(id, { uids: everything, want: ['summary'] }))
      expectEqual(rows.map(kept), gone.map(kept), 'the rows')
      expectEqual(rows[0]!.summary, summary, 'a summary')
      expectEqual(new TextDecoder().decode(await t.octets(rows[0]!)), mail('flagged'), 'octets')
      const some = await collectRows(expunged(id, { uids: setOf([before[0]!.uid, gone[1]!.uid]) }))
      expectEqual(some.map(kept), [kept(gone[1]!)], 'one of two, the other is there')
      expectEqual(await collectRows(expunged(other.id, {})), [], 'rows of the mailbox into which one was moved')
    },
  ),
]
