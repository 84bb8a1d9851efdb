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
