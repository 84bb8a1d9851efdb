import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { StoreError } from '@posthouse/store-api'
import { SEARCH_SCHEMA } from '../write/search-index.js'
import { checkFiles, checkOctets } from './check-files.js'
import type { Database, Driver, SqlRow, SqlValue, Statement } from './driver.js'
import { renumberRestored } from './restored.js'
import { BLOBS_SCHEMA, INDEX_SCHEMA, migrate } from './schema.js'

/** The files of one store. */
export interface StoreFiles {
  readonly index: string
  readonly blobs: string
  readonly search: string
  /** A folder: the tails of long messages. */
  readonly tails: string
}

/** Where the files of a store lie: in a folder, or beside a file that ends in `.db`. */
export function filesOf(path: string): StoreFiles {
  if (!path.endsWith('.db')) {
    return {
      index: join(path, 'index.db'),
      blobs: join(path, 'blobs.db'),
      search: join(path, 'search.db'),
      tails: join(path, 'tails'),
    }
  }
  const base = path.slice(0, -3)
  return { index: path, blobs: `${base}-blobs.db`, search: `${base}-search.db`, tails: `${base}-tails` }
}

/** Runs SQL and keeps every statement prepared: the text is the key. */
export interface Connection {
  /** Runs a statement; the quickest way when nobody asks what it changed. */
  execute(sql: string, ...values: SqlValue[]): void
  /** Runs a statement and says how many rows it changed. */
  run(sql: string, ...values: SqlValue[]): number
  get(sql: string, ...values: SqlValue[]): SqlRow | undefined
  all(sql: string, ...values: SqlValue[]): SqlRow[]
  /** `all` for a text that is made for one question and not kept. */
  allOnce(sql: string, values: readonly SqlValue[]): SqlRow[]
  exec(sql: string): void
  /** Statements so far that may have changed something. */
  writes(): number
  close(): void
}

/** A connection over a driver's database. SQL texts must be constants: the cache keeps all of them. */
export function connect(db: Database): Connection {
  const prepared = new Map<string, Statement & { readonly writes: boolean }>()
  let writes = 0
  function statement(sql: string): Statement {
    let known = prepared.get(sql)
    if (!known) {
      known = { ...db.prepare(sql), writes: !sql.startsWith('SELECT') }
      prepared.set(sql, known)
    }
    if (known.writes) writes++
    return known
  }
  return {
    execute: (sql, ...values) => statement(sql).execute(...values),
    run: (sql, ...values) => statement(sql).run(...values),
    get: (sql, ...values) => statement(sql).get(...values),
    all: (sql, ...values) => statement(sql).all(...values),
    allOnce: (sql, values) => db.prepare(sql).all(...values),
    exec: (sql) => db.exec(sql),
    writes: () => writes,
    close() {
      db.close()
      // Some bindings keep the files open as long as a statement lives.
      prepared.clear()
    },
  }
}

/** KiB of pages kept for rows and their indexes, which are asked for again and again. */
const ROW_CACHE = 16_000
/** KiB of pages kept for octets: they are written and read once, so that more would only be memory. */
export const BLOB_CACHE = 1_000

/** Opens both files for writing; makes and migrates them where needed, and gives new numbers to what was restored. */
export function openForWriting(
  driver: Driver,
  files: StoreFiles,
  busyTimeout: number,
  now: number,
): { index: Connection; blobs: Connection } {
  makeFolder(resolve(dirname(files.index)))
  checkFiles(files)
  const index = openFile(driver, files.index, INDEX_SCHEMA, 4096, busyTimeout)
  let blobs: Connection | undefined
  try {
    checkOctets(index, files)
    const octets = openFile(driver, files.blobs, BLOBS_SCHEMA, 8192, busyTimeout, BLOB_CACHE)
    blobs = octets
    retryWhileBusy(() => {
      renumberRestored(index, octets, files, now)
      stepOverNamed(index, octets)
    })
    return { index, blobs: octets }
  } catch (error) {
    index.close()
    blobs?.close()
    throw error
  }
}

/**
 * Octets may be older than the rows that name them: somebody deleted their log, or put the file back alone. What they gave
 * since is lost, but its numbers must not come again: the rows would show the octets of other mail, of other accounts.
 */
