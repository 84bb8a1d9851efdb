/** The examples of RFC 5267 (ESORT, CONTEXT=SEARCH, CONTEXT=SORT), after its text. Those of NOTIFY's UPDATE: `notify.test.ts`. */
import { Flag } from '@posthouse/store-api'
import { test } from 'vitest'
import { playDialogue } from '../dialogue.js'
import { message, testServer } from '../servers.js'
import { playExample, type Setup } from './play.js'

const SELECT = `
    C: s SELECT INBOX
    S: ...
    S: s OK [READ-WRITE] SELECT completed`

/** Messages of the days 1 to 9 of a month, in this order; 4 is deleted, 6 and 8 are $Junk, 2 is both. */
const mailbox: Setup = async (made) => {
  for (const day of [1, 2, 3, 4, 9, 6, 8, 7, 5]) {
    await made.deliver(message(`Date: Sat, 0${day} Jun 2002 10:00:00 +0000`, `Subject: ${day}`, '', 'x'), {
      flags: [2, 4].includes(day) ? Flag.Deleted : 0,
      ...([2, 6, 8].includes(day) && { keywords: ['$Junk'] }),
    })
  }
}

test('§3: ESORT with MIN, MAX, COUNT and ALL in the order of the sort, and no range that falls', () =>
  playExample(
    `${SELECT}
    C: E01 UID SORT RETURN (COUNT) (REVERSE DATE) UTF-8 UNDELETED UNKEYWORD $Junk
    S: * ESEARCH (TAG "E01") UID COUNT 5
    S: E01 OK SORT completed
    C: E02 UID SORT RETURN (MIN MAX) (REVERSE DATE) UTF-8 UNDELETED UNKEYWORD $Junk
    S: * ESEARCH (TAG "E02") UID MIN 5 MAX 1
    S: E02 OK SORT completed
    C: E03 UID SORT RETURN () (REVERSE DATE) UTF-8 UNDELETED UNKEYWORD $Junk
    S: * ESEARCH (TAG "E03") UID ALL 5,8:9,3,1
    S: E03 OK SORT completed
    C: E04 UID SORT RETURN (ALL) (REVERSE SUBJECT) UTF-8 3:1
    S: * ESEARCH (TAG "E04") UID ALL 3,2,1
    S: E04 OK SORT completed
  `,
    mailbox,
  ))

test('§4.2: CONTEXT, a hint', () =>
  playExample(
    `${SELECT}
    C: A01 SEARCH RETURN (CONTEXT COUNT) UNDELETED UNKEYWORD $Junk
    S: * ESEARCH (TAG "A01") COUNT 5
    S: A01 OK SEARCH completed
  `,
    mailbox,
  ))

test('§4.3: UPDATE, and a tag that is used twice', () =>
  playExample(
    `${SELECT}
    C: B01 UID SEARCH RETURN (UPDATE COUNT) DELETED KEYWORD $Junk
    S: * ESEARCH (TAG "B01") UID COUNT 1
    S: B01 OK SEARCH completed
    C: B01 SORT RETURN (UPDATE) (DATE) UTF-8 FLAGGED
    S: B01 BAD This tag belongs to a search that is kept up to date
    C: B02 STORE 1 +FLAGS.SILENT (\\Flagged)
    S: B02 OK STORE completed
    C: B03 STORE 1 +FLAGS.SILENT (\\Deleted $Junk)
    S: * ESEARCH (TAG "B01") UID ADDTO (0 1)
    S: B03 OK STORE completed
  `,
    mailbox,
  ))

test('§4.3.1: NOUPDATE, with all else that was asked', () =>
  playExample(
    `${SELECT}
    C: B01 UID SEARCH RETURN (UPDATE COUNT) DELETED KEYWORD $Junk
    S: * ESEARCH (TAG "B01") UID COUNT 1
    S: B01 OK SEARCH completed
    C: B02 UID SORT RETURN (UPDATE COUNT) (DATE) UTF-8 KEYWORD $Junk
    S: * ESEARCH (TAG "B02") UID COUNT 3
    S: * NO [NOUPDATE "B02"] {*}
    S: B02 OK SORT completed
    C: B03 CANCELUPDATE "B01"
    S: B03 OK CANCELUPDATE completed
    C: B04 UID SORT RETURN (UPDATE COUNT) (DATE) UTF-8 KEYWORD $Junk
    S: * ESEARCH (TAG "B04") UID COUNT 3
    S: B04 OK SORT completed
  `,
    mailbox,
    { limits: { updatingSearches: 1 } },
  ))

