/** The examples of RFC 5256 (SORT, THREAD), after its text; what RFC 5957 (SORT=DISPLAY) and RFC 5255 (I18NLEVEL=1) demand. */
import { describe, test } from 'vitest'
import { message } from '../servers.js'
import { playExample, type Setup } from './play.js'

const SELECT = `
    C: s SELECT INBOX
    S: ...
    S: s OK [READ-WRITE] SELECT completed`

const dateOf = (minute: number): string => `Date: Sat, 01 Jun 2002 10:${String(minute).padStart(2, '0')}:00 +0000`

const subjects =
  (...all: readonly (readonly [string, number])[]): Setup =>
  async (made) => {
    for (const [subject, minute] of all) await made.deliver(message(`Subject: ${subject}`, dateOf(minute), '', 'x'))
  }

test('RFC 5256 §3: SORT by base subject, with REVERSE, and of nothing', () =>
  playExample(
    `${SELECT}
    C: A282 SORT (SUBJECT) UTF-8 SINCE 1-Feb-1994
    S: * SORT 5 3 4 1 2
    S: A282 OK SORT completed
    C: A283 SORT (SUBJECT REVERSE DATE) UTF-8 ALL
    S: * SORT 5 4 3 2 1
    S: A283 OK SORT completed
    C: A284 SORT (SUBJECT) US-ASCII TEXT "not in mailbox"
    S: * SORT
    S: A284 OK SORT completed
    C: A285 SORT (REVERSE SUBJECT) UTF-8 ALL
    S: * SORT 1 2 3 4 5
    S: A285 OK SORT completed
  `,
    subjects(['gamma', 1], ['Re: Gamma', 2], ['[list] beta', 3], ['Fwd: beta (fwd)', 4], ['Re[2]: alpha', 5]),
  ))

test('RFC 5256 §3: THREAD ORDEREDSUBJECT', () =>
  playExample(
    `${SELECT}
    C: A283 THREAD ORDEREDSUBJECT UTF-8 SINCE 5-MAR-2000
    S: * THREAD (1)(2 (4)(3)(6))(5 7)(8)
    S: A283 OK THREAD completed
    C: A284 THREAD ORDEREDSUBJECT US-ASCII TEXT "gewp"
    S: * THREAD
    S: A284 OK THREAD completed
    C: A285 UID THREAD ORDEREDSUBJECT UTF-8 NOT 2
    S: * THREAD (1)(4 (3)(6))(5 7)(8)
    S: A285 OK THREAD completed
  `,
    subjects(
      ['one', 1],
      ['two', 2],
      ['Re: two', 4],
      ['Re: two', 3],
      ['three', 5],
      ['Fwd: two', 6],
      ['Re: three', 7],
      ['four', 8],
    ),
  ))

/** Messages by what they answer to; 0 is one that is not there. */
const tree =
  (...all: readonly { readonly minute: number; readonly references?: readonly number[] }[]): Setup =>
  async (made) => {
    for (const [i, { minute, references = [] }] of all.entries()) {
      const header = references.length === 0 ? [] : [`References: ${references.map((id) => `<${id}@x>`).join(' ')}`]
      await made.deliver(
        message(`Message-ID: <${i + 1}@x>`, ...header, `Subject: ${i + 1}`, dateOf(minute), '', `Number ${i + 1}.`),
      )
    }
  }

test('RFC 5256 §4: threads that split, and siblings whose parent is not there', () =>
  playExample(
    `${SELECT}
    C: A285 THREAD REFERENCES UTF-8 SINCE 5-MAR-2000
    S: * THREAD (1)(2 4 (3 6)(7 5 8))((9)(10))
    S: A285 OK THREAD completed
    C: A286 THREAD REFERENCES UTF-8 NOT 4
    S: * THREAD (1)(2 (3 6)(7 5 8))((9)(10))
    S: A286 OK THREAD completed
    C: A287 THREAD REFERENCES UTF-8 NOT 2 NOT 4
    S: * THREAD (1)((3 6)(7 5 8))((9)(10))
    S: A287 OK THREAD completed
    C: A288 THREAD REFERENCES US-ASCII TEXT "gewp"
    S: * THREAD
    S: A288 OK THREAD completed
  `,
    tree(
      { minute: 1 },
      { minute: 2 },
      { minute: 4, references: [2, 4] },
      { minute: 3, references: [2] },
      { minute: 7, references: [2, 4, 7] },
      { minute: 5, references: [2, 4, 3] },
      { minute: 6, references: [2, 4] },
      { minute: 8, references: [2, 4, 7, 5] },
      { minute: 9, references: [0] },
      { minute: 10, references: [0] },
    ),
  ))

