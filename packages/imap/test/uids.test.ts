/** Extensions that speak in UIDs: UIDONLY (RFC 9586), UIDBATCHES (RFC 10022), MESSAGELIMIT (RFC 9738). */
import { playTranscriptAtAllCuts } from '@posthouse/wire/testing'
import { describe, expect, test } from 'vitest'
import { messageLimit, saveLimit, standardExtensions } from '../src/index.js'
import { uidBatches } from '../src/session/extensions/uid-batches.js'
import { MailboxView } from '../src/session/view/mailbox-view.js'
import { HELLO, type TestServer, testServer } from './servers.js'

async function play(
  text: string,
  count: number,
  options: Parameters<typeof testServer>[0] = {},
  setup?: (made: TestServer) => Promise<void>,
): Promise<void> {
  const made: TestServer[] = []
  for (let i = 0; i < 3; i++) {
    const one = testServer(options)
    for (let n = 0; n < count; n++) await one.deliver(HELLO)
    await setup?.(one)
    made.push(one)
  }
  const login = `
    S: * OK {*}
    C: l1 LOGIN alice secret
    S: l1 OK {*}
  `
  await playTranscriptAtAllCuts(() => made.shift()?.server as TestServer['server'], `${login}${text}`)
}

const SELECT = `
  C: l2 SELECT INBOX
  S: ...
  S: l2 OK [READ-WRITE] SELECT completed
`

test('RFC 9586 §3: after ENABLE UIDONLY message numbers are refused, UIDs are told', () =>
  play(
    `
    C: 10 ENABLE UIDONLY
    S: * ENABLED UIDONLY
    S: 10 OK ENABLE completed
    C: 11 SELECT INBOX
    S: * FLAGS {*}
    S: * OK [PERMANENTFLAGS {*}
    S: * 3 EXISTS
    S: * 0 RECENT
    S: * OK [UIDVALIDITY {*}
    S: ...
    S: 11 OK [READ-WRITE] SELECT completed
    C: 12 FETCH 1 FLAGS
    S: 12 BAD [UIDREQUIRED] {*}
    C: 13 STORE 1 +FLAGS (\\Seen)
    S: 13 BAD [UIDREQUIRED] {*}
    C: 14 COPY 1 INBOX
    S: 14 BAD [UIDREQUIRED] {*}
    C: 15 MOVE 1 INBOX
    S: 15 BAD [UIDREQUIRED] {*}
    C: 16 SEARCH ALL
    S: 16 BAD [UIDREQUIRED] {*}
    C: 17 SORT (DATE) UTF-8 ALL
    S: 17 BAD [UIDREQUIRED] {*}
    C: 18 THREAD REFERENCES UTF-8 ALL
    S: 18 BAD [UIDREQUIRED] {*}
    C: 19 REPLACE 1 INBOX {9+}
    C~ A: 1\\r\\n\\r\\nz\\r\\n
    S: 19 BAD [UIDREQUIRED] {*}
    C: 20 UID SEARCH 1:2
    S: 20 BAD [UIDREQUIRED] {*}
    C: 20b ESEARCH IN (mailboxes Other) 1:2
    S: 20b BAD [UIDREQUIRED] {*}
    C: 21 UID SEARCH UID 1:2 UNSEEN
    S: * SEARCH 1 2
    S: 21 OK SEARCH completed
    C: 22 UID FETCH 2:3 (UID FLAGS)
    S: * 2 UIDFETCH (FLAGS ())
    S: * 3 UIDFETCH (FLAGS ())
    S: 22 OK FETCH completed
    C: 23 UID STORE 2 +FLAGS (\\Deleted)
    S: * 2 UIDFETCH (FLAGS (\\Deleted))
    S: 23 OK STORE completed
    C: 24 UID MOVE 3 INBOX
    S: * OK [COPYUID {*} 3 4] Moved
    S: * VANISHED 3
    S: * 3 EXISTS
    S: * 1 RECENT
    S: 24 OK MOVE completed
    C: 25 EXPUNGE
    S: * VANISHED 2
    S: 25 OK EXPUNGE completed
    C: 26 UID SEARCH RETURN (SAVE) UID 1
    S: 26 OK SEARCH completed
    C: 27 UID FETCH $ FLAGS
    S: * 1 UIDFETCH (FLAGS ())
    S: 27 OK FETCH completed
  `,
    3,
    {},
    (made) => made.deliver(HELLO, { path: ['Other'] }),
  ))

