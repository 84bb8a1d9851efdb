/** RFC 9051 §6.3.4 to §6.3.8: the examples of commands that make, take away and rename mailboxes. */
import { writerOf } from '@posthouse/store-api'
import { describe, test } from 'vitest'
import type { TestServer } from '../servers.js'
import { all, mailboxes, messages, playRev2, subscriptions } from './play.js'

/** Names that hold no messages. */
const noSelect =
  (...names: readonly string[]) =>
  async (made: TestServer): Promise<void> => {
    const account = await made.account()
    for (const { id, path } of await account.mailboxes()) {
      if (names.includes(path.join('/'))) await writerOf(account).commit([{ op: 'mailbox', id, noSelect: true }])
    }
  }

/** As it is on the wire in normal forms D and C. */
const NON_NORMALIZED = 'e\u0301'
const NORMALIZED = '\u00e9'

test('§6.3.4 CREATE: the delimiter at the end is no part of the name; another spelling is told', () =>
  playRev2(`
    C: A003 CREATE owatagusiam/
    S: A003 OK [MAILBOXID ({*})] CREATE completed
    C: A004 CREATE owatagusiam/blurdybloop
    S: A004 OK [MAILBOXID ({*})] CREATE completed
    C: A005 CREATE "${NON_NORMALIZED}"
    S: * LIST () "/" "${NORMALIZED}" ("OLDNAME" ("${NON_NORMALIZED}"))
    S: A005 OK [MAILBOXID ({*})] CREATE completed
    C: A006 LIST "" *
    S: * LIST (\\HasNoChildren) "/" INBOX
    S: * LIST (\\HasChildren) "/" owatagusiam
    S: * LIST (\\HasNoChildren) "/" owatagusiam/blurdybloop
    S: * LIST (\\HasNoChildren) "/" "${NORMALIZED}"
    S: A006 OK LIST completed
    C: A007 CREATE owatagusiam
    S: A007 NO [ALREADYEXISTS] {*}
    C: A008 CREATE inbox
    S: A008 NO {*}
  `))

describe('§6.3.5 DELETE', () => {
  test('a \\Noselect name stays while there is something below it', () =>
    playRev2(
      `
      C: A682 LIST "" *
      S: * LIST (\\HasNoChildren) "/" INBOX
      S: * LIST (\\HasNoChildren) "/" blurdybloop
      S: * LIST (\\Noselect \\HasChildren) "/" foo
      S: * LIST (\\HasNoChildren) "/" foo/bar
      S: A682 OK LIST completed
      C: A683 DELETE blurdybloop
      S: A683 OK DELETE completed
      C: A684 DELETE foo
      S: A684 NO [HASCHILDREN] {*}
      C: A685 DELETE foo/bar
      S: A685 OK DELETE completed
      C: A686 LIST "" *
      S: * LIST (\\HasNoChildren) "/" INBOX
      S: * LIST (\\Noselect \\HasNoChildren) "/" foo
      S: A686 OK LIST completed
      C: A687 DELETE foo
      S: A687 OK DELETE completed
    `,
      all(mailboxes('blurdybloop', 'foo', 'foo/bar'), noSelect('foo')),
    ))

  test('a mailbox with others below it: its name stays as a level, told for % alone', () =>
    playRev2(
      `
      C: A82 LIST "" *
      S: * LIST (\\HasNoChildren) "/" INBOX
      S: * LIST (\\HasNoChildren) "/" blurdybloop
      S: * LIST (\\HasChildren) "/" foo
      S: * LIST (\\HasNoChildren) "/" foo/bar
      S: A82 OK LIST completed
      C: A83 DELETE blurdybloop
      S: A83 OK DELETE completed
      C: A84 DELETE foo
      S: A84 OK DELETE completed
      C: A85 LIST "" *
      S: * LIST (\\HasNoChildren) "/" INBOX
      S: * LIST (\\HasNoChildren) "/" foo/bar
      S: A85 OK LIST completed
      C: A86 LIST "" %
      S: * LIST (\\HasNoChildren) "/" INBOX
      S: * LIST (\\NonExistent \\Noselect \\HasChildren) "/" foo
      S: A86 OK LIST completed
      C: A87 DELETE foo
      S: A87 NO [HASCHILDREN] {*}
      C: A88 DELETE INBOX
      S: A88 NO [CANNOT] {*}
    `,
      mailboxes('blurdybloop', 'foo', 'foo/bar'),
    ))

  test('another spelling is told', () =>
    playRev2(
      `
      C: A1 DELETE "${NON_NORMALIZED}"
      S: * LIST (\\NonExistent) "/" "${NORMALIZED}" ("OLDNAME" ("${NON_NORMALIZED}"))
      S: A1 OK DELETE completed
    `,
      mailboxes(NORMALIZED),
    ))
})

