import { Flag } from '@posthouse/store-api'
import { describe, expect, test } from 'vitest'
import { searchTextOf } from '../../src/index.js'
import { message, type TestServer } from '../servers.js'
import { mail, playSelected } from './play.js'

const five = async (made: TestServer): Promise<void> => {
  const day = (n: number): number => Date.UTC(2026, 0, n, 12)
  await made.deliver(
    mail({ From: 'Ann <ann@example.org>', Subject: 'Lunch', Date: '1 Jan 2026 23:30:00 -0800' }, 'one'),
    {
      internalDate: day(1),
      flags: Flag.Seen | Flag.Flagged,
    },
  )
  await made.deliver(
    mail({ From: 'bob@example.org', Subject: 'Re: =?utf-8?Q?=C3=9Cber?=', Date: '2 Jan 2026 00:30:00 +0900' }, 'two'),
    {
      internalDate: day(2),
      flags: Flag.Seen,
    },
  )
  await made.deliver(mail({ From: 'carol@example.org', Subject: 'Dinner' }, 'three'), {
    internalDate: day(3),
    keywords: ['Work'],
  })
  await made.deliver(
    message(
      'From: dave@example.org',
      'Subject: parts',
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary=b',
      '',
      'before',
      '--b',
      'Content-Type: text/plain; charset=iso-8859-1',
      'Content-Transfer-Encoding: quoted-printable',
      '',
      'The caf=E9 on the cor=',
      'ner',
      '--b',
      'Content-Type: application/octet-stream; name=secret.bin',
      'Content-Transfer-Encoding: base64',
      '',
      'aGlkZGVuIHRleHQ=',
      '--b',
      'Content-Type: message/rfc822',
      '',
      'Subject: forwarded',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: base64',
      '',
      '0J/RgNC40LLQtdGC',
      '--b--',
    ),
    { internalDate: day(4), flags: Flag.Deleted },
  )
  await made.deliver(mail({ 'X-Empty': '', Subject: 'last' }, 'x'.repeat(2000)), {
    internalDate: day(5),
    flags: Flag.Draft,
  })
}

/** Programs with the message numbers that they find. */
const PROGRAMS: readonly (readonly [program: string, found: string])[] = [
  ['ALL', '1 2 3 4 5'],
  ['SEEN', '1 2'],
  ['NOT (SEEN FLAGGED)', '2 3 4 5'],
  ['OR (SEEN FLAGGED) DRAFT', '1 5'],
  ['(OR DELETED DRAFT) NOT DRAFT', '4'],
  ['KEYWORD work', '3'],
  ['UNKEYWORD WORK', '1 2 4 5'],
  ['KEYWORD constructor', ''],
  ['RECENT', ''],
  ['NEW', ''],
  ['OLD', '1 2 3 4 5'],
  ['2:4', '2 3 4'],
  ['4:2,1', '1 2 3 4'],
  ['4:*', '4 5'],
  ['*:4', '4 5'],
  ['*', '5'],
  // RFC 7377 §2: numbers beyond the mailbox are no mistake in a search.
  ['6', ''],
  ['4:100', '4 5'],
  ['100:200', ''],
  ['100:*', '5'],
  ['UID 4:100', '4 5'],
  ['UID 100:200', ''],
  ['UID 100:*', '5'],
  ['NOT 6', '1 2 3 4 5'],
  ['1:3 NOT SEEN', '3'],
  ['BEFORE 3-Jan-2026', '1 2'],
  ['ON 3-Jan-2026', '3'],
  ['SINCE "3-Jan-2026"', '3 4 5'],
  // The day that the Date field says, whatever its zone.
  ['SENTON 1-Jan-2026', '1'],
  ['SENTON 2-Jan-2026', '2'],
  ['SENTBEFORE 2-Jan-2026', '1'],
  // Without a Date: INTERNALDATE.
  ['SENTSINCE 3-Jan-2026', '3 4 5'],
  ['LARGER 1000', '5'],
  ['SMALLER 80', '3'],
  ['FROM ANN', '1'],
  ['FROM "example.org"', '1 2 3 4'],
  ['SUBJECT über', '2'],
  ['SUBJECT "UBER"', ''],
  ['SUBJECT ""', '1 2 3 4 5'],
  ['HEADER x-empty ""', '5'],
  ['HEADER "Date" "+0900"', '2'],
  ['HEADER __proto__ ""', ''],
  ['BODY café', '4'],
  ['BODY "CAFE\u0301 ON THE CORNER"', '4'],
  ['BODY hidden', ''],
  ['BODY привет', '4'],
  ['BODY before', ''],
  ['BODY forwarded', ''],
  ['TEXT forwarded', '4'],
  ['TEXT secret.bin', '4'],
  ['TEXT dinner', '3'],
  ['TEXT "subject: dinner"', '3'],
  ['BODY ""', '1 2 3 4 5'],
  ['OR BODY three OR SUBJECT lunch 5', '1 3 5'],
]

