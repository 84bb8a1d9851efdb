import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite'

/** The application as it was before anybody thought of mail: tickets in a table. */
export interface Ticket {
  /** AUTOINCREMENT: never used twice, also not the highest one after it was deleted. */
  readonly id: number
  readonly owner: string
  readonly sender: string
  readonly subject: string
  readonly body: string
  /** ms since the epoch. */
  readonly created_at: number
  readonly read: 0 | 1
  /** The value of the table's counter at the last change of the row. */
  readonly revision: number
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS ticket (
    id INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL, sender TEXT NOT NULL, subject TEXT NOT NULL,
    body TEXT NOT NULL, created_at INTEGER NOT NULL, read INTEGER NOT NULL DEFAULT 0, revision INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS ticket_owner ON ticket (owner, id);
  CREATE TABLE IF NOT EXISTS revision (n INTEGER NOT NULL) STRICT;
  INSERT INTO revision SELECT 1 WHERE NOT EXISTS (SELECT * FROM revision);
  CREATE TRIGGER IF NOT EXISTS ticket_gone AFTER DELETE ON ticket BEGIN UPDATE revision SET n = n + 1; END;
`

/** Opens the application's database. */
export function openTickets(path = ':memory:') {
  const db: DatabaseSyncInstance = new DatabaseSync(path)
  db.exec(SCHEMA)
  const insert = db.prepare(
    `INSERT INTO ticket (owner, sender, subject, body, created_at, revision)
     VALUES (?, ?, ?, ?, ?, (SELECT n FROM revision))`,
  )
  function change<T>(work: () => T): T {
    db.exec('BEGIN IMMEDIATE')
    try {
      db.exec('UPDATE revision SET n = n + 1')
      const result = work()
      db.exec('COMMIT')
      return result
    } catch (error) {
      db.exec('ROLLBACK')
      throw error
    }
  }
  return {
    db,
    /** Runs a change in one transaction with a new revision. */
    change,
    add: (ticket: Pick<Ticket, 'owner' | 'sender' | 'subject' | 'body' | 'created_at'>): void =>
      change(() => void insert.run(ticket.owner, ticket.sender, ticket.subject, ticket.body, ticket.created_at)),
    removeNewest: (owner: string): void =>
      void db.prepare('DELETE FROM ticket WHERE id = (SELECT max(id) FROM ticket WHERE owner = ?)').run(owner),
    close: (): void => db.close(),
  }
}

export type Tickets = ReturnType<typeof openTickets>
