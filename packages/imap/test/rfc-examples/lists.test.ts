/**
 * The examples of RFC 5258 §5 (LIST-EXTENDED) and RFC 3348 (CHILDREN), after their texts: 1 to 3 are in
 * `rfc9051-list.test.ts`. This server tells \HasChildren and \HasNoChildren always; no mailbox is remote, none is \Marked.
 */
import { describe, test } from 'vitest'
import { playDialogue } from '../dialogue.js'
import { testServer } from '../servers.js'
import { all, mailboxes, playExample, type Setup } from './play.js'

const subscribed =
  (...names: readonly string[]): Setup =>
  async (made) => {
    const account = await made.account()
    for (const name of names) await account.commit?.([{ op: 'subscribe', path: name.split('/'), on: true }])
  }

describe('RFC 5258 §5', () => {
  const food = all(
    mailboxes('Fruit', 'Fruit/Apple', 'Fruit/Banana', 'Tofu', 'Vegetable', 'Vegetable/Broccoli', 'Vegetable/Corn'),
    subscribed('INBOX', 'Fruit/Banana', 'Fruit/Peach', 'Vegetable', 'Vegetable/Broccoli'),
  )

  test('examples 4 to 6: REMOTE alone, with SUBSCRIBED, and with RETURN (SUBSCRIBED)', () =>
    playExample(
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
      food,
    ))

  test('example 7: several patterns', () =>
    playExample(
      `
      C: BBB LIST "" ("INBOX" "Drafts" "Sent/%")
      S: * LIST (\\HasNoChildren) "/" INBOX
      S: * LIST (\\HasNoChildren) "/" Drafts
      S: * LIST (\\HasNoChildren) "/" Sent/August2004
      S: * LIST (\\HasNoChildren) "/" Sent/December2003
      S: * LIST (\\HasNoChildren) "/" Sent/March2004
      S: BBB OK LIST completed
    `,
      mailboxes('Drafts', 'Other', 'Sent', 'Sent/August2004', 'Sent/December2003', 'Sent/March2004', 'Sub/Sent'),
    ))

  const foo = mailboxes('Foo', 'Foo/Bar', 'Foo/Baz', 'Moo')

  test('example 8: \\HasChildren', () =>
    playExample(
      `
      C: CA3 LIST "" "%" RETURN (CHILDREN)
      S: * LIST (\\HasNoChildren) "/" INBOX
      S: * LIST (\\HasChildren) "/" Foo
      S: * LIST (\\HasNoChildren) "/" Moo
      S: CA3 OK LIST completed
    `,
      foo,
    ))

  test('example 8 A and A1: CHILDINFO of a mailbox that is not subscribed, and of one that is', () =>
    playExample(
      `
      C: C02 LIST (SUBSCRIBED) "" "*"
      S: * LIST (\\HasNoChildren \\Subscribed) "/" Foo/Baz
      S: C02 OK LIST completed
      C: C03 LIST (SUBSCRIBED) "" "%"
      S: C03 OK LIST completed
      C: C04 LIST (SUBSCRIBED RECURSIVEMATCH) "" "%"
      S: * LIST (\\HasChildren) "/" Foo ("CHILDINFO" ("SUBSCRIBED"))
      S: C04 OK LIST completed
      C: s SUBSCRIBE Foo
      S: s OK {*}
      C: C05 LIST (SUBSCRIBED RECURSIVEMATCH) "" "%"
      S: * LIST (\\HasChildren \\Subscribed) "/" Foo ("CHILDINFO" ("SUBSCRIBED"))
      S: C05 OK LIST completed
    `,
      all(foo, subscribed('Foo/Baz')),
    ))

  test('example 8 A2: what is only there for its child', () =>
    playExample(
      `
      C: C04 LIST (SUBSCRIBED RECURSIVEMATCH) "" "%"
      S: * LIST (\\NonExistent{*}) "/" Foo ("CHILDINFO" ("SUBSCRIBED"))
      S: C04 OK LIST completed
    `,
      all(mailboxes('Foo/Bar', 'Foo/Baz', 'Moo'), subscribed('Foo/Baz')),
    ))

  test('example 8 B and C: no subscribed child, no CHILDINFO', () =>
    playExample(
      `
      C: C04 LIST (SUBSCRIBED RECURSIVEMATCH) "" "%"
      S: C04 OK LIST completed
      C: s1 SUBSCRIBE Foo
      S: s1 OK {*}
      C: s2 SUBSCRIBE Moo
      S: s2 OK {*}
      C: C04 LIST (SUBSCRIBED RECURSIVEMATCH) "" "%" RETURN (CHILDREN)
      S: * LIST (\\HasChildren \\Subscribed) "/" Foo
      S: * LIST (\\HasNoChildren \\Subscribed) "/" Moo
      S: C04 OK LIST completed
    `,
      foo,
    ))

  // §3.5: what is redundant SHOULD NOT come: baz2 and qux2. The RFC prints foo2 and baz2 in the second D03, as redundant.
  test('example 9: CHILDINFO whether or not children match the pattern', () =>
    playExample(
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
      C: D03 LIST (RECURSIVEMATCH SUBSCRIBED) "" "*2"
      S: * LIST (\\HasNoChildren \\Subscribed) "/" baz2/bar2
      S: * LIST (\\HasNoChildren \\Subscribed) "/" baz2/bar22
      S: * LIST (\\HasNoChildren \\Subscribed) "/" baz2/bar222
      S: * LIST (\\HasChildren \\Subscribed) "/" eps2 ("CHILDINFO" ("SUBSCRIBED"))
      S: * LIST (\\HasChildren) "/" foo2 ("CHILDINFO" ("SUBSCRIBED"))
      S: * LIST (\\HasNoChildren \\Subscribed) "/" foo2/bar2
      S: * LIST (\\HasNoChildren \\Subscribed) "/" qux2/bar2
      S: D03 OK LIST completed
      C: D03 LIST (RECURSIVEMATCH SUBSCRIBED) "" "*"
      S: * LIST (\\HasNoChildren \\Subscribed) "/" baz2/bar2
      S: * LIST (\\HasNoChildren \\Subscribed) "/" baz2/bar22
      S: * LIST (\\HasNoChildren \\Subscribed) "/" baz2/bar222
      S: * LIST (\\HasChildren \\Subscribed) "/" eps2 ("CHILDINFO" ("SUBSCRIBED"))
      S: * LIST (\\HasNoChildren \\Subscribed) "/" eps2/mamba
      S: * LIST (\\HasNoChildren \\Subscribed) "/" foo2/bar1
      S: * LIST (\\HasNoChildren \\Subscribed) "/" foo2/bar2
      S: * LIST (\\HasNoChildren \\Subscribed) "/" qux2/bar2
      S: D03 OK LIST completed
    `,
      all(
        mailboxes('foo2', 'foo2/bar1', 'foo2/bar2', 'baz2', 'baz2/bar2', 'baz2/bar22', 'baz2/bar222'),
        mailboxes('eps2', 'eps2/mamba', 'qux2/bar2'),
        subscribed('foo2/bar1', 'foo2/bar2', 'baz2/bar2', 'baz2/bar22', 'baz2/bar222'),
        subscribed('eps2', 'eps2/mamba', 'qux2/bar2'),
      ),
    ))

  test('example 10: CHILDINFO does not mean \\HasChildren', () =>
    playExample(
      `
      C: a1 LIST "" ("foo" "foo/*")
      S: * LIST (\\HasNoChildren) "/" foo
      S: a1 OK LIST completed
      C: a2 LIST (SUBSCRIBED) "" "foo/*"
      S: * LIST (\\NonExistent \\HasNoChildren \\Subscribed) "/" foo/bar
      S: a2 OK LIST completed
      C: a3 LIST (SUBSCRIBED RECURSIVEMATCH) "" foo RETURN (CHILDREN)
      S: * LIST (\\HasNoChildren) "/" foo ("CHILDINFO" ("SUBSCRIBED"))
      S: a3 OK LIST completed
    `,
      all(mailboxes('foo'), subscribed('foo/bar')),
    ))

  test('example 11: names that are there only for those below them', () =>
    playExample(
      `
      C: a1 LIST (REMOTE) "" *
      S: * LIST (\\HasNoChildren) "/" INBOX
      S: * LIST (\\HasNoChildren) "/" also/jazz
      S: * LIST (\\HasNoChildren) "/" music/rock
      S: a1 OK LIST completed
      C: a2 LIST () "" %
      S: * LIST (\\HasNoChildren) "/" INBOX
      S: * LIST (\\NonExistent{*} \\HasChildren) "/" also
      S: * LIST (\\NonExistent{*} \\HasChildren) "/" music
      S: a2 OK LIST completed
      C: a3.1 LIST "" (% music/rock)
      S: ...
      S: * LIST (\\HasNoChildren) "/" music/rock
      S: a3.1 OK LIST completed
    `,
      mailboxes('music/rock', 'also/jazz'),
    ))
})

// RFC 3348 allows \HasChildren for ITEM_2 to servers that do not know better: this one does.
test('RFC 3348 §3, example 3.1: children that may not be seen are no children', async () => {
  const made = testServer()
  await mailboxes('ITEM_1', 'ITEM_1/ITEM_1A', 'ITEM_2', 'ITEM_2/TOP_SECRET')(made)
  await playDialogue(
    made.server,
    `
    alice> s1 SETACL ITEM_1 bob l
    alice< s1 OK {*}
    alice> s2 SETACL ITEM_1/ITEM_1A bob l
    alice< s2 OK {*}
    alice> s3 SETACL ITEM_2 bob l
    alice< s3 OK {*}
    bob> A001 LIST "Other Users/alice/" *
    bob< * LIST (\\HasChildren) "/" "Other Users/alice/ITEM_1"
    bob< * LIST (\\HasNoChildren) "/" "Other Users/alice/ITEM_1/ITEM_1A"
    bob< * LIST (\\HasNoChildren) "/" "Other Users/alice/ITEM_2"
    bob< A001 OK LIST completed
  `,
  )
})

// The other examples of its §5 are of servers with other namespaces.
test('RFC 2342 §5, example 5.7: the mailboxes of others, by those who share some', async () => {
  const made = testServer()
  await mailboxes('Foo')(made)
  await playDialogue(
    made.server,
    `
    bob> A001 NAMESPACE
    bob< * NAMESPACE (("" "/")) (("Other Users/" "/")) NIL
    bob< A001 OK NAMESPACE completed
    bob> A002 LIST "" "Other Users/%"
    bob< A002 OK LIST completed
    alice> s SETACL Foo bob lr
    alice< s OK {*}
    bob> A003 LIST "" "Other Users/%"
    bob< * LIST (\\NonExistent \\Noselect \\HasChildren) "/" "Other Users/alice"
    bob< A003 OK LIST completed
    bob> A004 LIST "" "Other Users/alice/%"
    bob< * LIST (\\HasNoChildren) "/" "Other Users/alice/Foo"
    bob< A004 OK LIST completed
    bob> A005 CREATE "Sent Mail"
    bob< A005 OK {*}
  `,
  )
})