describe('§6.3.6 RENAME', () => {
  test('with all that is below', () =>
    playRev2(
      `
      C: A682 LIST "" *
      S: * LIST (\\HasNoChildren) "/" INBOX
      S: * LIST (\\HasNoChildren) "/" blurdybloop
      S: * LIST (\\Noselect \\HasChildren) "/" foo
      S: * LIST (\\HasNoChildren) "/" foo/bar
      S: A682 OK LIST completed
      C: A683 RENAME blurdybloop sarasoop
      S: A683 OK RENAME completed
      C: A684 RENAME foo zowie
      S: A684 OK RENAME completed
      C: A685 LIST "" *
      S: * LIST (\\HasNoChildren) "/" INBOX
      S: * LIST (\\HasNoChildren) "/" sarasoop
      S: * LIST (\\Noselect \\HasChildren) "/" zowie
      S: * LIST (\\HasNoChildren) "/" zowie/bar
      S: A685 OK LIST completed
    `,
      all(mailboxes('blurdybloop', 'foo', 'foo/bar'), noSelect('foo')),
    ))

  test('of INBOX: its messages go, INBOX and what is below it stay', () =>
    playRev2(
      `
      C: Z432 LIST "" *
      S: * LIST (\\HasChildren) "/" INBOX
      S: * LIST (\\HasNoChildren) "/" INBOX/bar
      S: Z432 OK LIST completed
      C: Z433 RENAME INBOX old-mail
      S: Z433 OK RENAME completed
      C: Z434 LIST "" * RETURN (STATUS (MESSAGES))
      S: * LIST (\\HasChildren) "/" INBOX
      S: * STATUS INBOX (MESSAGES 0)
      S: * LIST (\\HasNoChildren) "/" INBOX/bar
      S: * STATUS INBOX/bar (MESSAGES 0)
      S: * LIST (\\HasNoChildren) "/" old-mail
      S: * STATUS old-mail (MESSAGES 3)
      S: Z434 OK LIST completed
    `,
      all(messages(3), mailboxes('INBOX/bar')),
    ))

  test('leaves subscriptions: the client moves them', () =>
    playRev2(
      `
      C: 1001 RENAME X Y
      S: 1001 OK RENAME completed
      C: 1 LIST (SUBSCRIBED) "" *
      S: * LIST (\\NonExistent \\HasNoChildren \\Subscribed) "/" X
      S: 1 OK LIST completed
      C: 1002 SUBSCRIBE Y
      S: 1002 OK SUBSCRIBE completed
      C: 1003 UNSUBSCRIBE X
      S: 1003 OK UNSUBSCRIBE completed
      C: 2 LIST (SUBSCRIBED) "" *
      S: * LIST (\\HasNoChildren \\Subscribed) "/" Y
      S: 2 OK LIST completed
    `,
      all(mailboxes('X'), subscriptions('X')),
    ))

  test('another spelling, of either name, is told', () =>
    playRev2(
      `
      C: A1 RENAME "${NON_NORMALIZED}" plain
      S: * LIST () "/" plain ("OLDNAME" ("${NON_NORMALIZED}"))
      S: A1 OK RENAME completed
      C: A2 RENAME plain "${NON_NORMALIZED}"
      S: * LIST () "/" "${NORMALIZED}" ("OLDNAME" (plain))
      S: A2 OK RENAME completed
      C: A3 RENAME "${NORMALIZED}" other
      S: A3 OK RENAME completed
    `,
      mailboxes(NORMALIZED),
    ))
})

test('§6.3.7, §6.3.8 SUBSCRIBE and UNSUBSCRIBE, of a name that is not there, and twice', () =>
  playRev2(`
    C: A002 SUBSCRIBE #news.comp.mail.mime
    S: A002 OK SUBSCRIBE completed
    C: A003 SUBSCRIBE #news.comp.mail.mime
    S: A003 OK SUBSCRIBE completed
    C: A004 LIST (SUBSCRIBED) "" *
    S: * LIST (\\NonExistent \\HasNoChildren \\Subscribed) "/" "#news.comp.mail.mime"
    S: A004 OK LIST completed
    C: A005 UNSUBSCRIBE #news.comp.mail.mime
    S: A005 OK UNSUBSCRIBE completed
    C: A006 UNSUBSCRIBE #news.comp.mail.mime
    S: A006 OK UNSUBSCRIBE completed
    C: A007 LIST (SUBSCRIBED) "" *
    S: A007 OK LIST completed
  `))

test('§6.3.12 APPEND to another spelling of a name: it is told', () =>
  playRev2(
    `
    C: A001 APPEND "${NON_NORMALIZED}" {3+}
    C: a:b
    S: * LIST () "/" "${NORMALIZED}" ("OLDNAME" ("${NON_NORMALIZED}"))
    S: A001 OK [APPENDUID {*} 1] APPEND completed
    C: A002 APPEND "${NORMALIZED}" {3+}
    C: a:b
    S: A002 OK [APPENDUID {*} 2] APPEND completed
  `,
    mailboxes(NORMALIZED),
  ))
