import type { Connection } from '../sql/connection.js'

/** ms for which the collector stands still when a backup says so; it is said again and again while the backup runs. */
export const HOLD = 60 * 60_000

/** Keeps the collector of every process from octets until then (ms); not after now: lets it go on. */
export function holdCollector(index: Connection, name: string, until: number, now: number): null {
  if (until <= now) index.execute('DELETE FROM counter WHERE name=?', `hold ${name}`)
  else index.execute('INSERT OR REPLACE INTO counter(name, value) VALUES(?,?)', `hold ${name}`, until)
  return null
}

/** Does anybody hold it? What a backup left that has died, or that a clock far ahead has said, does not count. */
export function isCollectorHeld(index: Connection, now: number): boolean {
  index.execute(
    "DELETE FROM counter WHERE name BETWEEN 'hold ' AND 'hold!' AND value NOT BETWEEN ? AND ?",
    now,
    now + 2 * HOLD,
  )
  return index.get("SELECT 1 FROM counter WHERE name BETWEEN 'hold ' AND 'hold!' LIMIT 1") !== undefined
}
