import { Flag, type MemoryStore } from '@posthouse/store-api'
import type { SqliteStore } from '@posthouse/store-sqlite'
import { expect, test } from 'vitest'
import { type Command, type ImapExtension, literalMinus, literalPlus, ok, standardExtensions } from '../src/index.js'
import { DialogueClient, playDialogue } from './dialogue.js'
import { playExample as play } from './rfc-examples/play.js'
import { selectedClient } from './search/client.js'
import { HELLO, message, serverOver, type TestServer, testServer } from './servers.js'
import { emptyStore, STORE_KINDS } from './stores.js'

const three = async (made: TestServer): Promise<void> => {
  for (let i = 0; i < 3; i++) await made.deliver(HELLO)
}

/** Three messages; then the third is seen, and the second expunged. */
const expungedSecond = async (made: TestServer): Promise<void> => {
  await three(made)
  const account = await made.account()
  const [inbox] = await account.mailboxes()
  const id = inbox?.id as string
  await account.commit?.([{ op: 'flags', in: id, uids: [[3, 3]], mode: 'add', flags: Flag.Seen }])
  await account.commit?.([{ op: 'expunge', in: id, uids: [[2, 2]], onlyDeleted: false }])
}

const SELECT = `
  C: s1 SELECT INBOX
  S: ...
  S: s1 OK [READ-WRITE] SELECT completed
`

test('RFC 7162 §3.1: CONDSTORE', () =>
  play(
    `
    C: b1 SELECT INBOX (CONDSTORE)
    S: * FLAGS {*}
    S: * OK [PERMANENTFLAGS {*}
    S: * 3 EXISTS
    S: * 0 RECENT
    S: * OK [UNSEEN 1] {*}
    S: * OK [UIDVALIDITY {*}
    S: * OK [UIDNEXT 4] {*}
    S: * OK [HIGHESTMODSEQ 4] Highest
    S: * OK [MAILBOXID ({*})] {*}
    S: b1 OK [READ-WRITE] SELECT completed
    C: b2 FETCH 1:* (FLAGS) (CHANGEDSINCE 3)
    S: * 3 FETCH (FLAGS () MODSEQ (4))
    S: b2 OK FETCH completed
    C: b3 STORE 1 (UNCHANGEDSINCE 2) +FLAGS.SILENT (\\Seen)
    S: * 1 FETCH (UID 1 FLAGS (\\Seen) MODSEQ (5))
    S: b3 OK STORE completed
    C: b4 STORE 1:3 (UNCHANGEDSINCE 4) +FLAGS (\\Deleted)
    S: * 2 FETCH (UID 2 FLAGS (\\Deleted) MODSEQ (6))
    S: * 3 FETCH (UID 3 FLAGS (\\Deleted) MODSEQ (6))
    S: b4 OK [MODIFIED 1] {*}
    C: b5 SEARCH MODSEQ 6
    S: * SEARCH 2 3 (MODSEQ 6)
    S: b5 OK SEARCH completed
    C: b6 EXPUNGE
    S: * 2 EXPUNGE
    S: * 2 EXPUNGE
    S: b6 OK [HIGHESTMODSEQ 7] EXPUNGE completed
    C: b7 STATUS INBOX (HIGHESTMODSEQ)
    S: * STATUS INBOX (HIGHESTMODSEQ 7)
    S: b7 OK STATUS completed
  `,
    three,
  ))

