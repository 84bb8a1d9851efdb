import {
  type Column,
  StoreError,
  type Uid,
  type UidSet,
  uidSetOf,
  uidSetSize,
  uidSetSubtract,
} from '@posthouse/store-api'
import { decodeRangesInto } from '../ranges.js'
import type { Connection } from '../sql/connection.js'
import type { SqlRow } from '../sql/driver.js'
import { CHUNK_BYTES, MAX_CHUNKS } from '../sql/schema.js'
import type { Guest } from '../viewer.js'
import { type PackedRows, packRows, ROW_WIDTH, type RowWithOctets, rowColumns } from './pack.js'
import type { ReadAnswers, ReadRequest } from './requests.js'

/** Octets of messages given in one page at most, when the caller wants them in the rows. */
const PAGE_OCTETS = 4 * 1024 * 1024
/** Octets up to which a message comes with its row: what one chunk holds. */
const INLINE_BYTES = CHUNK_BYTES

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

/** One page: rows of the ranges, ascending, as many as `limit` and the octets allow. */
export function readRows(
  index: Connection,
  blobs: Connection,
  { mailbox, guest, uids, limit, want, light, expunged }: Extract<ReadRequest, { type: 'rows' }>,
): PackedRows {
  const inline = want.includes('inline')
  const sql = expunged ? expungedSql(want, guest) : rowsSql(want, light && !inline, guest)
  const who = guest && !expunged ? [guest.principal] : []
  const rows: RowWithOctets[] = []
  let octets = 0
  for (const [lo, hi] of uids) {
    const found = index.all(sql, ...who, mailbox, lo, hi, limit - rows.length)
    for (const row of found) {
      const [prefix, summary, header] = row.slice(ROW_WIDTH) as (Uint8Array | null)[]
      const body = inline ? wholeBlob(blobs, row, prefix) : null
      octets += (summary?.byteLength ?? 0) + (header?.byteLength ?? 0) + (body?.byteLength ?? 0)
      rows.push({ row, slots: [prefix, summary, header, body] })
      if (octets >= PAGE_OCTETS || rows.length >= limit) {
        // Whatever page comes next begins behind this row; an empty one ends the walk.
        return packRows(rows, row[0] as number)
      }
    }
  }
  return packRows(rows, 0)
}

/** One of a few constant texts, so that each is prepared once. */
function rowsSql(want: readonly Column[], light: boolean, guest: Guest | null): string {
  const { flags, modseq } = guest ? guestColumns(guest) : { flags: 'm.flags', modseq: 'm.modseq' }
  const columns = rowColumns(modseq, flags)
  const from = guest ? GUEST_MESSAGES : 'msg m'
  const summary = want.includes('summary')
  const header = want.includes('header')
  const where = 'WHERE m.mailbox=? AND m.uid BETWEEN ? AND ? ORDER BY m.uid LIMIT ?'
  if (!summary && !header) {
    // A look into the wide table for each message that has a prefix costs more than all the rest of a flag sync.
    const prefix = light ? 'NULL' : 'CASE WHEN m.plen > 0 THEN (SELECT prefix FROM content WHERE id=m.content) END'
    return `SELECT ${columns}, ${prefix}, NULL, NULL
      FROM ${from} ${where}`
  }
  return `SELECT ${columns}, c.prefix, ${summary ? 'c.summary' : 'NULL'}, ${header ? 'c.header' : 'NULL'}
    FROM ${from} JOIN content c ON c.id=m.content ${where}`
}

/** Rows that are gone, while their contents are there. What a guest kept for itself went with them. */
function expungedSql(want: readonly Column[], guest: Guest | null): string {
  const columns = rowColumns('m.modseq', guest ? `m.flags & ${~guest.privateFlags}` : 'm.flags')
  const [summary, header] = (['summary', 'header'] as const).map((name) => (want.includes(name) ? `c.${name}` : 'NULL'))
  return `SELECT ${columns}, c.prefix, ${summary}, ${header} FROM expunged m JOIN content c ON c.id=m.content
    WHERE m.mailbox=? AND m.uid BETWEEN ? AND ? ORDER BY m.uid LIMIT ?`
}

function wholeBlob(blobs: Connection, row: SqlRow, prefix: Uint8Array | null): Uint8Array | null {
  const size = (row[3] as number) - (prefix?.byteLength ?? 0)
  if (size > INLINE_BYTES) return null
  if (size === 0) return new Uint8Array(0)
  const chunk = blobs.get('SELECT data FROM chunk WHERE id=?', (row[7] as number) * MAX_CHUNKS)
  return (chunk?.[0] as Uint8Array | undefined) ?? null
}

/** UIDs changed after `since`: found by the index on modification sequences, so the cost is that of the changes. */
export function changedUids(
  index: Connection,
  mailbox: number,
  since: number,
  guest: Guest | null,
): ReadAnswers['changed'] {
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
