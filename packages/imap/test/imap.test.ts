import { Flag } from '@posthouse/store-api'
import { playTranscriptAtAllCuts } from '@posthouse/wire/testing'
import { test } from 'vitest'
import { playDialogue } from './dialogue.js'
import { HELLO, message, testServer } from './servers.js'

/** Greeting and login; then INBOX is selected. */
const LOGIN = `
  S: * OK [CAPABILITY {*}] imap.example.org ready
  C: a001 LOGIN alice secret
  S: a001 OK [CAPABILITY {*}] Logged in
`
const SELECT = `${LOGIN}
  C: a002 SELECT INBOX
  S: ...
  S: a002 OK [READ-WRITE] SELECT completed
`

type Setup = Parameters<ReturnType<typeof testServer>['deliver']>

/** Plays a dialogue over an account with these messages, at every cut, each time over a fresh store. */
async function play(
  text: string,
  messages: readonly Setup[] = [],
  options: Parameters<typeof testServer>[0] = {},
): Promise<void> {
  // Every cut needs its own store: the dialogue changes it.
  const made = await Promise.all(
    [0, 1, 2].map(async () => {
      const one = testServer(options)
      for (const setup of messages) await one.deliver(...setup)
      return one.server
    }),
  )
  await playTranscriptAtAllCuts(() => made.shift() as (typeof made)[number], text)
}

test('RFC 9051 §8: a sample connection', () =>
  play(
    `
    S: * OK [CAPABILITY {*}] imap.example.org ready
    C: a001 login alice secret
    S: a001 OK [CAPABILITY {*}] Logged in
    C: a002 select inbox
    S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
    S: * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] Flags that can be changed
    S: * 1 EXISTS
    S: * 0 RECENT
    S: * OK [UNSEEN 1] The first unseen message
    S: * OK [UIDVALIDITY {*}] UIDs are valid
    S: * OK [UIDNEXT 2] The next UID
    S: ...
    S: a002 OK [READ-WRITE] SELECT completed
    C: a003 fetch 1 full
    S: * 1 FETCH (FLAGS () INTERNALDATE " 1-Jan-2026 00:00:00 +0000" RFC822.SIZE ${HELLO.length} ENVELOPE ("Wed, 17 Jul 1996 02:23:25 -0700" "Hello" (("Alice" NIL "alice" "example.org")) (("Alice" NIL "alice" "example.org")) (("Alice" NIL "alice" "example.org")) ((NIL NIL "bob" "example.net")) NIL NIL NIL "<1@example.org>") BODY ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 12 1))
    S: a003 OK FETCH completed
    C: a004 fetch 1 body[header]
    S: * 1 FETCH (BODY[HEADER] {${HELLO.length - 12}}
    S: From: Alice <alice@example.org>
    S: To: bob@example.net
    S: Subject: Hello
    S: Date: Wed, 17 Jul 1996 02:23:25 -0700
    S: Message-ID: <1@example.org>
    S: 
    S:  FLAGS (\\Seen))
    S: a004 OK FETCH completed
    C: a005 store 1 +flags \\deleted
    S: * 1 FETCH (FLAGS (\\Deleted \\Seen))
    S: a005 OK STORE completed
    C: a006 expunge
    S: * 1 EXPUNGE
    S: a006 OK {*}EXPUNGE completed
    C: a007 logout
    S: * BYE Until next time
    S: a007 OK LOGOUT completed
    -- closed --
  `,
    [[HELLO]],
  ))

test('commands can be pipelined and are answered in order', () =>
  play(
    `${SELECT}
    C: a1 FETCH 1 (UID FLAGS)
    C: a2 NOOP
    C: a3 FETCH 1 BODY.PEEK[TEXT]<0.5>
    S: * 1 FETCH (UID 1 FLAGS (\\Flagged))
    S: a1 OK FETCH completed
    S: a2 OK NOOP completed
    S: * 1 FETCH (BODY[TEXT]<0> {5}
    S: Hello)
    S: a3 OK FETCH completed
  `,
    [[HELLO, { flags: Flag.Flagged }]],
  ))

test('APPEND streams a literal; the message comes back with its flags and date', () =>
  play(`${LOGIN}
    C: b1 APPEND INBOX (\\Seen $Work) "17-Jul-1996 02:44:25 -0700" {12}
    S: + OK
    C~ A: b\\r\\n\\r\\nBody\\r\\n
    S: b1 OK [APPENDUID {*} 1] APPEND completed
    C: b2 SELECT INBOX
    S: ...
    S: b2 OK [READ-WRITE] SELECT completed
    C: b3 FETCH 1 (FLAGS INTERNALDATE BODY.PEEK[])
    S: * 1 FETCH (FLAGS (\\Seen \\Recent $Work) INTERNALDATE "17-Jul-1996 09:44:25 +0000" BODY[] {12}
    S: A: b
    S: 
    S: Body)
    S: b3 OK FETCH completed
  `))