test('RFC 7162 §3.2.5: QRESYNC in SELECT, VANISHED in FETCH and for expunges', () =>
  play(
    `
    C: b1 SELECT INBOX (QRESYNC (1 1))
    S: b1 BAD ENABLE QRESYNC first
    C: b2 ENABLE QRESYNC CONDSTORE
    S: * ENABLED QRESYNC
    S: b2 OK ENABLE completed
    C: b3 SELECT INBOX (QRESYNC (1 4 1:3))
    S: * FLAGS {*}
    S: * OK [PERMANENTFLAGS {*}
    S: * 2 EXISTS
    S: * 0 RECENT
    S: * OK [UNSEEN 1] {*}
    S: * OK [UIDVALIDITY 1] {*}
    S: * OK [UIDNEXT 4] {*}
    S: * OK [HIGHESTMODSEQ 6] Highest
    S: * OK [MAILBOXID ({*})] {*}
    S: * VANISHED (EARLIER) 2
    S: * 2 FETCH (UID 3 FLAGS (\\Seen) MODSEQ (5))
    S: b3 OK [READ-WRITE] SELECT completed
    C: b4 UID FETCH 1:* (FLAGS) (CHANGEDSINCE 4 VANISHED)
    S: * VANISHED (EARLIER) 2
    S: * 2 FETCH (UID 3 FLAGS (\\Seen) MODSEQ (5))
    S: b4 OK FETCH completed
    C: b5 UID STORE 3 +FLAGS.SILENT \\Deleted
    S: * 2 FETCH (UID 3 FLAGS (\\Deleted \\Seen) MODSEQ (7))
    S: b5 OK STORE completed
    C: b6 EXPUNGE
    S: * VANISHED 3
    S: b6 OK [HIGHESTMODSEQ 8] EXPUNGE completed
  `,
    expungedSecond,
  ))

test.each(['vanished', 'messages'] as const)(
  'QRESYNC tells of a message that is expunged between EXISTS and the end of SELECT, %s is asked',
  async (when) => {
    const made = testServer()
    await three(made)
    let due = true
    const server = serverOver(made, (account) => {
      const expunge = async (mailbox: string): Promise<void> => {
        if (due) await account.commit?.([{ op: 'expunge', in: mailbox, uids: [[3, 3]], onlyDeleted: false }])
        due = false
      }
      return {
        async vanished(mailbox, since) {
          if (when === 'vanished') await expunge(mailbox)
          return (await account.vanished?.(mailbox, since)) ?? null
        },
        async *messages(mailbox, query) {
          if (when === 'messages' && query.since !== undefined) await expunge(mailbox)
          yield* account.messages(mailbox, query)
        },
      }
    })
    const client = new DialogueClient(server)
    await client.logIn('alice')
    await client.run('a ENABLE QRESYNC')
    const lines = await client.run('b SELECT INBOX (QRESYNC (1 3))')
    expect(lines).toContain('* 3 EXISTS')
    expect(lines.filter((line) => line.includes('FETCH') || line.includes('VANISHED'))).toEqual([
      expect.stringMatching(/^\* 3 FETCH \(UID 3 FLAGS \(.*\) MODSEQ \(4\)\)$/),
    ])
    expect(await client.run('c NOOP')).toContain('* VANISHED 3')
  },
)

test('RFC 7162 §3.2.5.2: numbers that match UIDs are read, and nothing is left out for them', () =>
  play(
    `
    C: b1 ENABLE QRESYNC
    S: * ENABLED QRESYNC
    S: b1 OK ENABLE completed
    C: b2 SELECT INBOX (QRESYNC (1 1 1:9 (1,2,3 1,2,3)))
    S: ...
    S: * VANISHED (EARLIER) 2
    S: * 1 FETCH (UID 1 FLAGS () MODSEQ (2))
    S: * 2 FETCH (UID 3 FLAGS (\\Seen) MODSEQ (5))
    S: b2 OK [READ-WRITE] SELECT completed
    C: b3 SELECT INBOX (QRESYNC (1 4 (1:2 1,3)))
    S: ...
    S: * VANISHED (EARLIER) 2
    S: * 2 FETCH (UID 3 FLAGS (\\Seen) MODSEQ (5))
    S: b3 OK [READ-WRITE] SELECT completed
    C: b4 SELECT INBOX (QRESYNC (1 4 1:3 (1:2)))
    S: b4 BAD {*}
    C: b5 SELECT INBOX (QRESYNC (1 4 1:3 (x 1:2)))
    S: b5 BAD {*}
    C: b6 SELECT INBOX (QRESYNC (1 4 1:3 (1:2 1,3))
    S: b6 BAD {*}
    C: b7 SELECT INBOX (QRESYNC (99 4 1:3 (1:2 1,3)))
    S: ...
    S: * OK [MAILBOXID ({*})] {*}
    S: b7 OK [READ-WRITE] SELECT completed
  `,
    expungedSecond,
  ))

