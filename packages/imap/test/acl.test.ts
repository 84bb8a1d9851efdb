/** RFC 4314: access lists, and that rights are kept by every command. */
import { Flag } from '@posthouse/store-api'
import { describe, expect, test } from 'vitest'
import { DialogueClient, playDialogue } from './dialogue.js'
import { HELLO, type TestServer, testServer } from './servers.js'

async function play(
  text: string,
  setup?: (made: TestServer) => Promise<void>,
  options: Parameters<typeof testServer>[0] = {},
): Promise<void> {
  const made = testServer(options)
  await made.deliver(HELLO)
  await made.deliver(HELLO, { flags: Flag.Deleted })
  await made.deliver(HELLO, { path: ['Work'] })
  await setup?.(made)
  await playDialogue(made.server, text)
}

const share =
  (rights: string, path: readonly string[] = ['Work']) =>
  async (made: TestServer): Promise<void> =>
    made.store.share('alice', 'bob', rights, path)

test('RFC 4314 §3: GETACL, SETACL with + and -, DELETEACL, obsolete letters', () =>
  play(`
    alice> a1 GETACL Work
    alice< * ACL Work alice lrswipkxteacd
    alice< a1 OK GETACL completed
    alice> a2 SETACL Work Chris lrswi
    alice< a2 OK SETACL completed
    alice> a3 SETACL Work Chris +cda
    alice< a3 OK SETACL completed
    alice> a4 GETACL Work
    alice< * ACL Work alice lrswipkxteacd Chris lrswikxteacd
    alice< a4 OK GETACL completed
    alice> a5 SETACL Work Chris -d
    alice< a5 OK SETACL completed
    alice> a6 SETACL Work $team w
    alice< a6 OK SETACL completed
    alice> a7 SETACL Work -Chris w
    alice< a7 OK SETACL completed
    alice> a8 GETACL Work
    alice< * ACL Work alice lrswipkxteacd Chris lrswikac "$team" w -Chris w
    alice< a8 OK GETACL completed
    alice> a9 DELETEACL Work Chris
    alice< a9 OK DELETEACL completed
    alice> b1 DELETEACL Work -Chris
    alice< b1 OK DELETEACL completed
    alice> b2 GETACL Work
    alice< * ACL Work alice lrswipkxteacd "$team" w
    alice< b2 OK GETACL completed
    alice> b3 DELETEACL Work nobody
    alice< b3 OK DELETEACL completed
  `))

test('RFC 4314 §3.1: bad rights and identifiers', () =>
  play(`
    alice> a1 SETACL Work John lrQswicda
    alice< a1 BAD There is no right "Q"
    alice> a2 SETACL Work John lrqswicda
    alice< a2 BAD There is no right "q"
    alice> a3 SETACL Work "" lr
    alice< a3 BAD Identifier expected
    alice> a4 SETACL Work alice lr
    alice< a4 NO [CANNOT] The owner keeps all rights
    alice> a5 DELETEACL Work alice
    alice< a5 NO [CANNOT] The owner keeps all rights
    alice> a6 SETACL Nowhere John lr
    alice< a6 NO [NONEXISTENT] No such mailbox
    alice> a7 SETACL Work John
    alice< a7 BAD Missing argument
  `))

test('RFC 4314 §3.4, §3.5: LISTRIGHTS and MYRIGHTS', () =>
  play(
    `
    alice> a1 LISTRIGHTS Work smith
    alice< * LISTRIGHTS Work smith "" l r s w i p k x t e a c d
    alice< a1 OK LISTRIGHTS completed
    alice> a2 LISTRIGHTS Work alice
    alice< * LISTRIGHTS Work alice lrswipkxteacd
    alice< a2 OK LISTRIGHTS completed
    alice> a3 MYRIGHTS INBOX
    alice< * MYRIGHTS INBOX lrswipkxteacd
    alice< a3 OK MYRIGHTS completed
    bob> b1 MYRIGHTS "Other Users/alice/Work"
    bob< * MYRIGHTS "Other Users/alice/Work" lrst{*}d
    bob< b1 OK MYRIGHTS completed
    bob> b2 LISTRIGHTS "Other Users/alice/Work" bob
    bob< b2 NO [NOPERM] Not allowed
    bob> b3 GETACL "Other Users/alice/Work"
    bob< b3 NO [NOPERM] Not allowed
    bob> b4 SETACL "Other Users/alice/Work" bob +a
    bob< b4 NO [NOPERM] Not allowed
  `,
    share('lrst'),
  ))

