/** Mailboxes of others in the session of one: two accounts, each with clock and quota of its own. */
import { type Writer, writerOf } from '@posthouse/store-api'
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

/** A server over the same store, whose accounts commit in another way. */
function withCommit(made: TestServer, change: (commit: Writer['commit']) => Writer['commit']): TestServer {
  const { server } = testServer({
    store: {
      ...made.store,
      async open(name, as) {
        const account = await made.store.open(name, as)
        return { ...account, commit: change(writerOf(account).commit) }
      },
    },
  })
  return { ...made, server }
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

test.each([
  ['was done', 'nothing', 2, 0],
  ['was not done', 'the new message', 1, 1],
])('RFC 8508: an expunge that fails, and %s, takes %s away', async (what, _which, there, here) => {
  const made = await sharing(1, 1)
  let failed = false
  const changed = withCommit(made, (commit) => async (ops, key) => {
    if (failed || ops[0]?.op !== 'expunge') return commit(ops, key)
    failed = true
    if (what === 'was done') await commit(ops, key)
    throw new Error('the network is gone')
  })
  const one = await client(changed, 's SELECT INBOX')
  expect((await one.run(`r REPLACE 1 ${SHARED} {9+}\\r\\nA: b\\r\\n\\r\\nx`)).at(-1)).toMatch(/^r NO /)
  expect(await one.run(`t STATUS ${SHARED} (MESSAGES)`)).toContain(`* STATUS ${SHARED} (MESSAGES ${there})`)
  expect(await one.run('t STATUS INBOX (MESSAGES)')).toContain(`* STATUS INBOX (MESSAGES ${here})`)
})

test('RFC 8508: an adapter that does not say what an expunge removed has done it', async () => {
  const made = await sharing(1, 1)
  const changed = withCommit(made, (commit) => async (ops, key) => {
    const done = await commit(ops, key)
    return { ...done, results: done.results.map((result, i) => (ops[i]?.op === 'expunge' ? {} : result)) }
  })
  const one = await client(changed, 's SELECT INBOX')
  for (const target of ['INBOX', SHARED])
    expect((await one.run(`r REPLACE 1 ${target} {9+}\\r\\nA: b\\r\\n\\r\\nx`)).at(-1)).toMatch(/^r OK /)
  expect(await one.run(`t STATUS ${SHARED} (MESSAGES)`)).toContain(`* STATUS ${SHARED} (MESSAGES 2)`)
})

test('RFC 8508 §3.2: of two sessions that replace a message at once one does', async () => {
  const made = await sharing(1, 1)
  for (const [target, count] of [
    ['INBOX', 1],
    [SHARED, 2],
  ] as const) {
    const both = [await client(made, 's SELECT INBOX'), await client(made, 's SELECT INBOX')]
    const run = (one: DialogueClient) => one.run(`r REPLACE 1 ${target} {9+}\\r\\nA: b\\r\\n\\r\\nx`)
    const ends = (await Promise.all(both.map(run))).map((lines) => lines.at(-1)?.slice(0, 5)).sort()
    expect(ends).toEqual(['r NO ', 'r OK '])
    const status = await (await client(made)).run(`t STATUS ${target} (MESSAGES)`)
    expect(status).toContain(`* STATUS ${target} (MESSAGES ${count})`)
  }
})
