/**
 * A store with a full-text index narrows searches and changes none: the answers over SQLite with its index are those
 * over memory without one.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createImapServer, searchTextOf } from '@posthouse/imap'
import { listen } from '@posthouse/imap/node'
import { openSqliteStore } from '@posthouse/store-sqlite'
import { expect, test } from 'vitest'
import { searchCommands } from './commands.js'
import { ask, fill, startOurs } from './compare.js'
import { generateMailbox } from './generate.js'

const COUNT = 200

test('every search finds over a full-text index what it finds without', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-full-text-'))
  const store = await openSqliteStore({ path: folder, threads: 0, fts: { textOf: searchTextOf } })
  await store.addAccount('oracle')
  let asked = 0
  const server = createImapServer({
    store: {
      async open(account, as) {
        const open = await store.open(account, as)
        return {
          ...open,
          async search(mailbox, expr) {
            const answer = (await open.search?.(mailbox, expr)) ?? null
            if (answer && JSON.stringify(expr).includes('"text"')) asked++
            return answer
          },
        }
      },
    },
    authenticate: (user, password) => (password === 'secret' ? user : null),
  })
  const listening = await listen(server, { port: 0, host: '127.0.0.1' })
  const plain = await startOurs()
  try {
    const messages = generateMailbox(COUNT, 4)
    const [indexed, scanned] = [await fill(listening.port, messages), await fill(plain.port, messages)]
    await store.indexText()
    const different: unknown[] = []
    for (const command of searchCommands(COUNT)) {
      const [one, other] = [await ask(indexed, command), await ask(scanned, command)]
      if (one !== other) different.push({ command, one, other })
    }
    expect(different).toEqual([])
    expect(asked).toBeGreaterThan(30)
    indexed.socket.destroy()
    scanned.socket.destroy()
  } finally {
    await Promise.all([listening.close({ force: true }), plain.stop()])
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
})