test('RFC 2342 and RFC 8440: NAMESPACE and LIST of what others share', () =>
  play(
    `
    bob> b1 NAMESPACE
    bob< * NAMESPACE (("" "/")) (("Other Users/" "/")) (("Public/" "/"))
    bob< b1 OK NAMESPACE completed
    bob> b2 LIST "" * RETURN (MYRIGHTS)
    bob< * LIST (\\HasNoChildren) "/" INBOX
    bob< * MYRIGHTS INBOX lrswipkxteacd
    bob< * LIST (\\HasNoChildren) "/" "Other Users/alice/Work"
    bob< * MYRIGHTS "Other Users/alice/Work" lr
    bob< * LIST (\\HasNoChildren) "/" Public/board/INBOX
    bob< * MYRIGHTS Public/board/INBOX lrip
    bob< b2 OK LIST completed
    bob> b3 LIST "Other Users/" %
    bob< * LIST (\\NonExistent \\Noselect \\HasChildren) "/" "Other Users/alice"
    bob< b3 OK LIST completed
    alice> a1 LIST "" *
    alice< * LIST (\\HasNoChildren) "/" INBOX
    alice< * LIST (\\HasNoChildren) "/" Work
    alice< a1 OK LIST completed
  `,
    async (made) => {
      made.store.share('alice', 'bob', 'lr', ['Work'])
      made.store.addAccount('board')
      made.store.share('board', 'bob', 'lrip')
    },
    { namespaces: { shared: 'Public', isShared: (account) => account === 'board' } },
  ))

test('a group and anyone give rights, a line with - takes them away', () =>
  play(
    `
    bob> b1 MYRIGHTS "Other Users/alice/Work"
    bob< * MYRIGHTS "Other Users/alice/Work" lrs
    bob< b1 OK MYRIGHTS completed
    bob> b2 MYRIGHTS "Other Users/alice/INBOX"
    bob< * MYRIGHTS "Other Users/alice/INBOX" l
    bob< b2 OK MYRIGHTS completed
    bob> b3 SELECT "Other Users/alice/INBOX"
    bob< b3 NO [NOPERM] Not allowed
  `,
    async ({ store }) => {
      store.share('alice', '$team', 'lrsw', ['Work'])
      store.share('alice', '-bob', 'w', ['Work'])
      store.share('alice', 'anyone', 'l', ['INBOX'])
    },
    { groups: (principal) => (principal === 'bob' ? ['$team'] : []) },
  ))

/** What bob may do in alice's Work with these rights: the answers without them, with them. */
const table: readonly {
  readonly command: string
  readonly without: string
  readonly rights: string
  readonly denied: string
  readonly allowed: string
  readonly selected?: boolean
}[] = [
  { command: 'SELECT W', without: 'l', denied: 'NO [NOPERM]', rights: 'lr', allowed: 'OK [READ-ONLY]' },
  { command: 'SELECT W', without: 'lrs', denied: 'OK [READ-ONLY]', rights: 'lrst', allowed: 'OK [READ-WRITE]' },
  { command: 'EXAMINE W', without: 'l', denied: 'NO [NOPERM]', rights: 'lr', allowed: 'OK [READ-ONLY]' },
  { command: 'STATUS W (MESSAGES)', without: 'l', denied: 'NO [NOPERM]', rights: 'lr', allowed: 'OK' },
  {
    command: 'APPEND W {9+}\\r\\nA: b\\r\\n\\r\\nx',
    without: 'lr',
    denied: 'NO [NOPERM]',
    rights: 'lri',
    allowed: 'OK',
  },
  { command: 'CREATE W/Below', without: 'lr', denied: 'NO [NOPERM]', rights: 'lrk', allowed: 'OK' },
  { command: 'DELETE W', without: 'lrk', denied: 'NO [NOPERM]', rights: 'lrx', allowed: 'OK' },
  { command: 'RENAME W W/Sub', without: 'lr', denied: 'NO', rights: 'lrxk', allowed: 'NO' },
  { command: 'GETACL W', without: 'lr', denied: 'NO [NOPERM]', rights: 'lra', allowed: 'OK' },
  { command: 'SETACL W carol lr', without: 'lr', denied: 'NO [NOPERM]', rights: 'lra', allowed: 'OK' },
  { command: 'DELETEACL W carol', without: 'lr', denied: 'NO [NOPERM]', rights: 'lra', allowed: 'OK' },
  { command: 'LISTRIGHTS W carol', without: 'lr', denied: 'NO [NOPERM]', rights: 'lra', allowed: 'OK' },
  { command: 'GETQUOTAROOT W', without: 'l', denied: 'NO [NOPERM]', rights: 'lr', allowed: 'OK' },
  { command: 'GETMETADATA W /shared/x', without: 'l', denied: 'NO [NOPERM]', rights: 'lr', allowed: 'OK' },
  { command: 'STORE 1 +FLAGS (\\Seen)', selected: true, without: 'lrt', denied: 'NO', rights: 'lrs', allowed: 'OK' },
  { command: 'STORE 1 +FLAGS (\\Deleted)', selected: true, without: 'lrs', denied: 'NO', rights: 'lrt', allowed: 'OK' },
  { command: 'STORE 1 +FLAGS (\\Flagged)', selected: true, without: 'lrs', denied: 'NO', rights: 'lrw', allowed: 'OK' },
  { command: 'STORE 1 +FLAGS ($Work)', selected: true, without: 'lrs', denied: 'NO', rights: 'lrw', allowed: 'OK' },
  { command: 'EXPUNGE', selected: true, without: 'lrst', denied: 'NO [NOPERM]', rights: 'lre', allowed: 'OK' },
  { command: 'UID EXPUNGE 1', selected: true, without: 'lrst', denied: 'NO [NOPERM]', rights: 'lre', allowed: 'OK' },
  { command: 'COPY 1 INBOX', selected: true, without: 'lr', denied: 'OK', rights: 'lr', allowed: 'OK' },
  { command: 'COPY 1 W', selected: true, without: 'lr', denied: 'NO [NOPERM]', rights: 'lri', allowed: 'OK' },
  { command: 'MOVE 1 INBOX', selected: true, without: 'lre', denied: 'NO [NOPERM]', rights: 'lrte', allowed: 'OK' },
  {
    command: 'REPLACE 1 INBOX {9+}\\r\\nA: b\\r\\n\\r\\nx',
    selected: true,
    without: 'lre',
    denied: 'NO [NOPERM]',
    rights: 'lrte',
    allowed: 'OK',
  },
]