function stepOverNamed(index: Connection, blobs: Connection): void {
  const last = index.get('SELECT max(blob) FROM content')?.[0] as number | null
  if (last === null || last < (blobs.get("SELECT value FROM counter WHERE name='blob'")?.[0] as number)) return
  blobs.execute("UPDATE counter SET value=max(value, ?) WHERE name='blob'", last + 1)
}

/** Makes the folder of a store where it is missing. SQLite makes the names in it durable, not its own. */
function makeFolder(folder: string): void {
  const first = made(folder)
  if (first === undefined || process.platform === 'win32') return
  for (let at = folder; ; at = dirname(at)) {
    const above = openSync(dirname(at), 'r')
    fsyncSync(above)
    closeSync(above)
    if (at === first || dirname(at) === at) return
  }
}

/** The first folder that was missing, if any. @throws StoreError `unavailable` */
function made(folder: string): string | undefined {
  try {
    return mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new StoreError('unavailable', `the folder ${folder} cannot be made: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

/** Opens the full-text index, and makes it when there is none. */
export function openSearchForWriting(driver: Driver, files: StoreFiles, busyTimeout: number): Connection {
  return openFile(driver, files.search, SEARCH_SCHEMA, 4096, busyTimeout)
}

function openFile(
  driver: Driver,
  file: string,
  schema: readonly string[],
  pageSize: number,
  busyTimeout: number,
  cacheKiB = ROW_CACHE,
): Connection {
  // An empty one is new as well: whoever made it died before the next step.
  const isNew = !statSync(file, { throwIfNoEntry: false })?.size
  const db = opened(driver, file)
  try {
    // Mail is nobody else's business; SQLite gives the mode of a file to its log. Never by opening the file here: a process
    // that closes it loses all locks that its other connections have on it.
    if (isNew) chmodSync(file, 0o600)
    // Switching to WAL does not wait for other connections by itself, so this is tried until they are through.
    retryWhileBusy(() => {
      db.exec(`PRAGMA busy_timeout=${busyTimeout}; PRAGMA page_size=${pageSize}; PRAGMA journal_mode=WAL`)
      // FULL: a commit is on the disk before it is answered (R4).
      db.exec(`PRAGMA synchronous=FULL; PRAGMA cache_size=-${cacheKiB}; PRAGMA temp_store=MEMORY`)
      // Fewer checkpoints than by default: each costs two flushes.
      db.exec('PRAGMA wal_autocheckpoint=4000; PRAGMA journal_size_limit=67108864')
      migrate(db, file, schema)
    })
    return connect(db)
  } catch (error) {
    db.close()
    throw error
  }
}

/** SQLite does not say which file it is. */
function opened(driver: Driver, file: string): Database {
  try {
    return driver.open(file, { readOnly: false })
  } catch (error) {
    throw new StoreError('unavailable', `${file} cannot be opened: ${(error as Error).message}`, { cause: error })
  }
}

/** Opens a file for reading beside a writer that has made it. */
export function openForReading(driver: Driver, file: string, busyTimeout: number, cacheKiB = ROW_CACHE): Connection {
  const db = driver.open(file, { readOnly: true })
  db.exec(`PRAGMA busy_timeout=${busyTimeout}; PRAGMA cache_size=-${cacheKiB}; PRAGMA temp_store=MEMORY`)
  return connect(db)
}

/** Is another connection in the way (SQLITE_BUSY, SQLITE_LOCKED)? */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && /database (table )?is locked|SQLITE_BUSY/.test(error.message)
}

/** Milliseconds after which a lock that is never free becomes an error at opening. */
const OPEN_PATIENCE = 30_000

function retryWhileBusy(work: () => void): void {
  const pause = new Int32Array(new SharedArrayBuffer(4))
  const until = performance.now() + OPEN_PATIENCE
  for (;;) {
    try {
      return work()
    } catch (error) {
      if (!isBusy(error) || performance.now() >= until) throw error
      Atomics.wait(pause, 0, 0, 5 + Math.floor(Math.random() * 45))
    }
  }
}

/** A driver's error as the store's own. */
export function storeErrorOf(error: unknown): StoreError {
  if (error instanceof StoreError) return error
  const message = error instanceof Error ? error.message : String(error)
  if (isBusy(error)) {
    return new StoreError('busy', 'other processes keep the store locked; try again', { cause: error })
  }
  if (/database or disk is full|SQLITE_FULL/.test(message)) {
    return new StoreError('unavailable', 'the disk of the store is full', { cause: error })
  }
  return new StoreError('unavailable', `the store's database failed: ${message}`, { cause: error })
}
