import type { SqlRow } from '@posthouse/store-sqlite'
import type { Failure } from '../../queue/types.js'
import type { Sql } from './schema.js'

/** A destination while a group of requests is done. Written back once, however many requests touch it. */
export interface DestinationRow {
  readonly did: number
  readonly key: string
  waiting: number
  running: number
  held: number
  failures: number
  blocked: number
  failure: Failure | null
  slots: number
  /** ms between two jobs. */
  pace: number
  /** When the next job may start, for its pace. */
  free: number
  /** When it was served last: destinations with a backlog take turns. */
  served: number
}

/** The destinations that a group of requests touches. */
export interface Destinations {
  byKey(key: string): DestinationRow
  byId(did: number): DestinationRow
  /** Writes what has changed. */
  flush(now: number): void
  /** Forgets what was not written: the transaction was undone. */
  forget(): void
}

const COLUMNS = 'did, key, waiting, running, held, failures, blocked, failure, slots, pace, free, served'
/** So many may run while nobody knows whether the destination is there again. */
const PROBES = 1

/** May another job of it run? */
export function hasSlot(row: DestinationRow): boolean {
  return row.running < slotsOf(row)
}

/** Jobs that may run at a time. */
export function slotsOf(row: DestinationRow): number {
  return row.failures > 0 ? Math.min(PROBES, row.slots) : row.slots
}

export function openDestinations(sql: Sql): Destinations {
  const known = new Map<number, DestinationRow>()
  const keys = new Map<string, DestinationRow>()

  function keep(row: SqlRow): DestinationRow {
    const seen = known.get(row[0] as number)
    if (seen) return seen
    const [did, key, waiting, running, held, failures, blocked, failure, slots, pace, free, served] = row
    const made = {
      ...{ did, key, waiting, running, held, failures, blocked, slots, pace, free, served },
      failure: failure === null ? null : JSON.parse(failure as string),
    } as DestinationRow
    known.set(made.did, made)
    keys.set(made.key, made)
    return made
  }

  function forget(): void {
    known.clear()
    keys.clear()
  }

  return {
    forget,
    byKey(key) {
      const seen = keys.get(key)
      if (seen) return seen
      const select = `SELECT ${COLUMNS} FROM destination WHERE key=?`
      const there = sql.get(select, key)
      if (there) return keep(there)
      sql.run('INSERT INTO destination(key) VALUES (?)', key)
      return keep(sql.get(select, key) as SqlRow)
    },
    byId: (did) => known.get(did) ?? keep(sql.get(`SELECT ${COLUMNS} FROM destination WHERE did=?`, did) as SqlRow),
    flush(now) {
      for (const row of known.values()) {
        if (row.waiting + row.running + row.held === 0 && row.free <= now) {
          sql.run('DELETE FROM destination WHERE did=?', row.did)
          continue
        }
        sql.run(
          `UPDATE destination SET waiting=?, running=?, held=?, failures=?, blocked=?, failure=?, slots=?, pace=?, free=?,
           served=?, ready=? WHERE did=?`,
          row.waiting,
          row.running,
          row.held,
          row.failures,
          row.blocked,
          row.failure ? JSON.stringify(row.failure) : null,
          row.slots,
          row.pace,
          row.free,
          row.served,
          readyAt(sql, row),
          row.did,
        )
      }
      forget()
    },
  }
}

function readyAt(sql: Sql, row: DestinationRow): number | null {
  if (row.waiting === 0 || !hasSlot(row)) return null
  const due = sql.get('SELECT min(due) FROM job WHERE did=? AND state=0', row.did)?.[0] as number | null
  return due === null ? null : Math.max(due, row.blocked, row.free, row.served)
}
