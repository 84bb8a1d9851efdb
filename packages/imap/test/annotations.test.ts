import { Flag } from '@posthouse/store-api'
import { playTranscript } from '@posthouse/wire/testing'
import { test } from 'vitest'
import { HELLO, type TestServer, testServer } from './servers.js'

/** Each dialogue twice, over a store of its own: whole batches of lines, and octet by octet. */
async function play(text: string, setup?: (made: TestServer) => Promise<void> | void): Promise<void> {
  for (const cut of ['batch', 'octets'] as const) {
    const made = testServer()
    await setup?.(made)
    await playTranscript(made.server, `${LOGIN}${text}`, { cut })
  }
}

const LOGIN = `
  S: * OK {*}
  C: a001 LOGIN alice secret
  S: a001 OK {*}
`

test('RFC 9208: QUOTA tells only what is limited', () =>
  play(
    `
    C: q1 GETQUOTAROOT INBOX
    S: * QUOTAROOT INBOX ""
    S: * QUOTA "" (STORAGE 1 10 MESSAGE 2 5)
    S: q1 OK GETQUOTAROOT completed
    C: q2 GETQUOTA ""
    S: * QUOTA "" (STORAGE 1 10 MESSAGE 2 5)
    S: q2 OK GETQUOTA completed
    C: q3 GETQUOTA other
    S: q3 NO [NONEXISTENT] {*}
    C: q4 GETQUOTAROOT Missing
    S: * QUOTAROOT Missing ""
    S: * QUOTA "" (STORAGE 1 10 MESSAGE 2 5)
    S: q4 OK GETQUOTAROOT completed
    C: q4b GETQUOTAROOT "Other Users/bob/Missing"
    S: q4b NO [NONEXISTENT] {*}
    C: q5 SETQUOTA "" (STORAGE 512)
    S: q5 NO [NOPERM] {*}
    C: q6 SETQUOTA "" (STORAGE x)
    S: q6 BAD {*}
    C: q7 STATUS INBOX (DELETED DELETED-STORAGE)
    S: * STATUS INBOX (DELETED 0 DELETED-STORAGE 0)
    S: q7 OK STATUS completed
  `,
    async (made) => {
      for (let i = 0; i < 2; i++) await made.deliver(HELLO)
      made.store.setQuota('alice', { bytes: 10_999, messages: 5 })
    },
  ))

test('RFC 9208: an account without limits has no quota root', () =>
  play(`
    C: q1 GETQUOTAROOT INBOX
    S: * QUOTAROOT INBOX
    S: q1 OK GETQUOTAROOT completed
    C: q2 GETQUOTA ""
    S: q2 NO [NONEXISTENT] {*}
  `))

test('RFC 9208: DELETED-STORAGE is exact', () =>
  play(
    `
    C: q1 STATUS INBOX (DELETED DELETED-STORAGE)
    S: * STATUS INBOX (DELETED 1 DELETED-STORAGE ${HELLO.length})
    S: q1 OK STATUS completed
    C: q2 STATUS Two (DELETED DELETED-STORAGE)
    S: * STATUS Two (DELETED 1 DELETED-STORAGE ${HELLO.length})
    S: q2 OK STATUS completed
  `,
    async (made) => {
      await made.deliver(HELLO, { flags: Flag.Deleted })
      await made.deliver(HELLO, { path: ['Two'], flags: Flag.Deleted })
      await made.deliver(HELLO, { path: ['Two'] })
    },
  ))

test('RFC 5464: GETMETADATA and SETMETADATA of a mailbox and of the account', () =>
  play(`
    C: m1 GETMETADATA INBOX /shared/comment
    S: * METADATA INBOX (/shared/comment NIL)
    S: m1 OK GETMETADATA completed
    C: m2 SETMETADATA INBOX (/shared/comment "Shared" /PRIVATE/Comment "My \\"own\\"")
    S: m2 OK SETMETADATA completed
    C: m3 GETMETADATA "INBOX" (/shared/comment /private/comment)
    S: * METADATA INBOX (/shared/comment "Shared" /private/comment "My \\"own\\"")
    S: m3 OK GETMETADATA completed
    C: m4 SETMETADATA "" (/shared/admin "mailto:a@example.org")
    S: m4 OK SETMETADATA completed
    C: m5 GETMETADATA "" /shared/admin
    S: * METADATA "" (/shared/admin "mailto:a@example.org")
    S: m5 OK GETMETADATA completed
    C: m6 SETMETADATA INBOX (/shared/comment NIL)
    S: m6 OK SETMETADATA completed
    C: m7 GETMETADATA INBOX /shared/comment
    S: * METADATA INBOX (/shared/comment NIL)
    S: m7 OK GETMETADATA completed
    C: m8 GETMETADATA Missing /shared/comment
    S: m8 NO [NONEXISTENT] {*}
  `))