test('§4.3.3, §4.3.4, §4.3.5: ADDTO, REMOVEFROM before the EXPUNGE, and CANCELUPDATE', async () => {
  const made = testServer()
  await mailbox(made)
  await playDialogue(
    made.server,
    `
    alice> s SELECT INBOX
    alice< ...
    alice< s OK {*}
    alice> B01 UID SEARCH RETURN (UPDATE COUNT) DELETED KEYWORD $Junk
    alice< * ESEARCH (TAG "B01") UID COUNT 1
    alice< B01 OK SEARCH completed
    alice2> s SELECT INBOX
    alice2< ...
    alice2< s OK {*}
    alice2> u1 STORE 4 +FLAGS.SILENT ($Junk \\Seen)
    alice2< u1 OK {*}
    alice2> u2 STORE 6 +FLAGS.SILENT (\\Deleted \\Seen)
    alice2< u2 OK {*}
    alice> B02 NOOP
    alice< * 4 FETCH (FLAGS (\\Deleted \\Seen $Junk))
    alice< * 6 FETCH (FLAGS (\\Deleted \\Seen $Junk))
    alice< * ESEARCH (TAG "B01") UID ADDTO (0 4,6)
    alice< B02 OK NOOP completed
    alice2> u3 UID EXPUNGE 4
    alice2< * 4 EXPUNGE
    alice2< u3 OK {*}
    alice> B03 NOOP
    alice< * ESEARCH (TAG "B01") UID REMOVEFROM (0 4)
    alice< * 4 EXPUNGE
    alice< B03 OK NOOP completed
    alice> B04 CANCELUPDATE "B01"
    alice< B04 OK CANCELUPDATE completed
    alice2> u4 UID EXPUNGE 6
    alice2< * 5 EXPUNGE
    alice2< u4 OK {*}
    alice> B05 NOOP
    alice< * 5 EXPUNGE
    alice< B05 OK NOOP completed
  `,
  )
})

test('§4.3.3: what comes together is told together', () =>
  playExample(
    `${SELECT}
    C: C01 UID SEARCH RETURN (UPDATE ALL) FLAGGED
    S: * ESEARCH (TAG "C01") UID
    S: C01 OK SEARCH completed
    C: C02 STORE 1:3 +FLAGS.SILENT (\\Flagged)
    S: * ESEARCH (TAG "C01") UID ADDTO (0 1:3)
    S: C02 OK STORE completed
  `,
    mailbox,
  ))

test('§4.4: PARTIAL, across the end, at the beginning, and beyond the end', () =>
  playExample(
    `${SELECT}
    C: A02 UID SEARCH RETURN (PARTIAL 4:8) UNDELETED UNKEYWORD $Junk
    C: A03 UID SEARCH RETURN (PARTIAL 1:3) UNDELETED UNKEYWORD $Junk
    C: A04 UID SEARCH RETURN (PARTIAL 8:12) UNDELETED UNKEYWORD $Junk
    S: * ESEARCH (TAG "A02") UID PARTIAL (4:8 8:9)
    S: A02 OK SEARCH completed
    S: * ESEARCH (TAG "A03") UID PARTIAL (1:3 1,3,5)
    S: A03 OK SEARCH completed
    S: * ESEARCH (TAG "A04") UID PARTIAL (8:12 NIL)
    S: A04 OK SEARCH completed
    C: A05 UID SORT RETURN (PARTIAL 2:3) (REVERSE DATE) UTF-8 UNDELETED UNKEYWORD $Junk
    S: * ESEARCH (TAG "A05") UID PARTIAL (2:3 8:9)
    S: A05 OK SORT completed
    C: A06 UID SEARCH RETURN (PARTIAL 1:2 ALL) UNDELETED
    S: A06 BAD {*}
  `,
    mailbox,
  ))