test('RFC 4731 and RFC 5182: ESEARCH and $', () =>
  play(
    `${SELECT}
    C: b1 SEARCH RETURN (MIN MAX COUNT ALL) UNSEEN
    S: * ESEARCH (TAG "b1") MIN 1 MAX 3 COUNT 3 ALL 1:3
    S: b1 OK SEARCH completed
    C: b2 UID SEARCH RETURN () SEEN
    S: * ESEARCH (TAG "b2") UID
    S: b2 OK SEARCH completed
    C: b3 SEARCH RETURN (SAVE) 2:3
    S: b3 OK SEARCH completed
    C: b4 FETCH $ UID
    S: * 2 FETCH (UID 2)
    S: * 3 FETCH (UID 3)
    S: b4 OK FETCH completed
    C: b5 SEARCH RETURN (SAVE MIN) $
    S: * ESEARCH (TAG "b5") MIN 2
    S: b5 OK SEARCH completed
    C: b6 UID SEARCH $
    S: * SEARCH 2
    S: b6 OK SEARCH completed
  `,
    three,
  ))

test('RFC 5258, 5819, 6154: LIST with options, and special use', () =>
  play(`
    C: b1 CREATE Sent (USE (\\Sent))
    S: b1 OK {*}
    C: b2 CREATE Foo/Bar
    S: b2 OK {*}
    C: b3 SUBSCRIBE Foo/Bar
    S: b3 OK SUBSCRIBE completed
    C: b4 LIST (SUBSCRIBED) "" *
    S: * LIST (\\HasNoChildren \\Subscribed) "/" Foo/Bar
    S: b4 OK LIST completed
    C: b5 LIST (SUBSCRIBED RECURSIVEMATCH) "" %
    S: * LIST (\\NonExistent \\HasChildren) "/" Foo ("CHILDINFO" ("SUBSCRIBED"))
    S: b5 OK LIST completed
    C: b6 LIST (SPECIAL-USE) "" * RETURN (SUBSCRIBED STATUS (MESSAGES SIZE))
    S: * LIST (\\HasNoChildren \\Sent) "/" Sent
    S: * STATUS Sent (MESSAGES 0 SIZE 0)
    S: b6 OK LIST completed
    C: b7 LIST "" (INBOX Sent) RETURN (CHILDREN)
    S: * LIST (\\HasNoChildren) "/" INBOX
    S: * LIST (\\HasNoChildren \\Sent) "/" Sent
    S: b7 OK LIST completed
    C: b8 LIST (RECURSIVEMATCH) "" *
    S: b8 BAD {*}
    C: b9 CREATE Other (USE (\\Nonsense))
    S: b9 NO [USEATTR] {*}
    C: c1 CREATE Other (USE (\\Sent))
    S: c1 NO [USEATTR] {*}
  `))

test('RFC 3516, 8970, 8514, 8474: BINARY, PREVIEW, SAVEDATE, OBJECTID', () =>
  play(
    `${SELECT}
    C: b1 FETCH 1 (BINARY.SIZE[1] BINARY.PEEK[1]<0.4> PREVIEW (LAZY) SAVEDATE)
    S: * 1 FETCH (BINARY.SIZE[1] 5 BINARY[1]<0> {4}
    S: Hell PREVIEW "Hello" SAVEDATE " 1-Jan-2026 00:00:00 +0000")
    S: b1 OK FETCH completed
    C: b2 FETCH 1 EMAILID
    S: * 1 FETCH (EMAILID ({*}))
    S: b2 OK FETCH completed
    C: b3 STATUS INBOX (MAILBOXID APPENDLIMIT)
    S: * STATUS INBOX (MAILBOXID ({*}) APPENDLIMIT 67108864)
    S: b3 OK STATUS completed
    C: b4 SEARCH OLDER 86400
    S: * SEARCH
    S: b4 OK SEARCH completed
    C: b5 SEARCH YOUNGER 86400
    S: * SEARCH 1
    S: b5 OK SEARCH completed
  `,
    (made) => made.deliver(message('Content-Transfer-Encoding: base64', '', 'SGVsbG8=')),
  ))