test('RFC 9051 §6.4.4: every key', () =>
  playSelected(
    PROGRAMS.map(([program, found], i) => {
      const octets = Buffer.from(program)
      // Octets above 127 go in as they are: atoms of this server may hold UTF-8.
      return `
    C: s${i} SEARCH CHARSET UTF-8 ${octets.toString()}
    S: * SEARCH${found === '' ? '' : ` ${found}`}
    S: s${i} OK SEARCH completed`
    }).join(''),
    five,
  ))

test('RFC 9051 §6.4.4: FROM, TO, CC and BCC look at addresses as ENVELOPE tells them, and at the field as it stands', () =>
  playSelected(
    `
    C: s1 SEARCH FROM "joe@example.org"
    S: * SEARCH 1
    S: s1 OK SEARCH completed
    C: s2 SEARCH FROM "(the boss)"
    S: * SEARCH 1
    S: s2 OK SEARCH completed
    C: s3 SEARCH TO "<ann@example.net>"
    S: * SEARCH 1 2
    S: s3 OK SEARCH completed
    C: s4 SEARCH TO "team:"
    S: * SEARCH 2
    S: s4 OK SEARCH completed
    C: s6 SEARCH CC {19+}
    C: J"r <j@example.com>
    S: * SEARCH 1
    S: s6 OK SEARCH completed
    C: s7 SEARCH TO "ann@example.netbob"
    S: * SEARCH
    S: s7 OK SEARCH completed
  `,
    async (made) => {
      await made.deliver(
        mail({
          From: 'joe(the boss)@(home)example.org',
          To: 'Ann <ann @ example.net>, bob@example.net',
          Cc: '"J\\"r" <j@example.com>',
        }),
      )
      await made.deliver(mail({ From: 'x@example.org', To: 'team: <ann@example.net>, bob@example.net;' }))
    },
  ))

test('a search that is not one', () =>
  playSelected(
    `
    C: s1 SEARCH
    S: s1 BAD {*}
    C: s2 SEARCH NOT
    S: s2 BAD {*}
    C: s3 SEARCH ()
    S: s3 BAD {*}
    C: s4 SEARCH (SEEN
    S: s4 BAD {*}
    C: s5 SEARCH OR SEEN
    S: s5 BAD {*}
    C: s6 SEARCH NONSENSE
    S: s6 BAD {*}
    C: s7 SEARCH BEFORE 31-Feb-2026
    S: s7 BAD {*}
    C: s8 SEARCH LARGER many
    S: s8 BAD {*}
    C: s9 SEARCH CHARSET KOI8-R SUBJECT x
    S: s9 NO [BADCHARSET (US-ASCII UTF-8)] {*}
    C: s10 SEARCH CHARSET us-ascii SUBJECT lunch
    S: * SEARCH 1
    S: s10 OK SEARCH completed
    C: s11 SEARCH RETURN (NONSENSE) ALL
    S: s11 BAD {*}
    C: s12 SEARCH 0
    S: s12 BAD {*}
    C: s13 ENABLE UTF8=ACCEPT
    S: * ENABLED UTF8=ACCEPT
    S: s13 OK {*}
    C: s14 SEARCH CHARSET UTF-8 ALL
    S: s14 BAD {*}
  `,
    five,
  ))