test('RFC 7888: non-synchronising literals, and a mailbox name as a literal before the message', () =>
  play(`
    S: * OK {*}
    C: a001 LOGIN {5+}
    C: alice {6+}
    C: secret
    S: a001 OK {*}
    C: b1 APPEND {5+}
    C: INBOX {9+}
    C~ A: b\\r\\n\\r\\nx\\r\\n
    S: b1 OK [APPENDUID {*} 1] APPEND completed
  `))

test('refused literals are skipped exactly and never taken for commands', () =>
  play(`${LOGIN}
    C: b1 APPEND Nowhere {14+}
    C~ x LOGOUT\\r\\nab\\r\\n\\r\\n
    S: b1 NO [TRYCREATE] No such mailbox
    C: b2 NOOP
    S: b2 OK NOOP completed
    C: b3 APPEND Nowhere {14}
    S: b3 NO [TRYCREATE] No such mailbox
    C: b4 NOOP
    S: b4 OK NOOP completed
  `))

test('SEARCH: groups, NOT of a group, OR, sets, text, dates', () =>
  play(
    `${SELECT}
    C: c1 SEARCH ALL
    S: * SEARCH 1 2 3
    S: c1 OK SEARCH completed
    C: c2 SEARCH NOT (SEEN FLAGGED)
    S: * SEARCH 1 3
    S: c2 OK SEARCH completed
    C: c3 SEARCH OR (UID 1:*) DELETED
    S: * SEARCH 1 2 3
    S: c3 OK SEARCH completed
    C: c4 SEARCH SUBJECT "hello" 1:2
    S: * SEARCH 1
    S: c4 OK SEARCH completed
    C: c5 SEARCH CHARSET UTF-8 BODY {8}
    S: + OK
    C: gr\u00fc\u00dfe!
    S: * SEARCH 3
    S: c5 OK SEARCH completed
    C: c6 SEARCH CHARSET KLINGON ALL
    S: c6 NO [BADCHARSET (US-ASCII UTF-8)] {*}
    C: c7 UID SEARCH SENTON 17-Jul-1996
    S: * SEARCH 1
    S: c7 OK SEARCH completed
    C: c8 SEARCH UNSEEN SMALLER 100000 SINCE 1-Jan-2026 BEFORE 2-Jan-2026
    S: * SEARCH 3
    S: c8 OK SEARCH completed
    C: c9 SEARCH HEADER Message-ID ""
    S: * SEARCH 1
    S: c9 OK SEARCH completed
  `,
    [
      [HELLO, { flags: Flag.Seen }],
      [
        message('Subject: Other', 'Date: Thu, 18 Jul 1996 00:00:00 +0000', '', 'x'),
        { flags: Flag.Seen | Flag.Flagged },
      ],
      [
        message(
          'Subject: Third',
          'Content-Type: text/plain; charset=iso-8859-1',
          'Content-Transfer-Encoding: quoted-printable',
          '',
          'Viele Gr=FC=DFe! Und mehr.',
        ),
      ],
    ],
  ))

test('mailboxes: CREATE, LIST, RENAME of a tree, SUBSCRIBE, LSUB, STATUS, DELETE', () =>
  play(
    `${LOGIN}
    C: d1 CREATE Work/2026/
    S: d1 OK {*}
    C: d2 LIST "" *
    S: * LIST (\\HasNoChildren) "/" INBOX
    S: * LIST (\\HasNoChildren) "/" Work/2026
    S: d2 OK LIST completed
    C: d3 LIST "" %
    S: * LIST (\\HasNoChildren) "/" INBOX
    S: * LIST (\\NonExistent \\Noselect \\HasChildren) "/" Work
    S: d3 OK LIST completed
    C: d4 RENAME Work Job
    S: d4 OK RENAME completed
    C: d5 SUBSCRIBE Job/2026
    S: d5 OK SUBSCRIBE completed
    C: d6 LSUB "" %
    S: * LSUB (\\Noselect) "/" Job
    S: d6 OK LSUB completed
    C: d7 STATUS INBOX (MESSAGES UNSEEN UIDNEXT)
    S: * STATUS INBOX (MESSAGES 1 UNSEEN 1 UIDNEXT 2)
    S: d7 OK STATUS completed
    C: d8 RENAME INBOX Old
    S: d8 OK RENAME completed
    C: d9 STATUS Old (MESSAGES)
    S: * STATUS Old (MESSAGES 1)
    S: d9 OK STATUS completed
    C: d10 DELETE Job/2026
    S: d10 OK DELETE completed
    C: d11 DELETE Job/2026
    S: d11 NO [NONEXISTENT] {*}
    C: d12 LIST "" ""
    S: * LIST (\\Noselect) "/" ""
    S: d12 OK LIST completed
    C: d13 CREATE &ZeVnLIqe-
    S: d13 OK {*}
    C: d14 LIST "" &ZeVnLIqe-
    S: * LIST (\\HasNoChildren) "/" &ZeVnLIqe-
    S: d14 OK LIST completed
    C: d15 CREATE &Jjo
    S: d15 BAD {*}
  `,
    [[HELLO]],
  ))

