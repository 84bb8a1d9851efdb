import type { ExpungeOp, OpResult, Uid, UidSet } from '@posthouse/store-api'
import { count, type Delta } from './append.js'
import { dropPersonal, hasPersonal } from './personal.js'
import type { MailboxState } from './state.js'
import type { Transaction } from './transaction.js'

/** The rows of a range, summed up. */
export interface FoundRanges extends Delta {
  readonly uids: UidSet
}

const RANGES = `SELECT min(uid), max(uid), count(*), sum(size), sum((flags & 1) = 0), sum((flags & 8) != 0)
  FROM (SELECT uid, size, flags, uid - row_number() OVER (ORDER BY uid) AS island FROM msg`
const RANGES_ALL = `${RANGES} WHERE mailbox=? AND uid BETWEEN ? AND ?) GROUP BY island ORDER BY 1`
const RANGES_DELETED = `${RANGES} INDEXED BY msg_deleted
  WHERE mailbox=? AND uid BETWEEN ? AND ? AND (flags & 8) != 0) GROUP BY island ORDER BY 1`

/** Which UIDs of a range exist, and what they add up to; worked out inside the database, one row for each range. */
export function rangesIn(tx: Transaction, mailbox: MailboxState, lo: Uid, hi: Uid, onlyDeleted: boolean): FoundRanges {
  const rows = tx.batch.index.all(
    onlyDeleted ? RANGES_DELETED : RANGES_ALL,
    mailbox.id,
    lo,
    hi,
  ) as unknown as number[][]
  const uids: [Uid, Uid][] = []
  let messages = 0
  let bytes = 0
  let unseen = 0
  let deleted = 0
  for (const row of rows) {
    uids.push([row[0], row[1]])
    messages += row[2]
    bytes += row[3]
    unseen += row[4]
    deleted += row[5]
  }
  return { uids, messages, bytes, unseen, deleted }
}

/** EXPUNGE, UID EXPUNGE, CLOSE. */
export function expunge(tx: Transaction, op: ExpungeOp): OpResult {
  const mailbox = tx.mailboxOf(op.in)
  const gone: [Uid, Uid][] = []
  if (op.onlyDeleted && mailbox.deleted === 0) return { mailbox: String(mailbox.id), uids: gone }
  for (const [lo, hi] of op.uids ?? [[1, 4294967295] as const]) {
    const found = rangesIn(tx, mailbox, lo, hi, op.onlyDeleted)
    if (found.messages === 0) continue
    releaseContents(tx, mailbox, lo, hi, op.onlyDeleted)
    deleteRows(tx, mailbox, lo, hi, found, op.onlyDeleted)
    for (const range of found.uids) gone.push([range[0], range[1]])
  }
  return { mailbox: String(mailbox.id), uids: gone }
}

/** The collector looks at these contents again when the grace time is over (R7). */
function releaseContents(tx: Transaction, mailbox: MailboxState, lo: Uid, hi: Uid, onlyDeleted: boolean): void {
  const sql = 'INSERT OR IGNORE INTO release(after, content) SELECT ?, content FROM msg'
  tx.batch.index.execute(
    onlyDeleted
      ? `${sql} INDEXED BY msg_deleted WHERE mailbox=? AND uid BETWEEN ? AND ? AND (flags & 8) != 0`
      : `${sql} WHERE mailbox=? AND uid BETWEEN ? AND ?`,
    tx.batch.now + tx.batch.limits.grace,
    mailbox.id,
    lo,
    hi,
  )
}

const KEEP = `INSERT INTO expunged(mailbox, uid, modseq, flags, kw, size, idate, sdate, content, blob, plen, thread)
  SELECT mailbox, uid, modseq, flags, kw, size, idate, sdate, content, blob, plen, thread FROM msg`
const DELETED = 'INDEXED BY msg_deleted WHERE mailbox=? AND uid BETWEEN ? AND ? AND (flags & 8) != 0'
const ALL = 'WHERE mailbox=? AND uid BETWEEN ? AND ?'

/** Deletes the rows of a range, moves the counters and notes the UIDs as gone. */
export function deleteRows(
  tx: Transaction,
  mailbox: MailboxState,
  lo: Uid,
  hi: Uid,
  found: FoundRanges,
  onlyDeleted = false,
): void {
  if (hasPersonal(tx, mailbox.id)) for (const [from, to] of found.uids) dropPersonal(tx, mailbox, from, to)
  const where = onlyDeleted ? DELETED : ALL
  tx.batch.index.execute(`${KEEP} ${where}`, mailbox.id, lo, hi)
  tx.batch.index.execute(`DELETE FROM msg ${where}`, mailbox.id, lo, hi)
  count(tx, mailbox, {
    messages: -found.messages,
    bytes: -found.bytes,
    unseen: -found.unseen,
    deleted: -found.deleted,
  })
  tx.gone(mailbox, found.uids)
}
