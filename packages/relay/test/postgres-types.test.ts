/** What `@posthouse/relay/postgres` asks for is what pg-boss has. The queue itself runs in interop/relay. */
import { PgBoss } from 'pg-boss'
import { expect, test } from 'vitest'
import type { Boss } from '../src/postgres/index.js'
import { schemaName } from '../src/postgres/schema.js'

test('a PgBoss is a Boss', () => {
  const boss: Boss = new PgBoss({ db: { executeSql: async () => ({ rows: [] }) } })
  for (const name of ['start', 'stop', 'createQueue', 'insert', 'fetch', 'deleteJob', 'touch'] as const) {
    expect(boss[name]).toBeTypeOf('function')
  }
})

test('nothing but a name is a schema', () => {
  expect(schemaName('mail_2')).toBe('mail_2')
  for (const bad of ['a b', 'a;drop', 'A"', "x'"]) expect(() => schemaName(bad)).toThrow(RangeError)
})
