/** The examples of RFC 9586 (UIDONLY), after its text. Numbers are scaled. */
import { Flag } from '@posthouse/store-api'
import { test } from 'vitest'
import { playDialogue } from '../dialogue.js'
import { message, type TestServer, testServer } from '../servers.js'
import { all, mailboxes, messages, playExample } from './play.js'

const SELECT = `
    C: s SELECT INBOX
    S: ...
    S: s OK [READ-WRITE] SELECT completed`

const ENABLED = `
    C: 01 ENABLE UIDONLY
    S: * ENABLED UIDONLY
    S: 01 OK ENABLE completed`

const expunge = async (made: TestServer, uid: number): Promise<void> => {
  const account = await made.account()
  const inbox = (await account.mailboxes())[0]?.id as string
  await account.commit?.([{ op: 'expunge', in: inbox, uids: [[uid, uid]], onlyDeleted: false }])
}

/** Four messages, whose UIDs are 2 to 5. */
const four = async (made: TestServer): Promise<void> => {
  for (const flags of [0, Flag.Seen, Flag.Flagged | Flag.Answered, 0, 0]) {
    await made.deliver(message('', 'x'), { flags })
  }
  await expunge(made, 1)
}

test('§3.1: the capability, and ENABLE, which is not for who has selected a mailbox (RFC 9051 §6.3.1)', () =>
  playExample(`
    C: 00 CAPABILITY
    S: * CAPABILITY {*} UIDONLY {*}
    S: 00 OK CAPABILITY completed${SELECT}
    C: 01 ENABLE UIDONLY
    S: 01 BAD {*}
    C: 02 UNSELECT
    S: 02 OK {*}${ENABLED}
  `))

// No number is told by SELECT, either: UNSEEN is one.
test('§3, §3.2, §3.8: commands with message numbers are refused', () =>
  playExample(
    `${ENABLED}
    C: s SELECT INBOX
    S: * FLAGS {*}
    S: * OK [PERMANENTFLAGS {*}
    S: * 3 EXISTS
    S: * 0 RECENT
    S: * OK [UIDVALIDITY {*}
    S: * OK [UIDNEXT {*}
    S: ...
    S: s OK [READ-WRITE] SELECT completed
    C: 07 FETCH 1:3 (UID FLAGS)
    S: 07 BAD [UIDREQUIRED] {*}
    C: 07 STORE 1 +FLAGS (\\Seen)
    S: 07 BAD [UIDREQUIRED] {*}
    C: 07 SEARCH UNSEEN
    S: 07 BAD [UIDREQUIRED] {*}
    C: 07 COPY 1 INBOX
    S: 07 BAD [UIDREQUIRED] {*}
    C: 07 MOVE 1 INBOX
    S: 07 BAD [UIDREQUIRED] {*}
    C: 08 SORT (DATE) UTF-8 ALL
    S: 08 BAD [UIDREQUIRED] {*}
    C: 08 THREAD REFERENCES UTF-8 ALL
    S: 08 BAD [UIDREQUIRED] {*}
    C: 09 UID SORT (ARRIVAL) UTF-8 ALL
    S: * SORT 1 2 3
    S: 09 OK SORT completed
    C: 09 UID THREAD REFERENCES UTF-8 UID 2:3
    S: * THREAD (2)(3)
    S: 09 OK THREAD completed
  `,
    messages(3),
  ))

test('§3.3: UIDFETCH for UID FETCH; here the UID is not told twice', () =>
  playExample(
    `${ENABLED}${SELECT}
    C: 10 UID FETCH 1:4 (FLAGS)
    S: * 2 UIDFETCH (FLAGS (\\Seen))
    S: * 3 UIDFETCH (FLAGS (\\Answered \\Flagged))
    S: * 4 UIDFETCH (FLAGS ())
    S: 10 OK FETCH completed
    C: 11 UID FETCH 1:3 (UID FLAGS)
    S: * 2 UIDFETCH (FLAGS (\\Seen))
    S: * 3 UIDFETCH (FLAGS (\\Answered \\Flagged))
    S: 11 OK FETCH completed
    C: 11 UID STORE 5 +FLAGS (\\Seen)
    S: * 5 UIDFETCH (FLAGS (\\Seen))
    S: 11 OK STORE completed
  `,
    four,
  ))