test('RFC 3502 and RFC 8508: several messages at once, and REPLACE', () =>
  play(
    `${SELECT}
    C: b1 APPEND INBOX (\\Seen) {9+}
    C~ A: 1\\r\\n\\r\\nx (\\\\Draft) {9+}\\r\\nA: 2\\r\\n\\r\\ny\\r\\n
    S: * 5 EXISTS
    S: * 2 RECENT
    S: b1 OK [APPENDUID 1 4:5] APPEND completed
    C: b2 REPLACE 5 INBOX (\\Draft) {9+}
    C~ A: 3\\r\\n\\r\\nz\\r\\n
    S: * OK [APPENDUID 1 6] Replaced
    S: * 5 EXPUNGE
    S: * 5 EXISTS
    S: b2 OK REPLACE completed
    C: b3 FETCH 4:5 (UID FLAGS BODY.PEEK[TEXT])
    S: * 4 FETCH (UID 4 FLAGS (\\Seen \\Recent) BODY[TEXT] {1}
    S: x)
    S: * 5 FETCH (UID 6 FLAGS (\\Draft \\Recent) BODY[TEXT] {1}
    S: z)
    S: b3 OK FETCH completed
  `,
    three,
  ))

test.each(STORE_KINDS)(
  'RFC 8508: REPLACE in an account that is full has the room of the old message: %s',
  async (kind) => {
    const store = await emptyStore(kind)
    const made = { ...testServer({ store }), account: () => store.open('alice') }
    const client = await selectedClient(made)
    const put = (command: string, octets: number): Promise<string[]> =>
      client.run(`${command} {${octets}+}\r\n${'x'.repeat(octets)}`)
    await put('a1 APPEND INBOX', 100)
    if ('setQuota' in store) (store as MemoryStore).setQuota('alice', { bytes: 150 })
    else await (store as SqliteStore).addAccount('alice', { bytes: 150 })
    expect((await put('a2 APPEND INBOX', 100)).at(-1)).toMatch(/^a2 NO \[OVERQUOTA\]/)
    expect((await put('a3 REPLACE 1 INBOX', 150)).at(-1)).toMatch(/^a3 OK /)
    expect((await put('a4 REPLACE 1 INBOX', 151)).at(-1)).toMatch(/^a4 NO \[OVERQUOTA\]/)
    expect((await client.run('a5 STATUS INBOX (MESSAGES)'))[0]).toBe('* STATUS INBOX (MESSAGES 1)')
  },
)

test('RFC 9051: IMAP4rev2 enabled: UTF-8 names, ESEARCH for SEARCH, LIST at SELECT, no RECENT', () =>
  play(`
    C: b1 ENABLE IMAP4rev2
    S: * ENABLED IMAP4rev2
    S: b1 OK ENABLE completed
    C: b2 CREATE "Grüße"
    S: b2 OK {*}
    C: b3 SELECT "Grüße"
    S: * FLAGS {*}
    S: * OK [PERMANENTFLAGS {*}
    S: * 0 EXISTS
    S: * OK [UIDVALIDITY {*}
    S: * OK [UIDNEXT 1] {*}
    S: * LIST (\\HasNoChildren) "/" "Grüße"
    S: ...
    S: b3 OK [READ-WRITE] SELECT completed
    C: b4 UID SEARCH ALL
    S: * ESEARCH (TAG "b4") UID
    S: b4 OK SEARCH completed
  `))

test('RFC 8437: UNAUTHENTICATE', () =>
  play(`
    C: b1 UNAUTHENTICATE
    S: b1 OK Logged out
    C: b2 LIST "" *
    S: b2 BAD {*}
    C: b3 LOGIN bob secret
    S: b3 OK {*}
  `))

test('RFC 7888 §5: with LITERAL- alone, long literals must be synchronising', () => {
  const extensions = standardExtensions.filter((one) => one !== literalPlus).concat(literalMinus)
  return play(
    `
    C: b1 APPEND INBOX {4097+}
    C: ${'x'.repeat(4097)}
    S: b1 BAD [TOOBIG] {*}
    C: b2 NOOP
    S: b2 OK NOOP completed
  `,
    undefined,
    { extensions },
  )
})

