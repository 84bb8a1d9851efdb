import { readFileSync } from 'node:fs'
import { type Account, collectBytes, type MessageRow } from '@posthouse/store-api'
import { runStoreChecks, type StoreKit, storeChecks, type TestStore } from '@posthouse/store-api/conformance'
import { describe, expect, test } from 'vitest'
import { type Note, type Notes, noteStore } from './custom-mailbox.js'

/** The table in memory. `reuse` is the trap of SQLite's INTEGER PRIMARY KEY: the highest id and one more. */
function noteTable(reuse = false) {
  let list: Note[] = []
  let revision = 0
  let counter = 0
  const nextId = () => (reuse ? (list.at(-1)?.id ?? 0) : counter) + 1
  const notes: Notes = {
    select: (_owner, from, to, since, limit) =>
      list.filter(({ id, revision: r }) => id >= from && id <= to && r > since).slice(0, limit),
    stats: () => ({
      count: list.length,
      unread: list.filter(({ read }) => !read).length,
      nextId: nextId(),
      revision,
    }),
  }
  return {
    notes,
    add() {
      const id = nextId()
      counter = id
      list = [
        ...list,
        {
          id,
          owner: 'ann@example.org',
          sender: 'Zoë <zoe@example.org>',
          title: `Note ${id}`,
          text: `Line one\nLine two of ${id} ✓`,
          createdAt: Date.UTC(2026, 0, id),
          read: id % 2 === 0,
          revision: ++revision,
        },
      ]
    },
    removeNewest() {
      list = list.slice(0, -1)
      revision++
    },
  }
}

function kitOf(reuse = false): StoreKit {
  return {
    make(): TestStore {
      const table = noteTable(reuse)
      for (let i = 0; i < 7; i++) table.add()
      return { store: noteStore(table.notes), account: 'ann@example.org', application: table }
    },
  }
}

describe('the adapter of the README', () => {
  for (const check of storeChecks(kitOf())) test(check.name, check.run)

  test('is under 60 lines, and stands in the README as it is here', () => {
    const here = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8')
    const code = here('./custom-mailbox.ts')
    const adapter = code.slice(code.indexOf('/** An owner'))
    expect(adapter.split('\n').length).toBeLessThan(60)
    expect(here('../README.md')).toContain(adapter.trim())
  })
})

test('without a test runner: a report of what passed, failed and was left out', async () => {
  const { passed, failed, skipped } = await runStoreChecks(kitOf())
  expect(failed).toEqual([])
  expect(passed.some((name) => name.startsWith('106 R6'))).toBe(true)
  expect(skipped.find(({ name }) => name.startsWith('2 R1'))?.reason).toBe('the store is read-only')
  expect(passed.length + skipped.length).toBe(storeChecks(kitOf()).length)
})

test('lines that end with LF, and a removal that raises no modseq, are found', async () => {
  const lf = (octets: Uint8Array) => octets.filter((octet) => octet !== 0x0d)
  const make = (): TestStore => {
    const sound = kitOf().make() as TestStore
    const open = async (name: string): Promise<Account> => {
      const account = await sound.store.open(name)
      const infos = await account.mailboxes()
      return {
        ...account,
        mailboxes: async () => (await account.mailboxes()).map((info) => ({ ...info, modseq: infos[0]!.modseq })),
        read: async function* (blob) {
          yield lf(await collectBytes(account.read(blob)))
        },
        messages: async function* (mailbox, query) {
          for await (const page of account.messages(mailbox, query)) {
            const rows: MessageRow[] = []
            for (const row of page) rows.push({ ...row, size: lf(await collectBytes(account.read(row.blob))).length })
            yield rows
          }
        },
      }
    }
    return { ...sound, store: { open } }
  }
  const { failed } = await runStoreChecks({ make })
  expect(failed.map(({ check }) => check.number)).toEqual([105, 107])
})

test('the trap of an INTEGER PRIMARY KEY is found', async () => {
  const { failed } = await runStoreChecks(kitOf(true))
  expect(failed.map(({ check }) => check.number)).toEqual([106])
  expect(String(failed[0]!.error)).toMatch(
    /R6.*\n {2}seen: {3}UID 8 was removed, and the next message got UID 8\n {2}effect: /,
  )
})
