/** RFC 9051 §6.3.1 to §6.3.3, §6.3.10, §6.3.11: the examples of ENABLE, SELECT, NAMESPACE and STATUS. */
import { Flag, writerOf } from '@posthouse/store-api'
import { describe, test } from 'vitest'
import { message, type TestServer } from '../servers.js'
import { all, mailboxes, messages, playExample, playRev2 } from './play.js'

describe('§6.3.1 ENABLE', () => {
  test('unknown words are ignored, and CAPABILITY stays the same', () =>
    playExample(
      `
      C: t1 CAPABILITY
      S: * CAPABILITY IMAP4rev2 ID CONDSTORE
      S: t1 OK CAPABILITY completed
      C: t2 ENABLE CONDSTORE X-GOOD-IDEA
      S: * ENABLED CONDSTORE
      S: t2 OK ENABLE completed
      C: t3 CAPABILITY
      S: * CAPABILITY IMAP4rev2 ID CONDSTORE
      S: t3 OK CAPABILITY completed
      C: a1 ENABLE X-GOOD-IDEA
      S: * ENABLED
      S: a1 OK ENABLE completed
      C: a2 ENABLE
      S: a2 BAD {*}
    `,
      undefined,
      { capabilities: (words) => words.filter((word) => ['IMAP4rev2', 'ID', 'CONDSTORE'].includes(word)) },
    ))

  test('one ENABLE after the other: each tells only what is new; §7.2.1', () =>
    playExample(`
      C: a1 ENABLE CONDSTORE QRESYNC
      S: * ENABLED CONDSTORE QRESYNC
      S: a1 OK ENABLE completed
      C: a2 ENABLE CONDSTORE IMAP4rev2
      S: * ENABLED IMAP4rev2
      S: a2 OK ENABLE completed
    `))
})

describe('§6.3.2, §6.3.3 SELECT and EXAMINE', () => {
  test('all that is required, and CLOSED between two mailboxes', () =>
    playRev2(
      `
      C: A142 SELECT INBOX
      S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
      S: * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] {*}
      S: * 17 EXISTS
      S: * OK [UIDVALIDITY {*}] {*}
      S: * OK [UIDNEXT 18] {*}
      S: * LIST (\\HasNoChildren) "/" INBOX
      S: * OK [HIGHESTMODSEQ {*}] {*}
      S: * OK [MAILBOXID ({*})] {*}
      S: A142 OK [READ-WRITE] SELECT completed
      C: A143 SELECT Drafts
      S: * OK [CLOSED] {*}
      S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
      S: * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] {*}
      S: * 5 EXISTS
      S: * OK [UIDVALIDITY {*}] {*}
      S: * OK [UIDNEXT 6] {*}
      S: * LIST (\\HasChildren \\Drafts) "/" Drafts
      S: * OK [HIGHESTMODSEQ {*}] {*}
      S: * OK [MAILBOXID ({*})] {*}
      S: A143 OK [READ-WRITE] SELECT completed
      C: A932 EXAMINE blurdybloop
      S: * OK [CLOSED] {*}
      S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
      S: * OK [PERMANENTFLAGS ()] {*}
      S: * 1 EXISTS
      S: * OK [UIDVALIDITY {*}] {*}
      S: * OK [UIDNEXT 2] {*}
      S: * LIST (\\HasNoChildren) "/" blurdybloop
      S: * OK [HIGHESTMODSEQ {*}] {*}
      S: * OK [MAILBOXID ({*})] {*}
      S: A932 OK [READ-ONLY] EXAMINE completed
    `,
      all(
        messages(17),
        async (made) => {
          await writerOf(await made.account()).commit([{ op: 'create', path: ['Drafts'], role: 'drafts' }])
        },
        messages(5, ['Drafts']),
        mailboxes('Drafts/Old'),
        messages(1, ['blurdybloop']),
      ),
    ))

  test('a SELECT that fails leaves no mailbox selected; INBOX is told in its own spelling (§8)', () =>
    playRev2(`
      C: A142 SELECT INBOX
      S: ...
      S: A142 OK [READ-WRITE] SELECT completed
      C: A143 SELECT nowhere
      S: * OK [CLOSED] {*}
      S: A143 NO [NONEXISTENT] {*}
      C: A144 FETCH 1 FLAGS
      S: A144 BAD {*}
      C: A145 SELECT "ınbox"
      S: A145 NO [NONEXISTENT] {*}
      C: A146 SELECT inbox
      S: ...
      S: * LIST (\\HasNoChildren) "/" INBOX ("OLDNAME" (inbox))
      S: ...
      S: A146 OK [READ-WRITE] SELECT completed
    `))
})

