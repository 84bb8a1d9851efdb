/** The parts of `pg` and `pg-boss` that the queue uses: whoever has these has enough. */

/** A connection of a pool. */
export interface PgClient {
  // biome-ignore lint/suspicious/noExplicitAny: rows have the columns that the query names
  query(text: string, values?: unknown[]): Promise<{ rows: any[]; rowCount?: number | null }>
  release(destroy?: boolean): void
}

/** A `Pool` of `pg`. */
export interface PgPool extends Pick<PgClient, 'query'> {
  connect(): Promise<PgClient>
}

/** A transaction as pg-boss takes it. */
export interface BossTransaction {
  // biome-ignore lint/suspicious/noExplicitAny: as pg-boss has it
  executeSql(text: string, values?: unknown[]): Promise<{ rows: any[] }>
}

/** What is put into pg-boss. */
export interface BossInsert {
  readonly id?: string
  readonly data: object
  readonly startAfter: Date
  readonly group: { readonly id: string; readonly tier: string }
}

/** A `PgBoss` (version 12). */
export interface Boss {
  start(): Promise<unknown>
  stop(options?: object): Promise<void>
  createQueue(name: string, options?: object): Promise<void>
  insert(name: string, jobs: never[], options?: object): Promise<string[] | null>
  // biome-ignore lint/suspicious/noExplicitAny: the data of a job is ours
  fetch(name: string, options?: object): Promise<any[]>
  deleteJob(name: string, id: never, options?: object): Promise<object>
  touch(name: string, id: string[], options?: object): Promise<unknown>
  on(event: 'error', listener: (error: Error) => void): unknown
}

/** Runs a step in a transaction. */
export async function transaction<T>(
  pool: PgPool,
  step: (client: PgClient, db: BossTransaction) => Promise<T>,
): Promise<T> {
  const client = await pool.connect()
  let broken = false
  try {
    await client.query('BEGIN')
    const db = { executeSql: (text: string, values?: unknown[]) => client.query(text, values) }
    const result = await step(client, db)
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
  }
}
