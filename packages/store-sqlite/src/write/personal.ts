import { Flag, type Uid } from '@posthouse/store-api'
import type { MailboxState } from './state.js'
import type { Transaction } from './transaction.js'

/**
 * Flags that guests keep for themselves, usually \Seen: a row for each message that a guest has changed, and for each
 * guest how many it has seen, so that its count of unread messages costs nothing.
 */

/** The number of a guest, made when it is new. */
export function guestNumber({ batch }: Transaction, principal: string): number {
  const known = batch.index.get('SELECT id FROM principal WHERE name=?', principal)
  return (known ?? batch.index.get('INSERT INTO principal(name) VALUES(?) RETURNING id', principal))?.[0] as number
}

/** Does any guest have flags of its own in the mailbox? Most mailboxes are never shared. */
export function hasPersonal({ batch }: Transaction, mailbox: number): boolean {
  return batch.index.get('SELECT 1 FROM personal_count WHERE mailbox=? LIMIT 1', mailbox) !== undefined
}

/** Moves the count of messages that a guest has seen. */
export function countSeen({ batch }: Transaction, mailbox: number, guest: number, by: number): void {
  batch.index.execute(
    `INSERT INTO personal_count(mailbox, principal, seen) VALUES(?,?,?)
     ON CONFLICT(mailbox, principal) DO UPDATE SET seen=seen+excluded.seen`,
    mailbox,
    guest,
    by,
  )
}

/** Sets the flags of one guest on one message. */
export function setPersonal(tx: Transaction, mailbox: number, uid: Uid, guest: number, flags: number): void {
  tx.batch.index.execute(
    'INSERT OR REPLACE INTO personal(mailbox, uid, principal, flags, modseq) VALUES(?,?,?,?,?)',
    mailbox,
    uid,
    guest,
    flags,
    tx.modseq,
  )
}

function seenByGuest({ batch }: Transaction, mailbox: number, lo: Uid, hi: Uid): [guest: number, seen: number][] {
  return batch.index.all(
    'SELECT principal, sum((flags & ?) != 0) FROM personal WHERE mailbox=? AND uid BETWEEN ? AND ? GROUP BY principal',
    Flag.Seen,
    mailbox,
    lo,
    hi,
  ) as unknown as [number, number][]
}

/** Forgets what guests had on messages that go. */
export function dropPersonal(tx: Transaction, mailbox: MailboxState, lo: Uid, hi: Uid): void {
  for (const [guest, seen] of seenByGuest(tx, mailbox.id, lo, hi)) countSeen(tx, mailbox.id, guest, -seen)
  tx.batch.index.execute('DELETE FROM personal WHERE mailbox=? AND uid BETWEEN ? AND ?', mailbox.id, lo, hi)
}

/** What guests have on messages goes along when they are copied to UIDs from `first` on. */
export function copyPersonal(
  tx: Transaction,
  from: MailboxState,
  to: MailboxState,
  range: { readonly lo: Uid; readonly hi: Uid; readonly first: Uid },
): void {
  const { lo, hi, first } = range
  const seen = seenByGuest(tx, from.id, lo, hi)
  if (seen.length === 0) return
  tx.batch.index.execute(
    `INSERT INTO personal(mailbox, uid, principal, flags, modseq)
     SELECT ?, n.uid, p.principal, p.flags, ?
     FROM (SELECT uid AS source, ? + row_number() OVER (ORDER BY uid) AS uid FROM msg
           WHERE mailbox=? AND uid BETWEEN ? AND ?) n
     JOIN personal p ON p.mailbox=? AND p.uid=n.source`,
    to.id,
    tx.modseq,
    first - 1,
    from.id,
    lo,
    hi,
    from.id,
  )
  for (const [guest, count] of seen) countSeen(tx, to.id, guest, count)
}