test('RFC 5256 §3: a Message-ID is the same with and without quotes, and in one case only', () =>
  playExample(
    `${SELECT}
    C: a THREAD REFERENCES UTF-8 ALL
    S: * THREAD (1 2)(3)
    S: a OK THREAD completed
  `,
    async (made) => {
      await made.deliver(message('Message-ID: <"01KF8JCEOCBS0045PS"@xxx.yyy.com>', 'Subject: a', dateOf(1), '', 'x'))
      await made.deliver(message('In-Reply-To: <01KF8JCEOCBS0045PS@xxx.yyy.com>', 'Subject: b', dateOf(2), '', 'x'))
      await made.deliver(message('In-Reply-To: <01kf8jceocbs0045ps@xxx.yyy.com>', 'Subject: c', dateOf(3), '', 'x'))
    },
  ))

describe('RFC 5957 §3, §4', () => {
  const addressed: Setup = async (made) => {
    for (const [from, to] of [
      ['"Zoe" <anna@example.org>', 'Carl <c@example.org>'],
      ['=?UTF-8?Q?=C3=84nne?= <zorro@example.org>', 'bob@example.net, Aaron <a@example.org>'],
      ['mike@example.org', null],
    ] as const) {
      await made.deliver(message(`From: ${from}`, ...(to ? [`To: ${to}`] : []), 'Subject: x', '', 'x'))
    }
  }

  test('DISPLAYFROM and DISPLAYTO: decoded names, else addresses, else nothing; FROM has the local part', () =>
    playExample(
      `${SELECT}
      C: a CAPABILITY
      S: * CAPABILITY {*} SORT=DISPLAY {*}
      S: a OK CAPABILITY completed
      C: b SORT (DISPLAYFROM) UTF-8 ALL
      S: * SORT 2 3 1
      S: b OK SORT completed
      C: c SORT (DISPLAYTO) UTF-8 ALL
      S: * SORT 3 2 1
      S: c OK SORT completed
      C: d SORT (FROM) UTF-8 ALL
      S: * SORT 1 3 2
      S: d OK SORT completed
      C: e SORT (REVERSE DISPLAYFROM) UTF-8 ALL
      S: * SORT 1 3 2
      S: e OK SORT completed
    `,
      addressed,
    ))
})

test('RFC 5255 §4.3: I18NLEVEL=1 compares by i;unicode-casemap', () =>
  playExample(
    `
    C: a CAPABILITY
    S: * CAPABILITY {*} I18NLEVEL=1 {*}
    S: a OK CAPABILITY completed${SELECT}
    C~ b SEARCH CHARSET UTF-8 SUBJECT {5+}\\r\\n\\xc3\\x9cBER\\r\\n
    S: * SEARCH 2
    S: b OK SEARCH completed
    C: c SORT (SUBJECT) UTF-8 ALL
    S: * SORT 3 1 2 4
    S: c OK SORT completed
  `,
    // Z stands behind the letters with marks, which are taken apart: E, U.
    subjects(['=?UTF-8?Q?=C3=A9clair?=', 1], ['=?UTF-8?Q?=C3=BCber?=', 2], ['apple', 3], ['Zebra', 4]),
  ))

// String 3 is not what its charset allows. String 1 is not here: it is read as windows-1252, a guess of @posthouse/mime.
test('RFC 5255 §4.6: what cannot be decoded stands behind what can', () =>
  playExample(
    `${SELECT}
    C: c SORT (SUBJECT) UTF-8 ALL
    S: * SORT 3 1 2
    S: c OK SORT completed
  `,
    subjects(
      ['=?UTF-8?Q?=D1=81=D0=95=D0=A0=D0=93=D0=95=D0=99?=', 2],
      ['=?UTF-8?Q?=D0=92=D0=B0=D1=81=D0=B8=D0=BB=D0=B8=FF=B9?=', 3],
      ['=?KOI8-R?Q?=E1=CC=C5=CB=D3=C5=CA?=', 4],
    ),
  ))
