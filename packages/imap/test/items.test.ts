/** Extensions that add items and keys, after the examples of their RFCs. */
import { summarize } from '@posthouse/mime/summary'
import type { Account, ThreadKeys } from '@posthouse/store-api'
import { fromUtf8 } from '@posthouse/wire'
import { expect, test } from 'vitest'
import { DialogueClient, playDialogue } from './dialogue.js'
import { mail, playSelected } from './search/play.js'
import { HELLO, message, type TestServer, testServer } from './servers.js'

const one = (made: TestServer): Promise<void> => made.deliver(HELLO)

test('RFC 8514 §4: SAVEDATE in FETCH and SEARCH', () =>
  playSelected(
    `
    C: A101 FETCH 1 (SAVEDATE)
    S: * 1 FETCH (SAVEDATE " 1-Jan-2026 00:00:00 +0000")
    S: A101 OK FETCH completed
    C: A102 SEARCH SAVEDBEFORE 2-Jan-2026
    S: * SEARCH 1
    S: A102 OK SEARCH completed
    C: A103 UID SEARCH SAVEDON 1-Jan-2026 SAVEDSINCE 1-Jan-2026
    S: * SEARCH 1
    S: A103 OK SEARCH completed
    C: A104 SEARCH SAVEDSINCE 2-Jan-2026
    S: * SEARCH
    S: A104 OK SEARCH completed
    C: A105 SEARCH NOT SAVEDATESUPPORTED
    S: * SEARCH
    S: A105 OK SEARCH completed
    C: A106 SEARCH SAVEDATESUPPORTED
    S: * SEARCH 1
    S: A106 OK SEARCH completed
    C: A107 SEARCH SAVEDON
    S: A107 BAD {*}
  `,
    one,
  ))

test('RFC 5032 §3: OLDER and YOUNGER look at INTERNALDATE, to the second', () =>
  playSelected(
    `
    C: a1 SEARCH UNSEEN YOUNGER 259200
    S: * SEARCH 1 2
    S: a1 OK SEARCH completed
    C: a2 SEARCH YOUNGER 60
    S: * SEARCH 2
    S: a2 OK SEARCH completed
    C: a3 SEARCH OLDER 61
    S: * SEARCH 1
    S: a3 OK SEARCH completed
    C: a4 SEARCH OLDER 0
    S: a4 BAD {*}
  `,
    async (made) => {
      for (const seconds of [61, 60])
        await made.deliver(HELLO, { internalDate: Date.UTC(2026, 0, 1) - seconds * 1_000 })
    },
  ))

/** The identifier behind a word, in the lines of an answer. */
function idIn(lines: readonly string[], word: string): string {
  const found = new RegExp(`${word} \\(([A-Za-z0-9_-]{1,255})\\)`).exec(lines.join('\n'))
  if (!found) throw new Error(lines.join('\n'))
  return found[1] as string
}

test('RFC 8474 §4: MAILBOXID stays with a mailbox that is renamed, and is not given to its successor', async () => {
  const client = new DialogueClient(testServer().server)
  await client.logIn('alice')
  const id = idIn(await client.run('3 CREATE foo'), 'MAILBOXID')
  expect(id).not.toBe(idIn(await client.run('4 CREATE bar'), 'MAILBOXID'))
  expect(idIn(await client.run('6 STATUS foo (MAILBOXID)'), 'MAILBOXID')).toBe(id)
  await client.run('8 RENAME foo renamed')
  expect(idIn(await client.run('9 STATUS renamed (MAILBOXID)'), 'MAILBOXID')).toBe(id)
  expect(idIn(await client.run('10 CREATE foo'), 'MAILBOXID')).not.toBe(id)
  expect(idIn(await client.run('27 SELECT renamed'), 'MAILBOXID')).toBe(id)
})

/** As mail comes, with what puts it into a conversation. */
async function arrive({ store }: TestServer, text: string, thread: ThreadKeys): Promise<void> {
  const octets = fromUtf8(text)
  const { summary, header } = summarize(octets)
  await store.deliver({
    staged: await store.stage([octets]),
    summary,
    header,
    thread,
    to: [{ account: 'alice', dedup: text }],
  })
}

test('RFC 8474 §5: EMAILID goes with the octets, THREADID with the conversation', async () => {
  const made = testServer()
  await arrive(made, mail({ Subject: 'a', 'Message-ID': '<a@x>' }), { ids: ['a@x'], subject: 'a' })
  await arrive(made, mail({ Subject: 'Re: a', 'Message-ID': '<b@x>' }), { ids: ['a@x', 'b@x'], subject: 'a' })
  await arrive(made, mail({ Subject: 'c', 'Message-ID': '<c@x>' }), { ids: ['c@x'], subject: 'c' })
  const client = new DialogueClient(made.server)
  await client.logIn('alice')
  await client.run('s SELECT INBOX')
  const ids = new Map<number, { email: string; thread: string }>()
  for (let i = 1; i <= 3; i++) {
    const lines = await client.run(`f${i} FETCH ${i} (EMAILID THREADID)`)
    ids.set(i, { email: idIn(lines, 'EMAILID'), thread: idIn(lines, 'THREADID') })
  }
  expect(new Set([...ids.values()].map(({ email }) => email)).size).toBe(3)
  expect(ids.get(2)?.thread).toBe(ids.get(1)?.thread)
  expect(ids.get(3)?.thread).not.toBe(ids.get(1)?.thread)
  expect(await client.run(`g1 SEARCH EMAILID ${ids.get(2)?.email}`)).toContain('* SEARCH 2')
  expect(await client.run(`g2 SEARCH THREADID ${ids.get(1)?.thread}`)).toContain('* SEARCH 1 2')
  await client.run('c1 CREATE Copies')
  await client.run('c2 COPY 2 Copies')
  await client.run('c3 SELECT Copies')
  const copy = await client.run('c4 FETCH 1 (EMAILID THREADID)')
  expect(idIn(copy, 'EMAILID')).toBe(ids.get(2)?.email)
  expect(idIn(copy, 'THREADID')).toBe(ids.get(2)?.thread)
})

