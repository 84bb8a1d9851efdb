/** Examples of what messages and mailboxes carry beside the base: after the texts of RFC 3516, 7889, 8438, 8514 and 8970. */
import { test } from 'vitest'
import { playDialogue } from '../dialogue.js'
import { message, NEW_YEAR, serverOver, testServer } from '../servers.js'
import { all, mailboxes, messages, playExample } from './play.js'

const SELECT = `
    C: s SELECT INBOX
    S: ...
    S: s OK [READ-WRITE] SELECT completed`

// The RFC has no dialogue: this is what its §4.3 and §4.4 demand.
test('RFC 3516 §4.3: BINARY, BINARY.SIZE, a part of what is decoded, UNKNOWN-CTE', () =>
  playExample(
    `${SELECT}
    C: 4 FETCH 1 BINARY.SIZE[1]
    S: * 1 FETCH (BINARY.SIZE[1] 11)
    S: 4 OK FETCH completed
    C: 5 FETCH 1 BINARY.PEEK[1]<6.3>
    S: * 1 FETCH (BINARY[1]<6> {3}
    S: Wor)
    S: 5 OK FETCH completed
    C: 6 FETCH 1 BINARY[1]
    S: * 1 FETCH (BINARY[1] {11}
    S: Hello World FLAGS (\\Seen))
    S: 6 OK FETCH completed
    C: 7 FETCH 2 BINARY[1]
    S: 7 NO [UNKNOWN-CTE] {*}
    C: 8 FETCH 2 BINARY.SIZE[1]
    S: 8 NO [UNKNOWN-CTE] {*}
    C: 9 FETCH 3 BINARY.PEEK[1]
    S: * 3 FETCH (BINARY[1] ~{3}
    S: a\u0000b)
    S: 9 OK FETCH completed
  `,
    async (made) => {
      await made.deliver(message('Content-Transfer-Encoding: base64', '', 'SGVsbG8gV29ybGQ='))
      await made.deliver(message('Content-Transfer-Encoding: x-unknown', '', 'x'))
      await made.deliver(message('Content-Transfer-Encoding: base64', '', 'YQBi'))
    },
  ))

test('RFC 7889 §2 to §4: APPENDLIMIT in CAPABILITY, STATUS and LIST; TOOBIG', () =>
  playExample(
    `
    C: t1 CAPABILITY
    S: * CAPABILITY {*} APPENDLIMIT=257890 {*}
    S: t1 OK CAPABILITY completed
    C: t1 STATUS INBOX (APPENDLIMIT)
    S: * STATUS INBOX (APPENDLIMIT 257890)
    S: t1 OK STATUS completed
    C: t1 LIST "" % RETURN (STATUS (APPENDLIMIT))
    S: * LIST (\\HasNoChildren) "/" INBOX
    S: * STATUS INBOX (APPENDLIMIT 257890)
    S: t1 OK LIST completed
    C: t2 APPEND INBOX (\\Seen) {257891}
    S: t2 NO [TOOBIG] {*}
  `,
    undefined,
    { limits: { message: 257_890 } },
  ))

test('RFC 8438 §3: STATUS (SIZE), FETCH RFC822.SIZE, and LIST RETURN (STATUS (SIZE))', () =>
  playExample(
    `
    C: A01 STATUS frop (MESSAGES SIZE UIDNEXT)
    S: * STATUS frop (MESSAGES 3 SIZE 444 UIDNEXT 4)
    S: A01 OK STATUS completed
    C: A02 SELECT "frop"
    S: ...
    S: A02 OK [READ-WRITE] SELECT completed
    C: A03 FETCH 1:* (RFC822.SIZE)
    S: * 1 FETCH (RFC822.SIZE 104)
    S: * 2 FETCH (RFC822.SIZE 136)
    S: * 3 FETCH (RFC822.SIZE 204)
    S: A03 OK FETCH completed
    C: A04 LIST "" % RETURN (STATUS (MESSAGES SIZE))
    S: * LIST (\\HasNoChildren) "/" INBOX
    S: * STATUS INBOX (MESSAGES 0 SIZE 0)
    S: * LIST (\\HasNoChildren) "/" frop
    S: * STATUS frop (MESSAGES 3 SIZE 444)
    S: A04 OK LIST completed
  `,
    async (made) => {
      for (const size of [100, 132, 200]) await made.deliver(message('', 'x'.repeat(size)), { path: ['frop'] })
    },
  ))

test('RFC 8514 §4: SAVEDATE is not the internal date', () =>
  playExample(
    `${SELECT}
    C: A101 FETCH 1 (SAVEDATE INTERNALDATE)
    S: * 1 FETCH (SAVEDATE " 1-Jan-2026 00:00:00 +0000" INTERNALDATE "28-Dec-2014 00:00:00 +0000")
    S: A101 OK FETCH completed
    C: A102 SEARCH SAVEDON 28-Dec-2014
    S: * SEARCH
    S: A102 OK SEARCH completed
    C: A103 SEARCH SAVEDON 1-Jan-2026
    S: * SEARCH 1 2
    S: A103 OK SEARCH completed
    C: A104 SEARCH SAVEDSINCE 1-Jan-2026
    S: * SEARCH 1 2
    S: A104 OK SEARCH completed
    C: A105 SEARCH SAVEDBEFORE 1-Jan-2026
    S: * SEARCH
    S: A105 OK SEARCH completed
    C: A106 SEARCH SAVEDATESUPPORTED
    S: * SEARCH 1 2
    S: A106 OK SEARCH completed
  `,
    async (made) => {
      for (const internalDate of [Date.UTC(2014, 11, 28), NEW_YEAR]) {
        await made.deliver(message('', 'x'), { internalDate })
      }
    },
  ))

