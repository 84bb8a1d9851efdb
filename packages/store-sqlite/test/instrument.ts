import type { Driver } from '../src/index.js'

/** A driver that tells about every statement, and can make the disk look full. */
export interface Instrumented {
  readonly driver: Driver
  /** Statements run so far. */
  statements(): number
  fillDisk(full: boolean): void
}

export function instrument(driver: Driver, around?: (sql: string, when: 'before' | 'after') => void): Instrumented {
  let isFull = false
  let statements = 0
  const run = <T>(sql: string, work: () => T): T => {
    statements++
    // In SQLite's own words; the test on a small disk has it from SQLite itself.
    if (isFull && sql.startsWith('INSERT')) throw new Error('database or disk is full')
    around?.(sql, 'before')
    const result = work()
    around?.(sql, 'after')
    return result
  }
  return {
    statements: () => statements,
    fillDisk(full) {
      isFull = full
    },
    driver: {
      name: driver.name,
      open(file, options) {
        const db = driver.open(file, options)
        return {
          ...db,
          prepare(sql) {
            const statement = db.prepare(sql)
            return {
              execute: (...values) => run(sql, () => statement.execute(...values)),
              run: (...values) => run(sql, () => statement.run(...values)),
              get: (...values) => run(sql, () => statement.get(...values)),
              all: (...values) => run(sql, () => statement.all(...values)),
            }
          },
        }
      },
    },
  }
}
