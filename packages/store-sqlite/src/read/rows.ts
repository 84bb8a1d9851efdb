import {
  type ModSeq,
  StoreError,
  type Uid,
  type UidSet,
  uidSetOf,
  uidSetSize,
  uidSetSubtract,
} from '@posthouse/store-api'
import { decodeRangesInto } from '../ranges.js'
import type { Connection } from '../sql/connection.js'
import type { Guest } from '../viewer.js'

/** @throws StoreError `nonexistent` when the account has no such mailbox (any more). */
export function checkMailbox(index: Connection, account: number, mailbox: number): void {
  if (!index.get('SELECT 1 FROM mailbox WHERE id=? AND account=? AND dropped_at IS NULL', mailbox, account)) {
    throw new StoreError('nonexistent', 'there is no such mailbox')
  }
}

/** The flags that a guest sees, and when they last changed for it; over `msg m` and the guest's row `p`. */
export function guestColumns({ privateFlags: own }: Guest): { readonly flags: string; readonly modseq: string } {
  return {
    flags: `(m.flags & ${~own}) | (coalesce(p.flags, 0) & ${own})`,
    modseq: 'max(m.modseq, coalesce(p.modseq, 0))',
  }
}

/** Messages with the flags of one guest; its name is the statement's first value. */
export const GUEST_MESSAGES = `msg m LEFT JOIN personal p
  ON p.mailbox=m.mailbox AND p.uid=m.uid AND p.principal=(SELECT id FROM principal WHERE name=?)`

/** UIDs of what has changed, ascending, and up to which modification sequence these are all. */
export interface Changed {
  readonly uids: Uint32Array
  readonly modseq: ModSeq
}

/** What changed after `since`: found by the index on modification sequences, so the cost is that of the changes. */
export function changedUids(index: Connection, mailbox: number, since: number, guest: Guest | null): Changed {
  const sql = 'SELECT uid, modseq FROM msg INDEXED BY msg_modseq WHERE mailbox=? AND modseq>?'
  const rows = guest
    ? index.all(
        `${sql} UNION SELECT uid, modseq FROM personal INDEXED BY personal_modseq
         WHERE mailbox=? AND principal=(SELECT id FROM principal WHERE name=?) AND modseq>?`,
        mailbox,
        since,
        mailbox,
        guest.principal,
        since,
      )
    : index.all(sql, mailbox, since)
  const found = new Uint32Array(rows.length)
  let last = since
  for (let i = 0; i < rows.length; i++) {
    found[i] = rows[i][0] as Uid
    last = Math.max(last, rows[i][1] as number)
  }
  // A message may have changed for everybody and for the guest.
  const uids = guest ? Uint32Array.from(new Set(found)) : found
  return { uids: uids.sort(), modseq: last }
}

/**
 * All UIDs. UIDs are given without gaps, so as long as the expunge log reaches back to the first, they are what was
 * given without what is gone, and no row is looked at; the counter of the mailbox says whether that is so.
 */
export function allUids(index: Connection, mailbox: number): Uint32Array {
  const log = index.all(
    `SELECT b.uidnext, b.total, b.floor, g.ranges FROM mailbox b LEFT JOIN gone g ON g.mailbox=b.id WHERE b.id=?`,
    mailbox,
  )
  const [uidNext, total, floor] = log[0] as readonly number[]
  if (floor === 0 && uidNext > 1) {
    const gone: [Uid, Uid][] = []
    for (const [, , , encoded] of log) if (encoded !== null) decodeRangesInto(encoded as Uint8Array, gone)
    const left = uidSetSubtract([[1, uidNext - 1]], uidSetOf(gone))
    if (uidSetSize(left) === total) return expand(left, total)
  }
  const ranges = index.all(
    `SELECT min(uid), max(uid) FROM (SELECT uid, uid - row_number() OVER (ORDER BY uid) AS island FROM msg WHERE mailbox=?)
     GROUP BY island ORDER BY 1`,
    mailbox,
  ) as unknown as [Uid, Uid][]
  return expand(ranges, uidSetSize(ranges))
}

function expand(ranges: UidSet, total: number): Uint32Array {
  const uids = new Uint32Array(total)
  let at = 0
  for (const [lo, hi] of ranges) for (let uid = lo; uid <= hi; uid++) uids[at++] = uid
  return uids
}

/** The expunge log after `since`, or `null` below its floor (R10). One statement, so that no trimming falls between. */
export function vanishedUids(index: Connection, mailbox: number, since: number): UidSet | null {
  const rows = index.all(
    `SELECT b.floor, g.ranges FROM mailbox b LEFT JOIN gone g ON g.mailbox=b.id AND g.modseq>? WHERE b.id=?`,
    since,
    mailbox,
  )
  if (rows.length === 0 || since < (rows[0][0] as number)) return null
  const ranges: [Uid, Uid][] = []
  for (const [, encoded] of rows) if (encoded !== null) decodeRangesInto(encoded as Uint8Array, ranges)
  return uidSetOf(ranges)
}
