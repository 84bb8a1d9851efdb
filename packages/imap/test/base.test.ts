/** The base protocol's finer points: what CLOSE tells, names without a mailbox, time limits, slow logins. */
import { Flag } from '@posthouse/store-api'
import type { Link, Protocol } from '@posthouse/wire'
import { connectInMemory, playTranscript } from '@posthouse/wire/testing'
import { describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS, no, quotaSet, Refusal, standardExtensions } from '../src/index.js'
import { DialogueClient, playDialogue } from './dialogue.js'
import { HELLO, serverOver, type TestServer, testServer } from './servers.js'

test('RFC 7162 §3.2.8: CLOSE never tells HIGHESTMODSEQ', async () => {
  const made = testServer()
  for (let i = 0; i < 4; i++) await made.deliver(HELLO, { flags: i < 2 ? Flag.Deleted : 0 })
  await playDialogue(
    made.server,
    `
    alice> a1 SELECT INBOX (CONDSTORE)
    alice< ...
    alice< a1 OK [READ-WRITE] SELECT completed
    alice> a2 CLOSE
    alice< a2 OK CLOSE completed
    alice> a3 SELECT INBOX
    alice< ...
    alice< * OK [HIGHESTMODSEQ 6] Highest
    alice< ...
    alice< a3 OK [READ-WRITE] SELECT completed
    alice> a4 STORE 1 +FLAGS.SILENT (\\Deleted)
    alice< * 1 FETCH (UID 3 FLAGS (\\Deleted) MODSEQ (7))
    alice< a4 OK STORE completed
    alice> a5 CLOSE
    alice< a5 OK CLOSE completed
  `,
  )
})

test('RFC 3501 §6.3.1: the first unseen message; none in rev2, none when all are seen', async () => {
  const made = testServer()
  for (const flags of [Flag.Seen, 0, Flag.Seen]) await made.deliver(HELLO, { flags })
  await made.deliver(HELLO, { path: ['Read'], flags: Flag.Seen })
  const client = new DialogueClient(made.server)
  await client.logIn('alice')
  expect(await client.run('a1 SELECT INBOX')).toContain('* OK [UNSEEN 2] The first unseen message')
  expect((await client.run('a2 SELECT Read')).join()).not.toContain('UNSEEN')
  await client.run('a3 ENABLE IMAP4rev2')
  expect((await client.run('a4 SELECT INBOX')).join()).not.toContain('UNSEEN')
})

test('RFC 3501 §6.3.9, RFC 5258 §3.1: names that are subscribed to, with and without a mailbox', async () => {
  const { server } = testServer()
  await playDialogue(
    server,
    `
    alice> a1 CREATE Here
    alice< a1 OK {*}
    alice> a2 SUBSCRIBE Here
    alice< a2 OK {*}
    alice> a3 SUBSCRIBE Gone/Deep
    alice< a3 OK {*}
    alice> a4 LSUB "" *
    alice< * LSUB (\\Noselect) "/" Gone/Deep
    alice< * LSUB () "/" Here
    alice< a4 OK LSUB completed
    alice> a5 LSUB "" %
    alice< * LSUB (\\Noselect) "/" Gone
    alice< * LSUB () "/" Here
    alice< a5 OK LSUB completed
    alice> a6 LIST (SUBSCRIBED) "" *
    alice< * LIST (\\NonExistent \\HasNoChildren \\Subscribed) "/" Gone/Deep
    alice< * LIST (\\HasNoChildren \\Subscribed) "/" Here
    alice< a6 OK LIST completed
    alice> a7 LIST "" * RETURN (SUBSCRIBED)
    alice< * LIST (\\HasNoChildren) "/" INBOX
    alice< * LIST (\\HasNoChildren \\Subscribed) "/" Here
    alice< a7 OK LIST completed
    alice> a8 DELETE Here
    alice< a8 OK {*}
    alice> a9 UNSUBSCRIBE Gone/Deep
    alice< a9 OK {*}
    alice> b1 LSUB "" *
    alice< * LSUB (\\Noselect) "/" Here
    alice< b1 OK LSUB completed
  `,
  )
})

