/** RFC 9051 §6.3.9.8: the examples of LIST. This server tells of children with every LIST, and writes atoms unquoted. */
import { describe, test } from 'vitest'
import { all, mailboxes, messages, playRev2, subscriptions } from './play.js'

const GREENGROCER = mailboxes(
  ...['Fruit', 'Fruit/Apple', 'Fruit/Banana', 'Tofu'],
  ...['Vegetable', 'Vegetable/Broccoli', 'Vegetable/Corn'],
)
/** `Fruit/Peach` is subscribed to, and is not there. */
const SUBSCRIBED = subscriptions('inbox', 'Fruit/Banana', 'Fruit/Peach', 'Vegetable', 'Vegetable/Broccoli')

describe('RFC 9051 §6.3.9.8, the basic LIST', () => {
  test('an empty pattern asks for the delimiter and the root, whatever the reference', () =>
    playRev2(`
      C: A101 LIST "" ""
      S: * LIST (\\Noselect) "/" ""
      S: A101 OK LIST completed
      C: A102 LIST #news.comp.mail.misc ""
      S: * LIST (\\Noselect) "/" ""
      S: A102 OK LIST completed
      C: A103 LIST /usr/staff/jones ""
      S: * LIST (\\Noselect) "/" ""
      S: A103 OK LIST completed
    `))

  test('a reference stands before the pattern; a level that is no mailbox is \\Noselect', () =>
    playRev2(
      `
      C: A202 LIST ~/Mail/ %
      S: * LIST (\\NonExistent \\Noselect \\HasChildren) "/" "~/Mail/foo"
      S: * LIST (\\HasNoChildren) "/" "~/Mail/meetings"
      S: A202 OK LIST completed
    `,
      mailboxes('~/Mail/foo/bar', '~/Mail/meetings'),
    ))
})

