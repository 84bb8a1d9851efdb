/** Examples of the RFCs about messages: to add, take away, find and tell of them. */
import { Flag } from '@posthouse/store-api'
import { describe, test } from 'vitest'
import { playDialogue } from '../dialogue.js'
import { message, NEW_YEAR, testServer } from '../servers.js'
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

test('RFC 6851 §3.1: MOVE', () =>
  playExample(
    `${SELECT}
    C: a UID MOVE 2:4 foo
    S: * OK [COPYUID {*} 2:4 1:3] {*}
    S: * 2 EXPUNGE
    S: * 2 EXPUNGE
    S: * 2 EXPUNGE
    S: a OK {*}
  `,
    all(messages(5), mailboxes('foo')),
  ))

test('RFC 8508 §3.1, §3.4: REPLACE', () =>
  playExample(
    `
    C: A002 SELECT Drafts
    S: ...
    S: A002 OK [READ-WRITE] {*}
    C: A003 REPLACE 4 Drafts (\\Seen \\Draft) {23}
    S: + {*}
    C~ Subject: afternoon\\r\\n\\r\\nx\\r\\n
    S: * OK [APPENDUID {*} 6] {*}
    S: * 4 EXPUNGE
    S: * 5 EXISTS
    S: ...
    S: A003 OK {*}
  `,
    messages(5, ['Drafts']),
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
    alice> A003 FETCH 4 UID
    alice< * 4 FETCH (UID 4)
    alice< A003 OK FETCH completed
    # ... another client expunges message 2 now ...
    alice2> b2 SELECT INBOX
    alice2< ...
    alice2< b2 OK {*}
    alice2> b3 STORE 2 +FLAGS.SILENT (\\Deleted)
    alice2< b3 OK {*}
    alice2> b4 EXPUNGE
    alice2< ...
    alice2< b4 OK {*}
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

/** What the searches of the RFCs are after (flagged, since February 1994, not from Smith) are messages 2, 10 and 11. */
const flagged = async (made: Parameters<Parameters<typeof playExample>[1] & object>[0]): Promise<void> => {
  for (let i = 1; i <= 12; i++) {
    const from = i === 5 ? 'Smith <smith@example.org>' : 'Jones <jones@example.org>'
    await made.deliver(message(`From: ${from}`, '', 'x'), {
      flags: [2, 5, 10, 11].includes(i) ? Flag.Flagged : 0,
      internalDate: Date.UTC(1994, 5, 1),
    })
  }
}

test('RFC 4731 §3.1: ESEARCH', () =>
  playExample(
    `${SELECT}
    C: A282 SEARCH RETURN (MIN COUNT) FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"
    S: * ESEARCH (TAG "A282") MIN 2 COUNT 3
    S: A282 OK SEARCH completed
    C: A283 SEARCH RETURN () FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"
    S: * ESEARCH (TAG "A283") ALL 2,10:11
    S: A283 OK SEARCH completed
    C: A285 UID SEARCH RETURN (MIN MAX) 1:5000
    S: * ESEARCH (TAG "A285") UID MIN 1 MAX 12
    S: A285 OK {*}
    C: C276 SEARCH RETURN (MIN MAX COUNT) FROM "nobody"
    S: * ESEARCH (TAG "C276") COUNT 0
    S: C276 OK SEARCH completed
  `,
    flagged,
  ))

test('RFC 5182 §2.2: SEARCHRES, examples 1, 2, 6 and 7', () =>
  playExample(
    `${SELECT}
    C: A282 SEARCH RETURN (SAVE) FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"
    S: A282 OK {*}
    C: A283 FETCH $ (UID FLAGS)
    S: * 2 FETCH (UID 2 FLAGS (\\Flagged))
    S: * 10 FETCH (UID 10 FLAGS (\\Flagged))
    S: * 11 FETCH (UID 11 FLAGS (\\Flagged))
    S: A283 OK {*}
    C: A284 SEARCH RETURN (SAVE COUNT) OR $ 1,5
    S: * ESEARCH (TAG "A284") COUNT 5
    S: A284 OK {*}
    C: F284 SEARCH RETURN (SAVE MIN) $ 3:12
    S: * ESEARCH (TAG "F284") MIN 5
    S: F284 OK {*}
    C: F285 FETCH $ UID
    S: * 5 FETCH (UID 5)
    S: F285 OK {*}
    C: B282 SEARCH RETURN (SAVE) CHARSET KOI8-R BODY "x"
    S: B282 NO [BADCHARSET (US-ASCII UTF-8)] {*}
    C: B283 FETCH $ UID
    S: B283 OK {*}
    C: B284 SEARCH RETURN (SAVE) 3
    S: B284 OK {*}
    C: B285 SEARCH RETURN (SAVE) NONSENSE
    S: B285 BAD {*}
    C: B286 FETCH $ UID
    S: * 3 FETCH (UID 3)
    S: B286 OK {*}
    C: B287 SORT RETURN (SAVE) (SUBJECT) KOI8-R ALL
    S: B287 NO [BADCHARSET (US-ASCII UTF-8)] {*}
    C: B288 FETCH $ UID
    S: B288 OK {*}
  `,
    flagged,
  ))

test('RFC 5032 §3: WITHIN', () =>
  playExample(
    `${SELECT}
    C: a1 SEARCH UNSEEN YOUNGER 259200
    S: * SEARCH 2
    S: a1 OK SEARCH completed
    C: a2 SEARCH OLDER 259200
    S: * SEARCH 1
    S: a2 OK SEARCH completed
  `,
    async (made) => {
      await made.deliver(message('', 'x'), { internalDate: NEW_YEAR - 300_000_000 })
      await made.deliver(message('', 'x'), { internalDate: NEW_YEAR - 1_000 })
    },
  ))

test('RFC 5256 §3: SORT', () =>
  playExample(
    `${SELECT}
    C: A282 SORT (SUBJECT) UTF-8 SINCE 1-Feb-1994
    S: * SORT 2 3 1
    S: A282 OK SORT completed
    C: A283 SORT (SUBJECT REVERSE DATE) UTF-8 ALL
    S: * SORT 2 3 1
    S: A283 OK SORT completed
    C: A284 SORT (SUBJECT) US-ASCII TEXT "not in mailbox"
    S: * SORT
    S: A284 OK SORT completed
    C: A283 THREAD ORDEREDSUBJECT UTF-8 SINCE 5-MAR-2000
    S: * THREAD (2)(3)(1)
    S: A283 OK THREAD completed
    C: A285 THREAD REFERENCES UTF-8 TEXT "not in mailbox"
    S: * THREAD
    S: A285 OK THREAD completed
  `,
    async (made) => {
      for (const [i, subject] of ['gamma', 'alpha', 'Re: beta'].entries()) {
        const date = `Date: Sat, ${['03', '01', '02'][i]} Jun 2002 10:00:00 +0000`
        await made.deliver(message(`Subject: ${subject}`, date, '', 'x'))
      }
    },
  ))

test('RFC 9586 §3: UIDONLY', () =>
  playExample(
    `
    C: 10 ENABLE UIDONLY
    S: * ENABLED UIDONLY
    S: 10 OK ENABLE completed
    C: 11 SELECT INBOX
    S: ...
    S: 11 OK {*}
    C: 25 UID FETCH 3 (FLAGS)
    S: * 3 UIDFETCH (FLAGS ())
    S: 25 OK {*}
    C: 26 FETCH 3 (FLAGS)
    S: 26 BAD [UIDREQUIRED] {*}
  `,
    messages(4),
  ))

test('RFC 9394 §3.1: PARTIAL', () =>
  playExample(
    `${SELECT}
    C: A01 UID SEARCH RETURN (PARTIAL -1:-3) UNDELETED
    S: * ESEARCH (TAG "A01") UID PARTIAL (-1:-3 5:7)
    S: A01 OK {*}
    C: A02 UID SEARCH RETURN (PARTIAL 1:3) UNDELETED
    S: * ESEARCH (TAG "A02") UID PARTIAL (1:3 1:3)
    S: A02 OK {*}
    C: A03 UID SEARCH RETURN (PARTIAL 100:200) UNDELETED
    S: * ESEARCH (TAG "A03") UID PARTIAL (100:200 NIL)
    S: A03 OK {*}
    C: A04 UID FETCH 1:7 (UID) (PARTIAL -1:-2)
    S: * 6 FETCH (UID 6)
    S: * 7 FETCH (UID 7)
    S: A04 OK {*}
  `,
    messages(7),
  ))

test('RFC 5161 §3.1: ENABLE tells only what is new and known', () =>
  playExample(`
    C: t1 ENABLE CONDSTORE X-GOOD-IDEA
    S: * ENABLED CONDSTORE
    S: t1 OK {*}
    C: t2 ENABLE X-GOOD-IDEA
    S: * ENABLED
    S: t2 OK {*}
  `))

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
