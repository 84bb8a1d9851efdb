import { expect, test } from 'vitest'
import type { Database } from '../src/sql/driver.js'
import { migrate } from '../src/sql/schema.js'

test('what has failed is told, not that SQLite has undone the transaction by itself', () => {
  const said: string[] = []
  const db: Database = {
    exec(sql) {
      said.push(sql)
      if (sql === 'COMMIT') throw new Error('database or disk is full')
      if (sql === 'ROLLBACK') throw new Error('cannot rollback - no transaction is active')
    },
    prepare: () => ({ execute() {}, run: () => 0, get: () => [0], all: () => [] }),
    close() {},
  }
  expect(() => migrate(db, 'index.db', ['CREATE TABLE t(a)'])).toThrow('database or disk is full')
  expect(said.at(-1)).toBe('ROLLBACK')
})