describe('RFC 9051 §6.3.9.8, extended', () => {
  test('examples 1 to 3: all, those subscribed to, children', () =>
    playRev2(
      `
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
      all(GREENGROCER, SUBSCRIBED),
    ))

  test('examples 4 to 6: REMOTE, where nothing is on other servers', () =>
    playRev2(
      `
      C: A04 LIST (REMOTE) "" "%" RETURN (CHILDREN)
      S: * LIST (\\HasNoChildren) "/" INBOX
      S: * LIST (\\HasChildren) "/" Fruit
      S: * LIST (\\HasNoChildren) "/" Tofu
      S: * LIST (\\HasChildren) "/" Vegetable
      S: A04 OK LIST completed
      C: A05 LIST (REMOTE SUBSCRIBED) "" "*"
      S: * LIST (\\HasNoChildren \\Subscribed) "/" INBOX
      S: * LIST (\\HasNoChildren \\Subscribed) "/" Fruit/Banana
      S: * LIST (\\NonExistent \\HasNoChildren \\Subscribed) "/" Fruit/Peach
      S: * LIST (\\HasChildren \\Subscribed) "/" Vegetable
      S: * LIST (\\HasNoChildren \\Subscribed) "/" Vegetable/Broccoli
      S: A05 OK LIST completed
      # No Fruit/Peach: it is not there, and nobody asked for what is only subscribed to.
      C: A06 LIST (REMOTE) "" "*" RETURN (SUBSCRIBED)
      S: * LIST (\\HasNoChildren \\Subscribed) "/" INBOX
      S: * LIST (\\HasChildren) "/" Fruit
      S: * LIST (\\HasNoChildren) "/" Fruit/Apple
      S: * LIST (\\HasNoChildren \\Subscribed) "/" Fruit/Banana
      S: * LIST (\\HasNoChildren) "/" Tofu
      S: * LIST (\\HasChildren \\Subscribed) "/" Vegetable
      S: * LIST (\\HasNoChildren \\Subscribed) "/" Vegetable/Broccoli
      S: * LIST (\\HasNoChildren) "/" Vegetable/Corn
      S: A06 OK LIST completed
    `,
      all(GREENGROCER, SUBSCRIBED),
    ))

  test('example 7: \\HasChildren is no CHILDINFO; A, A1 and C', () =>
    playRev2(
      `
      C: C01 LIST "" "*"
      S: * LIST (\\HasNoChildren) "/" INBOX
      S: * LIST (\\HasChildren) "/" Foo
      S: * LIST (\\HasNoChildren) "/" Foo/Bar
      S: * LIST (\\HasNoChildren) "/" Foo/Baz
      S: * LIST (\\HasNoChildren) "/" Moo
      S: C01 OK LIST completed
      C: CA3 LIST "" "%" RETURN (CHILDREN)
      S: * LIST (\\HasNoChildren) "/" INBOX
      S: * LIST (\\HasChildren) "/" Foo
      S: * LIST (\\HasNoChildren) "/" Moo
      S: CA3 OK LIST completed
      C: C02 LIST (SUBSCRIBED) "" "*"
      S: * LIST (\\HasNoChildren \\Subscribed) "/" Foo/Baz
      S: C02 OK LIST completed
      C: C03 LIST (SUBSCRIBED) "" "%"
      S: C03 OK LIST completed
      C: C04 LIST (SUBSCRIBED RECURSIVEMATCH) "" "%"
      S: * LIST (\\HasChildren) "/" Foo ("CHILDINFO" ("SUBSCRIBED"))
      S: C04 OK LIST completed
      C: s1 SUBSCRIBE Foo
      S: s1 OK SUBSCRIBE completed
      C: C05 LIST (SUBSCRIBED RECURSIVEMATCH) "" "%"
      S: * LIST (\\HasChildren \\Subscribed) "/" Foo ("CHILDINFO" ("SUBSCRIBED"))
      S: C05 OK LIST completed
      C: s2 UNSUBSCRIBE Foo/Baz
      S: s2 OK UNSUBSCRIBE completed
      C: s3 SUBSCRIBE Moo
      S: s3 OK SUBSCRIBE completed
      C: C06 LIST (SUBSCRIBED RECURSIVEMATCH) "" "%" RETURN (CHILDREN)
      S: * LIST (\\HasChildren \\Subscribed) "/" Foo
      S: * LIST (\\HasNoChildren \\Subscribed) "/" Moo
      S: C06 OK LIST completed
    `,
      all(mailboxes('Foo', 'Foo/Bar', 'Foo/Baz', 'Moo'), subscriptions('Foo/Baz')),
    ))

  test('example 7: A2, a parent that is not there, and B, nothing subscribed to', () =>
    playRev2(
      `
      C: C04 LIST (SUBSCRIBED RECURSIVEMATCH) "" "%"
      S: * LIST (\\NonExistent \\HasChildren) "/" Foo ("CHILDINFO" ("SUBSCRIBED"))
      S: C04 OK LIST completed
      C: s1 UNSUBSCRIBE Foo/Baz
      S: s1 OK UNSUBSCRIBE completed
      C: C05 LIST (SUBSCRIBED RECURSIVEMATCH) "" "%"
      S: C05 OK LIST completed
    `,
      all(mailboxes('Foo/Bar', 'Foo/Baz', 'Moo'), subscriptions('Foo/Baz')),
    ))

  test('example 8: CHILDINFO, whether the children fit the pattern or not', () =>
    playRev2(
      `
      C: D02 LIST (SUBSCRIBED) "" "*"
      S: * LIST (\\HasNoChildren \\Subscribed) "/" baz2/bar2
      S: * LIST (\\HasNoChildren \\Subscribed) "/" baz2/bar22
      S: * LIST (\\HasNoChildren \\Subscribed) "/" baz2/bar222
      S: * LIST (\\HasChildren \\Subscribed) "/" eps2
      S: * LIST (\\HasNoChildren \\Subscribed) "/" eps2/mamba
      S: * LIST (\\HasNoChildren \\Subscribed) "/" foo2/bar1
      S: * LIST (\\HasNoChildren \\Subscribed) "/" foo2/bar2
      S: * LIST (\\HasNoChildren \\Subscribed) "/" qux2/bar2
      S: D02 OK LIST completed
      # baz2 and qux2 are told by their children already: saying it again is what §6.3.9.6 forbids.
      C: D03 LIST (RECURSIVEMATCH SUBSCRIBED) "" "*2"
      S: * LIST (\\HasNoChildren \\Subscribed) "/" baz2/bar2
      S: * LIST (\\HasNoChildren \\Subscribed) "/" baz2/bar22
      S: * LIST (\\HasNoChildren \\Subscribed) "/" baz2/bar222
      S: * LIST (\\HasChildren \\Subscribed) "/" eps2 ("CHILDINFO" ("SUBSCRIBED"))
      S: * LIST (\\HasChildren) "/" foo2 ("CHILDINFO" ("SUBSCRIBED"))
      S: * LIST (\\HasNoChildren \\Subscribed) "/" foo2/bar2
      S: * LIST (\\HasNoChildren \\Subscribed) "/" qux2/bar2
      S: D03 OK LIST completed
    `,
      all(
        mailboxes('foo2', 'foo2/bar1', 'foo2/bar2', 'baz2', 'baz2/bar2', 'baz2/bar22', 'baz2/bar222'),
        mailboxes('eps2', 'eps2/mamba', 'qux2/bar2'),
        subscriptions('foo2/bar1', 'foo2/bar2', 'baz2/bar2', 'baz2/bar22', 'baz2/bar222'),
        subscriptions('eps2', 'eps2/mamba', 'qux2/bar2'),
      ),
    ))
  test('example 9: CHILDINFO without \\HasChildren: what is subscribed to below is not there', () =>
    playRev2(
      `
      C: a1 LIST "" ("foo")
      S: * LIST (\\HasNoChildren) "/" foo
      S: a1 OK LIST completed
      C: a2 LIST (SUBSCRIBED) "" "foo/*"
      S: * LIST (\\NonExistent \\HasNoChildren \\Subscribed) "/" foo/bar
      S: a2 OK LIST completed
      C: a3 LIST (SUBSCRIBED RECURSIVEMATCH) "" foo RETURN (CHILDREN)
      S: * LIST (\\HasNoChildren) "/" foo ("CHILDINFO" ("SUBSCRIBED"))
      S: a3 OK LIST completed
    `,
      all(mailboxes('foo'), subscriptions('foo/bar')),
    ))

  test('example 10: a parent that is not there', () =>
    playRev2(
      `
      C: a1 LIST (REMOTE) "" *
      S: * LIST (\\HasNoChildren) "/" INBOX
      S: * LIST (\\HasNoChildren) "/" music/rock
      S: a1 OK LIST completed
      C: a2 LIST () "" %
      S: * LIST (\\HasNoChildren) "/" INBOX
      S: * LIST (\\NonExistent \\HasChildren) "/" music
      S: a2 OK LIST completed
      C: a3.1 LIST "" (% music/rock)
      S: * LIST (\\HasNoChildren) "/" INBOX
      S: * LIST (\\HasNoChildren) "/" music/rock
      S: a3.1 OK LIST completed
    `,
      mailboxes('music/rock'),
    ))

  test('example 11: STATUS, none of what cannot be selected or does not match itself', () =>
    playRev2(
      `
      C: A01 LIST "" % RETURN (STATUS (MESSAGES UNSEEN))
      S: * LIST (\\HasNoChildren) "/" INBOX
      S: * STATUS INBOX (MESSAGES 17 UNSEEN 17)
      S: * LIST (\\NonExistent \\HasChildren) "/" bar
      S: * LIST (\\HasChildren) "/" foo
      S: * STATUS foo (MESSAGES 30 UNSEEN 30)
      S: A01 OK LIST completed
      C: A02 LIST (SUBSCRIBED RECURSIVEMATCH) "" % RETURN (STATUS (MESSAGES))
      S: * LIST (\\HasNoChildren \\Subscribed) "/" INBOX
      S: * STATUS INBOX (MESSAGES 17)
      S: * LIST (\\HasChildren) "/" foo ("CHILDINFO" ("SUBSCRIBED"))
      S: A02 OK LIST completed
    `,
      all(messages(17), messages(30, ['foo']), mailboxes('bar/baz', 'foo/child'), subscriptions('INBOX', 'foo/child')),
    ))

  test('§6.3.9: empty patterns of an extended LIST are ignored, a reference before them too', () =>
    playRev2(
      `
      C: e1 LIST () "" ("" "Foo")
      S: * LIST (\\HasNoChildren) "/" Foo
      S: e1 OK LIST completed
      C: e2 LIST () "Foo" ""
      S: e2 OK LIST completed
      C: e3 LIST (RECURSIVEMATCH) "" "%"
      S: e3 BAD {*}
      C: e4 LIST (REMOTE RECURSIVEMATCH) "" "%"
      S: e4 BAD {*}
      C: e5 LIST (NONSENSE) "" "%"
      S: e5 BAD {*}
      C: e6 LIST (SUBSCRIBED SUBSCRIBED) "" "%"
      S: e6 OK LIST completed
    `,
      mailboxes('Foo'),
    ))
})