test('RFC 9051 §9: UIDFETCH has the UID among its items where nothing else was asked', () =>
  play(
    `
    C: 10 ENABLE UIDONLY
    S: * ENABLED UIDONLY
    S: 10 OK ENABLE completed
    ${SELECT}
    C: 11 UID FETCH 1:* UID
    S: * 1 UIDFETCH (UID 1)
    S: * 2 UIDFETCH (UID 2)
    S: 11 OK FETCH completed
  `,
    2,
  ))

test('RFC 9586: not in the middle of a mailbox; QRESYNC without numbers', () =>
  play(
    `${SELECT}
    C: 1 ENABLE UIDONLY
    S: 1 BAD Enable UIDONLY before a mailbox is selected
    C: 2 FETCH 1 UID
    S: * 1 FETCH (UID 1)
    S: 2 OK FETCH completed
    C: 3 UNSELECT
    S: 3 OK UNSELECT completed
    C: 4 ENABLE UIDONLY QRESYNC
    S: * ENABLED UIDONLY QRESYNC
    S: 4 OK ENABLE completed
    C: 5 SELECT INBOX (QRESYNC (1 1 1:9 (1,2 1,2)))
    S: 5 BAD [UIDREQUIRED] {*}
  `,
    2,
  ))

const limited = (limit: number) => ({ extensions: [...standardExtensions, messageLimit(limit)] })

test('RFC 9738 §3.1: commands act on the newest messages, and say where they stopped', () =>
  play(
    `${SELECT}
    C: 1 FETCH 1:* UID
    S: * 4 FETCH (UID 4)
    S: * 5 FETCH (UID 5)
    S: * 6 FETCH (UID 6)
    S: 1 OK [MESSAGELIMIT 3 4] FETCH completed
    C: 2 UID FETCH 1:3 UID
    S: * 1 FETCH (UID 1)
    S: * 2 FETCH (UID 2)
    S: * 3 FETCH (UID 3)
    S: 2 OK FETCH completed
    C: 3 SEARCH UNSEEN
    S: * SEARCH 4 5 6
    S: 3 OK [MESSAGELIMIT 3 4] SEARCH completed
    C: 4 UID SEARCH UIDBEFORE 4 UNSEEN
    S: * SEARCH 1 2 3
    S: 4 OK SEARCH completed
    C: 5 UID SEARCH UIDAFTER 4
    S: * SEARCH 5 6
    S: 5 OK SEARCH completed
    C: 6 UID SEARCH UIDBEFORE 1
    S: * SEARCH
    S: 6 OK SEARCH completed
    C: 7 UID SEARCH UIDAFTER 1:2
    S: 7 BAD {*}
    C: 8 COPY 1:4 INBOX
    S: 8 NO [MESSAGELIMIT 3] 3 messages at most
    C: 9 UID STORE 1:* +FLAGS.SILENT (\\Deleted)
    S: 9 OK [MESSAGELIMIT 3 4] STORE completed
    C: a STORE 1:3 +FLAGS.SILENT (\\Deleted)
    S: a OK STORE completed
    C: b UID EXPUNGE 1:6
    S: * 4 EXPUNGE
    S: * 4 EXPUNGE
    S: * 4 EXPUNGE
    S: b OK [MESSAGELIMIT 3 4] EXPUNGE completed
    C: c EXPUNGE
    S: * 1 EXPUNGE
    S: * 1 EXPUNGE
    S: * 1 EXPUNGE
    S: c OK EXPUNGE completed
  `,
    6,
    limited(3),
  ))

