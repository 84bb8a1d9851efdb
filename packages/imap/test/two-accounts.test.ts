/** Mailboxes of others in the session of one: two accounts, each with clock and quota of its own. */
import { describe, expect, test } from 'vitest'
import { DialogueClient } from './dialogue.js'
import { HELLO, type TestServer, testServer } from './servers.js'

const SHARED = '"Other Users/alice/Work"'

/** Alice shares Work with bob; `messages` in it, and in the INBOX of bob. */
async function sharing(alice: number, bob: number): Promise<TestServer> {
  const made = testServer()
  const work = { path: ['Work'] }
  await made.deliver(HELLO, work)
  for (let i = 1; i < alice; i++) await made.deliver(HELLO, work)
  for (let i = 0; i < bob; i++) await made.deliver(HELLO, { account: 'bob' })
  made.store.share('alice', 'bob', 'lrswipkxte', ['Work'])
  return made
}

async function client(made: TestServer, ...commands: readonly string[]): Promise<DialogueClient> {
  const one = new DialogueClient(made.server)
  await one.logIn('bob')
  for (const command of commands) await one.run(command)
  return one
}

/** The number behind a word in what was heard. */
function numberIn(lines: readonly string[], word: string): number {
  const text = lines.join('\n')
  const at = text.lastIndexOf(word)
  return at < 0 ? -1 : Number.parseInt(text.slice(at + word.length), 10)
}

describe.each([
  ['into', 'INBOX', SHARED, sharing.bind(null, 30, 2), { account: 'bob' }],
  ['out of', SHARED, 'INBOX', sharing.bind(null, 2, 30), { account: 'alice', path: ['Work'] }],
] as const)('RFC 7162 §3.1.2.1: MOVE %s a busier account', (_name, from, to, make, mail) => {
  test('what comes behind it is told', async () => {
    const made = await make()
    const one = await client(made, 'e ENABLE QRESYNC', `s SELECT ${from}`)
    const moved = await one.run(`m MOVE 1 ${to}`)
    const status = await (await client(made)).run(`t STATUS ${from} (HIGHESTMODSEQ)`)
    expect(numberIn(moved, 'HIGHESTMODSEQ ')).toBe(numberIn(status, 'HIGHESTMODSEQ '))
    await made.deliver(HELLO, mail)
    expect(await one.run('n NOOP')).toContain('* 2 EXISTS')
  })

  test('a new session sees all that STATUS counts', async () => {
    const made = await make()
    const one = await client(made, 'e ENABLE QRESYNC', `s SELECT ${from}`)
    const told = numberIn(await one.run(`m MOVE 1 ${to}`), 'HIGHESTMODSEQ ')
    const other = await client(made)
    for (let i = 0; i < 40; i++) {
      const status = await other.run(`t STATUS ${from} (MESSAGES HIGHESTMODSEQ)`)
      const fresh = await client(made)
      expect(await fresh.run(`s EXAMINE ${from}`)).toContain(`* ${numberIn(status, 'MESSAGES ')} EXISTS`)
      if (numberIn(status, 'HIGHESTMODSEQ ') > told) break
      await made.deliver(HELLO, mail)
    }
  })
})

describe('RFC 9208 §4.1.2: the quota is that of the account where the message goes', () => {
  const octets = HELLO.replaceAll('\r\n', '\\r\\n')
  const literal = `{${HELLO.length}+}\\r\\n${octets}`

  test('not that of who brings it', async () => {
    const made = await sharing(1, 1)
    made.store.setQuota('bob', { bytes: 1 })
    const one = await client(made, 's SELECT INBOX')
    expect((await one.run(`a APPEND ${SHARED} ${literal}`)).at(-1)).toMatch(/^a OK \[APPENDUID \d+ 2\]/)
    expect(await one.run(`a APPEND INBOX ${literal}`)).toContain('a NO [OVERQUOTA] The account is full')
    expect((await one.run(`r REPLACE 1 ${SHARED} ${literal}`)).at(-1)).toMatch(/^r OK /)
  })

  test('that of the owner', async () => {
    const made = await sharing(1, 1)
    made.store.setQuota('alice', { bytes: 1 })
    const one = await client(made, 's SELECT INBOX')
    for (const command of ['APPEND', 'REPLACE 1']) {
      expect(await one.run(`a ${command} ${SHARED} ${literal}`)).toContain('a NO [OVERQUOTA] The account is full')
    }
  })
})

test('RFC 8508 §3.2: REPLACE into the mailbox of somebody else leaves nothing there when the old message is gone', async () => {
  const made = await sharing(1, 1)
  const one = await client(made, 's SELECT INBOX')
  await client(made, 's SELECT INBOX', 't STORE 1 +FLAGS (\\Deleted)', 'x EXPUNGE')
  const lines = await one.run(`r REPLACE 1 ${SHARED} {9+}\\r\\nA: b\\r\\n\\r\\nx`)
  expect(lines.at(-1)).toBe('r NO [EXPUNGEISSUED] The message is gone')
  expect(await one.run(`t STATUS ${SHARED} (MESSAGES)`)).toContain(`* STATUS ${SHARED} (MESSAGES 1)`)
})