test('RFC 8514 §4.2, §4.3: over a store without it SAVEDATE is NIL, and searches use the internal date', async () => {
  const made = testServer()
  await made.deliver(message('', 'x'), { internalDate: Date.UTC(2014, 11, 28) })
  const server = serverOver(made, (account) => ({
    async *messages(...args) {
      for await (const rows of account.messages(...args)) yield rows.map(({ saveDate: _, ...row }) => row)
    },
    search: undefined as never,
  }))
  await playDialogue(
    server,
    `
    alice> s SELECT INBOX
    alice< ...
    alice< s OK {*}
    alice> A101 FETCH 1 (SAVEDATE)
    alice< * 1 FETCH (SAVEDATE NIL)
    alice< A101 OK FETCH completed
    alice> A102 SEARCH SAVEDON 28-Dec-2014
    alice< * SEARCH 1
    alice< A102 OK SEARCH completed
    alice> A103 SEARCH SAVEDATESUPPORTED
    alice< * SEARCH
    alice< A103 OK SEARCH completed
  `,
  )
})

test('RFC 8970 §3.2, §5: PREVIEW, LAZY, and beside SEARCHRES', () =>
  playExample(
    `
    C: A1 CAPABILITY
    S: * CAPABILITY {*} SEARCHRES {*} PREVIEW {*}
    S: A1 OK CAPABILITY completed${SELECT}
    C: A2 FETCH 1 (RFC822.SIZE PREVIEW)
    S: * 1 FETCH (RFC822.SIZE 28 PREVIEW "Preview text!")
    S: A2 OK FETCH completed
    C: B1 FETCH 1:2 (PREVIEW (LAZY) UID)
    S: * 1 FETCH (PREVIEW "Preview text!" UID 1)
    S: * 2 FETCH (PREVIEW "" UID 2)
    S: B1 OK FETCH completed
    C: C2 SEARCH RETURN (SAVE) FROM "FOO"
    C: C3 FETCH $ (UID PREVIEW (LAZY))
    S: C2 OK SEARCH completed
    S: * 1 FETCH (UID 1 PREVIEW "Preview text!")
    S: C3 OK FETCH completed
    C: C4 UID FETCH 1 (PREVIEW)
    S: * 1 FETCH (UID 1 PREVIEW "Preview text!")
    S: C4 OK FETCH completed
  `,
    async (made) => {
      await made.deliver(message('From: foo', '', 'Preview text!'))
      await made.deliver(message('Content-Type: application/octet-stream', '', 'no text'))
    },
  ))

test('RFC 5819 §4, RFC 8440 §4: LIST with STATUS and with MYRIGHTS, and of names that are no mailboxes', () =>
  playExample(
    `
    C: A01 LIST "" % RETURN (STATUS (MESSAGES UNSEEN))
    S: * LIST (\\HasNoChildren) "/" INBOX
    S: * STATUS INBOX (MESSAGES 17 UNSEEN 17)
    S: * LIST (\\NonExistent \\HasChildren) "/" bar
    S: * LIST (\\HasChildren) "/" foo
    S: * STATUS foo (MESSAGES 30 UNSEEN 30)
    S: A01 OK LIST completed
    C: s SUBSCRIBE INBOX
    S: s OK {*}
    C: s SUBSCRIBE foo/x
    S: s OK {*}
    C: A02 LIST (SUBSCRIBED RECURSIVEMATCH) "" % RETURN (STATUS (MESSAGES))
    S: * LIST (\\HasNoChildren \\Subscribed) "/" INBOX
    S: * STATUS INBOX (MESSAGES 17)
    S: * LIST (\\HasChildren) "/" foo ("CHILDINFO" ("SUBSCRIBED"))
    S: A02 OK LIST completed
    C: B01 LIST "" % RETURN (MYRIGHTS)
    S: * LIST (\\HasNoChildren) "/" INBOX
    S: * MYRIGHTS INBOX lrswipkxteacd
    S: * LIST (\\NonExistent \\HasChildren) "/" bar
    S: * LIST (\\HasChildren) "/" foo
    S: * MYRIGHTS foo lrswipkxteacd
    S: B01 OK LIST completed
    C: B02 LIST (SUBSCRIBED RECURSIVEMATCH) "" % RETURN (MYRIGHTS)
    S: * LIST (\\HasNoChildren \\Subscribed) "/" INBOX
    S: * MYRIGHTS INBOX lrswipkxteacd
    S: * LIST (\\HasChildren) "/" foo ("CHILDINFO" ("SUBSCRIBED"))
    S: B02 OK LIST completed
  `,
    all(messages(17), messages(30, ['foo']), mailboxes('foo/x', 'bar/y')),
  ))
