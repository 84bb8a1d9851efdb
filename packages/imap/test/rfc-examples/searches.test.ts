/** Examples of the RFCs that search, sort and thread. */
import { Flag } from '@posthouse/store-api'
import { test } from 'vitest'
import { message, NEW_YEAR } from '../servers.js'
import { messages, playExample } from './play.js'

const SELECT = `
    C: s1 SELECT INBOX
    S: ...
    S: s1 OK [READ-WRITE] SELECT completed`

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
    C: A284 SEARCH RETURN (MAX) UNSEEN
    S: * ESEARCH (TAG "A284") MAX 12
    S: A284 OK SEARCH completed
    C: A284 SEARCH RETURN (MIN) UNSEEN
    S: * ESEARCH (TAG "A284") MIN 1
    S: A284 OK SEARCH completed
    C: A286 SEARCH RETURN (COUNT) DELETED
    S: * ESEARCH (TAG "A286") COUNT 0
    S: A286 OK SEARCH completed
    C: A285 UID SEARCH RETURN (MIN MAX) 1:5000
    S: * ESEARCH (TAG "A285") UID MIN 1 MAX 12
    S: A285 OK {*}
    C: C276 SEARCH RETURN (MIN MAX COUNT) FROM "nobody"
    S: * ESEARCH (TAG "C276") COUNT 0
    S: C276 OK SEARCH completed
  `,
    flagged,
  ))

test('RFC 4731 §3.2: MODSEQ of MIN, of MAX, of both, and of all that are counted', () =>
  playExample(
    `${SELECT}
    C: s STORE 2 +FLAGS.SILENT (\\Flagged)
    S: s OK {*}
    C: s STORE 3 +FLAGS.SILENT (\\Flagged)
    S: s OK {*}
    C: s STORE 4 +FLAGS.SILENT (\\Flagged)
    S: s OK {*}
    C: s STORE 3 +FLAGS.SILENT (\\Draft)
    S: s OK {*}
    C: a1 SEARCH RETURN (MIN) MODSEQ "/flags/\\\\draft" all 7
    S: * OK [HIGHESTMODSEQ 10] {*}
    S: * ESEARCH (TAG "a1") MIN 2 MODSEQ 7
    S: a1 OK SEARCH completed
    C: a2 SEARCH RETURN (MAX) MODSEQ "/flags/\\\\draft" all 7
    S: * ESEARCH (TAG "a2") MAX 4 MODSEQ 9
    S: a2 OK SEARCH completed
    C: a3 SEARCH RETURN (MIN MAX) MODSEQ "/flags/\\\\draft" all 7
    S: * ESEARCH (TAG "a3") MIN 2 MAX 4 MODSEQ 9
    S: a3 OK SEARCH completed
    C: a4 SEARCH RETURN (MIN COUNT) MODSEQ "/flags/\\\\draft" all 7
    S: * ESEARCH (TAG "a4") MIN 2 COUNT 3 MODSEQ 10
    S: a4 OK SEARCH completed
  `,
    messages(5),
  ))

test('RFC 5032 §4: WITHIN', () =>
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

test('RFC 9394 §3.1: PARTIAL', () =>
  playExample(
    `${SELECT}
    C: A01 UID SEARCH RETURN (PARTIAL -1:-3) UNDELETED UNKEYWORD $Junk
    S: * ESEARCH (TAG "A01") UID PARTIAL (-1:-3 5:7)
    S: A01 OK SEARCH completed
    C: A02 UID SEARCH RETURN (PARTIAL 6:9) UNDELETED UNKEYWORD $Junk
    C: A03 UID SEARCH RETURN (PARTIAL 1:3) UNDELETED UNKEYWORD $Junk
    C: A04 UID SEARCH RETURN (PARTIAL 100:200) UNDELETED UNKEYWORD $Junk
    S: * ESEARCH (TAG "A02") UID PARTIAL (6:9 6:7)
    S: A02 OK SEARCH completed
    S: * ESEARCH (TAG "A03") UID PARTIAL (1:3 1:3)
    S: A03 OK SEARCH completed
    S: * ESEARCH (TAG "A04") UID PARTIAL (100:200 NIL)
    S: A04 OK SEARCH completed
    C: A05 UID SEARCH RETURN (PARTIAL 1:3 ALL) UNDELETED
    S: A05 BAD {*}
  `,
    messages(7),
  ))

/** What `$` has after a search with these options. */
const saved = (options: string, told: string, kept: string): string => `
    C: a SEARCH RETURN (${options}) ALL
    S: * ESEARCH (TAG "a") ${told}
    S: a OK SEARCH completed
    C: b SEARCH RETURN (ALL) $
    S: * ESEARCH (TAG "b") ALL ${kept}
    S: b OK SEARCH completed`

test('RFC 9394 §3.2, table 1: what is saved', () =>
  playExample(
    `${SELECT}${[
      saved('SAVE PARTIAL 3:4', 'PARTIAL (3:4 3:4)', '3:4'),
      saved('SAVE PARTIAL 3:4 MIN', 'PARTIAL (3:4 3:4) MIN 1', '1,3:4'),
      saved('SAVE PARTIAL 3:4 MAX', 'PARTIAL (3:4 3:4) MAX 7', '3:4,7'),
      saved('SAVE PARTIAL 3:4 MIN MAX', 'PARTIAL (3:4 3:4) MIN 1 MAX 7', '1,3:4,7'),
      saved('SAVE PARTIAL 3:4 COUNT', 'PARTIAL (3:4 3:4) COUNT 7', '1:7'),
      saved('COUNT MIN PARTIAL 3:4 SAVE', 'COUNT 7 MIN 1 PARTIAL (3:4 3:4)', '1:7'),
    ].join('')}
  `,
    messages(7),
  ))

test('RFC 9394 §3.3, §3.4: UID FETCH (PARTIAL), which is looked at before CHANGEDSINCE', () =>
  playExample(
    `${SELECT}
    C: 10 UID FETCH 1:600 (UID FLAGS) (PARTIAL -1:-3)
    S: * 5 FETCH (UID 5 FLAGS ())
    S: * 6 FETCH (UID 6 FLAGS ())
    S: * 7 FETCH (UID 7 FLAGS ())
    S: 10 OK FETCH completed
    C: 11 UID FETCH 2:600 (UID FLAGS) (PARTIAL 1:2)
    S: * 2 FETCH (UID 2 FLAGS ())
    S: * 3 FETCH (UID 3 FLAGS ())
    S: 11 OK FETCH completed
    C: 12 STORE 1:2,6 +FLAGS.SILENT (\\Flagged)
    S: 12 OK STORE completed
    C: 101 UID FETCH 1:600 (UID FLAGS) (PARTIAL -1:-3 CHANGEDSINCE 8)
    S: * OK [HIGHESTMODSEQ 9] {*}
    S: * 6 FETCH (UID 6 FLAGS (\\Flagged) MODSEQ (9))
    S: 101 OK FETCH completed
    C: 102 UID FETCH 1:600 (UID FLAGS) (CHANGEDSINCE 8 PARTIAL -1:-3)
    S: * 6 FETCH (UID 6 FLAGS (\\Flagged) MODSEQ (9))
    S: 102 OK FETCH completed
    # §3.3 extends UID FETCH alone.
    C: 103 FETCH 1:7 (UID FLAGS) (PARTIAL 1:2)
    S: 103 BAD {*}
  `,
    messages(7),
  ))

test('RFC 6203 §3: FUZZY of one key, and of a list of them; the other keys stay strict', () =>
  playExample(
    `${SELECT}
    C: A1 SEARCH FUZZY (SUBJECT "IMAP break")
    S: * SEARCH 1 4
    S: A1 OK SEARCH completed
    C: A2 SEARCH FUZZY SUBJECT work FROM user@example.com
    S: * SEARCH 3
    S: A2 OK SEARCH completed
    C: A3 SEARCH RETURN (RELEVANCY) SUBJECT work
    S: A3 BAD {*}
    C: A4 SORT (RELEVANCY) UTF-8 SUBJECT work
    S: A4 BAD {*}
  `,
    async (made) => {
      for (const [subject, from] of [
        ['IMAP break', 'user@example.com'],
        ['Lunch', 'other@example.com'],
        ['Works', 'user@example.com'],
        ['imap breaking', 'user@example.com'],
        ['Works', 'other@example.com'],
      ] as const) {
        await made.deliver(message(`Subject: ${subject}`, `From: ${from}`, '', 'x'))
      }
    },
  ))

test('RFC 6203 §4, §6: FUZZY with RELEVANCY as what is returned and what is sorted by', () =>
  playExample(
    `${SELECT}
    C: B1 SEARCH RETURN (RELEVANCY ALL) FUZZY SUBJECT "imap breaking"
    S: * ESEARCH (TAG "B1") RELEVANCY (70 100) ALL 1,5
    S: B1 OK SEARCH completed
    C: C1 SORT (RELEVANCY) UTF-8 FUZZY SUBJECT "imap breaking"
    S: * SORT 5 1
    S: C1 OK SORT completed
    C: C2 SORT RETURN (RELEVANCY ALL) (RELEVANCY) UTF-8 FUZZY SUBJECT "imap breaking"
    S: * ESEARCH (TAG "C2") RELEVANCY (100 70) ALL 5,1
    S: C2 OK SORT completed
    C: C3 SORT RETURN (PARTIAL 1:10) (RELEVANCY) UTF-8 FUZZY SUBJECT "imap breaking"
    S: * ESEARCH (TAG "C3") PARTIAL (1:10 5,1)
    S: C3 OK SORT completed
    C: C4 SORT RETURN (RELEVANCY) (DATE) UTF-8 SUBJECT "x"
    S: C4 BAD {*}
  `,
    async (made) => {
      for (const subject of ['IMAP break', 'Lunch', 'Tea', 'Coffee', 'imap breaking']) {
        await made.deliver(message(`Subject: ${subject}`, '', 'x'))
      }
    },
  ))

// The RFC runs both at once, which a server MAY do (§2.1); here the second begins when the first is done. Its UIDs are scaled.
test('RFC 7377 §3: two ESEARCHes at once; nothing is told of a mailbox in which nothing was found', () =>
  playExample(
    `
    C: tag1 ESEARCH IN (mailboxes "folder1" subtree "folder2") unseen
    C: tag2 ESEARCH IN (mailboxes "folder1" subtree-one "folder2") subject "chad"
    S: * ESEARCH (TAG "tag1" MAILBOX folder1 UIDVALIDITY {*}) UID ALL 1,3
    S: * ESEARCH (TAG "tag1" MAILBOX folder2/salmon/deep UIDVALIDITY {*}) UID ALL 1
    S: tag1 OK ESEARCH completed
    S: * ESEARCH (TAG "tag2" MAILBOX folder1 UIDVALIDITY {*}) UID ALL 1:2
    S: * ESEARCH (TAG "tag2" MAILBOX folder2/salmon UIDVALIDITY {*}) UID ALL 1
    S: tag2 OK ESEARCH completed
    C: tag3 ESEARCH IN (mailboxes "folder1") RETURN (MIN COUNT) subject "nothing like it"
    S: tag3 OK ESEARCH completed
    C: tag4 ESEARCH unseen
    S: tag4 BAD {*}
    C: tag5 ESEARCH IN (mailboxes "folder1") RETURN (SAVE) unseen
    S: tag5 BAD {*}
  `,
    async (made) => {
      for (const [path, subject, flags] of [
        ['folder1', 'Chad', 0],
        ['folder1', 'Chad', Flag.Seen],
        ['folder1', 'x', 0],
        ['folder2', 'x', Flag.Seen],
        ['folder2/salmon', 'Chad', Flag.Seen],
        ['folder2/salmon/deep', 'Chad', 0],
      ] as const) {
        await made.deliver(message(`Subject: ${subject}`, '', 'x'), { path: path.split('/'), flags })
      }
    },
  ))