test('what a program may hold', () =>
  playSelected(
    `
    C: s1 SEARCH SEEN SEEN SEEN SEEN
    S: * SEARCH 1 2
    S: s1 OK SEARCH completed
    C: s2 SEARCH SEEN SEEN SEEN SEEN SEEN
    S: s2 BAD Too many search keys
    C: s3 SEARCH NOT NOT NOT SEEN
    S: * SEARCH 3 4 5
    S: s3 OK SEARCH completed
    C: s4 SEARCH NOT NOT NOT NOT SEEN
    S: s4 BAD Too many keys within each other
    C: s5 SEARCH SUBJECT 12345678
    S: * SEARCH
    S: s5 OK SEARCH completed
    C: s6 SEARCH SUBJECT 123456789
    S: s6 BAD {*}
  `,
    five,
    { limits: { searchKeys: 4, searchDepth: 3, searchText: 8 } },
  ))

test('RFC 4731 §3.2: MODSEQ is that of what is told', () =>
  playSelected(
    `
    C: s1 SEARCH RETURN (MIN) MODSEQ 1
    S: * OK [HIGHESTMODSEQ 6] {*}
    S: * ESEARCH (TAG "s1") MIN 1 MODSEQ 2
    S: s1 OK SEARCH completed
    C: s2 STORE 2 +FLAGS (\\Flagged)
    S: * 2 FETCH (UID 2 FLAGS (\\Flagged \\Seen) MODSEQ (7))
    S: s2 OK STORE completed
    C: s3 SEARCH RETURN (MIN) MODSEQ 1
    S: * ESEARCH (TAG "s3") MIN 1 MODSEQ 2
    S: s3 OK SEARCH completed
    C: s4 SEARCH RETURN (MAX) MODSEQ 1
    S: * ESEARCH (TAG "s4") MAX 5 MODSEQ 6
    S: s4 OK SEARCH completed
    C: s5 SEARCH RETURN (MIN MAX) MODSEQ 1
    S: * ESEARCH (TAG "s5") MIN 1 MAX 5 MODSEQ 6
    S: s5 OK SEARCH completed
    C: s6 SEARCH RETURN (MIN COUNT) MODSEQ 1
    S: * ESEARCH (TAG "s6") MIN 1 COUNT 5 MODSEQ 7
    S: s6 OK SEARCH completed
    C: s7 SEARCH RETURN (COUNT) MODSEQ 100
    S: * ESEARCH (TAG "s7") COUNT 0
    S: s7 OK SEARCH completed
  `,
    five,
  ))

test('RFC 5182 §2.1: a search that is refused leaves an empty result; one that is no search leaves what was', () =>
  playSelected(
    `
    C: s1 SEARCH RETURN (SAVE) SEEN
    S: s1 OK SEARCH completed
    C: s2 SEARCH RETURN (SAVE) NONSENSE
    S: s2 BAD {*}
    C: s3 SEARCH $
    S: * SEARCH 1 2
    S: s3 OK SEARCH completed
    C: s4 SEARCH RETURN (SAVE) BODY one
    S: s4 NO [NOTSAVED] {*}
    C: s5 SEARCH $
    S: * SEARCH
    S: s5 OK SEARCH completed
    C: s6 SEARCH NOT $
    S: * SEARCH 1 2 3 4 5
    S: s6 OK SEARCH completed
  `,
    five,
    { limits: { searchOctets: 10 } },
  ))

describe('searchTextOf', () => {
  test('holds what the keys find, and nothing else', async () => {
    const octets = Buffer.from(
      message(
        'Subject: =?utf-8?Q?caf=C3=A9?=',
        'From: Ann <ann@example.org>',
        'Content-Type: text/html',
        '',
        '<b>Bold</b>',
      ),
    )
    const text = await searchTextOf(octets)
    expect(text.subject).toBe('CAFE\u0301')
    expect(text.from).toBe('ANN <ANN@EXAMPLE.ORG>')
    expect(text.to).toBe('')
    expect(text.header.split('\n')).toEqual([
      'SUBJECT: CAFE\u0301',
      'FROM: ANN <ANN@EXAMPLE.ORG>',
      'CONTENT-TYPE: TEXT/HTML',
    ])
    expect(text.body).toContain('<B>BOLD</B>')
  })
})
