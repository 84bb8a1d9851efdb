import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createImapServer } from '@posthouse/imap'
import { listen } from '@posthouse/imap/node'
import { createMemoryStore } from '@posthouse/store-api'
import { openSqliteStore } from '@posthouse/store-sqlite'
import { startDovecot } from '../../dovecot.js'
import { openResponses } from './responses.js'
import type { StressPlan } from './stress.js'

export interface StressServer extends Pick<StressPlan, 'port' | 'users'> {
  stop(): Promise<void>
}

const alice = { user: 'alice', mailboxes: ['INBOX', 'Other'] }
/** The same mailboxes, as somebody sees them with whom alice shares them. */
const bob = { user: 'bob', mailboxes: ['Other Users/alice/INBOX', 'Other Users/alice/Other'] }

/** A server with the mailboxes that are worked in; ours are shared with a second user. */
export async function startStressServer(kind: 'memory' | 'sqlite' | 'dovecot'): Promise<StressServer> {
  const server = kind === 'dovecot' ? await startTheirs() : await startOurs(kind)
  const { port, users } = server
  const setup = await openResponses(port)
  const ask = async (tag: string, command: string): Promise<void> => {
    setup.write(`${tag} ${command}\r\n`)
    for (let line = await setup.next(); !line?.startsWith(`${tag} OK`); line = await setup.next())
      if (line === null || line.startsWith(`${tag} `)) throw new Error(`${command}: ${line}`)
  }
  await ask('a', 'LOGIN alice secret')
  await ask('b', 'CREATE Other')
  if (users.length > 1) {
    await ask('c', 'SETACL INBOX bob lrswipte')
    await ask('d', 'SETACL Other bob lrswipte')
  }
  await ask('e', 'LOGOUT')
  setup.drop()
  return server
}

async function startTheirs(): Promise<StressServer> {
  const dovecot = await startDovecot()
  return { port: dovecot.imap, users: [alice], stop: () => dovecot.stop() }
}

async function startOurs(kind: 'memory' | 'sqlite'): Promise<StressServer> {
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-stress-'))
  const store = kind === 'memory' ? createMemoryStore() : await openSqliteStore({ path: folder })
  for (const { user } of [alice, bob]) await store.addAccount(user)
  const authenticate = (user: string, password: string): string | null => (password === 'secret' ? user : null)
  const listening = await listen(createImapServer({ store, authenticate }), { port: 0, host: '127.0.0.1' })
  return {
    port: listening.port,
    users: [alice, bob],
    async stop() {
      await listening.close({ force: true })
      if ('close' in store) await store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