test('RFC 8474 §5.1: over a store that knows no EMAILID no two messages have the same', async () => {
  const made = testServer()
  const box = { path: ['b'.repeat(200)] }
  for (const where of [{}, {}, box, box]) await made.deliver(HELLO, where)
  const account = await made.account()
  const adapter: Account = {
    // Ids of mailboxes may be anything, and long.
    mailboxes: async () => (await account.mailboxes()).map((info) => ({ ...info, id: `${info.path} ${info.id}` })),
    async *messages(mailbox, query) {
      const id = mailbox.slice(mailbox.lastIndexOf(' ') + 1)
      for await (const rows of account.messages(id, query)) yield rows.map((row) => ({ ...row, emailId: '' }))
    },
    read: account.read,
  }
  const { server } = testServer({ store: { open: async () => adapter } })
  const client = new DialogueClient(server)
  await client.logIn('alice')
  const ids: string[] = []
  for (const name of [box.path[0], 'INBOX']) {
    await client.run(`s SELECT ${name}`)
    for (const uid of [1, 2]) ids.push(idIn(await client.run(`f UID FETCH ${uid} EMAILID`), 'EMAILID'))
  }
  expect(new Set(ids).size).toBe(4)
  expect(await client.run(`g SEARCH EMAILID ${ids[3]}`)).toContain('* SEARCH 2')
  expect(await client.run(`g SEARCH EMAILID ${ids[1]}`)).toContain('* SEARCH')
  expect(await client.run(`h ESEARCH IN (personal) EMAILID ${ids[1]}`)).toEqual([
    expect.stringMatching(/^\* ESEARCH .* UID ALL 2$/),
    expect.stringMatching(/^h OK/),
  ])
  expect(await client.run('g SEARCH THREADID x-')).toContain('* SEARCH')
})

test('RFC 9755 §3 to §5: after ENABLE UTF8=ACCEPT names and headers are UTF-8, also of what is appended', async () => {
  const text = 'Subject: Gr\u00fc\u00dfe\\r\\n\\r\\nx'
  const octets = Buffer.byteLength(text.replaceAll('\\r\\n', '\r\n'))
  await playDialogue(
    testServer().server,
    `
    alice> a1 CREATE Gr&APwA3w-e
    alice< a1 OK {*}
    alice> a2 LIST "" Gr*
    alice< * LIST (\\HasNoChildren) "/" Gr&APwA3w-e
    alice< a2 OK LIST completed
    alice> a3 ENABLE UTF8=ACCEPT
    alice< * ENABLED UTF8=ACCEPT
    alice< a3 OK ENABLE completed
    alice> a4 LIST "" Gr*
    alice< * LIST (\\HasNoChildren) "/" "${utf8('Grüße')}"
    alice< a4 OK LIST completed
    alice> a5 SELECT "Grüße"
    alice< ...
    alice< a5 OK [READ-WRITE] SELECT completed
    alice> a6 APPEND "Grüße" {${octets}+}\\r\\n${text}
    alice< * 1 EXISTS
    alice< * 1 RECENT
    alice< a6 OK [APPENDUID {*} 1] {*}
    alice> a7 APPEND "Grüße" (\\Seen) UTF8 (~{${octets}+}\\r\\n${text})
    alice< * 2 EXISTS
    alice< * 2 RECENT
    alice< a7 OK [APPENDUID {*} 2] {*}
    alice> a8 FETCH 1:2 ENVELOPE
    alice< * 1 FETCH (ENVELOPE (NIL "${utf8('Grüße')}" NIL {*}
    alice< * 2 FETCH (ENVELOPE (NIL "${utf8('Grüße')}" NIL {*}
    alice< a8 OK FETCH completed
    alice> a9 SEARCH CHARSET UTF-8 ALL
    alice< a9 BAD {*}
    alice> b1 APPEND "Grüße" UTF8 (~{${octets}+}\\r\\n${text}
    alice< b1 BAD {*}
    `,
  )
})

/** As a client hears it that takes octets for characters. */
function utf8(text: string): string {
  return Buffer.from(text).toString('latin1')
}

test('RFC 9051 §7.1: an encoding that is not known is refused before anything of the message has left', async () => {
  const made = testServer()
  const long = Array.from({ length: 4_000 }, () => 'y'.repeat(70))
  await made.deliver(message('Subject: Long', 'Content-Transfer-Encoding: x-unknown', '', ...long))
  const client = new DialogueClient(made.server)
  await client.logIn('alice')
  await client.run('s SELECT INBOX')
  for (const item of ['BINARY.PEEK[1]', 'BINARY.PEEK[TEXT]', 'BINARY.SIZE[1]']) {
    expect(await client.run(`f FETCH 1 (BODY.PEEK[] ${item})`)).toEqual([
      'f NO [UNKNOWN-CTE] The encoding of the part is not known',
    ])
  }
  expect(await client.run('n NOOP')).toEqual(['n OK NOOP completed'])
  expect((await client.run('g FETCH 1 (BINARY.SIZE[] BINARY.SIZE[2])'))[0]).toMatch(
    /^\* 1 FETCH \(BINARY\.SIZE\[\] \d+ BINARY\.SIZE\[2\] 0\)$/,
  )
})
