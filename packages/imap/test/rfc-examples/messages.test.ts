/** Examples of the RFCs about messages: to add, take away, change and tell of them. */
import { test } from 'vitest'
import { playDialogue } from '../dialogue.js'
import { testServer } from '../servers.js'
import { all, mailboxes, messages, playExample } from './play.js'

const SELECT = `
    C: s1 SELECT INBOX
    S: ...
    S: s1 OK [READ-WRITE] SELECT completed`

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
