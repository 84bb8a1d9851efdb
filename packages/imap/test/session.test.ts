import { type Account, Flag, StoreError } from '@posthouse/store-api'
import { fromUtf8 } from '@posthouse/wire'
import { connectInMemory, playTranscript } from '@posthouse/wire/testing'
import { expect, test } from 'vitest'
import { ConnectionSession } from '../src/session/connection/session.js'
import { openConnection } from '../src/session/connection/state.js'
import type { ServerSetup } from '../src/session/session.js'
import { MailboxView } from '../src/session/view/mailbox-view.js'
import { SharedUids } from '../src/session/view/shared-uids.js'
import { DialogueClient } from './dialogue.js'
import { HELLO, serverOver, testServer } from './servers.js'

const SELECT = `
  S: * OK [CAPABILITY {*}] imap.example.org ready
  C: a001 LOGIN alice secret
  S: a001 OK [CAPABILITY {*}] Logged in
  C: a002 SELECT INBOX
  S: ...
  S: a002 OK [READ-WRITE] SELECT completed
`

test('RFC 9051 §6.2.1: STARTTLS forgets everything said before, and allows passwords', async () => {
  const made = testServer({ allowInsecureAuth: false })
  await playTranscript(
    made.server,
    `
    S: * OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED {*}] imap.example.org ready
    C: a001 STARTTLS
    S: a001 OK Begin TLS negotiation now
    -- tls --
    C: a002 CAPABILITY
    S: * CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=LOGIN {*}
    S: a002 OK CAPABILITY completed
    C: a003 LOGIN alice secret
    S: a003 OK {*}
    C: a004 STARTTLS
    S: a004 BAD {*}
  `,
  )
})

test('a message expunged elsewhere keeps its number until it may be told; it can be fetched, flagged and copied until then', async () => {
  const made = testServer()
  for (let i = 0; i < 3; i++) await made.deliver(HELLO)
  const account = await made.account()
  const [inbox] = await account.mailboxes()
  const server: typeof made.server = {
    name: 'imap',
    connect(link) {
      const connection = made.server.connect(link)
      const { handle } = connection.session
      connection.session.handle = async (event) => {
        // Another session's EXPUNGE, between two commands of this one.
        if (event.type === 'command' && event.tag === 'x1') {
          await account.commit?.([{ op: 'expunge', in: inbox?.id as string, uids: [[2, 2]], onlyDeleted: false }])
          await made.deliver(HELLO)
        }
        return handle(event)
      }
      return connection
    },
  }
  await playTranscript(
    server,
    `${SELECT}
    C: x1 FETCH 1:3 UID
    S: * 1 FETCH (UID 1)
    S: * 3 FETCH (UID 3)
    S: * 2 FETCH (UID 2)
    S: x1 OK [EXPUNGEISSUED] FETCH completed
    C: x2 SEARCH ALL
    S: * SEARCH 1 2 3
    S: x2 OK [EXPUNGEISSUED] SEARCH completed
    C: x3 STORE 3 +FLAGS.SILENT (\\Seen)
    S: x3 OK [EXPUNGEISSUED] STORE completed
    C: x4 UID FETCH 2:3 FLAGS
    S: * 3 FETCH (UID 3 FLAGS (\\Seen))
    S: * 2 FETCH (UID 2 FLAGS ())
    S: * 2 EXPUNGE
    S: * 3 EXISTS
    S: * 1 RECENT
    S: x4 OK FETCH completed
  `,
  )
})

test('a store that fails in the middle of an answer: no half response, and the session goes on', async () => {
  const made = testServer()
  await made.deliver(HELLO)
  const broken: typeof made.store = {
    ...made.store,
    async open(name) {
      const account = await made.store.open(name)
      return {
        ...account,
        async *messages(mailbox, query) {
          for await (const rows of account.messages(mailbox, query)) {
            yield rows.map((row) => ({ ...row, summary: Uint8Array.of(0) }))
          }
        },
        read() {
          throw new StoreError('unavailable', 'the disk is gone')
        },
      }
    },
  }
  const { server } = testServer({ store: broken })
  await playTranscript(
    server,
    `${SELECT}
    C: x1 FETCH 1 (UID ENVELOPE)
    S: x1 NO [UNAVAILABLE] {*}
    C: x2 FETCH 1 (UID FLAGS)
    S: * 1 FETCH (UID 1 FLAGS ())
    S: x2 OK FETCH completed
  `,
  )
})

test.each(['IMAP4rev2', 'CONDSTORE'])('SELECT asks a store for its mailboxes once: %s enabled', async (word) => {
  let asked = 0
  const server = serverOver(testServer(), (account) => ({
    mailboxes() {
      asked++
      return account.mailboxes()
    },
  }))
  const client = new DialogueClient(server)
  await client.logIn('alice')
  await client.run(`a1 ENABLE ${word}`)
  expect((await client.run('a2 SELECT INBOX')).at(-1)).toMatch(/^a2 OK /)
  expect(asked).toBe(1)
})

