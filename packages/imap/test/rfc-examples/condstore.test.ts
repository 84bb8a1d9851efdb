/** RFC 7162: CONDSTORE and QRESYNC. Modification sequences are the store's: small numbers for the RFC's large ones. */
import { Flag } from '@posthouse/store-api'
import { describe, test } from 'vitest'
import type { TestServer } from '../servers.js'
import { messages, playExample } from './play.js'

const R = String.raw

const SELECTED = `
      C: select SELECT INBOX
      S: ...
      S: select OK [READ-WRITE] {*}`

const ENABLED = `
      C: enable ENABLE QRESYNC
      S: * ENABLED QRESYNC
      S: enable OK ENABLE completed`

const four = messages(4)

describe('RFC 7162 §3.1: CONDSTORE', () => {
  test('§3.1.2.1: HIGHESTMODSEQ in the answer to SELECT', () =>
    playExample(
      R`
      C: A142 SELECT INBOX
      S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft)
      S: * OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft \*)] {*}
      S: * 4 EXISTS
      S: * 0 RECENT
      S: * OK [UNSEEN 1] {*}
      S: * OK [UIDVALIDITY {*}] {*}
      S: * OK [UIDNEXT 5] {*}
      S: * OK [HIGHESTMODSEQ 5] Highest
      S: ...
      S: A142 OK [READ-WRITE] SELECT completed
    `,
      four,
    ))

  // The RFC tells MODSEQ alone here; ours has one form for all updates, with the UID and the flags.
  test('§3.1.3, examples 3 to 8: STORE (UNCHANGEDSINCE)', () =>
    playExample(
      R`${SELECTED}
      C: a103 UID STORE 2 (UNCHANGEDSINCE 12) +FLAGS.SILENT (\Deleted)
      S: * OK [HIGHESTMODSEQ 5] {*}
      S: * 2 FETCH (UID 2 FLAGS (\Deleted) MODSEQ (6))
      S: a103 OK STORE completed
      C: a104 STORE 2,3,4 (UNCHANGEDSINCE 5) +FLAGS.SILENT (\Deleted)
      S: * 3 FETCH (UID 3 FLAGS (\Deleted) MODSEQ (7))
      S: * 4 FETCH (UID 4 FLAGS (\Deleted) MODSEQ (7))
      S: a104 OK [MODIFIED 2] {*}
      C: a105 STORE 1:4 (UNCHANGEDSINCE 0) +FLAGS ($Processed $Intermediate)
      S: a105 OK [MODIFIED 1:4] {*}
      C: a106 STORE 1 (UNCHANGEDSINCE 5) +FLAGS.SILENT ($Processed)
      S: ...
      S: * 1 FETCH (UID 1 FLAGS ($Processed) MODSEQ (8))
      S: a106 OK STORE completed
      C: c101 STORE 50 (UNCHANGEDSINCE 12) -FLAGS.SILENT (\Deleted)
      S: c101 BAD {*}
    `,
      four,
    ))

  test('§3.1.4: FETCH (CHANGEDSINCE), FETCH MODSEQ', () =>
    playExample(
      R`${SELECTED}
      C: s100 UID FETCH 1:* (FLAGS) (CHANGEDSINCE 3)
      S: * OK [HIGHESTMODSEQ 5] {*}
      S: * 3 FETCH (UID 3 FLAGS () MODSEQ (4))
      S: * 4 FETCH (UID 4 FLAGS () MODSEQ (5))
      S: s100 OK FETCH completed
      C: a FETCH 1:3 (MODSEQ)
      S: * 1 FETCH (MODSEQ (2))
      S: * 2 FETCH (MODSEQ (3))
      S: * 3 FETCH (MODSEQ (4))
      S: a OK FETCH completed
    `,
      four,
    ))

  test('§3.1.5, §3.1.6: SEARCH MODSEQ', () =>
    playExample(
      R`${SELECTED}
      C: a SEARCH MODSEQ "/flags/\\draft" all 4
      S: * OK [HIGHESTMODSEQ 5] {*}
      S: * SEARCH 3 4 (MODSEQ 5)
      S: a OK SEARCH completed
      C: t SEARCH OR NOT MODSEQ 4 LARGER 50000
      S: * SEARCH 1 2 (MODSEQ 3)
      S: t OK SEARCH completed
      C: a1 SEARCH MODSEQ 9
      S: * SEARCH
      S: a1 OK SEARCH completed
    `,
      four,
    ))

  test('§3.1.7: STATUS (HIGHESTMODSEQ)', () =>
    playExample(
      R`
      C: A042 STATUS blurdybloop (UIDNEXT MESSAGES HIGHESTMODSEQ)
      S: * STATUS blurdybloop (UIDNEXT 5 MESSAGES 4 HIGHESTMODSEQ {*})
      S: A042 OK STATUS completed
    `,
      messages(4, ['blurdybloop']),
    ))

  test('§3.1.8: SELECT (CONDSTORE) tells MODSEQ with every change', () =>
    playExample(
      R`
      C: A142 SELECT INBOX (CONDSTORE)
      S: ...
      S: * OK [HIGHESTMODSEQ 5] Highest
      S: ...
      S: A142 OK [READ-WRITE] SELECT completed
      C: A143 STORE 2 +FLAGS (\Flagged)
      S: * 2 FETCH (UID 2 FLAGS (\Flagged) MODSEQ (6))
      S: A143 OK STORE completed
    `,
      four,
    ))

  test('MODSEQ in ESEARCH (RFC 4731 §3.2) and SORT', () =>
    playExample(
      R`${SELECTED}
      C: a UID SEARCH RETURN (ALL) MODSEQ 4
      S: * OK [HIGHESTMODSEQ 5] {*}
      S: * ESEARCH (TAG "a") UID ALL 3:4 MODSEQ 5
      S: a OK SEARCH completed
      C: a2 SEARCH RETURN (MIN) MODSEQ 3
      S: * ESEARCH (TAG "a2") MIN 2 MODSEQ 3
      S: a2 OK SEARCH completed
      C: a3 SEARCH RETURN (MIN MAX) MODSEQ 3
      S: * ESEARCH (TAG "a3") MIN 2 MAX 4 MODSEQ 5
      S: a3 OK SEARCH completed
      C: a4 SEARCH RETURN (COUNT) MODSEQ 3 1:3
      S: * ESEARCH (TAG "a4") COUNT 2 MODSEQ 4
      S: a4 OK SEARCH completed
      C: b SORT (SUBJECT) UTF-8 MODSEQ 4
      S: * SORT 3 4 (MODSEQ 5)
      S: b OK SORT completed
    `,
      four,
    ))

  test('§3.1.9, §3.1.10, examples 19 and 20: MODSEQ with ESEARCH, ESORT and THREAD', () =>
    playExample(
      R`
      C: s SELECT INBOX
      S: ...
      S: s OK {*}
      C: a SEARCH RETURN (ALL) MODSEQ 3
      S: * OK [HIGHESTMODSEQ 5] {*}
      S: * ESEARCH (TAG "a") ALL 2:4 MODSEQ 5
      S: a OK SEARCH completed
      C: a SORT RETURN (ALL) (REVERSE SUBJECT) UTF-8 MODSEQ 3
      S: * ESEARCH (TAG "a") ALL 4,3,2 MODSEQ 5
      S: a OK SORT completed
      C: a THREAD ORDEREDSUBJECT UTF-8 MODSEQ 4
      S: * THREAD (3)(4)
      S: a OK THREAD completed
    `,
      messages(4),
    ))

  test('§3.1.11: a flag that is there already changes no modification sequence', () =>
    playExample(
      R`
      C: s SELECT INBOX (CONDSTORE)
      S: ...
      S: s OK {*}
      C: a STORE 1 +FLAGS (\Seen)
      S: * 1 FETCH (UID 1 FLAGS (\Seen) MODSEQ (3))
      S: a OK STORE completed
      C: b STORE 1 +FLAGS.SILENT (\Seen)
      S: * 1 FETCH (UID 1 FLAGS (\Seen) MODSEQ (3))
      S: b OK STORE completed
      C: c STORE 1 -FLAGS.SILENT (\Draft)
      S: * 1 FETCH (UID 1 FLAGS (\Seen) MODSEQ (3))
      S: c OK STORE completed
      C: d FETCH 1 MODSEQ
      S: * 1 FETCH (MODSEQ (3))
      S: d OK FETCH completed
    `,
      messages(1),
    ))
})

