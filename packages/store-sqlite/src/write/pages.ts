import type { UidSet } from '@posthouse/store-api'
import type { Connection } from '../sql/connection.js'
import type { SqlValue } from '../sql/driver.js'

/** Rows held at once: enough that a statement's own cost is nothing beside them. */
const PAGE = 5000

/**
 * The rows of some UID ranges, a bounded number at a time, so that a change of a whole large mailbox does not hold all of it
 * in memory. The statement ends with `uid BETWEEN ? AND ? ORDER BY uid LIMIT ?`; `values` are those before, and the UID is
 * its first column.
 */
export function* pagesByUid<Row extends readonly [uid: number, ...unknown[]]>(
  index: Connection,
  sql: string,
  values: readonly SqlValue[],
  uids: UidSet,
): Generator<readonly Row[], void, undefined> {
  for (const [lo, hi] of uids) {
    for (let from = lo; from <= hi; ) {
      const rows = index.all(sql, ...values, from, hi, PAGE) as unknown as readonly Row[]
      if (rows.length > 0) yield rows
      if (rows.length < PAGE) break
      from = rows[rows.length - 1][0] + 1
    }
  }
}
