/**
 * One file. `message` and `chunk` hold what is to be delivered, `job` one row for each message and destination, and
 * `destination` one row for each destination that has jobs.
 *
 * `destination.ready` is the time from which a job of it can be claimed; NULL while there is none, or while as many are
 * running as may. So a claim looks at destinations that have something to do, by an index, and never at the jobs of
 * one that is dead: a million of them cost nothing until somebody asks about that destination.
 */
import type { Database, SqlRow, SqlValue, Statement } from '@posthouse/store-sqlite'
import { RelayError } from '../../errors.js'

const VERSION = 1

const SCHEMA = `
CREATE TABLE message (
  mid INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  complete INTEGER NOT NULL,
  size INTEGER NOT NULL,
  arrived INTEGER NOT NULL,
  envelope TEXT NOT NULL
);
CREATE INDEX message_incomplete ON message(arrived) WHERE complete = 0;
CREATE TABLE chunk (place INTEGER PRIMARY KEY, octets BLOB NOT NULL);
CREATE TABLE destination (
  did INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL UNIQUE,
  waiting INTEGER NOT NULL DEFAULT 0,
  running INTEGER NOT NULL DEFAULT 0,
  held INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0,
  blocked INTEGER NOT NULL DEFAULT 0,
  failure TEXT,
  slots INTEGER NOT NULL DEFAULT 1000000,
  pace INTEGER NOT NULL DEFAULT 0,
  free INTEGER NOT NULL DEFAULT 0,
  served INTEGER NOT NULL DEFAULT 0,
  ready INTEGER
);
CREATE INDEX destination_ready ON destination(ready) WHERE ready IS NOT NULL;
CREATE TABLE job (
  jid INTEGER PRIMARY KEY AUTOINCREMENT,
  mid INTEGER NOT NULL,
  did INTEGER NOT NULL,
  state INTEGER NOT NULL,
  due INTEGER NOT NULL,
  alarm INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  warn INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0,
  attempted INTEGER,
  via TEXT,
  recipients TEXT NOT NULL
);
CREATE INDEX job_message ON job(mid);
CREATE INDEX job_due ON job(did, due) WHERE state = 0;
CREATE INDEX job_alarm ON job(alarm) WHERE state = 0;
CREATE INDEX job_running ON job(jid) WHERE state IN (1, 3);
CREATE INDEX job_state ON job(did, state);
CREATE TABLE owner (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  token TEXT NOT NULL,
  pid INTEGER NOT NULL,
  host TEXT NOT NULL,
  seen INTEGER NOT NULL
);
PRAGMA user_version = ${VERSION};
`

/** States of a job. A running job that is to be held is held when it is settled. */
export const WAITING = 0
export const RUNNING = 1
export const HELD = 2
export const RUNNING_TO_HOLD = 3

/** Chunks of one message at most; a chunk's place is `mid * CHUNKS + number`. */
export const CHUNKS = 65_536
/** Octets of a chunk. */
export const CHUNK_SIZE = 65_536

/** A connection that keeps its statements prepared: the text is the key, and texts are constants. */
export interface Sql {
  run(sql: string, ...values: SqlValue[]): number
  get(sql: string, ...values: SqlValue[]): SqlRow | undefined
  all(sql: string, ...values: SqlValue[]): SqlRow[]
  exec(sql: string): void
  close(): void
}

/** Makes the file what it must be. @throws RelayError `unavailable` for a file of a newer release. */
export function prepareDatabase(db: Database, busyTimeout: number): Sql {
  db.exec(`PRAGMA busy_timeout=${busyTimeout}; PRAGMA journal_mode=WAL`)
  // FULL: a commit is on the disk before anybody hears of it.
  db.exec('PRAGMA synchronous=FULL; PRAGMA cache_size=-32000; PRAGMA temp_store=MEMORY')
  db.exec('PRAGMA wal_autocheckpoint=4000; PRAGMA journal_size_limit=67108864')
  const sql = connect(db)
  sql.exec('BEGIN IMMEDIATE')
  const version = Number(sql.get('PRAGMA user_version')?.[0] ?? 0)
  if (version > VERSION) throw new RelayError('unavailable', `the queue was made by a newer release (${version})`)
  if (version === 0) sql.exec(SCHEMA)
  sql.exec('COMMIT')
  return sql
}

function connect(db: Database): Sql {
  const prepared = new Map<string, Statement>()
  const statement = (sql: string): Statement => {
    let known = prepared.get(sql)
    if (!known) {
      known = db.prepare(sql)
      prepared.set(sql, known)
    }
    return known
  }
  return {
    run: (sql, ...values) => statement(sql).run(...values),
    get: (sql, ...values) => statement(sql).get(...values),
    all: (sql, ...values) => statement(sql).all(...values),
    exec: (sql) => db.exec(sql),
    close() {
      db.close()
      prepared.clear()
    },
  }
}