test('RFC 9738 §3.1: where the OK has a code already, the bound stands before it', () =>
  play(
    `${SELECT}
    C: 1 UID STORE 1:* (UNCHANGEDSINCE 1) +FLAGS.SILENT (\\Deleted)
    S: * OK [HIGHESTMODSEQ 4] Highest
    S: * NO [MESSAGELIMIT 2 2] {*}
    S: 1 OK [MODIFIED 2:3] {*}
    C: 2 MOVE 1:3 INBOX
    S: * OK [COPYUID {*} 2:3 4:5] Moved
    S: * 2 EXPUNGE
    S: * 2 EXPUNGE
    S: * 3 EXISTS
    S: * 2 RECENT
    S: * NO [MESSAGELIMIT 2 2] {*}
    S: 2 OK [HIGHESTMODSEQ {*}] MOVE completed
  `,
    3,
    limited(2),
  ))

test('RFC 9738 §4: SAVELIMIT bounds COPY alone', () =>
  play(
    `${SELECT}
    C: 1 COPY 1:3 INBOX
    S: 1 NO [MESSAGELIMIT 2] {*}
    C: 2 FETCH 1:3 UID
    S: * 1 FETCH (UID 1)
    S: * 2 FETCH (UID 2)
    S: * 3 FETCH (UID 3)
    S: 2 OK FETCH completed
  `,
    3,
    { extensions: [...standardExtensions, saveLimit(2)] },
  ))

test('RFC 10022 §3: UIDBATCHES and what is refused', () =>
  play(
    `${SELECT}
    C: A1 UIDBATCHES 500
    S: * UIDBATCHES (TAG "A1") 3:1
    S: A1 OK UIDBATCHES completed
    C: A2 UIDBATCHES 500 1:1
    S: * UIDBATCHES (TAG "A2") 3:1
    S: A2 OK UIDBATCHES completed
    C: A3 UIDBATCHES 500 2:10
    S: * UIDBATCHES (TAG "A3")
    S: A3 OK UIDBATCHES completed
    C: A4 UIDBATCHES 499
    S: A4 NO [TOOFEW] {*}
    C: A5 UIDBATCHES 500 20:10
    S: A5 BAD [CLIENTBUG] {*}
    C: A6 UIDBATCHES 500 1:100000
    S: A6 NO [TOOMANY] {*}
    C: A7 UIDBATCHES 500 10
    S: A7 BAD {*}
    C: A8 UIDBATCHES 0
    S: A8 BAD {*}
    C: A9 UNSELECT
    S: A9 OK {*}
    C: B1 UIDBATCHES 500
    S: B1 BAD {*}
  `,
    3,
  ))

describe('RFC 10022: batches are of equal size and leave no UID out', () => {
  test.each([
    ['one after the other', 1],
    ['with gaps', 7],
  ])('UIDs %s', (_, gap) => {
    const uids = Uint32Array.from({ length: 2_301 }, (_unused, i) => 5 + i * gap)
    const view = new MailboxView({ modseq: 1 } as never, uids, false)
    let told = ''
    const out = {
      text: (text: string) => add(text),
      string: (text: string) => add(text),
      line: (text: string) => add(text),
    }
    function add(text: string): typeof out {
      told += text
      return out
    }
    const [command] = uidBatches.commands ?? []
    expect(command?.run({ view, out, tag: 'x' } as never, { size: 500, wanted: null })).toMatchObject({ status: 'OK' })
    const ranges = told
      .slice(told.indexOf(') ') + 2)
      .split(',')
      .map((range) => range.split(':').map(Number) as [number, number])
    expect(ranges).toHaveLength(5)
    expect(ranges[0]?.[0]).toBe(uids[2_300])
    expect(ranges[4]?.[1]).toBe(1)
    for (const [i, [high, low]] of ranges.entries()) {
      expect(uids.filter((uid) => uid >= low && uid <= high)).toHaveLength(i < 4 ? 500 : 301)
      if (i > 0) expect(high).toBe((ranges[i - 1] as [number, number])[1] - 1)
    }
  })
})