/** The server, and the time limits that it sets on its link. */
function withTimes(made: TestServer): { readonly server: Protocol; readonly times: number[] } {
  const times: number[] = []
  const server: Protocol = {
    name: 'imap',
    connect(link) {
      const watched: Link = Object.create(link, {
        deadline: { value: (ms: number) => void times.push(ms) },
      })
      return (made.server as Protocol).connect(watched)
    },
  }
  return { server, times }
}

test('a message that is expunged elsewhere while it is fetched still comes whole', async () => {
  const made = testServer()
  for (let i = 0; i < 2; i++) await made.deliver(HELLO)
  const owner = await made.account()
  const [inbox] = await owner.mailboxes()
  const server = serverOver(made, (account) => ({
    async *messages(mailbox, query) {
      for await (const rows of account.messages(mailbox, query)) {
        if (query.want?.includes('inline')) {
          await owner.commit?.([{ op: 'expunge', in: inbox?.id as string, onlyDeleted: false }])
          made.store.collect()
        }
        // Without the octets in the row they are read behind the expunge.
        yield rows.map(({ inline: _, ...row }) => row)
      }
    },
  }))
  const client = new DialogueClient(server)
  await client.logIn('alice')
  await client.run('s1 SELECT INBOX')
  const lines = await client.run('f1 FETCH 1:2 BODY.PEEK[]')
  expect(lines.filter((line) => line === 'Hello Bob.')).toHaveLength(2)
  expect(lines.at(-1)).toBe('f1 OK [EXPUNGEISSUED] FETCH completed')
  expect(await client.run('n1 NOOP')).toEqual(['* 1 EXPUNGE', '* 1 EXPUNGE', 'n1 OK NOOP completed'])
})

describe('time limits', () => {
  const { commandTime, loginTime, uploadRate } = DEFAULT_LIMITS

  test('who begins a command after login must end it, in a line as in a literal', async () => {
    const { server, times } = withTimes(testServer())
    const connection = connectInMemory(server)
    const send = (text: string): void => connection.send(new TextEncoder().encode(text))
    expect(times).toEqual([loginTime])
    send('a LOG')
    expect(times).toEqual([loginTime])
    send('IN alice secret\r\n')
    await new Promise((resolve) => setImmediate(resolve))
    expect(times).toEqual([loginTime, 0])
    times.length = 0
    send('b NO')
    expect(times).toEqual([commandTime])
    send('O')
    // Octet by octet does not lengthen it.
    expect(times).toEqual([commandTime])
    send('P\r\n')
    expect(times).toEqual([commandTime, 0])
    times.length = 0
    send('c STATUS {5}\r\n')
    expect(times).toEqual([commandTime])
    send('INBOX (MESSAGES)\r\n')
    await new Promise((resolve) => setImmediate(resolve))
    expect(times).toEqual([commandTime, 0])
  })

  test('a message may take as long as a slow line needs, and IDLE as long as it likes', async () => {
    const { server, times } = withTimes(testServer())
    const client = new DialogueClient(server as TestServer['server'])
    await client.logIn('alice')
    times.length = 0
    client.connection.send(new TextEncoder().encode(`a APPEND INBOX {${uploadRate * 7}+}\r\nA: b\r\n`))
    await new Promise((resolve) => setImmediate(resolve))
    expect(times.at(-1)).toBe(commandTime + 7_000 - 1)
    client.connection.send(new Uint8Array(uploadRate * 7 - 6).fill(10))
    client.send('')
    expect(await client.line()).toMatch(/^a OK/)
    expect(times.at(-1)).toBe(0)
    times.length = 0
    client.send('b IDLE')
    expect(await client.line()).toBe('+ idling')
    expect(times).toEqual([])
    client.connection.send(new TextEncoder().encode('DO'))
    expect(times).toEqual([commandTime])
    client.connection.send(new TextEncoder().encode('NE\r\n'))
    expect(await client.line()).toMatch(/^b OK/)
    expect(times.at(-1)).toBe(0)
  })
})

