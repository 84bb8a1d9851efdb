import { type CommitResult, Flag, type Op, type OpResult, StoreError, uidSetFromSorted } from '@posthouse/store-api'
import type { Ticket, Tickets } from './application.js'

/** `commit` of an owner's account: a client marks tickets as read or unread, and changes nothing else. */
export function markRead(tickets: Tickets, owner: string): (ops: readonly Op[]) => Promise<CommitResult> {
  const between = tickets.db.prepare('SELECT * FROM ticket WHERE owner = ? AND id BETWEEN ? AND ? ORDER BY id')
  const mark = tickets.db.prepare('UPDATE ticket SET read = ?, revision = (SELECT n FROM revision) WHERE id = ?')
  const clock = tickets.db.prepare('SELECT n FROM revision')

  function setRead(op: Op): OpResult {
    if (op.op !== 'flags') throw new StoreError('readonly', 'tickets are changed in the ticket system')
    const found = op.uids.flatMap(([lo, hi]) => between.all(owner, lo, hi) as Ticket[])
    const since = op.unchangedSince ?? Number.POSITIVE_INFINITY
    const modified = uidSetFromSorted(found.filter(({ revision }) => revision > since).map(({ id }) => id))
    const names = (op.flags & Flag.Seen) !== 0
    const read = op.mode !== 'remove' && names ? 1 : 0
    // What is so already raises nothing; nor do the other flags, which a ticket does not have.
    const changes = op.mode === 'set' || names ? found.filter((one) => one.revision <= since && one.read !== read) : []
    if (changes.length > 0) tickets.change(() => changes.map(({ id }) => mark.run(read, id)))
    return {
      mailbox: op.in,
      uids: uidSetFromSorted(changes.map(({ id }) => id)),
      ...(op.unchangedSince !== undefined && { modified }),
    }
  }

  return async (ops) => ({ results: ops.map(setRead), modseq: (clock.get() as { n: number }).n })
}