describe('§6.3.10 NAMESPACE', () => {
  const shares = async (made: TestServer): Promise<void> => {
    made.store.addAccount('Mike')
    await made.deliver(message('', 'x'), { account: 'Mike', path: ['Foo'] })
    made.store.share('Mike', 'alice', 'lr', ['INBOX'])
    made.store.share('Mike', 'alice', 'lr', ['Foo'])
  }

  test('example 1: one personal namespace', () =>
    playRev2(
      `
      C: A001 NAMESPACE
      S: * NAMESPACE (("" "/")) NIL NIL
      S: A001 OK NAMESPACE completed
    `,
      undefined,
      { namespaces: false },
    ))

  test('examples 3 to 5: shared mailboxes, those of others, and a CREATE under the prefix', () =>
    playRev2(
      `
      C: A001 NAMESPACE
      S: * NAMESPACE (("" "/")) (("Other Users/" "/")) (("Public Folders/" "/"))
      S: A001 OK NAMESPACE completed
      C: A002 CREATE "Sent Mail"
      S: A002 OK [MAILBOXID ({*})] CREATE completed
    `,
      undefined,
      { namespaces: { shared: 'Public Folders', isShared: (account) => account === 'board' } },
    ))

  test('examples 7 to 9, §7.3.2: others who share, and what they share', () =>
    playRev2(
      `
      C: A001 NAMESPACE
      S: * NAMESPACE (("" "/")) (("#Users/" "/")) NIL
      S: A001 OK NAMESPACE completed
      C: A002 LIST "" "#Users/%"
      S: * LIST (\\NonExistent \\Noselect \\HasChildren) "/" "#Users/Mike"
      S: A002 OK LIST completed
      C: A003 LIST "" "#Users/Mike/%"
      S: * LIST (\\HasNoChildren) "/" "#Users/Mike/Foo"
      S: * LIST (\\HasNoChildren) "/" "#Users/Mike/INBOX"
      S: A003 OK LIST completed
    `,
      shares,
      { namespaces: { otherUsers: '#Users' } },
    ))
})

test('§6.3.11, §7.3.3 STATUS: all items of rev2, also of the selected mailbox', () =>
  playRev2(
    `
    C: A042 STATUS blurdybloop (UIDNEXT MESSAGES)
    S: * STATUS blurdybloop (UIDNEXT 232 MESSAGES 231)
    S: A042 OK STATUS completed
    C: A043 STATUS few (UIDVALIDITY UNSEEN DELETED SIZE)
    S: * STATUS few (UIDVALIDITY {*} UNSEEN 2 DELETED 1 SIZE 15)
    S: A043 OK STATUS completed
    C: A044 SELECT few
    S: ...
    S: A044 OK [READ-WRITE] SELECT completed
    C: A045 STATUS few (MESSAGES)
    S: * STATUS few (MESSAGES 3)
    S: A045 OK STATUS completed
    C: A046 STATUS nowhere (MESSAGES)
    S: A046 NO [NONEXISTENT] {*}
  `,
    all(messages(231, ['blurdybloop']), async (made) => {
      for (const flags of [0, Flag.Seen, Flag.Deleted]) await made.deliver(message('', 'x'), { path: ['few'], flags })
    }),
  ))
