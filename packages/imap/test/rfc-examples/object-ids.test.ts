/** The examples of RFC 8474 (OBJECTID), after its text. */
import { expect, test } from 'vitest'
import { DialogueClient, playDialogue } from '../dialogue.js'
import { message, serverOver, testServer } from '../servers.js'
import { emptyStore } from '../stores.js'
import { mailboxes, messages, playExample } from './play.js'

// Ids are the store's: one, two and three are the mailboxes, in the order in which they were made.
test('RFC 8474 §4: MAILBOXID in CREATE, SELECT, STATUS and LIST; it stays when a mailbox is renamed', () =>
  playExample(`
    C: 3 create foo
    S: 3 OK [MAILBOXID (m2)] CREATE completed
    C: 4 create bar
    S: 4 OK [MAILBOXID (m3)] CREATE completed
    C: 5 create foo
    S: 5 NO [ALREADYEXISTS] {*}
    C: 6 status foo (mailboxid)
    S: * STATUS foo (MAILBOXID (m2))
    S: 6 OK STATUS completed
    C: 7 status bar (mailboxid)
    S: * STATUS bar (MAILBOXID (m3))
    S: 7 OK STATUS completed
    C: 8 rename foo renamed
    S: 8 OK RENAME completed
    C: 9 status renamed (mailboxid)
    S: * STATUS renamed (MAILBOXID (m2))
    S: 9 OK STATUS completed
    C: 10 status bar (mailboxid)
    S: * STATUS bar (MAILBOXID (m3))
    S: 10 OK STATUS completed
    C: 11 list "" "*" return (status (mailboxid))
    S: * LIST (\\HasNoChildren) "/" INBOX
    S: * STATUS INBOX (MAILBOXID (m1))
    S: * LIST (\\HasNoChildren) "/" bar
    S: * STATUS bar (MAILBOXID (m3))
    S: * LIST (\\HasNoChildren) "/" renamed
    S: * STATUS renamed (MAILBOXID (m2))
    S: 11 OK LIST completed
    C: 12 select renamed
    S: ...
    S: * OK [MAILBOXID (m2)] {*}
    S: ...
    S: 12 OK [READ-WRITE] SELECT completed
  `))

test('RFC 8474 §5, §6: EMAILID goes along with a MOVE, and finds its message', async () => {
  const made = testServer()
  await mailboxes('foo')(made)
  for (const [subject, ...header] of [
    ['Message A', 'Message-ID: <a@example.com>'],
    ['Re: Message A', 'Message-ID: <b@example.org>', 'References: <a@example.com>'],
    ['Message C', 'Message-ID: <c@example.com>'],
  ] as const) {
    await made.deliver(message(`Subject: ${subject}`, ...header, '', 'x'))
  }
  const account = await made.account()
  const inbox = (await account.mailboxes())[0]?.id as string
  const ids: string[] = []
  const threads: string[] = []
  for await (const rows of account.messages(inbox, {})) {
    for (const { emailId, threadId } of rows) {
      ids.push(emailId)
      threads.push(threadId ? `(${threadId})` : 'NIL')
    }
  }
  const told = (uid: number): string => `(EMAILID (${ids[uid - 1]}) THREADID ${threads[uid - 1]})`
  await playDialogue(
    made.server,
    `
    alice> s select inbox
    alice< ...
    alice< s OK [READ-WRITE] SELECT completed
    alice> 22 fetch 1:* (emailid threadid)
    alice< * 1 FETCH ${told(1)}
    alice< * 2 FETCH ${told(2)}
    alice< * 3 FETCH ${told(3)}
    alice< 22 OK FETCH completed
    alice> 27 search emailid ${ids[0]}
    alice< * SEARCH 1
    alice< 27 OK SEARCH completed
    alice> 23 move 2 foo
    alice< * OK [COPYUID {*} 2 1] {*}
    alice< * 2 EXPUNGE
    alice< 23 OK MOVE completed
    alice> 24 fetch 1:* (emailid threadid)
    alice< * 1 FETCH ${told(1)}
    alice< * 2 FETCH ${told(3)}
    alice< 24 OK FETCH completed
    alice> 25 select "foo"
    alice< ...
    alice< 25 OK [READ-WRITE] SELECT completed
    alice> 26 fetch 1:* (emailid threadid)
    alice< * 1 FETCH ${told(2)}
    alice< 26 OK FETCH completed
  `,
  )
})

