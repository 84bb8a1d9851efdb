/** The parts of `pg` and `pg-boss` that the queue uses: whoever has these has enough. */
import { fromUtf8, utf8 } from '@posthouse/wire'
import { RelayError } from '../errors.js'

/** What `pg` emits when the server has closed a connection; it ends the process when nobody listens. */
interface Failing {
  on?(event: 'error', listener: (error: Error) => void): unknown
  off?(event: 'error', listener: (error: Error) => void): unknown
}

/** A connection of a pool. */
export interface PgClient extends Failing {
  // biome-ignore lint/suspicious/noExplicitAny: rows have the columns that the query names
  query(text: string, values?: unknown[]): Promise<{ rows: any[]; rowCount?: number | null }>
  release(destroy?: boolean): void
}

/** A `Pool` of `pg`. */
export interface PgPool extends Pick<PgClient, 'query' | 'on' | 'off'> {
  connect(): Promise<PgClient>
}

/** A transaction as pg-boss takes it. */
export interface BossTransaction {
  // biome-ignore lint/suspicious/noExplicitAny: as pg-boss has it
  executeSql(text: string, values?: unknown[]): Promise<{ rows: any[] }>
}

/** A `PgBoss` (version 12). */
export interface Boss {
  start(): Promise<unknown>
  stop(options?: object): Promise<void>
  createQueue(name: string, options?: object): Promise<void>
  insert(name: string, jobs: never[], options?: object): Promise<string[] | null>
  // biome-ignore lint/suspicious/noExplicitAny: of a job no more than its id is used
  fetch(name: string, options?: object): Promise<any[]>
  deleteJob(name: string, id: never, options?: object): Promise<object>
  touch(name: string, id: string[], options?: object): Promise<unknown>
  // biome-ignore lint/suspicious/noExplicitAny: it is only asked whether there is one
  getJobById(name: string, id: string): Promise<any>
  on(event: 'error', listener: (error: Error) => void): unknown
}

/** What everything is done with. */
export interface Context {
  readonly boss: Boss
  /** The name of the queue in pg-boss. */
  readonly queue: string
  /** The schema of our own tables. */
  readonly schema: string
}

/** A step's connection, and the same for pg-boss. */
export interface Step extends Pick<PgClient, 'query'> {
  readonly db: BossTransaction
}

/** A step that two others have blocked each other with is done again, so many times in all. */
const TRIES = 5

/** Runs a step in a transaction; more than once where it collides with others. @throws RelayError */
export async function transaction<T>(pool: PgPool, step: (step: Step) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(pool, step)
    } catch (error) {
      if (attempt >= TRIES || !isCollision(error)) throw relayErrorOf(error)
    }
  }
}

async function once<T>(pool: PgPool, step: (step: Step) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let broken = false
  // The pool does not listen while the connection is ours. What is asked next rejects, and says the same.
  const fails = (): void => {
    broken = true
  }
  client.on?.('error', fails)
  try {
    await client.query('BEGIN')
    const query: Step['query'] = (text, values) => client.query(text, values)
    const result = await step({ query, db: { executeSql: query } })
    await client.query('COMMIT')
    return result
  } catch (error) {
    // A connection that cannot even undo is of no use to anybody.
    await client.query('ROLLBACK').catch(() => {
      broken = true
    })
    throw error
  } finally {
    client.release(broken)
    client.off?.('error', fails)
  }
}

/** Asks outside of a transaction. @throws RelayError */
export async function ask(pool: PgPool, text: string, values: unknown[] = []): ReturnType<PgClient['query']> {
  try {
    return await pool.query(text, values)
  } catch (error) {
    throw relayErrorOf(error)
  }
}

/** JSON as PostgreSQL takes it: its text has no NUL, and no half of a surrogate pair. What strangers write may have both. */
export function jsonOf(value: unknown): string {
  return JSON.stringify(value, (_, one) =>
    typeof one === 'string' ? utf8(fromUtf8(one)).replaceAll('\0', '\ufffd') : one,
  )
}

/** `unique_violation`. */
export function isThere(error: unknown): boolean {
  return (error as { readonly code?: unknown } | null)?.code === '23505'
}

/** `deadlock_detected`, `serialization_failure`. */
function isCollision(error: unknown): boolean {
  const code = (error as { readonly code?: unknown } | null)?.code
  return code === '40P01' || code === '40001'
}

/** Everything that the database says is `unavailable`. */
export function relayErrorOf(cause: unknown): RelayError {
  if (cause instanceof RelayError) return cause
  const text = cause instanceof Error ? cause.message : String(cause)
  return new RelayError('unavailable', `the queue's database failed: ${text}`, { cause })
}
