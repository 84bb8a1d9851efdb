/** Examples of RFC 9051 and others: names, lists, what mailboxes carry. */
import { describe, test } from 'vitest'
import { mailboxes, messages, playExample } from './play.js'

describe('RFC 9051 §6.3', () => {
  test('§6.3.4 CREATE', () =>
    playExample(`
      C: A003 CREATE owatagusiam/
      S: A003 OK {*}
      C: A004 CREATE owatagusiam/blurdybloop
      S: A004 OK {*}
      C: A005 CREATE NonExistent/Sub
      S: A005 OK {*}
    `))

  test('§6.3.5 DELETE', () =>
    playExample(
      `
      C: A682 LIST "" *
      S: * LIST (\\HasNoChildren) "/" INBOX
      S: * LIST (\\HasNoChildren) "/" blurdybloop
      S: * LIST (\\HasChildren) "/" foo
      S: * LIST (\\HasNoChildren) "/" foo/bar
      S: A682 OK LIST completed
      C: A683 DELETE blurdybloop
      S: A683 OK DELETE completed
      C: A684 DELETE foo
      S: A684 OK DELETE completed
      C: A685 DELETE foo
      S: A685 NO {*}
      C: A686 LIST "" *
      S: * LIST (\\HasNoChildren) "/" INBOX
      S: * LIST (\\NonExistent \\Noselect \\HasChildren) "/" foo
      S: * LIST (\\HasNoChildren) "/" foo/bar
      S: A686 OK LIST completed
      C: A687 DELETE foo/bar
      S: A687 OK DELETE completed
      C: A688 LIST "" *
      S: * LIST (\\HasNoChildren) "/" INBOX
      S: A688 OK LIST completed
    `,
      mailboxes('blurdybloop', 'foo', 'foo/bar'),
    ))

  test('§6.3.6 RENAME, and of INBOX', () =>
    playExample(
      `
      C: A683 RENAME blurdybloop sarasoon
      S: A683 OK RENAME completed
      C: A684 RENAME foo zowie
      S: A684 OK RENAME completed
      C: A685 LIST "" *
      S: * LIST (\\HasNoChildren) "/" INBOX
      S: * LIST (\\HasNoChildren) "/" sarasoon
      S: * LIST (\\HasChildren) "/" zowie
      S: * LIST (\\HasNoChildren) "/" zowie/bar
      S: A685 OK LIST completed
      C: Z433 RENAME INBOX old-mail
      S: Z433 OK RENAME completed
      C: Z434 LIST "" *
      S: * LIST (\\HasNoChildren) "/" INBOX
      S: * LIST (\\HasNoChildren) "/" old-mail
      S: * LIST (\\HasNoChildren) "/" sarasoon
      S: ...
      S: Z434 OK LIST completed
    `,
      mailboxes('blurdybloop', 'foo', 'foo/bar'),
    ))

  test('§6.3.7, §6.3.8 SUBSCRIBE and UNSUBSCRIBE', () =>
    playExample(
      `
      C: A002 SUBSCRIBE #news.comp.mail.mime
      S: A002 OK SUBSCRIBE completed
      C: A003 UNSUBSCRIBE #news.comp.mail.mime
      S: A003 OK UNSUBSCRIBE completed
    `,
      mailboxes('#news.comp.mail.mime'),
    ))

  test('§6.3.11 STATUS', () =>
    playExample(
      `
      C: A042 STATUS blurdybloop (UIDNEXT MESSAGES)
      S: * STATUS blurdybloop (UIDNEXT 232 MESSAGES 231)
      S: A042 OK STATUS completed
    `,
      messages(231, ['blurdybloop']),
    ))

  test('§6.3.9.8 LIST (RFC 5258 §5): examples 1 to 3', () =>
    playExample(
      `
      C: s1 SUBSCRIBE inbox
      S: s1 OK {*}
      C: s2 SUBSCRIBE Fruit/Banana
      S: s2 OK {*}
      C: s3 SUBSCRIBE Fruit/Peach
      S: s3 OK {*}
      C: s4 SUBSCRIBE Vegetable
      S: s4 OK {*}
      C: s5 SUBSCRIBE Vegetable/Broccoli
      S: s5 OK {*}
      C: s6 DELETE Fruit/Peach
      S: s6 OK {*}
      C: A01 LIST "" "*"
      S: * LIST (\\HasNoChildren) "/" INBOX
      S: * LIST (\\HasChildren) "/" Fruit
      S: * LIST (\\HasNoChildren) "/" Fruit/Apple
      S: * LIST (\\HasNoChildren) "/" Fruit/Banana
      S: * LIST (\\HasNoChildren) "/" Tofu
      S: * LIST (\\HasChildren) "/" Vegetable
      S: * LIST (\\HasNoChildren) "/" Vegetable/Broccoli
      S: * LIST (\\HasNoChildren) "/" Vegetable/Corn
      S: A01 OK LIST completed
      C: A02 LIST (SUBSCRIBED) "" "*"
      S: * LIST (\\HasNoChildren \\Subscribed) "/" INBOX
      S: * LIST (\\HasNoChildren \\Subscribed) "/" Fruit/Banana
      S: * LIST (\\NonExistent \\HasNoChildren \\Subscribed) "/" Fruit/Peach
      S: * LIST (\\HasChildren \\Subscribed) "/" Vegetable
      S: * LIST (\\HasNoChildren \\Subscribed) "/" Vegetable/Broccoli
      S: A02 OK LIST completed
      C: A03 LIST () "" "%" RETURN (CHILDREN)
      S: * LIST (\\HasNoChildren) "/" INBOX
      S: * LIST (\\HasChildren) "/" Fruit
      S: * LIST (\\HasNoChildren) "/" Tofu
      S: * LIST (\\HasChildren) "/" Vegetable
      S: A03 OK LIST completed
    `,
      mailboxes(
        ...['Fruit', 'Fruit/Apple', 'Fruit/Banana', 'Fruit/Peach', 'Tofu'],
        ...['Vegetable', 'Vegetable/Broccoli', 'Vegetable/Corn'],
      ),
    ))

  test('§6.3.10 NAMESPACE (RFC 2342 §5)', () =>
    playExample(`
      C: A001 NAMESPACE
      S: * NAMESPACE (("" "/")) {*}
      S: A001 OK NAMESPACE completed
    `))
})
