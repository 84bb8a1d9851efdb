/** The examples of RFC 5464 (METADATA) and RFC 9590 (LIST-METADATA), after their texts. */

import { StoreError } from '@posthouse/store-api'
import { test } from 'vitest'
import { metadataServer, standardExtensions } from '../../src/index.js'
import { playDialogue } from '../dialogue.js'
import { serverOver, testServer } from '../servers.js'
import { mailboxes, playExample } from './play.js'

test('RFC 5464 §4.2: GETMETADATA of the server, of a mailbox, and of several entries', () =>
  playExample(`
    C: s1 SETMETADATA "" (/shared/comment "Shared comment")
    S: s1 OK SETMETADATA completed
    C: s2 SETMETADATA INBOX (/shared/comment "Shared comment" /private/comment "My own comment")
    S: s2 OK SETMETADATA completed
    C: a GETMETADATA "" /shared/comment
    S: * METADATA "" (/shared/comment "Shared comment")
    S: a OK GETMETADATA completed
    C: a GETMETADATA "INBOX" /private/comment
    S: * METADATA INBOX (/private/comment "My own comment")
    S: a OK GETMETADATA completed
    C: a GETMETADATA "INBOX" (/shared/comment /private/comment)
    S: * METADATA INBOX (/shared/comment "Shared comment" /private/comment "My own comment")
    S: a OK GETMETADATA completed
  `))

test('RFC 5464 §4.2.1: MAXSIZE', () =>
  playExample(`
    C~ s SETMETADATA INBOX (/private/comment "My own comment" /shared/comment {2199+}\\r\\n${'x'.repeat(2199)})\\r\\n
    S: s OK SETMETADATA completed
    C: a GETMETADATA "INBOX" (MAXSIZE 1024) (/shared/comment /private/comment)
    S: * METADATA INBOX (/private/comment "My own comment")
    S: a OK [METADATA LONGENTRIES 2199] GETMETADATA completed
    C: b GETMETADATA (MAXSIZE 1024) "INBOX" (/shared/comment /private/comment)
    S: * METADATA INBOX (/private/comment "My own comment")
    S: b OK [METADATA LONGENTRIES 2199] GETMETADATA completed
  `))

test('RFC 5464 §4.2.2: DEPTH', () =>
  playExample(String.raw`
    C: s SETMETADATA INBOX (/private/filters/values/small "SMALLER 5000" /private/filters/values/boss "FROM \"boss@example.com\"" /private/filters/values/boss/deep "x")
    S: s OK SETMETADATA completed
    C: a GETMETADATA "INBOX" (DEPTH 1) (/private/filters/values)
    S: * METADATA INBOX (/private/filters/values/small "SMALLER 5000" /private/filters/values/boss "FROM \"boss@example.com\"")
    S: a OK GETMETADATA completed
    C: b GETMETADATA "INBOX" (DEPTH infinity) (/private/filters/values)
    S: * METADATA INBOX (/private/filters/values/small "SMALLER 5000" /private/filters/values/boss "FROM \"boss@example.com\"" /private/filters/values/boss/deep "x")
    S: b OK GETMETADATA completed
    C: c GETMETADATA "INBOX" (DEPTH 0) (/private/filters/values/boss)
    S: * METADATA INBOX (/private/filters/values/boss "FROM \"boss@example.com\"")
    S: c OK GETMETADATA completed
  `))

test('RFC 5464 §4.3: SETMETADATA with several lines, with NIL, and of several entries', () =>
  playExample(`
    C: a SETMETADATA INBOX (/private/comment {33}
    S: + {*}
    C~ My new comment across\\r\\ntwo lines.)\\r\\n
    S: a OK SETMETADATA completed
    C: b GETMETADATA INBOX /private/comment
    S: * METADATA INBOX (/private/comment {33}
    S: My new comment across
    S: two lines.)
    S: b OK GETMETADATA completed
    C: a SETMETADATA INBOX (/private/comment NIL)
    S: a OK SETMETADATA completed
    C: c GETMETADATA INBOX /private/comment
    S: * METADATA INBOX (/private/comment NIL)
    S: c OK GETMETADATA completed
    C: a SETMETADATA INBOX (/private/comment "My new comment" /shared/comment "This one is for you!")
    S: a OK SETMETADATA completed
    C: d GETMETADATA INBOX (/private/comment /shared/comment)
    S: * METADATA INBOX (/private/comment "My new comment" /shared/comment "This one is for you!")
    S: d OK GETMETADATA completed
  `))