test('§3.4: VANISHED for EXPUNGE and UID EXPUNGE', () =>
  playExample(
    `${ENABLED}${SELECT}
    C: a UID STORE 2:3,5 +FLAGS.SILENT (\\Deleted)
    S: a OK STORE completed
    C: 12 UID EXPUNGE 3:4
    S: * VANISHED 3
    S: 12 OK EXPUNGE completed
    C: 12 EXPUNGE
    S: * VANISHED 2,5
    S: 12 OK EXPUNGE completed
  `,
    four,
  ))

test('§3.5: a set of message numbers is no key for UID SEARCH; ALL and UID are', () =>
  playExample(
    `${ENABLED}${SELECT}
    C: a UID SEARCH 1:2
    S: a BAD [UIDREQUIRED] {*}
    C: b UID SEARCH NOT *
    S: b BAD [UIDREQUIRED] {*}
    C: c UID SEARCH ALL
    S: * SEARCH 2 3 4 5
    S: c OK SEARCH completed
    C: d UID SEARCH UID 4:* UNSEEN
    S: * SEARCH 4 5
    S: d OK SEARCH completed
  `,
    four,
  ))

test('§3.6: changes by others, EXISTS; COPYUID and VANISHED for UID MOVE', async () => {
  const made = testServer()
  await all(four, mailboxes('Archives/2023/2023-05'))(made)
  await playDialogue(
    made.server,
    `
    alice> 01 ENABLE UIDONLY
    alice< * ENABLED UIDONLY
    alice< 01 OK ENABLE completed
    alice> s SELECT INBOX
    alice< ...
    alice< s OK [READ-WRITE] SELECT completed
    alice2> s SELECT INBOX
    alice2< ...
    alice2< s OK {*}
    alice2> b1 STORE 3 FLAGS (\\Deleted)
    alice2< * 3 FETCH (FLAGS (\\Deleted))
    alice2< b1 OK {*}
    alice> 13 NOOP
    alice< * 4 UIDFETCH (FLAGS (\\Deleted))
    alice< 13 OK NOOP completed
    alice2> b2 EXPUNGE
    alice2< * 3 EXPUNGE
    alice2< b2 OK {*}
    alice> 14 NOOP
    alice< * VANISHED 4
    alice< 14 OK NOOP completed
    alice2> b3 APPEND INBOX {4+}\\r\\nx: y
    alice2< ...
    alice2< b3 OK {*}
    alice> 14 NOOP
    alice< * 4 EXISTS
    alice< 14 OK NOOP completed
    alice> 15 UID move 5 "Archives/2023/2023-05"
    alice< * OK [COPYUID {*} 5 1] {*}
    alice< * VANISHED 5
    alice< 15 OK MOVE completed
  `,
  )
})

test('§3.7: MODSEQ in UIDFETCH; QRESYNC without the data that match message numbers', () =>
  playExample(
    `
    C: 01 ENABLE UIDONLY QRESYNC
    S: * ENABLED UIDONLY QRESYNC
    S: 01 OK ENABLE completed
    C: 02 SELECT INBOX (QRESYNC (1 1 1:5 (1,2 2,3)))
    S: 02 BAD [UIDREQUIRED] {*}
    C: 03 SELECT INBOX (QRESYNC (1 4 1:5))
    S: ...
    S: * VANISHED (EARLIER) 1
    S: * 4 UIDFETCH (FLAGS () MODSEQ (5))
    S: * 5 UIDFETCH (FLAGS () MODSEQ (6))
    S: 03 OK [READ-WRITE] SELECT completed
    C: 04 UID FETCH 5 (MODSEQ)
    S: * 5 UIDFETCH (MODSEQ (6))
    S: 04 OK FETCH completed
  `,
    four,
  ))
