/** The blocks of README.md and EXTENDING.md run: each stands below as it is there. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMemoryStore, type MailStore } from '@posthouse/store-api'
import { openSqliteStore as open, type SqliteStoreOptions } from '@posthouse/store-sqlite'
import { ImapFlow } from 'imapflow'
import { afterEach, expect, test } from 'vitest'
import { squeeze, squeezedCode, typescriptBlocks } from '../../../scripts/readme.js'
import {
  type Command,
  createImapServer as create,
  type ImapExtension,
  type ImapServer,
  type ImapServerOptions,
  ok,
  searchTextOf,
  standardExtensions,
} from '../src/index.js'
import { listen as listenAt } from '../src/node/index.js'
import { DialogueClient } from './dialogue.js'

test.each([
  ['../README.md', 6],
  ['../EXTENDING.md', 1],
])('every block of %s is executed here', (name, count) => {
  const ours = squeezedCode(new URL(import.meta.url))
  const blocks = typescriptBlocks(new URL(name, import.meta.url))
  expect(blocks).toHaveLength(count)
  for (const block of blocks) expect(ours).toContain(squeeze(block))
})

const opened: { close(how: { force: boolean }): Promise<void> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close({ force: true })
})

/** Port 1143 may be in use where the tests run. */
async function listen(server: ImapServer, _options: { port: number }): Promise<void> {
  opened.push(await listenAt(server, { port: 0 }))
}

function createImapServer(options: ImapServerOptions): ImapServer {
  return create({ allowInsecureAuth: true, ...options })
}

/** Logs in as alice by a client of its own, or by imapflow over the port. */
async function client(server: ImapServer, user = 'alice@example.org'): Promise<DialogueClient> {
  const made = new DialogueClient(server)
  await made.logIn(user)
  return made
}

const authenticate = (user: string, password: string): string | null => (password === 'secret' ? user : null)

test('the first block', async () => {
  const store = createMemoryStore()
  store.addAccount('alice@example.org')

  const server = createImapServer({
    store,
    authenticate: (user, password) => (password === 'secret' ? user : null),
  })
  await listen(server, { port: 1143 })
  expect(await (await client(server)).run('a STATUS INBOX (MESSAGES)')).toContain('* STATUS INBOX (MESSAGES 0)')
})

test('over your own store', async () => {
  const octets = new TextEncoder().encode('Subject: Hello\r\n\r\nIt works.\r\n')
  const row = { uid: 1, modseq: 1, flags: 0, size: octets.length, internalDate: Date.now(), emailId: '', blob: '1' }
  const inbox = { id: '1', path: ['INBOX'], uidValidity: 1, uidNext: 2, modseq: 1, messages: 1, unseen: 1 }
  const store: MailStore = {
    async open() {
      return {
        mailboxes: async () => [inbox],
        messages: (_mailbox, { uids, since = 0 }) => [uids?.length === 0 || row.modseq <= since ? [] : [row]],
        read: (_blob, range) => [octets.subarray(range?.start, range?.end)],
      }
    },
  }
  const server = createImapServer({ store, authenticate: (user, password) => (password === 'secret' ? user : null) })
  await listen(server, { port: 1143 })
  const { port } = opened[0] as unknown as { port: number }
  const flow = new ImapFlow({
    host: '127.0.0.1',
    port,
    secure: false,
    auth: { user: 'x', pass: 'secret' },
    logger: false,
  })
  await flow.connect()
  const lock = await flow.getMailboxLock('INBOX')
  const one = await flow.fetchOne('1', { source: true, envelope: true })
  expect(one).toMatchObject({ uid: 1, envelope: { subject: 'Hello' } })
  expect(one ? one.source?.toString() : '').toContain('It works.')
  lock.release()
  await flow.logout()
})

