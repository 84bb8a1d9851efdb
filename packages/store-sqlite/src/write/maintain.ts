import type { Uid } from '@posthouse/store-api'
import { decodeRangesInto, encodeRanges } from '../ranges.js'
import type { Connection } from '../sql/connection.js'
import { inTransaction } from '../sql/roll-back.js'
import { removeTails } from '../tail/files.js'
import { deleteBlob } from './blobs.js'
import { bringBackIndexTimes, bringBackLeases } from './clock.js'
import { cutExpungeLog } from './expunge-log.js'
import { purgeGuests } from './forget-guest.js'
import { isCollectorHeld } from './hold.js'
import type { Batch } from './state.js'
import { releaseThreadKeys } from './threads.js'

/**
 * The work that nobody waits for, in steps short enough to stand between two deliveries: rows of dropped mailboxes,
 * contents and octets that nothing names any more, old keys, the old end of the expunge log.
 *
 * Only here are octets deleted, and only while the index's write lock is held. A commit holds the same lock when it
 * checks that what it names is there, so the two cannot pass each other. Rows go before octets; what a crash leaves
 * between the two is octets without rows, found again by their lease.
 */

/** Rows that one step touches at most. */
const STEP = 500
/** ms beyond its lease for which staged octets are kept, for clocks that were set meanwhile. */
const MARGIN = 5 * 60_000

/** One step. @returns true when there is more to do now */
export function maintain(batch: Batch): boolean {
  batch.releaseBlobs()
  let more = bringBackIndexTimes(batch, STEP)
  more = purgeDropped(batch) || purgeRemoved(batch) || purgeGuests(batch.index, STEP) || more
  if (!isCollectorHeld(batch.index, batch.now)) {
    more = collectContents(batch) || more
    more = collectLeases(batch) || more
  }
  more = trimKeys(batch) || more
  more = forgetExpunged(batch) || more
  return trimExpungeLog(batch) || more
}

function purgeDropped({ index, now, limits }: Batch): boolean {
  const row = index.get('SELECT id FROM mailbox INDEXED BY mailbox_dropped WHERE dropped_at IS NOT NULL LIMIT 1')
  if (!row) return false
  const [mailbox] = row
  const last = index.get(
    'SELECT max(uid) FROM (SELECT uid FROM msg WHERE mailbox=? ORDER BY uid LIMIT ?)',
    mailbox,
    STEP,
  )?.[0] as number | null
  if (last !== null) {
    index.execute(
      'INSERT OR IGNORE INTO release(after, content) SELECT ?, content FROM msg WHERE mailbox=? AND uid<=?',
      now + limits.grace,
      mailbox,
      last,
    )
    index.execute('DELETE FROM msg WHERE mailbox=? AND uid<=?', mailbox, last)
    index.execute('DELETE FROM personal WHERE mailbox=? AND uid<=?', mailbox, last)
    return true
  }
  for (const table of ['gone', 'keyword', 'meta', 'acl', 'personal_count'])
    index.execute(`DELETE FROM ${table} WHERE mailbox=?`, mailbox)
  index.execute('DELETE FROM mailbox WHERE id=?', mailbox)
  return true
}

/** What is left of an account whose mailboxes are purged. Its row stays, so that its number is not used again. */
function purgeRemoved({ index }: Batch): boolean {
  const row = index.get('SELECT id FROM account INDEXED BY account_removed WHERE removed_at > 0 LIMIT 1')
  if (!row) return false
  const [account] = row
  for (const table of ['delivered', 'committed', 'thread_key']) {
    const gone = index.run(
      `DELETE FROM ${table} WHERE account=? AND key IN (SELECT key FROM ${table} WHERE account=? LIMIT ?)`,
      account,
      account,
      STEP,
    )
    if (gone > 0) return true
  }
  for (const table of ['subscribed', 'meta']) index.execute(`DELETE FROM ${table} WHERE account=?`, account)
  index.execute('UPDATE account SET removed_at=0 WHERE id=?', account)
  return true
}

function collectContents(batch: Batch): boolean {
  const { index, blobs, now } = batch
  const due = index.all('SELECT after, content FROM release WHERE after<? ORDER BY after LIMIT ?', now, STEP)
  if (due.length === 0) return false
  const unused: number[] = []
  const hasText = batch.hasSearch()
  for (const [after, content] of due) {
    index.execute('DELETE FROM release WHERE after=? AND content=?', after, content)
    if (index.get('SELECT 1 FROM msg WHERE content=? LIMIT 1', content)) continue
    // Another copy of it went later, in this very transaction perhaps: that row looks again when its own time has come.
    if (index.get('SELECT 1 FROM release WHERE content=? AND after>=? LIMIT 1', content, now)) continue
    const row = index.get('DELETE FROM content WHERE id=? RETURNING account, blob', content)
    if (!row) continue
    const [account, blob] = row as readonly number[]
    releaseThreadKeys(index, account, content as number)
    if (hasText) index.execute('INSERT OR IGNORE INTO text_gone(content) VALUES(?)', content)
    if (index.get('SELECT 1 FROM content WHERE blob=? LIMIT 1', blob)) continue
    unused.push(blob)
  }
  // The lease queue takes it from here.
  inTransaction(blobs, () => {
    for (const blob of unused) {
      blobs.execute('UPDATE blob SET lease=max(coalesce(lease, 0), ?) WHERE id=?', now - MARGIN - 1, blob)
    }
  })
  return due.length === STEP
}