test("an application's own extension goes through the same door, and one can be left out", async () => {
  const time: Command<void> = {
    name: 'XTIME',
    states: ['authenticated'],
    parse() {},
    run(session) {
      session.out.line(`* XTIME ${session.link.now()}`)
      return ok('XTIME completed')
    },
  }
  const mine: ImapExtension = { name: 'XTIME', capabilities: ['XTIME'], commands: [time as Command] }
  await play(
    `
    C: b1 XTIME
    S: * XTIME 1767225600000
    S: b1 OK XTIME completed
    C: b2 IDLE
    S: b2 BAD Unknown command
  `,
    undefined,
    { extensions: [...standardExtensions.filter(({ name }) => name !== 'IDLE'), mine] },
  )
})

test('what CAPABILITY tells is what is plugged in; leaving one out takes along what needs it', async () => {
  const words = (text: string): string[] => text.split(' ')
  const told: string[] = []
  const filter = (list: readonly string[]): readonly string[] => {
    told.splice(0, told.length, ...list)
    return list
  }
  await play('', undefined, { capabilities: filter })
  expect(told).toEqual(
    expect.arrayContaining(
      words(
        'IMAP4rev1 IMAP4rev2 SASL-IR LITERAL+ ID ENABLE IDLE NAMESPACE CHILDREN UNSELECT UIDPLUS MOVE CONDSTORE QRESYNC ESEARCH SEARCHRES WITHIN LIST-EXTENDED LIST-STATUS SPECIAL-USE CREATE-SPECIAL-USE STATUS=SIZE BINARY MULTIAPPEND REPLACE APPENDLIMIT=67108864 UTF8=ACCEPT SAVEDATE PREVIEW OBJECTID UNAUTHENTICATE',
      ),
    ),
  )
  const extensions = standardExtensions.filter(({ name }) => name !== 'CONDSTORE' && name !== 'ESEARCH')
  await play('', undefined, { capabilities: filter, extensions })
  for (const gone of ['CONDSTORE', 'QRESYNC', 'ESEARCH', 'SEARCHRES', 'IMAP4rev2']) expect(told).not.toContain(gone)
})

test('RFC 3516 §4.3: a literal8 where there is a NUL; BODY[] never has one (RFC 9051 §4.3)', async () => {
  const made = testServer()
  await made.deliver(
    message('Content-Type: application/octet-stream', 'Content-Transfer-Encoding: base64', '', 'YWIAYw=='),
  )
  await made.deliver('Subject: n\r\n\r\na\u0000b')
  const client = new DialogueClient(made.server)
  await client.logIn('alice')
  await client.run('s SELECT INBOX')
  expect(await client.run('f1 FETCH 1 BINARY.PEEK[1]')).toContain('* 1 FETCH (BINARY[1] ~{4}')
  expect(await client.run('f2 FETCH 1 BINARY.PEEK[1]<0.2>')).toContain('* 1 FETCH (BINARY[1]<0> {2}')
  expect(await client.run('f3 FETCH 1 BINARY.PEEK[1]<2.1>')).toContain('* 1 FETCH (BINARY[1]<2> ~{1}')
  expect(await client.run('f4 FETCH 2 BODY.PEEK[TEXT]')).toEqual([
    '* 2 FETCH (BODY[TEXT] {3}',
    'a\u0080b)',
    'f4 OK FETCH completed',
  ])
  expect(await client.run('f5 FETCH 2 BINARY.PEEK[]')).toContain('* 2 FETCH (BINARY[] ~{17}')
})

test('a NUL stays where the application wants that', async () => {
  const made = testServer({ nul: 'preserve' })
  await made.deliver('Subject: n\r\nX: \u0000\r\n\r\na\u0000b')
  const client = new DialogueClient(made.server)
  await client.logIn('alice')
  await client.run('s SELECT INBOX')
  expect(await client.run('f1 FETCH 1 BODY.PEEK[TEXT]')).toContain('a\u0000b)')
  expect(await client.run('f2 FETCH 1 BODY.PEEK[HEADER.FIELDS (X)]')).toContain('X: \u0000')
})

