import type { Connection } from '../sql/connection.js'
import type { SqlValue } from '../sql/driver.js'
import type { Batch } from './state.js'

/** ms that clocks of different machines may be apart, and that limits may differ between processes. */
const TOLERANCE = 24 * 60 * 60_000

/**
 * A clock that was ahead, by years perhaps, has written times that are never going to come: what waits for them would wait
 * for ever. They are brought back to what they would be if it had been written now, which is never too early.
 * @returns true when there is more of them
 */
export function bringBackIndexTimes({ index, now, limits }: Batch, step: number): boolean {
  const late = now + TOLERANCE
  const keys = (table: string) => `UPDATE ${table} SET at=? WHERE (account, key) IN
    (SELECT account, key FROM ${table} WHERE at>? LIMIT ?)`
  return [
    changed(index, step, keys('delivered'), now, late),
    changed(index, step, keys('committed'), now, late),
    changed(
      index,
      step,
      'UPDATE gone SET at=? WHERE (mailbox, modseq) IN (SELECT mailbox, modseq FROM gone WHERE at>? LIMIT ?)',
      now,
      late,
    ),
    changed(
      index,
      step,
      `UPDATE expunged_at SET at=? WHERE (at, mailbox, modseq) IN
        (SELECT at, mailbox, modseq FROM expunged_at WHERE at>? LIMIT ?)`,
      now,
      late,
    ),
    changed(
      index,
      step,
      `UPDATE OR REPLACE release SET after=? WHERE (after, content) IN
        (SELECT after, content FROM release WHERE after>? LIMIT ?)`,
      now + limits.grace,
      late + limits.grace,
    ),
  ].includes(true)
}

/** The same for the leases of octets. */
export function bringBackLeases({ blobs, now, limits }: Batch, step: number): boolean {
  const lease = now + limits.lease
  const late = blobs.all('SELECT id FROM blob INDEXED BY blob_lease WHERE lease>? LIMIT ?', lease + TOLERANCE, step)
  for (const [id] of late) blobs.execute('UPDATE blob SET lease=? WHERE id=?', lease, id)
  return late.length === step
}

function changed(db: Connection, step: number, sql: string, ...values: SqlValue[]): boolean {
  return db.run(sql, ...values, step) === step
}