test('COPY and MOVE tell COPYUID; MOVE expunges before its OK', () =>
  play(
    `${SELECT}
    C: e1 CREATE Archive
    S: e1 OK {*}
    C: e2 COPY 1:2 Archive
    S: e2 OK [COPYUID {*} 1:2 1:2] COPY completed
    C: e3 MOVE 1,3 Archive
    S: * OK [COPYUID {*} 1,3 3:4] Moved
    S: * 1 EXPUNGE
    S: * 2 EXPUNGE
    S: e3 OK MOVE completed
    C: e4 UID MOVE 2 Nowhere
    S: e4 NO [TRYCREATE] No such mailbox
    C: e5 FETCH 1:* UID
    S: * 1 FETCH (UID 2)
    S: e5 OK FETCH completed
    C: e6 FETCH 2 UID
    S: e6 BAD There are only 1 messages
  `,
    [[HELLO], [HELLO], [HELLO]],
  ))

test('RFC 9051 §6.2.2: AUTHENTICATE PLAIN, with and without an initial response, and cancelled', async () => {
  await play(`
    S: * OK {*}
    C: f1 AUTHENTICATE PLAIN
    S: + 
    C: *
    S: f1 BAD Authentication cancelled
    C: f2 AUTHENTICATE PLAIN
    S: + 
    C: AGFsaWNlAHNlY3JldA==
    S: f2 OK [CAPABILITY {*}] Logged in
  `)
  await play(`
    S: * OK {*}
    C: f1 AUTHENTICATE PLAIN AGFsaWNlAHdyb25n
    S: f1 NO [AUTHENTICATIONFAILED] Authentication failed
    C: f2 AUTHENTICATE PLAIN AGFsaWNlAHNlY3JldA==
    S: f2 OK [CAPABILITY {*}] Logged in
  `)
})

test('IDLE: DONE and the next command in one packet', () =>
  play(
    `${SELECT}
    C: g1 IDLE
    S: + idling
    C: DONE
    C: g2 NOOP
    S: g1 OK IDLE completed
    S: g2 OK NOOP completed
  `,
    [[HELLO]],
  ))

test('ID, NAMESPACE, ENABLE, UNSELECT, UID EXPUNGE', () =>
  play(
    `
    S: * OK {*}
    C: h0 ID ("name" "test" "version" NIL)
    S: * ID ("name" "Posthouse")
    S: h0 OK ID completed
    C: a001 LOGIN alice secret
    S: a001 OK {*}
    C: h1 NAMESPACE
    S: * NAMESPACE (("" "/")) (("Other Users/" "/")) NIL
    S: h1 OK NAMESPACE completed
    C: h2 ENABLE X-UNKNOWN
    S: * ENABLED
    S: h2 OK ENABLE completed
    C: h3 SELECT INBOX
    S: ...
    S: h3 OK {*}
    C: h4 STORE 1:2 FLAGS.SILENT (\\Deleted)
    S: h4 OK STORE completed
    C: h5 UID EXPUNGE 2
    S: * 2 EXPUNGE
    S: h5 OK {*}EXPUNGE completed
    C: h6 UNSELECT
    S: h6 OK UNSELECT completed
    C: h7 FETCH 1 UID
    S: h7 BAD FETCH is not possible now
  `,
    [[HELLO], [HELLO]],
  ))

test('RFC 9051 §6.3.12: a mailbox that goes away while a message is sent to it is one that CREATE would help with', () =>
  playDialogue(
    testServer().server,
    `
    alice> a1 CREATE Box
    alice< a1 OK {*}
    alice> a2 APPEND Box {4}
    alice< + OK
    alice2> b1 DELETE Box
    alice2< b1 OK DELETE completed
    alice> x: y
    alice< a2 NO [TRYCREATE] No such mailbox
  `,
  ))
