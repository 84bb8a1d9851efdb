/** Examples of the RFCs about messages: to add, take away, change and tell of them. */
import { Flag } from '@posthouse/store-api'
import { describe, test } from 'vitest'
import { playDialogue } from '../dialogue.js'
import { message, testServer } from '../servers.js'
import { all, mailboxes, messages, playExample } from './play.js'

const SELECT = `
    C: s1 SELECT INBOX
    S: ...
    S: s1 OK [READ-WRITE] SELECT completed`

describe('RFC 9051 §6', () => {
  test('§6.1.2, §6.1.3 NOOP and LOGOUT', () =>
    playExample(`
      C: a002 NOOP
      S: a002 OK NOOP completed
      C: A023 LOGOUT
      S: * BYE {*}
      S: A023 OK LOGOUT completed
      -- closed --
    `))

  test('§6.3.2 SELECT and §6.3.3 EXAMINE', () =>
    playExample(
      `
      C: A142 SELECT INBOX
      S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft{*})
      S: * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft{*} \\*)] {*}
      S: * 17 EXISTS
      S: ...
      S: * OK [UIDVALIDITY {*}] {*}
      S: * OK [UIDNEXT 18] {*}
      S: ...
      S: A142 OK [READ-WRITE] SELECT completed
      C: A932 EXAMINE blurdybloop
      S: * OK [CLOSED] {*}
      S: * FLAGS {*}
      S: * OK [PERMANENTFLAGS ()] {*}
      S: * 1 EXISTS
      S: ...
      S: A932 OK [READ-ONLY] EXAMINE completed
    `,
      all(messages(17), messages(1, ['blurdybloop'])),
    ))

  test('§6.4.1, §6.4.2 CLOSE and UNSELECT (RFC 3691)', () =>
    playExample(
      `${SELECT}
      C: A341 CLOSE
      S: A341 OK {*}
      C: A341 UNSELECT
      S: A341 BAD {*}
      C: A342 SELECT INBOX
      S: ...
      S: A342 OK {*}
      C: A343 UNSELECT
      S: A343 OK UNSELECT completed
    `,
      messages(1),
    ))

  test('§6.4.3 EXPUNGE: each number is one of what is left', () =>
    playExample(
      `${SELECT}
      C: A201 STORE 3,4,7,11 +FLAGS.SILENT (\\Deleted)
      S: A201 OK {*}
      C: A202 EXPUNGE
      S: * 3 EXPUNGE
      S: * 3 EXPUNGE
      S: * 5 EXPUNGE
      S: * 8 EXPUNGE
      S: A202 OK {*}
    `,
      messages(11),
    ))

  test('§6.4.6 STORE', () =>
    playExample(
      `${SELECT}
      C: A003 STORE 2:4 +FLAGS (\\Deleted)
      S: * 2 FETCH (FLAGS (\\Deleted \\Seen))
      S: * 3 FETCH (FLAGS (\\Deleted))
      S: * 4 FETCH (FLAGS (\\Flagged \\Deleted))
      S: A003 OK STORE completed
    `,
      async (made) => {
        for (const flags of [0, Flag.Seen, 0, Flag.Flagged]) await made.deliver(message('', 'x'), { flags })
      },
    ))

  test('§6.4.7 COPY, and to a mailbox that is not there', () =>
    playExample(
      `${SELECT}
      C: A003 COPY 2:4 MEETING
      S: A003 OK [COPYUID {*} 2:4 1:3] COPY completed
      C: A004 COPY 2:4 nowhere
      S: A004 NO [TRYCREATE] {*}
    `,
      all(messages(4), mailboxes('MEETING')),
    ))

  test('§6.4.9 UID: holes are no error', () =>
    playExample(
      `${SELECT}
      C: A998 UID STORE 2 +FLAGS.SILENT (\\Deleted)
      S: A998 OK {*}
      C: A999 UID EXPUNGE 2
      S: * 2 EXPUNGE
      S: A999 OK {*}
      C: A999 UID FETCH 1:2,4:9 FLAGS
      S: * 1 FETCH (UID 1 FLAGS ({*}))
      S: * 3 FETCH (UID 4 FLAGS ({*}))
      S: A999 OK FETCH completed
    `,
      messages(4),
    ))
})

test('RFC 4315 §2.1: UID EXPUNGE', () =>
  playExample(
    `${SELECT}
    C: A001 STORE 1:* +FLAGS.SILENT (\\Deleted)
    S: A001 OK {*}
    C: A003 UID EXPUNGE 3:5
    S: * 3 EXPUNGE
    S: * 3 EXPUNGE
    S: * 3 EXPUNGE
    S: A003 OK {*}
  `,
    messages(6),
  ))

test('RFC 4315 §3: APPENDUID and COPYUID', () =>
  playExample(
    `${SELECT}
    C: A003 APPEND saved-messages (\\Seen) {30}
    S: + {*}
    C~ Subject: afternoon meeting\\r\\n\\r\\n\\r\\n
    S: A003 OK [APPENDUID {*} 1] APPEND completed
    C: A004 COPY 2:4 meeting
    S: A004 OK [COPYUID {*} 2:4 1:3] COPY completed
    C: A005 UID COPY 305:310 meeting
    S: A005 OK {*}
  `,
    all(messages(4), mailboxes('saved-messages', 'meeting')),
  ))

test('RFC 2177 §3: IDLE', async () => {
  const made = testServer()
  await messages(3)(made)
  await playDialogue(
    made.server,
    `
    alice> A001 SELECT INBOX
    alice< ...
    alice< A001 OK [READ-WRITE] SELECT completed
    alice> A002 IDLE
    alice< + idling
    # ... time passes; new mail arrives ...
    alice2> b1 APPEND INBOX {4+}
    alice2> x: y
    alice2< b1 OK {*}
    alice< * 4 EXISTS
    alice< ...
    alice> DONE
    alice< A002 OK IDLE {*}
    # ... another client expunges message 2 now ...
    alice2> b2 SELECT INBOX
    alice2< ...
    alice2< b2 OK {*}
    alice2> b3 STORE 2 +FLAGS.SILENT (\\Deleted)
    alice2< b3 OK {*}
    alice2> b4 EXPUNGE
    alice2< ...
    alice2< b4 OK {*}
    alice> A003 FETCH 4 UID
    alice< * 4 FETCH (UID 4)
    alice< A003 OK [EXPUNGEISSUED] FETCH completed
    alice> A004 IDLE
    # The RFC prints what is new before the continuation; here it follows at once.
    alice< + idling
    alice< ...
    alice< * 2 EXPUNGE
    # ... time passes; another client expunges message 3 ...
    alice2> b5 STORE 3 +FLAGS.SILENT (\\Deleted)
    alice2< b5 OK {*}
    alice2> b6 EXPUNGE
    alice2< ...
    alice2< b6 OK {*}
    alice< ...
    alice< * 3 EXPUNGE
    alice< * 0 RECENT
    alice> DONE
    alice< A004 OK IDLE {*}
  `,
  )
})

test('RFC 2971 §3: ID', () =>
  playExample(`
    C: a023 ID ("name" "sodr" "version" "19.34" "vendor" "Pink Floyd Music Limited")
    S: * ID {*}
    S: a023 OK ID completed
    C: a042 ID NIL
    S: * ID {*}
    S: a042 OK ID completed
  `))

test('RFC 8437 §4: UNAUTHENTICATE', () =>
  playExample(`
    C: A004 UNAUTHENTICATE
    S: A004 OK {*}
    C: A005 NAMESPACE
    S: A005 BAD {*}
    C: A006 LOGIN bob secret
    S: A006 OK {*}
  `))
