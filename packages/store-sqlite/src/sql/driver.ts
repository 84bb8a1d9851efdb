import { createRequire } from 'node:module'
import { StoreError } from '@posthouse/store-api'

/**
 * The little that the store asks of a SQLite binding, so that any synchronous one fits: `node:sqlite` (Node 22.5 and
 * later), `@photostructure/sqlite` (prebuilt, a dependency) and `better-sqlite3` (an optional peer).
 */

/** What goes into and comes out of a statement. Integers stay below 2^53. */
export type SqlValue = number | string | Uint8Array | null
/** A row as an array, in the order of the columns. */
export type SqlRow = readonly SqlValue[]

/** A prepared statement. */
export interface Statement {
  /** Runs it. */
  execute(...values: SqlValue[]): void
  /** Runs it and says how many rows it changed. */
  run(...values: SqlValue[]): number
  /** The first row. */
  get(...values: SqlValue[]): SqlRow | undefined
  /** All rows. */
  all(...values: SqlValue[]): SqlRow[]
}

/** One connection. */
export interface Database {
  prepare(sql: string): Statement
  exec(sql: string): void
  close(): void
}

/** The names of the bindings, in the order in which they are tried. */
export const DRIVER_NAMES = ['node:sqlite', '@photostructure/sqlite', 'better-sqlite3'] as const
/** A binding that `loadDriver` knows. */
export type DriverName = (typeof DRIVER_NAMES)[number]

/** A binding. */
export interface Driver {
  /** A name for people. */
  readonly name: string
  open(file: string, options: { readonly readOnly: boolean }): Database
}

/** The shape that `node:sqlite` and its twin share. */
interface NodeSqlite {
  readonly DatabaseSync: new (
    file: string,
    options: { readOnly: boolean },
  ) => { prepare(sql: string): NodeStatement; exec(sql: string): void; close(): void }
}
interface NodeStatement {
  run(...values: SqlValue[]): { changes: number | bigint }
  get(...values: SqlValue[]): unknown
  all(...values: SqlValue[]): unknown[]
  setReturnArrays?(on: boolean): void
}

/** The shape of `better-sqlite3`. */
type BetterSqlite = new (
  file: string,
  options: { readonly: boolean },
) => { prepare(sql: string): BetterStatement; exec(sql: string): unknown; close(): unknown }
interface BetterStatement {
  readonly reader: boolean
  raw(): BetterStatement
  run(...values: SqlValue[]): { changes: number }
  get(...values: SqlValue[]): unknown
  all(...values: SqlValue[]): unknown[]
}

/**
 * Loads a binding; without a name the first one that this Node has.
 * @throws StoreError `unavailable` when there is none.
 */
export function loadDriver(name?: DriverName): Driver {
  const failures: unknown[] = []
  for (const candidate of name ? [name] : DRIVER_NAMES) {
    try {
      return load(candidate)
    } catch (error) {
      failures.push(error)
    }
  }
  const tried = name ?? DRIVER_NAMES.join(', ')
  throw new StoreError('unavailable', `no SQLite binding could be loaded (tried ${tried})`, {
    cause: new AggregateError(failures),
  })
}

function load(name: DriverName): Driver {
  const require = createRequire(import.meta.url)
  if (name === 'better-sqlite3') {
    const { version } = require('better-sqlite3/package.json') as { readonly version: string }
    // From 13 on its binary wants Node 22; an older Node does not refuse it but crashes.
    if (Number.parseInt(version, 10) >= 13 && Number.parseInt(process.versions.node, 10) < 22) {
      throw new StoreError('unavailable', `better-sqlite3 ${version} needs Node 22; install version 12`)
    }
    return betterSqliteDriver(require(name) as BetterSqlite)
  }
  const module = require(name) as NodeSqlite
  return nodeSqliteDriver(name, module)
}

const EMPTY = new Uint8Array(1).subarray(0, 0)

/** Stands for NUL where a text ends there. No name holds it either, and no text with one is read back. */
const NO_NUL = '\ufffe'

/**
 * Values that a binding does not take as they are have others in their place. Node 22 binds an empty array that came from
 * another thread as NULL: such a one has no memory at all, and one of our own has. `@photostructure/sqlite` ends a text at
 * its first NUL: a key or a name would be taken for another that begins alike.
 */
function asTheyAre(prepare: (sql: string) => NodeStatement): (sql: string) => NodeStatement {
  const ask = 'SELECT ? IS NULL AS empty, hex(?) AS text'
  const [isNull, hex] = Object.values(prepare(ask).get(structuredClone(new Uint8Array(0)), 'a\0b') as object)
  const swapsEmpty = isNull !== 0
  const swapsNul = hex !== '610062'
  if (!swapsEmpty && !swapsNul) return prepare
  const isOdd = (value: SqlValue): boolean =>
    typeof value === 'string'
      ? swapsNul && value.includes('\0')
      : swapsEmpty && value instanceof Uint8Array && value.length === 0
  const own = (values: SqlValue[]): SqlValue[] =>
    values.some(isOdd)
      ? values.map((value) =>
          !isOdd(value) ? value : typeof value === 'string' ? value.replaceAll('\0', NO_NUL) : EMPTY,
        )
      : values
  return (sql) => {
    const statement = prepare(sql)
    return {
      run: (...values) => statement.run(...own(values)),
      get: (...values) => statement.get(...own(values)),
      all: (...values) => statement.all(...own(values)),
      ...(statement.setReturnArrays && { setReturnArrays: (on: boolean) => statement.setReturnArrays?.(on) }),
    }
  }
}

function nodeSqliteDriver(name: DriverName, { DatabaseSync }: NodeSqlite): Driver {
  return {
    name,
    open(file, { readOnly }) {
      const db = new DatabaseSync(file, { readOnly })
      const prepare = asTheyAre((sql) => db.prepare(sql))
      return {
        exec: (sql) => db.exec(sql),
        close: () => db.close(),
        prepare(sql) {
          const statement = prepare(sql)
          const asArray = statement.setReturnArrays
            ? (row: unknown) => row as SqlRow
            : (row: unknown) => Object.values(row as object) as SqlRow
          statement.setReturnArrays?.(true)
          return {
            // Costs half of `run`, which makes an object of what it has changed.
            execute: (...values) => void statement.get(...values),
            run: (...values) => Number(statement.run(...values).changes),
            get(...values) {
              const row = statement.get(...values)
              return row === undefined ? undefined : asArray(row)
            },
            all: statement.setReturnArrays
              ? (...values) => statement.all(...values) as SqlRow[]
              : (...values) => statement.all(...values).map(asArray),
          }
        },
      }
    },
  }
}

function betterSqliteDriver(BetterSqlite3: BetterSqlite): Driver {
  return {
    name: 'better-sqlite3',
    open(file, { readOnly }) {
      const db = new BetterSqlite3(file, { readonly: readOnly })
      return {
        exec: (sql) => void db.exec(sql),
        close: () => void db.close(),
        prepare(sql) {
          const statement = db.prepare(sql)
          if (!statement.reader) {
            return {
              execute: (...values) => void statement.run(...values),
              run: (...values) => statement.run(...values).changes,
              get: () => undefined,
              all: () => [],
            }
          }
          statement.raw()
          return {
            execute: (...values) => void statement.all(...values),
            run: (...values) => statement.all(...values).length,
            get: (...values) => statement.get(...values) as SqlRow | undefined,
            all: (...values) => statement.all(...values) as SqlRow[],
          }
        },
      }
    },
  }
}