test('BINARY with the sections of BODY: the decoded text, headers as they are', () =>
  play(
    `${SELECT}
    C: b1 FETCH 1 (BINARY.PEEK[TEXT] BINARY.SIZE[TEXT] BINARY.PEEK[TEXT]<1.2>)
    S: * 1 FETCH (BINARY[TEXT] {5}
    S: Hello BINARY.SIZE[TEXT] 5 BINARY[TEXT]<1> {2}
    S: el)
    S: b1 OK FETCH completed
    C: b2 FETCH 1 (BINARY.PEEK[HEADER.FIELDS (Subject)] BINARY.SIZE[HEADER])
    S: * 1 FETCH (BINARY[HEADER.FIELDS (Subject)] {14}
    S: Subject: a
    S:${' '}
    S:  BINARY.SIZE[HEADER] 49)
    S: b2 OK FETCH completed
    C: b3 FETCH 2 (BINARY.PEEK[2.TEXT] BINARY.PEEK[1.MIME] BINARY.SIZE[2.HEADER] BINARY.PEEK[3.TEXT])
    S: * 2 FETCH (BINARY[2.TEXT] {5}
    S: Hello BINARY[1.MIME] {35}
    S: Content-Transfer-Encoding: 8bit
    S:${' '}
    S:  BINARY.SIZE[2.HEADER] 49 BINARY[3.TEXT] NIL)
    S: b3 OK FETCH completed
    C: b4 FETCH 2 BINARY.PEEK[2.MIME
    S: b4 BAD {*}
  `,
    async (made) => {
      const inner = ['Subject: a', 'Content-Transfer-Encoding: base64', '', 'SGVsbG8=']
      await made.deliver(message(...inner))
      await made.deliver(
        message(
          'Content-Type: multipart/mixed; boundary=b',
          '',
          '--b',
          'Content-Transfer-Encoding: 8bit',
          '',
          'x',
          '--b',
          'Content-Type: message/rfc822',
          '',
          ...inner,
          '--b--',
        ),
      )
    },
  ))

test('RFC 8437 §3: UNAUTHENTICATE forgets what was enabled, selected and asked to be told', async () => {
  const made = testServer()
  for (const account of ['alice', 'bob']) await made.deliver(HELLO, { account })
  await playDialogue(
    made.server,
    `
    alice> a1 ENABLE QRESYNC
    alice< ...
    alice< a1 OK ENABLE completed
    alice> a2 SELECT INBOX
    alice< ...
    alice< a2 OK [READ-WRITE] SELECT completed
    alice> a3 NOTIFY SET (selected (MessageNew MessageExpunge FlagChange)) (personal (MailboxName))
    alice< a3 OK NOTIFY completed
    alice> a4 SEARCH RETURN (UPDATE COUNT) ALL
    alice< * ESEARCH (TAG "a4") COUNT 1
    alice< a4 OK SEARCH completed
    alice> a5 UNAUTHENTICATE
    alice< a5 OK {*}
    alice2> m1 CREATE Secret
    alice2< m1 OK {*}
    alice2> m2 APPEND INBOX {9+}\\r\\nA: b\\r\\n\\r\\nx
    alice2< m2 OK {*}
    alice-
    alice> b0 SEARCH ALL
    alice< b0 BAD {*}
    alice> b1 LOGIN bob secret
    alice< b1 OK {*}
    alice2> m3 DELETE Secret
    alice2< m3 OK {*}
    alice-
    alice> b2 SELECT INBOX
    alice< ...
    alice< b2 OK [READ-WRITE] SELECT completed
    alice> b3 STORE 1 +FLAGS (\\Deleted)
    alice< * 1 FETCH (FLAGS (\\Deleted{*}
    alice< b3 OK STORE completed
    alice> b4 EXPUNGE
    alice< * 1 EXPUNGE
    alice< ...
    alice< b4 OK EXPUNGE completed
  `,
  )
})
