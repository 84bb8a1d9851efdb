/** Examples of the RFCs about messages: to add, take away, change and tell of them. */
import { playTranscript } from '@posthouse/wire/testing'
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
    # ... time passes; new mail arrives ...
    alice2> b7 APPEND INBOX {4+}
    alice2> x: y
    alice2< ...
    alice2< b7 OK {*}
    alice< * 3 EXISTS
    alice< ...
    alice> DONE
    alice< A004 OK IDLE {*}
    alice> A005 FETCH 3 UID
    alice< * 3 FETCH (UID 5)
    alice< A005 OK FETCH completed
    alice> A006 IDLE
    alice< + idling
    alice-
  `,
  )
})

test('RFC 3691 §2: UNSELECT takes nothing away, and is not for who has selected nothing', () =>
  playExample(
    `${SELECT}
    C: a STORE 1:2 +FLAGS.SILENT (\\Deleted)
    S: a OK {*}
    C: b UNSELECT now
    S: b BAD {*}
    C: A341 UNSELECT
    S: A341 OK UNSELECT completed
    C: A342 UNSELECT
    S: A342 BAD {*}
    C: c STATUS INBOX (MESSAGES DELETED)
    S: * STATUS INBOX (MESSAGES 3 DELETED 2)
    S: c OK STATUS completed
  `,
    messages(3),
  ))

test('RFC 2971 §3.1 to §3.3: ID, in any state; what a client may not send is not kept, and no mistake', () => {
  const many = (count: number): string => Array.from({ length: count }, (_, i) => `"f${i}" NIL`).join(' ')
  const { server } = testServer({ identification: { name: 'Cyrus', version: '1.5' } })
  return playTranscript(
    server,
    `
    S: * OK {*}
    C: a023 ID ("name" "sodr" "version" "19.34" "vendor" "Pink Floyd Music Limited")
    S: * ID ("name" "Cyrus" "version" "1.5")
    S: a023 OK ID completed
    C: l LOGIN alice secret
    S: l OK {*}
    C: a042 ID NIL
    S: * ID ("name" "Cyrus" "version" "1.5")
    S: a042 OK ID completed
    C: a043 ID (${many(31)})
    S: * ID {*}
    S: a043 OK ID completed
    C: a044 ID ("name")
    S: a044 BAD {*}
    C: a048 ID
    S: a048 BAD {*}
  `,
  )
})

/** What CONDSTORE, ENABLE and SEARCHRES had is gone; both have their own mailboxes. */
const AS_NEW = `
    C: s SELECT INBOX
    S: ...
    S: s OK {*}
    C: b STORE 1 +FLAGS (\\Flagged)
    S: * 1 FETCH (FLAGS (\\Flagged))
    S: b OK STORE completed
    C: c SEARCH $
    S: * SEARCH
    S: c OK SEARCH completed`

test('RFC 8437 §3, §4.1: UNAUTHENTICATE resets what belongs to a login; it may be pipelined with AUTHENTICATE', () =>
  playExample(
    `
    C: a CAPABILITY
    S: * CAPABILITY {*} UNAUTHENTICATE{*}
    S: a OK CAPABILITY completed
    C: e ENABLE CONDSTORE UTF8=ACCEPT METADATA
    S: * ENABLED CONDSTORE UTF8=ACCEPT METADATA
    S: e OK ENABLE completed
    C: n NOTIFY SET (personal (MailboxName))
    S: n OK {*}
    C: s SELECT INBOX
    S: ...
    S: s OK {*}
    C: t SEARCH RETURN (SAVE UPDATE) ALL
    S: ...
    S: t OK {*}
    C: d STORE 2 +FLAGS.SILENT (\\Deleted)
    S: ...
    S: d OK {*}
    C: A004 UNAUTHENTICATE
    S: A004 OK {*}
    C: A005 NAMESPACE
    S: A005 BAD {*}
    C: A006 UNAUTHENTICATE
    S: A006 BAD {*}
    C: A007 LOGIN alice secret
    S: A007 OK {*}${AS_NEW}
    C: d STATUS INBOX (MESSAGES)
    S: * STATUS INBOX (MESSAGES 2)
    S: d OK STATUS completed
    C: A008 UNAUTHENTICATE
    C: A009 AUTHENTICATE PLAIN ${btoa('\0bob\0secret')}
    S: A008 OK {*}
    S: A009 OK {*}
    C: f STATUS INBOX (MESSAGES)
    S: * STATUS INBOX (MESSAGES 0)
    S: f OK STATUS completed
  `,
    messages(2),
  ))
