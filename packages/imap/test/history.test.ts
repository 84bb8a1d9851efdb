/**
 * Sessions whose history is gone: the store cannot say any more what was expunged since they looked last (R10). They are
 * given what is there now against what they know, or BYE; never a wrong answer.
 */
import { expect, test } from 'vitest'
import { DialogueClient } from './dialogue.js'
import { HELLO, serverOver, type TestServer, testServer } from './servers.js'

interface Sessions {
  readonly made: TestServer
  readonly server: TestServer['server']
  /** How often the store was asked what is gone, and could not say. */
  readonly asked: () => number
}

/** A server whose store has a log of expunges until `made.store.trimVanished`; after it, it says so. */
async function watched(messages: number): Promise<Sessions> {
  const made = testServer()
  for (let i = 0; i < messages; i++) await made.deliver(HELLO)
  let asked = 0
  const server = serverOver(made, (account) => ({
    async vanished(mailbox, since) {
      const gone = (await account.vanished?.(mailbox, since)) ?? null
      if (gone === null) asked++
      return gone
    },
  }))
  return { made, server, asked: () => asked }
}

async function client(server: TestServer['server'], ...first: readonly string[]): Promise<DialogueClient> {
  const made = new DialogueClient(server)
  await made.logIn('alice')
  for (const line of first) await made.run(line)
  return made
}

/** Another session expunges these messages, gives one a flag, and a message comes; then the log of expunges is cut. */
async function loseHistory({ made, server }: Sessions, expunged: string, flagged: number): Promise<void> {
  const other = await client(server, 'o1 SELECT INBOX')
  await other.run(`o2 UID STORE ${expunged} +FLAGS.SILENT (\\Deleted)`)
  await other.run('o3 EXPUNGE')
  await other.run(`o4 UID STORE ${flagged} +FLAGS.SILENT (\\Flagged)`)
  await made.deliver(HELLO)
  made.store.trimVanished('alice')
}

const told = (lines: readonly string[]): string[] =>
  lines.filter((line) => /^\* .*(EXPUNGE|VANISHED|EXISTS|FETCH)\b/.test(line))

test('NOOP tells what is gone by what is left', async () => {
  const sessions = await watched(5)
  const one = await client(sessions.server, 's SELECT INBOX')
  await loseHistory(sessions, '2,4', 5)
  expect(await one.run('n NOOP')).toEqual([
    '* 2 EXPUNGE',
    '* 3 EXPUNGE',
    '* 4 EXISTS',
    '* 1 RECENT',
    '* 3 FETCH (FLAGS (\\Flagged))',
    'n OK NOOP completed',
  ])
  expect(sessions.asked()).toBeGreaterThan(0)
  expect(told(await one.run('f FETCH 1:* UID'))).toEqual([
    '* 1 FETCH (UID 1)',
    '* 2 FETCH (UID 3)',
    '* 3 FETCH (UID 5)',
    '* 4 FETCH (UID 6)',
  ])
  expect(await one.run('m NOOP')).toEqual(['m OK NOOP completed'])
})

test('what is gone is withheld where message numbers must not move, and told behind it', async () => {
  const sessions = await watched(3)
  const one = await client(sessions.server, 's SELECT INBOX (CONDSTORE)')
  await loseHistory(sessions, '1', 3)
  const lines = await one.run('f FETCH 2 UID')
  // No EXISTS before the EXPUNGE, and number 3 is still UID 3. The cursor stays behind the expunge.
  expect(lines).toEqual([
    '* 2 FETCH (UID 2)',
    '* 3 FETCH (UID 3 FLAGS (\\Flagged) MODSEQ (7))',
    '* OK [HIGHESTMODSEQ 4] Behind it are expunges',
    'f OK [EXPUNGEISSUED] FETCH completed',
  ])
  expect(told(await one.run('n NOOP'))).toEqual(['* 1 EXPUNGE', '* 3 EXISTS'])
  expect(await one.run('x EXPUNGE')).toEqual(['x OK [HIGHESTMODSEQ 8] EXPUNGE completed'])
})

