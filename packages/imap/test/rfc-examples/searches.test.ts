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
    C: A285 UID SEARCH RETURN (MIN MAX) 1:5000
    S: * ESEARCH (TAG "A285") UID MIN 1 MAX 12
    S: A285 OK {*}
    C: C276 SEARCH RETURN (MIN MAX COUNT) FROM "nobody"
    S: * ESEARCH (TAG "C276") COUNT 0
    S: C276 OK SEARCH completed
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
