import { type UidSet, uidSetSize } from '@posthouse/store-api'
import { encodeRanges } from '../ranges.js'
import type { Connection } from '../sql/connection.js'
import type { Batch, MailboxState } from './state.js'

/**
 * The log that QRESYNC is answered from: one row for each commit that expunged. It may be cut at any time, because
 * the floor says from where on it is complete (R10) and below it clients are told what is still there.
 */

/** The log of a mailbox is measured once for so many UIDs that have gone from it. */
const MEASURE_EVERY = 64

/** Notes what a commit expunged. */
export function noteExpunged({ index, now, limits }: Batch, mailbox: MailboxState, modseq: number, uids: UidSet): void {
  const ranges = encodeRanges(uids)
  index.execute('INSERT INTO gone(mailbox, modseq, at, ranges) VALUES(?,?,?,?)', mailbox.id, modseq, now, ranges)
  index.execute('INSERT INTO expunged_at(at, mailbox, modseq, ranges) VALUES(?,?,?,?)', now, mailbox.id, modseq, ranges)
  // Each row of the log is one UID at least, so that so many rows never go by unmeasured.
  const gone = mailbox.uidNext - mailbox.total
  const before = gone - uidSetSize(uids)
  if (Math.floor(gone / MEASURE_EVERY) === Math.floor(before / MEASURE_EVERY)) return
  const row = index.get(
    'SELECT modseq FROM gone WHERE mailbox=? ORDER BY modseq DESC LIMIT 1 OFFSET ?',
    mailbox.id,
    limits.expungeLog,
  )
  if (row) cutExpungeLog(index, mailbox.id, row[0] as number)
}

/** Forgets everything up to a modification sequence. */
export function cutExpungeLog(index: Connection, mailbox: number, modseq: number): void {
  index.execute('UPDATE mailbox SET floor=max(floor, ?) WHERE id=?', modseq, mailbox)
  index.execute('DELETE FROM gone WHERE mailbox=? AND modseq<=?', mailbox, modseq)
}
