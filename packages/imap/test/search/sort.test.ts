import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sortInTurns } from '../../src/session/sort/sort-in-turns.js'
import type { TestServer } from '../servers.js'
import { mail, playSelected } from './play.js'

const day = (n: number): number => Date.UTC(2026, 0, n)

const mailbox = async (made: TestServer): Promise<void> => {
  const put = (fields: Record<string, string>, internalDate: number, body = 'x'): Promise<void> =>
    made.deliver(mail(fields, body), { internalDate })
  await put({ From: 'zoe@example.org', To: 'b@x', Subject: 'Re: beta', Date: '3 Jan 2026 00:00:00 +0000' }, day(9))
  await put(
    { From: 'Ann Zed <ann@example.org>', Cc: 'c@x', Subject: 'Alpha', Date: '1 Jan 2026 00:00:00 +0000' },
    day(8),
    'xxxxx',
  )
  await put({ From: 'Bob <yves@example.org>', To: 'a@x', Subject: 'BETA' }, day(2))
  await put({ Subject: '[list] alpha', Date: '31 Dec 2025 16:01:00 -0800' }, day(7))
  await put({ From: 'ann@example.org', To: 'C <A@y>', Subject: 'Ärger', Date: 'nonsense' }, day(5), 'xxxxxxxxxxxx')
}

test('RFC 5256 §3: SORT by every criterion', () =>
  playSelected(
    `
    C: t1 SORT (SUBJECT) UTF-8 ALL
    S: * SORT 2 4 5 1 3
    S: t1 OK SORT completed
    C: t2 SORT (REVERSE SUBJECT) UTF-8 ALL
    S: * SORT 1 3 5 2 4
    S: t2 OK SORT completed
    C: t3 SORT (SUBJECT REVERSE DATE) UTF-8 ALL
    S: * SORT 4 2 5 1 3
    S: t3 OK SORT completed
    C: t4 SORT (DATE) US-ASCII ALL
    S: * SORT 2 4 3 1 5
    S: t4 OK SORT completed
    C: t5 SORT (ARRIVAL) "UTF-8" ALL
    S: * SORT 3 5 4 2 1
    S: t5 OK SORT completed
    C: t6 SORT (REVERSE SIZE) UTF-8 ALL
    S: * SORT 2 1 5 4 3
    S: t6 OK SORT completed
    C: t7 SORT (FROM REVERSE ARRIVAL) UTF-8 ALL
    S: * SORT 4 2 5 3 1
    S: t7 OK SORT completed
    C: t8 SORT (TO) UTF-8 ALL
    S: * SORT 2 4 3 5 1
    S: t8 OK SORT completed
    C: t9 SORT (CC) UTF-8 ALL
    S: * SORT 1 3 4 5 2
    S: t9 OK SORT completed
    C: t10 UID SORT (DISPLAYFROM) UTF-8 ALL
    S: * SORT 4 2 5 3 1
    S: t10 OK SORT completed
    C: t11 SORT (DISPLAYTO) UTF-8 2:5
    S: * SORT 2 4 3 5
    S: t11 OK SORT completed
    C: t12 SORT (SUBJECT) UTF-8 TEXT "not in mailbox"
    S: * SORT
    S: t12 OK SORT completed
    C: t13 SORT (SIZE) UTF-8 MODSEQ 1
    S: * OK [HIGHESTMODSEQ 6] {*}
    S: * SORT {*} (MODSEQ 6)
    S: t13 OK SORT completed
  `,
    mailbox,
  ))

test('RFC 5267 §3: SORT RETURN, in the order of the sort', () =>
  playSelected(
    `
    C: e1 UID SORT RETURN () (REVERSE DATE) UTF-8 ALL
    S: * ESEARCH (TAG "e1") UID ALL 5,1,3:4,2
    S: e1 OK SORT completed
    C: e2 SORT RETURN (MIN MAX COUNT) (REVERSE DATE) UTF-8 ALL
    S: * ESEARCH (TAG "e2") MIN 5 MAX 2 COUNT 5
    S: e2 OK SORT completed
    C: e3 SORT RETURN (ALL) (SIZE) UTF-8 1:3
    S: * ESEARCH (TAG "e3") ALL 3,1:2
    S: e3 OK SORT completed
    C: e4 SORT RETURN (ALL) (CC) UTF-8 3:5
    S: * ESEARCH (TAG "e4") ALL 3:5
    S: e4 OK SORT completed
    C: e5 SORT RETURN (PARTIAL 2:3) (DATE) UTF-8 ALL
    S: * ESEARCH (TAG "e5") PARTIAL (2:3 4,3)
    S: e5 OK SORT completed
    C: e6 SORT RETURN (SAVE) (REVERSE DATE) UTF-8 2:4
    S: e6 OK SORT completed
    C: e7 SEARCH $
    S: * SEARCH 2 3 4
    S: e7 OK SEARCH completed
    C: e8 SORT RETURN (COUNT ALL) (DATE) UTF-8 SUBJECT nothing
    S: * ESEARCH (TAG "e8") COUNT 0
    S: e8 OK SORT completed
  `,
    mailbox,
  ))

test('a SORT that is none', () =>
  playSelected(
    `
    C: t1 SORT () UTF-8 ALL
    S: t1 BAD {*}
    C: t2 SORT (REVERSE) UTF-8 ALL
    S: t2 BAD {*}
    C: t3 SORT (REVERSE REVERSE DATE) UTF-8 ALL
    S: t3 BAD {*}
    C: t4 SORT (COLOUR) UTF-8 ALL
    S: t4 BAD {*}
    C: t5 SORT (DATE) KOI8-R ALL
    S: t5 NO [BADCHARSET (US-ASCII UTF-8)] {*}
    C: t6 SORT (DATE) UTF-8
    S: t6 BAD {*}
    C: t7 SORT (DATE DATE DATE) UTF-8 ALL
    S: t7 BAD {*}
  `,
    mailbox,
    { limits: { sortCriteria: 2 } },
  ))

test('sorting in turns is sorting', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(50), { maxLength: 5000, size: 'max' }), async (keys) => {
      const list = keys.map((key, at) => ({ key, at }))
      let pauses = 0
      const result = await sortInTurns(
        [...list],
        (a, b) => a.key - b.key,
        () => void pauses++,
      )
      expect(result).toEqual([...list].sort((a, b) => a.key - b.key))
      if (list.length > 1024) expect(pauses).toBeGreaterThan(0)
    }),
    { numRuns: 30 },
  )
})