/** Octets whose lease is over: in use, then they leave the queue; or not, then they go. */
function collectLeases(batch: Batch): boolean {
  const { index, blobs, now } = batch
  const more = bringBackLeases(batch, STEP)
  const due = blobs.all('SELECT id FROM blob WHERE lease<? ORDER BY lease LIMIT ?', now - MARGIN, STEP)
  if (due.length === 0) return more
  const tails: number[] = []
  inTransaction(blobs, () => {
    for (const [id] of due as unknown as readonly (readonly [number])[]) {
      if (index.get('SELECT 1 FROM content WHERE blob=? LIMIT 1', id)) {
        // Not when its lease was renewed since the list was made: a commit is going to ask for it.
        blobs.execute('UPDATE blob SET lease=NULL WHERE id=? AND lease<?', id, now - MARGIN)
      } else {
        // A stream that lives on may have renewed its lease since the list was made: it is asked again here.
        const still = blobs.get('SELECT 1 FROM blob WHERE id=? AND lease<?', id, now - MARGIN)
        if (still && deleteBlob(blobs, id)) tails.push(id)
      }
    }
  })
  removeTails(batch.tails, tails)
  return more || due.length === STEP
}

function trimKeys({ index, now, limits }: Batch): boolean {
  const before = now - limits.keyAge
  const deliveries = index.run(
    'DELETE FROM delivered WHERE (account, key) IN (SELECT account, key FROM delivered WHERE at<? ORDER BY at LIMIT ?)',
    before,
    STEP,
  )
  const commits = index.run(
    'DELETE FROM committed WHERE (account, key) IN (SELECT account, key FROM committed WHERE at<? ORDER BY at LIMIT ?)',
    before,
    STEP,
  )
  return deliveries === STEP || commits === STEP
}

/** Forgets expunged rows whose octets may be collected. */
function forgetExpunged({ index, now, limits }: Batch): boolean {
  const before = now - limits.grace
  const sql = 'SELECT at, mailbox, modseq, ranges FROM expunged_at WHERE at<? ORDER BY at, mailbox, modseq LIMIT 1'
  for (let left = STEP; left > 0; ) {
    const due = index.get(sql, before)
    if (!due) return false
    // One that has no rows costs a look, too.
    left -= Math.max(1, forgetCommit(index, due as unknown as ExpungedAt, left))
  }
  return true
}

type ExpungedAt = readonly [at: number, mailbox: number, modseq: number, ranges: Uint8Array]

/** Forgets the rows that one commit expunged from a mailbox, so many at most. @returns how many */
function forgetCommit(index: Connection, [at, mailbox, modseq, encoded]: ExpungedAt, most: number): number {
  const ranges: [Uid, Uid][] = []
  decodeRangesInto(encoded, ranges)
  let left = most
  let done = 0
  for (; done < ranges.length && left > 0; done++) {
    const [lo, hi] = ranges[done]
    left -= index.run(
      `DELETE FROM expunged WHERE mailbox=? AND uid IN
       (SELECT uid FROM expunged WHERE mailbox=? AND uid BETWEEN ? AND ? LIMIT ?)`,
      mailbox,
      mailbox,
      lo,
      hi,
      left,
    )
  }
  const key = [at, mailbox, modseq]
  if (left > 0) {
    index.execute('DELETE FROM expunged_at WHERE at=? AND mailbox=? AND modseq=?', ...key)
  } else {
    // The last range may have more.
    const rest = encodeRanges(ranges.slice(done - 1))
    index.execute('UPDATE expunged_at SET ranges=? WHERE at=? AND mailbox=? AND modseq=?', rest, ...key)
  }
  return most - left
}

/** Forgets expunges of long ago. */
function trimExpungeLog(batch: Batch): boolean {
  const { index, now, limits } = batch
  const old = index.all(
    `SELECT mailbox, max(modseq), count(*) FROM (SELECT mailbox, modseq FROM gone WHERE at<? ORDER BY at LIMIT ?)
     GROUP BY mailbox`,
    now - limits.expungeLogAge,
    STEP,
  ) as unknown as [mailbox: number, modseq: number, rows: number][]
  let rows = 0
  for (const [mailbox, modseq, count] of old) {
    cutExpungeLog(index, mailbox, modseq)
    rows += count
  }
  return rows === STEP
}
