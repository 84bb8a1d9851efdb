import type { Connection } from './connection.js'

/**
 * Undoes a transaction that has failed. SQLite does so by itself after some failures (disk full, I/O), and then there is
 * nothing to undo: what counts is the failure before.
 */
export function rollBack(db: { exec(sql: string): void }): void {
  try {
    db.exec('ROLLBACK')
  } catch {
    // Undone already.
  }
}

/** Does the work in one transaction, all of it or nothing. */
export function inTransaction(db: Pick<Connection, 'execute' | 'exec'>, work: () => void): void {
  db.execute('BEGIN IMMEDIATE')
  try {
    work()
    db.execute('COMMIT')
  } catch (error) {
    rollBack(db)
    throw error
  }
}