describe('RFC 4314 §4: the rights that a command needs', () => {
  test.each(table)('$command: not with $without, but with $rights', async (row) => {
    for (const [rights, wanted] of [
      [row.without, row.denied],
      [row.rights, row.allowed],
    ] as const) {
      const made = testServer()
      await made.deliver(HELLO, { path: ['Work'] })
      made.store.share('alice', 'bob', rights, ['Work'])
      const client = new DialogueClient(made.server)
      await client.logIn('bob')
      const name = '"Other Users/alice/Work"'
      if (row.selected) await client.run(`s1 SELECT ${name}`)
      const command = row.command
        .replace('W/', `W/`)
        .replaceAll(/\bW(\/\w+)?(?=$| )/g, (_, below = '') =>
          below === '' ? name : `"Other Users/alice/Work${below}"`,
        )
      const answer = (await client.run(`x1 ${command}`)).pop() as string
      expect(`${rights}: ${answer.slice(3, 3 + wanted.length)}`).toBe(`${rights}: ${wanted}`)
    }
  })
})

describe('RFC 4314 §6: missing and forbidden mailboxes have one answer', () => {
  test.each([
    'SELECT N',
    'EXAMINE N',
    'STATUS N (MESSAGES)',
    'APPEND N {9+}\\r\\nA: b\\r\\n\\r\\nx',
    'COPY 1 N',
    'MOVE 1 N',
    'CREATE N',
    'CREATE N/x',
    'DELETE N',
    'RENAME N Mine',
    'RENAME Mine N',
    'SUBSCRIBE N',
    'GETACL N',
    'SETACL N bob lr',
    'DELETEACL N bob',
    'LISTRIGHTS N bob',
    'MYRIGHTS N',
    'GETQUOTAROOT N',
    'GETMETADATA N /shared/x',
    'SETMETADATA N (/shared/x "y")',
    'LIST "" N',
    'LSUB "" N',
    'ESEARCH IN (mailboxes N) ALL',
    'NOTIFY SET STATUS (mailboxes N (MessageNew MessageExpunge))',
  ])('%s', async (command) => {
    const made = testServer()
    await made.deliver(HELLO, { account: 'bob' })
    await made.deliver(HELLO, { path: ['Secret'] })
    await made.deliver(HELLO, { path: ['Open'] })
    made.store.share('alice', 'bob', 'lr', ['Open'])
    const heard: string[][] = []
    for (const name of ['Other Users/alice/Secret', 'Other Users/alice/Nobody', 'Other Users/nobody/Inbox']) {
      const client = new DialogueClient(made.server)
      await client.logIn('bob')
      await client.run('s1 SELECT INBOX')
      const lines = await client.run(`x1 ${command.replace(/\bN(\/\w+)?(?=$|[ )])/, `"${name}$1"`)}`)
      heard.push(lines.map((line) => line.replace(name, 'N')))
      await client.run('u1 UNSUBSCRIBE "Other Users/alice/Secret"')
    }
    expect(heard[1]).toEqual(heard[0])
    expect(heard[2]).toEqual(heard[0])
  })
})