test('RFC 5464 §4.3: TOOMANY and MAXSIZE, and nothing of what stood beside it', async () => {
  const full = serverOver(testServer(), () => ({
    async commit() {
      throw new StoreError('limit', 'as many annotations as there may be')
    },
  }))
  await playDialogue(
    full,
    `
    alice> a SETMETADATA INBOX (/private/comment "My new comment")
    alice< a NO [METADATA TOOMANY] {*}
  `,
  )
  await playExample(`
    C~ a SETMETADATA INBOX (/private/comment "x" /shared/comment {65537+}\\r\\n${'x'.repeat(65_537)})\\r\\n
    S: a NO [METADATA MAXSIZE 65536] {*}
    C: b GETMETADATA INBOX /private/comment
    S: * METADATA INBOX (/private/comment NIL)
    S: b OK GETMETADATA completed
  `)
})

test('RFC 5464 §4.4.2: what others have changed, for a client that has enabled it', () =>
  playDialogue(
    testServer().server,
    `
    alice> e ENABLE METADATA
    alice< * ENABLED METADATA
    alice< e OK ENABLE completed
    alice> s SELECT INBOX
    alice< ...
    alice< s OK {*}
    alice2> b1 SETMETADATA "" (/shared/comment "My comment")
    alice2< b1 OK {*}
    alice> a NOOP
    alice< * METADATA "" /shared/comment
    alice< a OK NOOP completed
    alice2> b2 SETMETADATA INBOX (/shared/comment "Its sunny outside!" /private/comment "My comment")
    alice2< b2 OK {*}
    alice> a NOOP
    alice< * METADATA INBOX /shared/comment /private/comment
    alice< a OK NOOP completed
    alice2-
  `,
  ))

test('RFC 5464 §4.1: METADATA-SERVER alone has annotations of the server', () =>
  playExample(
    `
    C: a SETMETADATA "" (/shared/comment "My comment")
    S: a OK SETMETADATA completed
    C: b GETMETADATA "" /shared/comment
    S: * METADATA "" (/shared/comment "My comment")
    S: b OK GETMETADATA completed
    C: c GETMETADATA INBOX /shared/comment
    S: c NO [CANNOT] {*}
  `,
    undefined,
    { extensions: [...standardExtensions.filter(({ name }) => name !== 'METADATA'), metadataServer] },
  ))

test('RFC 5464 §4.1: annotations go with a mailbox that is renamed, and with one that is deleted', () =>
  playExample(
    `
    C: a SETMETADATA foo (/shared/comment "x")
    S: a OK SETMETADATA completed
    C: b RENAME foo bar
    S: b OK RENAME completed
    C: c GETMETADATA bar /shared/comment
    S: * METADATA bar (/shared/comment "x")
    S: c OK GETMETADATA completed
    C: d DELETE bar
    S: d OK DELETE completed
    C: e CREATE bar
    S: e OK {*}
    C: f GETMETADATA bar /shared/comment
    S: * METADATA bar (/shared/comment NIL)
    S: f OK GETMETADATA completed
    C: g SETMETADATA INBOX (/shared/comment "y")
    S: g OK SETMETADATA completed
    C: h RENAME INBOX old
    S: h OK RENAME completed
    C: i GETMETADATA old /shared/comment
    S: * METADATA old (/shared/comment "y")
    S: i OK GETMETADATA completed
    C: j GETMETADATA INBOX /shared/comment
    S: * METADATA INBOX (/shared/comment "y")
    S: j OK GETMETADATA completed
  `,
    mailboxes('foo'),
  ))

const COLOR = '/shared/vendor/cmu/cyrus-imapd/color'

test('RFC 9590 §4: LIST RETURN (METADATA): NIL where nothing is set, and nothing of names that are no mailboxes', () =>
  playExample(
    `
    C: A00 CAPABILITY
    S: * CAPABILITY IMAP4rev1 IMAP4rev2 {*} LIST-EXTENDED {*} METADATA LIST-METADATA {*}
    S: A00 OK CAPABILITY completed
    C: s SETMETADATA INBOX (${COLOR} "#b71c1c")
    S: s OK SETMETADATA completed
    C: A01 LIST "" % RETURN (METADATA ("${COLOR}"))
    S: * LIST (\\HasNoChildren) "/" INBOX
    S: * METADATA INBOX (${COLOR} "#b71c1c")
    S: * LIST (\\NonExistent \\HasChildren) "/" bar
    S: * LIST (\\HasChildren) "/" foo
    S: * METADATA foo (${COLOR} NIL)
    S: A01 OK LIST completed
    C: s1 SUBSCRIBE INBOX
    S: s1 OK {*}
    C: s2 SUBSCRIBE foo/x
    S: s2 OK {*}
    C: A02 LIST (SUBSCRIBED RECURSIVEMATCH) "" % RETURN (METADATA ("${COLOR}"))
    S: * LIST (\\HasNoChildren \\Subscribed) "/" INBOX
    S: * METADATA INBOX (${COLOR} "#b71c1c")
    S: * LIST (\\HasChildren) "/" foo ("CHILDINFO" ("SUBSCRIBED"))
    S: A02 OK LIST completed
    C: A03 LIST "" % RETURN (METADATA ())
    S: A03 BAD {*}
  `,
    mailboxes('foo', 'foo/x', 'bar/y'),
  ))