test('IDLE pushes it', async () => {
  const sessions = await watched(3)
  const one = await client(sessions.server, 's SELECT INBOX')
  const other = await client(sessions.server, 's SELECT INBOX', 't UID STORE 2 +FLAGS.SILENT (\\Deleted)', 'n NOOP')
  await one.run('n NOOP')
  one.send('i IDLE')
  expect(await one.line()).toBe('+ idling')
  other.send('x EXPUNGE')
  sessions.made.store.trimVanished('alice')
  expect(await one.line()).toBe('* 2 EXPUNGE')
  one.send('DONE')
  expect(await one.line()).toBe('i OK IDLE completed')
})

test('RFC 7162 §3.2.10.2: QRESYNC in SELECT names all that is not there, of what the client knows', async () => {
  const sessions = await watched(5)
  await loseHistory(sessions, '2,4', 5)
  const one = await client(sessions.server, 'e ENABLE QRESYNC')
  // The log begins behind 8, where the messages went.
  for (const since of [1, 6, 7, 8]) {
    expect(told(await one.run(`a SELECT INBOX (QRESYNC (1 ${since} 2))`))).toEqual([
      '* 4 EXISTS',
      ...(since < 8 ? ['* VANISHED (EARLIER) 2'] : []),
    ])
  }
  expect(told(await one.run('b SELECT INBOX (QRESYNC (1 6))'))).toEqual([
    '* 4 EXISTS',
    '* VANISHED (EARLIER) 2,4',
    expect.stringMatching(/^\* 3 FETCH \(UID 5 FLAGS \(\\Flagged\) MODSEQ \(\d+\)\)$/),
    expect.stringMatching(/^\* 4 FETCH \(UID 6 FLAGS \(.*\) MODSEQ \(\d+\)\)$/),
  ])
  expect(told(await one.run('c UID FETCH 3:* (FLAGS) (CHANGEDSINCE 6 VANISHED)')).slice(0, 2)).toEqual([
    '* VANISHED (EARLIER) 4',
    expect.stringMatching(/^\* 3 FETCH \(UID 5 /),
  ])
  expect(sessions.asked()).toBeGreaterThan(0)
})

test('QRESYNC tells of a changed message that goes while SELECT runs, also when the history goes with it', async () => {
  const made = testServer()
  for (let i = 0; i < 3; i++) await made.deliver(HELLO)
  let due = true
  const server = serverOver(made, (account) => ({
    async *messages(mailbox, query) {
      if (due && query.since !== undefined) {
        due = false
        await account.commit?.([{ op: 'expunge', in: mailbox, uids: [[3, 3]], onlyDeleted: false }])
        made.store.trimVanished('alice')
      }
      yield* account.messages(mailbox, query)
    },
  }))
  const one = await client(server, 'e ENABLE QRESYNC')
  expect(told(await one.run('s SELECT INBOX (QRESYNC (1 3))'))).toEqual([
    '* 3 EXISTS',
    // Number 3 is counted, so the client has to hear which message it is before it hears that it is gone.
    expect.stringMatching(/^\* 3 FETCH \(UID 3 FLAGS \(.*\) MODSEQ \(4\)\)$/),
  ])
  expect(told(await one.run('n NOOP'))).toEqual(['* VANISHED 3'])
})

test('a mailbox that is another one now ends the session, and not one message of the new one is told', async () => {
  const sessions = await watched(0)
  for (let i = 0; i < 3; i++) await sessions.made.deliver(HELLO, { path: ['Box'] })
  for (const command of ['NOOP', 'CHECK', 'FETCH 1:* UID', 'EXPUNGE']) {
    const one = await client(sessions.server, 's SELECT Box')
    const other = await client(sessions.server)
    await other.run('d DELETE Box')
    sessions.made.store.trimVanished('alice')
    for (let i = 0; i < 3; i++) await sessions.made.deliver(HELLO, { path: ['Box'] })
    const lines = await one.run(`x ${command}`)
    expect(told(lines)).toEqual([])
    expect(lines.at(-2)).toBe('* BYE The selected mailbox is not there any more')
    expect(one.connection.closed).toBe(true)
  }
})
