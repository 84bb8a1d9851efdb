/** Examples of the RFCs about mailboxes: lists, and what mailboxes carry. */
import { test } from 'vitest'
import { all, mailboxes, messages, playExample } from './play.js'

test('RFC 5258 §5, examples 1 to 3', () =>
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

test('RFC 5258 §5, example 8: CHILDINFO and RECURSIVEMATCH', () =>
  playExample(
    `
    C: s1 SUBSCRIBE foo2/bar2
    S: s1 OK {*}
    C: s2 SUBSCRIBE baz2/bar2
    S: s2 OK {*}
    C: C04 LIST (SUBSCRIBED RECURSIVEMATCH) "" "%"
    S: * LIST (\\HasChildren) "/" baz2 ("CHILDINFO" ("SUBSCRIBED"))
    S: * LIST (\\HasChildren) "/" foo2 ("CHILDINFO" ("SUBSCRIBED"))
    S: C04 OK LIST completed
  `,
    mailboxes('foo2', 'foo2/bar1', 'foo2/bar2', 'baz2', 'baz2/bar2', 'baz2/bar22'),
  ))

test('RFC 5819 §4: LIST-STATUS', () =>
  playExample(
    `
    C: A01 LIST "" % RETURN (STATUS (MESSAGES UNSEEN))
    S: * LIST (\\HasNoChildren) "/" INBOX
    S: * STATUS INBOX (MESSAGES 17 UNSEEN 17)
    S: * LIST (\\HasNoChildren) "/" foo
    S: * STATUS foo (MESSAGES 30 UNSEEN 30)
    S: A01 OK LIST completed
  `,
    all(messages(17), messages(30, ['foo'])),
  ))

test('RFC 6154 §5.2, §5.3: SPECIAL-USE', () =>
  playExample(`
    C: t1 CREATE MyDrafts (USE (\\Drafts))
    S: t1 OK {*}
    C: t2 LIST "" "%" RETURN (SPECIAL-USE)
    S: * LIST (\\HasNoChildren) "/" INBOX
    S: * LIST (\\HasNoChildren \\Drafts) "/" MyDrafts
    S: t2 OK LIST completed
    C: t3 LIST (SPECIAL-USE) "" "*"
    S: * LIST (\\HasNoChildren \\Drafts) "/" MyDrafts
    S: t3 OK LIST completed
    C: t4 CREATE MySpecial (USE (\\Drafts \\Unheard))
    S: t4 NO [USEATTR] {*}
  `))

test('RFC 4314 §3: ACL', () =>
  playExample(
    `
    C: A002 SETACL INBOX/Drafts Byron lrswikda
    S: A002 OK SETACL completed
    C: A003 GETACL INBOX/Drafts
    S: * ACL INBOX/Drafts alice {*} Byron {*}
    S: A003 OK GETACL completed
    C: A035 SETACL INBOX/Drafts John lrQswicda
    S: A035 BAD {*}
    C: B002 DELETEACL INBOX/Drafts Byron
    S: B002 OK DELETEACL completed
    C: A003 MYRIGHTS INBOX
    S: * MYRIGHTS INBOX {*}
    S: A003 OK MYRIGHTS completed
  `,
    mailboxes('INBOX/Drafts'),
  ))

test('RFC 5464 §4.2, §4.3: METADATA', () =>
  playExample(
    `
    C: a SETMETADATA INBOX (/private/comment {18}
    S: + {*}
    C: My new comment for)
    S: a OK SETMETADATA completed
    C: a GETMETADATA INBOX /private/comment
    S: * METADATA INBOX (/private/comment "My new comment for")
    S: a OK GETMETADATA completed
    C: b SETMETADATA INBOX (/private/comment "My other comment" /shared/comment "Shared")
    S: b OK SETMETADATA completed
    C: c GETMETADATA INBOX (/shared/comment /private/comment)
    S: * METADATA INBOX ({*})
    S: c OK GETMETADATA completed
    C: d SETMETADATA INBOX (/private/comment NIL)
    S: d OK SETMETADATA completed
    C: e GETMETADATA "" (/shared/comment)
    S: ...
    S: e OK GETMETADATA completed
  `,
  ))

test('RFC 8474 §4: MAILBOXID stays when a mailbox is renamed', () =>
  playExample(`
    C: 3 create foo
    S: 3 OK [MAILBOXID ({*})] {*}
    C: 4 create bar
    S: 4 OK [MAILBOXID ({*})] {*}
    C: 6 list "" *
    S: ...
    S: 6 OK {*}
    C: 7 rename foo renamed
    S: 7 OK {*}
    C: 11 status renamed (MESSAGES UIDNEXT UIDVALIDITY MAILBOXID)
    S: * STATUS renamed (MESSAGES 0 UIDNEXT 1 UIDVALIDITY {*} MAILBOXID ({*}))
    S: 11 OK {*}
  `))