test('each failed login of a connection waits longer than the one before; other connections do not wait', async () => {
  const waits: number[] = []
  const made = testServer({ limits: { authFailureDelay: 700, authFailures: 5 } })
  const delay = async (ms: number): Promise<void> => void waits.push(ms)
  const client = new DialogueClient(made.server, { delay })
  await client.line()
  for (let i = 1; i <= 4; i++) {
    expect(await client.run(`a${i} LOGIN alice wrong`)).toEqual([
      `a${i} NO [AUTHENTICATIONFAILED] Authentication failed`,
    ])
  }
  expect(waits).toEqual([700, 1_400, 2_100, 2_800])
  waits.length = 0
  await new DialogueClient(made.server, { delay }).logIn('alice')
  expect(waits).toEqual([])
})

test('many closing brackets are as harmless as many opening ones', async () => {
  const { server } = testServer()
  for (const [text, wanted] of [
    [`a ID ${')'.repeat(7_000)}`, /^a BAD /],
    [`a ID (${')'.repeat(7_000)}`, /^a BAD /],
    [`a ID ("a" "b")${')'.repeat(7_000)}`, /^a BAD /],
  ] as const) {
    const client = new DialogueClient(server)
    await client.line()
    expect((await client.run(text)).pop()).toMatch(wanted)
  }
})

test('RFC 9208 §4.1.3: QUOTASET, where the application allows it', async () => {
  const made = testServer({
    extensions: [
      ...standardExtensions,
      quotaSet((session, _root, limits) => {
        if (session.identity?.account !== 'alice') throw new Refusal(no('Not for you', 'NOPERM'))
        made.store.setQuota('alice', limits)
      }),
    ],
  })
  await playDialogue(
    made.server,
    `
    alice> q0 CAPABILITY
    alice< * CAPABILITY {*} QUOTASET{*}
    alice< q0 OK CAPABILITY completed
    alice> q1 SETQUOTA "" (STORAGE 512 MESSAGE 10)
    alice< * QUOTA "" (STORAGE 0 512 MESSAGE 0 10)
    alice< q1 OK SETQUOTA completed
    alice> q2 SETQUOTA "" (MAILBOX 3)
    alice< q2 NO [CANNOT] There is no resource MAILBOX
    alice> q3 SETQUOTA nowhere (STORAGE 1)
    alice< q3 NO [NONEXISTENT] No such quota root
    alice> q4 SETQUOTA "" ()
    alice< q4 OK SETQUOTA completed
    bob> q5 SETQUOTA "" (STORAGE 1)
    bob< q5 NO [NOPERM] Not for you
  `,
  )
})

test('RFC 5464 §1: METADATA-SERVER instead of METADATA', async () => {
  const { metadataServer } = await import('../src/index.js')
  const extensions = [...standardExtensions.filter(({ name }) => name !== 'METADATA'), metadataServer]
  await playTranscript(
    testServer({ extensions }).server,
    `
    S: * OK {*}
    C: a LOGIN alice secret
    S: a OK [CAPABILITY {*} METADATA-SERVER] {*}
    C: m1 SETMETADATA "" (/shared/comment "x")
    S: m1 OK SETMETADATA completed
    C: m2 GETMETADATA "" /shared/comment
    S: * METADATA "" (/shared/comment "x")
    S: m2 OK GETMETADATA completed
    C: m3 SETMETADATA INBOX (/shared/comment "x")
    S: m3 NO [CANNOT] {*}
    C: m4 GETMETADATA INBOX /shared/comment
    S: m4 NO [CANNOT] {*}
  `,
  )
})