test('adding a command', async () => {
  const store = createMemoryStore({ autoCreate: true })
  const timeCommand: Command<void> = {
    name: 'XTIME',
    states: ['authenticated', 'selected'],
    parse() {}, // no arguments; what is left unread is answered with BAD
    run(session) {
      session.out.line(`* XTIME ${session.link.now()}`)
      return ok('XTIME completed')
    },
  }
  const time: ImapExtension = { name: 'XTIME', capabilities: ['XTIME'], commands: [timeCommand as Command] }
  const server = createImapServer({ store, authenticate, extensions: [...standardExtensions, time] })
  const made = await client(server)
  expect(await made.run('a XTIME')).toEqual(['* XTIME 1767225600000', 'a OK XTIME completed'])
  expect((await made.run('b XTIME now')).pop()).toMatch(/^b BAD/)
})

test('adding a command, and leaving another out', async () => {
  const store = createMemoryStore({ autoCreate: true })
  const timeCommand: Command<void> = {
    name: 'XTIME',
    states: ['authenticated', 'selected'],
    parse() {}, // no arguments; what is left unread is answered with BAD
    run(session) {
      session.out.line(`* XTIME ${session.link.now()}`)
      return ok('XTIME completed')
    },
  }

  const time: ImapExtension = { name: 'XTIME', capabilities: ['XTIME'], commands: [timeCommand as Command] }

  const server = createImapServer({
    store,
    authenticate,
    extensions: [...standardExtensions.filter(({ name }) => name !== 'COMPRESS=DEFLATE'), time],
  })
  expect((await (await client(server)).run('a CAPABILITY'))[0]).toMatch(/ XTIME$/)
})

test('leaving an extension out', async () => {
  const store = createMemoryStore({ autoCreate: true })
  const extensions = standardExtensions.filter(({ name }) => name !== 'COMPRESS=DEFLATE' && name !== 'UNAUTHENTICATE')
  const server = createImapServer({ store, authenticate, extensions })
  const made = await client(server)
  expect((await made.run('a CAPABILITY'))[0]).not.toContain('UNAUTHENTICATE')
  expect(await made.run('b UNAUTHENTICATE')).toEqual(['b BAD Unknown command'])
})

test('sharing', async () => {
  const store = createMemoryStore()
  for (const name of ['alice@example.org', 'bob@example.org', 'announcements']) store.addAccount(name)
  const server = createImapServer({
    store, // with `sharedWith`: memory, SQLite
    authenticate,
    groups: (user) => (user.endsWith('@example.org') ? ['$staff'] : []),
    namespaces: { isShared: (account) => account === 'announcements' },
  })
  store.share('announcements', '$staff', 'lr')
  const alice = await client(server)
  await alice.run('a1 CREATE Work')
  expect(await alice.run('a2 SETACL Work bob@example.org lrs')).toEqual(['a2 OK SETACL completed'])
  const bob = await client(server, 'bob@example.org')
  expect((await bob.run('b1 LIST "" *')).join('\n')).toMatch(
    /"Other Users\/alice@example.org\/Work"[\s\S]*Shared\/announcements\/INBOX/,
  )
})

/** `/var/mail` lies in a folder of the test. */
async function openSqliteStore(options: SqliteStoreOptions): ReturnType<typeof open> {
  const folder = await mkdtemp(join(tmpdir(), 'posthouse-readme-'))
  const store = await open({ ...options, path: join(folder, 'mail'), threads: 0 })
  opened.push({
    close: async () => {
      await store.close()
      await rm(folder, { recursive: true })
    },
  })
  return store
}

test('full-text search', async () => {
  const store = await openSqliteStore({ path: '/var/mail/posthouse', fts: { textOf: searchTextOf } })
  await store.addAccount('alice@example.org')
  const made = await client(create({ store, authenticate, allowInsecureAuth: true }))
  const message = 'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nfresh fish\r\n'
  expect((await made.run(`a APPEND INBOX {${message.length}+}\r\n${message}`)).pop()).toMatch(/^a OK/)
  await made.run('b SELECT INBOX')
  expect(await made.run('c SEARCH BODY FISH')).toContain('* SEARCH 1')
  expect(await made.run('d SEARCH BODY COD')).toContain('* SEARCH')
})