test('an account that opens when the client has gone is closed', async () => {
  const made = testServer()
  const [asked, ask] = signal()
  const [opened, open] = signal()
  const [closed, close] = signal()
  const { server } = testServer({
    store: {
      async open(name, as) {
        const account = await made.store.open(name, as)
        ask()
        await opened
        return { ...account, close: async () => close() } as Account
      },
    },
  })
  const connection = connectInMemory(server)
  connection.send(fromUtf8('a1 LOGIN alice secret\r\n'))
  await asked
  connection.driver.timedOut()
  expect(connection.closed).toBe(true)
  open()
  await closed
})

test('a mailbox that is read when the client has gone is let go', () => {
  const uids = new SharedUids()
  const controller = new AbortController()
  const server = { limits: {}, partsFor: () => ({}) } as unknown as ServerSetup
  const link = { signal: controller.signal } as never
  const session = new ConnectionSession(openConnection(server, link), () => {})
  const view = new MailboxView({ id: '1', modseq: 1 } as never, Uint32Array.of(1, 2), false, { uids, key: 'INBOX' })
  expect(uids.size).toBe(1)
  controller.abort()
  expect(() => session.select(view)).toThrow('The connection is gone')
  expect(uids.size).toBe(0)
  expect(session.selected).toBeNull()
})

function signal(): readonly [Promise<void>, () => void] {
  let tell = (): void => {}
  const told = new Promise<void>((resolve) => {
    tell = resolve
  })
  return [told, tell]
}

test('RFC 9051 §9: UIDNEXT is a UID also where the last one is given, whose message is there', async () => {
  const { server, store, deliver } = testServer()
  store.setUidNext('alice', ['INBOX'], 4_294_967_295)
  await deliver('Subject: the last\r\n\r\n')
  await playTranscript(
    server,
    `
    S: * OK [CAPABILITY {*}] imap.example.org ready
    C: a001 LOGIN alice secret
    S: a001 OK [CAPABILITY {*}] Logged in
    C: a002 STATUS INBOX (MESSAGES UIDNEXT)
    S: * STATUS INBOX (MESSAGES 1 UIDNEXT 4294967295)
    S: a002 OK STATUS completed
    C: a003 EXAMINE INBOX
    S: * FLAGS {*}
    S: * OK [PERMANENTFLAGS {*}] {*}
    S: * 1 EXISTS
    S: * 0 RECENT
    S: * OK [UNSEEN 1] {*}
    S: * OK [UIDVALIDITY {*}] UIDs are valid
    S: * OK [UIDNEXT 4294967295] The next UID
    S: ...
    S: a003 OK [READ-ONLY] {*}
  `,
  )
})

test('RFC 8437: UNAUTHENTICATE leaves nothing of the login: no UTF-8, no limits of who is known, nothing kept', async () => {
  const made = testServer({ limits: { loginLine: 100 } })
  const client = new DialogueClient(made.server)
  await client.logIn('alice')
  await client.run('a CREATE &AOQ-')
  await client.run('b ENABLE IMAP4rev2')
  await client.run('c SELECT INBOX')
  await client.run('d NOTIFY NONE')
  await client.run('e UNAUTHENTICATE')
  expect(await client.run(`f LOGIN ${'x'.repeat(100)} secret`)).toEqual(['f BAD Command line too long'])
  await client.run('g LOGIN alice secret')
  expect(await client.run('h LIST "" &AOQ-')).toContain('* LIST (\\HasNoChildren) "/" &AOQ-')
  await client.run('i SELECT INBOX')
  await made.deliver(HELLO)
  expect(await client.run('j NOOP')).toContain('* 1 EXISTS')
})

test('RFC 9051 §6.3.2: a SELECT that fails on the way leaves no mailbox selected', async () => {
  const made = testServer()
  await made.deliver(HELLO)
  let fails = true
  const server = serverOver(made, () => ({
    search() {
      if (fails) throw new StoreError('busy', 'later')
      return Promise.resolve(null)
    },
  }))
  await made.deliver(HELLO, { flags: Flag.Seen })
  const client = new DialogueClient(server)
  await client.logIn('alice')
  expect((await client.run('a SELECT INBOX')).at(-1)).toMatch(/^a NO \[INUSE\]/)
  expect(await client.run('b FETCH 1 UID')).toEqual(['b BAD FETCH is not possible now'])
  fails = false
  expect((await client.run('c SELECT INBOX')).at(-1)).toMatch(/^c OK/)
})

test('messages of one APPEND count together towards a quota before they are sent', async () => {
  const made = testServer()
  const root = { root: '', used: { bytes: 0, messages: 0 }, limit: { bytes: 15 } }
  const client = new DialogueClient(serverOver(made, () => ({ quota: async () => [root] })))
  await client.logIn('alice')
  expect(await client.run('a APPEND INBOX {10+}\\r\\nA: b567890 {10}')).toEqual([
    'a NO [OVERQUOTA] The account is full',
  ])
})