test('RFC 4314 §5: FLAGS, PERMANENTFLAGS, and a \\Seen for everybody', () =>
  play(
    `
    bob> b1 SELECT "Other Users/alice/Work"
    bob< * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
    bob< * OK [PERMANENTFLAGS (\\Deleted \\Seen)] {*}
    bob< * 1 EXISTS
    bob< ...
    bob< b1 OK [READ-WRITE] SELECT completed
    alice> a1 SELECT Work
    alice< ...
    alice< a1 OK [READ-WRITE] SELECT completed
    bob> b2 STORE 1 +FLAGS (\\Seen \\Flagged)
    bob< * 1 FETCH (FLAGS (\\Seen))
    bob< b2 OK STORE completed
    alice> a2 NOOP
    alice< a2 OK NOOP completed
    alice> a3 FETCH 1 FLAGS
    alice< * 1 FETCH (FLAGS ())
    alice< a3 OK FETCH completed
    alice> a4 STATUS Work (UNSEEN)
    alice< * STATUS Work (UNSEEN 1)
    alice< a4 OK STATUS completed
    bob> b3 STATUS "Other Users/alice/Work" (UNSEEN)
    bob< * STATUS "Other Users/alice/Work" (UNSEEN 0)
    bob< b3 OK STATUS completed
    alice> a5 STORE 1 +FLAGS (\\Seen \\Flagged)
    alice< * 1 FETCH (FLAGS (\\Flagged \\Seen))
    alice< a5 OK STORE completed
    bob> b4 NOOP
    bob< * 1 FETCH (FLAGS (\\Flagged \\Seen))
    bob< b4 OK NOOP completed
    bob> b5 STORE 1 -FLAGS (\\Seen)
    bob< * 1 FETCH (FLAGS (\\Flagged))
    bob< b5 OK STORE completed
    alice> a6 NOOP
    alice< a6 OK NOOP completed
    alice> a7 FETCH 1 FLAGS
    alice< * 1 FETCH (FLAGS (\\Flagged \\Seen))
    alice< a7 OK FETCH completed
  `,
    share('lrst'),
  ))

test('FETCH sets \\Seen only with the right to; CLOSE without e expunges nothing', () =>
  play(
    `
    bob> b1 SELECT "Other Users/alice/INBOX"
    bob< ...
    bob< b1 OK [READ-WRITE] SELECT completed
    bob> b2 FETCH 1 BODY[TEXT]<0.5>
    bob< * 1 FETCH (BODY[TEXT]<0> {5}
    bob< Hello)
    bob< b2 OK FETCH completed
    bob> b3 CLOSE
    bob< b3 OK CLOSE completed
    alice> a1 STATUS INBOX (MESSAGES DELETED UNSEEN)
    alice< * STATUS INBOX (MESSAGES 2 DELETED 1 UNSEEN 2)
    alice< a1 OK STATUS completed
  `,
    share('lrt', ['INBOX']),
  ))

test('COPY and MOVE between accounts; rights taken away while the mailbox is selected', () =>
  play(
    `
    bob> b1 SELECT "Other Users/alice/Work"
    bob< ...
    bob< b1 OK [READ-WRITE] SELECT completed
    bob> b2 COPY 1 INBOX
    bob< b2 OK [COPYUID {*} 1 1] COPY completed
    bob> b3 MOVE 1 INBOX
    bob< * OK [COPYUID {*} 1 2] Moved
    bob< * 1 EXPUNGE
    bob< b3 OK MOVE completed
    alice> a1 STATUS Work (MESSAGES)
    alice< * STATUS Work (MESSAGES 0)
    alice< a1 OK STATUS completed
    alice> a2 DELETEACL Work bob
    alice< a2 OK DELETEACL completed
    bob> b4 NOOP
    bob< * BYE The selected mailbox is not there any more
    bob< b4 OK NOOP completed
  `,
    share('lrste'),
  ))

test('leaving ACL out takes its commands and words along', async () => {
  const { standardExtensions } = await import('../src/index.js')
  const extensions = standardExtensions.filter(({ name }) => name !== 'ACL')
  const { server } = testServer({ extensions })
  const client = new DialogueClient(server)
  await client.logIn('alice')
  expect((await client.run('a1 CAPABILITY'))[0]).not.toMatch(/ACL|RIGHTS=|MYRIGHTS/)
  expect(await client.run('a2 MYRIGHTS INBOX')).toEqual(['a2 BAD Unknown command'])
})