test('RFC 8474 §5.3, §6: THREADID of what belongs together, over a store that has threads', async () => {
  const { server } = testServer({ store: await emptyStore('SQLite', true) })
  const client = new DialogueClient(server)
  await client.logIn('alice')
  for (const [tag, subject, ...header] of [
    ['5', 'Message A', 'Message-ID: <fake.1521475657.54797@example.com>'],
    ['11', 'Re: Message A', 'Message-ID: <b@example.org>', 'References: <fake.1521475657.54797@example.com>'],
    ['17', 'Message C', 'Message-ID: <fake.1521475657.60280@example.com>'],
  ] as const) {
    const text = message(`Subject: ${subject}`, ...header, '', 'x')
    const lines = await client.run(`${tag} APPEND INBOX {${text.length}+}\\r\\n${text.replaceAll('\r\n', '\\r\\n')}`)
    expect(lines.pop()).toMatch(new RegExp(`^${tag} OK \\[APPENDUID \\d+ \\d\\] `))
  }
  await client.run('20 CREATE foo')
  await client.run('21 SELECT INBOX')
  const ids = async (mailbox: string): Promise<string[][]> => {
    const lines = await client.run(`${mailbox} FETCH 1:* (EMAILID THREADID)`)
    return lines
      .slice(0, -1)
      .map((line) => /^\* \d+ FETCH \(EMAILID \(([\w-]+)\) THREADID \(([\w-]+)\)\)$/.exec(line)?.slice(1) ?? [line])
  }
  const [a, b, c] = await ids('22')
  expect(new Set([a[0], b[0], c[0], a[1], c[1]]).size).toBe(5)
  expect(b[1]).toBe(a[1])
  expect(await client.run(`27 SEARCH EMAILID ${a[0]}`)).toEqual(['* SEARCH 1', '27 OK SEARCH completed'])
  expect(await client.run(`28 SEARCH THREADID ${a[1]}`)).toEqual(['* SEARCH 1 2', '28 OK SEARCH completed'])
  // Ids are case-sensitive, and those of messages are none of threads.
  expect(await client.run(`29 SEARCH OR THREADID ${a[0]} EMAILID ${a[1]}`)).toEqual([
    '* SEARCH',
    '29 OK SEARCH completed',
  ])
  expect(await client.run('23 MOVE 2 foo')).toEqual(expect.arrayContaining(['* 2 EXPUNGE', '23 OK MOVE completed']))
  expect(await ids('24')).toEqual([a, c])
  await client.run('25 SELECT foo')
  expect(await ids('26')).toEqual([b])
})

test('RFC 8474 §5.3: over a store without threads THREADID is NIL, and finds nothing', async () => {
  const made = testServer()
  await messages(1)(made)
  const server = serverOver(made, (account) => ({
    async *messages(...args) {
      for await (const rows of account.messages(...args)) yield rows.map(({ threadId: _, ...row }) => row)
    },
  }))
  await playDialogue(
    server,
    `
    alice> s SELECT INBOX
    alice< ...
    alice< s OK {*}
    alice> 26 fetch 1:* (emailid threadid)
    alice< * 1 FETCH (EMAILID ({*}) THREADID NIL)
    alice< 26 OK FETCH completed
    alice> 28 search threadid T64b478a75b7ea9
    alice< * SEARCH
    alice< 28 OK SEARCH completed
  `,
  )
})