test('RFC 5464 §4.2: DEPTH and MAXSIZE', () =>
  play(`
    C: m1 SETMETADATA INBOX (/private/a "1" /private/a/b "22" /private/a/b/c "4444" /private/ab "x")
    S: m1 OK SETMETADATA completed
    C: m2 GETMETADATA (DEPTH 1) INBOX (/private/a)
    S: * METADATA INBOX (/private/a "1" /private/a/b "22")
    S: m2 OK GETMETADATA completed
    C: m3 GETMETADATA INBOX (MAXSIZE 2 DEPTH infinity) /private/a
    S: * METADATA INBOX (/private/a "1" /private/a/b "22")
    S: m3 OK [METADATA LONGENTRIES 4] GETMETADATA completed
    C: m4 GETMETADATA (DEPTH 2) INBOX /private/a
    S: m4 BAD {*}
    C: m5 SETMETADATA INBOX (/shared/comment "s")
    S: m5 OK SETMETADATA completed
    C: m6 GETMETADATA (DEPTH infinity) INBOX (/shared /private)
    S: * METADATA INBOX (/shared/comment "s" /private/a "1" /private/a/b "22" /private/a/b/c "4444" /private/ab "x")
    S: m6 OK GETMETADATA completed
    C: m7 GETMETADATA (DEPTH 1) INBOX /private
    S: * METADATA INBOX (/private/a "1" /private/ab "x")
    S: m7 OK GETMETADATA completed
    C: m8 SETMETADATA INBOX (/private "x")
    S: m8 BAD {*}
    C: m9 GETMETADATA (DEPTH infinity) INBOX /privates
    S: m9 BAD {*}
  `))

test.each(['/other/x', '/shared//x', '/shared/x/', '/shared/x%', '"/shared/x*"', 'comment'])(
  'RFC 5464 §3.2: %s is no entry name',
  (name) =>
    play(`
    C: m1 GETMETADATA INBOX ${name}
    S: m1 BAD {*}
  `),
)

test('RFC 9590: LIST RETURN (METADATA)', () =>
  play(
    `
    C: m1 SETMETADATA Two (/shared/color "#b71c1c")
    S: m1 OK SETMETADATA completed
    C: m2 LIST "" * RETURN (METADATA (/shared/color))
    S: * LIST (\\HasNoChildren) "/" INBOX
    S: * METADATA INBOX (/shared/color NIL)
    S: * LIST (\\HasNoChildren) "/" Two
    S: * METADATA Two (/shared/color "#b71c1c")
    S: m2 OK LIST completed
  `,
    (made) => made.deliver(HELLO, { path: ['Two'] }),
  ))

const SELECTED = `
    C: s1 SELECT INBOX
    S: ...
    S: s1 OK [READ-WRITE] SELECT completed
`

const ten = async (made: TestServer): Promise<void> => {
  for (let i = 0; i < 10; i++) await made.deliver(HELLO)
}

test('RFC 9394: SEARCH RETURN (PARTIAL) and the FETCH modifier', () =>
  play(
    `${SELECTED}
    C: p1 UID SEARCH RETURN (PARTIAL 3:1 COUNT) ALL
    S: * ESEARCH (TAG "p1") UID PARTIAL (1:3 1:3) COUNT 10
    S: p1 OK SEARCH completed
    C: p2 SEARCH RETURN (PARTIAL -1:-2) ALL
    S: * ESEARCH (TAG "p2") PARTIAL (-1:-2 9:10)
    S: p2 OK SEARCH completed
    C: p3 SEARCH RETURN (PARTIAL 11:20) ALL
    S: * ESEARCH (TAG "p3") PARTIAL (11:20 NIL)
    S: p3 OK SEARCH completed
    C: p4 SEARCH RETURN (PARTIAL -9:-20) ALL
    S: * ESEARCH (TAG "p4") PARTIAL (-9:-20 1:2)
    S: p4 OK SEARCH completed
    C: p5 SEARCH RETURN (PARTIAL 1:2 ALL) ALL
    S: p5 BAD {*}
    C: p6 SEARCH RETURN (PARTIAL 1:2 PARTIAL 3:4) ALL
    S: p6 BAD {*}
    C: p7 SEARCH RETURN (PARTIAL 1:-2) ALL
    S: p7 BAD {*}
    C: p8 UID FETCH 1:* (UID) (PARTIAL -2:-3)
    S: * 8 FETCH (UID 8)
    S: * 9 FETCH (UID 9)
    S: p8 OK FETCH completed
    C: p9 UID FETCH 1:* (UID) (PARTIAL 20:30)
    S: p9 OK FETCH completed
    C: p10 SEARCH RETURN (SAVE PARTIAL 2:3 MAX) ALL
    S: * ESEARCH (TAG "p10") PARTIAL (2:3 2:3) MAX 10
    S: p10 OK SEARCH completed
    C: p11 SEARCH RETURN (ALL) $
    S: * ESEARCH (TAG "p11") ALL 2:3,10
    S: p11 OK SEARCH completed
  `,
    ten,
  ))