describe('RFC 7162 §3.2: QRESYNC', () => {
  /** Twelve messages; 7, 8 and 9 are expunged, then 11 gets \Flagged. */
  const changed = async (made: TestServer): Promise<void> => {
    await messages(12)(made)
    const account = await made.account()
    const inbox = (await account.mailboxes())[0]?.id as string
    await account.commit?.([{ op: 'expunge', in: inbox, uids: [[7, 9]], onlyDeleted: false }])
    await account.commit?.([{ op: 'flags', in: inbox, uids: [[11, 11]], mode: 'add', flags: Flag.Flagged }])
  }

  test('§3.2.5.1: UIDVALIDITY, a modification sequence, and what is known', () =>
    playExample(
      R`${ENABLED}
      C: A03 SELECT INBOX (QRESYNC (1 13 1:5,7:12))
      S: ...
      S: * 9 EXISTS
      S: ...
      S: * OK [UIDVALIDITY 1] {*}
      S: * OK [UIDNEXT 13] {*}
      S: * OK [HIGHESTMODSEQ 15] Highest
      S: ...
      S: * VANISHED (EARLIER) 7:9
      S: * 8 FETCH (UID 11 FLAGS (\Flagged) MODSEQ (15))
      S: A03 OK [READ-WRITE] SELECT completed
    `,
      changed,
    ))

  test('§3.2.5.2: with message numbers that match UIDs', () =>
    playExample(
      R`${ENABLED}
      C: B04 SELECT INBOX (QRESYNC (1 13 1:12 (5,9 5,9)))
      S: ...
      S: * VANISHED (EARLIER) 7:9
      S: * 8 FETCH (UID 11 FLAGS (\Flagged) MODSEQ (15))
      S: B04 OK [READ-WRITE] SELECT completed
      C: B05 SELECT INBOX (QRESYNC (67890007 13 1:12 (5,9 5,9)))
      S: * OK [CLOSED] {*}
      S: ...
      S: * OK [MAILBOXID {*}
      S: B05 OK [READ-WRITE] SELECT completed
    `,
      changed,
    ))

  test('§3.2.6: UID FETCH (CHANGEDSINCE VANISHED)', () =>
    playExample(
      R`${ENABLED}${SELECTED}
      C: s100 UID FETCH 1:12 (FLAGS) (CHANGEDSINCE 13 VANISHED)
      S: * VANISHED (EARLIER) 7:9
      S: * 8 FETCH (UID 11 FLAGS (\Flagged) MODSEQ (15))
      S: s100 OK FETCH completed
    `,
      changed,
    ))

  test('§3.2.7, §3.2.9: EXPUNGE and UID EXPUNGE answer with VANISHED and HIGHESTMODSEQ', () =>
    playExample(
      R`${ENABLED}${SELECTED}
      C: A201 UID STORE 1,5:6,10 +FLAGS.SILENT (\Deleted)
      S: * 1 FETCH (UID 1 FLAGS (\Deleted) MODSEQ (16))
      S: * 5 FETCH (UID 5 FLAGS (\Deleted) MODSEQ (16))
      S: * 6 FETCH (UID 6 FLAGS (\Deleted) MODSEQ (16))
      S: * 7 FETCH (UID 10 FLAGS (\Deleted) MODSEQ (16))
      S: A201 OK STORE completed
      C: . UID EXPUNGE 5:6
      S: * VANISHED 5:6
      S: . OK [HIGHESTMODSEQ 17] EXPUNGE completed
      C: A202 EXPUNGE
      S: * VANISHED 1,10
      S: A202 OK [HIGHESTMODSEQ 18] EXPUNGE completed
    `,
      changed,
    ))

  test('§3.2.8: CLOSE without HIGHESTMODSEQ; §3.2.11: CLOSED', () =>
    playExample(
      R`${ENABLED}${SELECTED}
      C: C2 SELECT Work
      S: * OK [CLOSED] {*}
      S: ...
      S: C2 OK [READ-WRITE] SELECT completed
      C: A202 CLOSE
      S: A202 OK CLOSE completed
    `,
      messages(1, ['Work']),
    ))
})
