/** RFC 4314 §4, the whole table: each command with every right but one. What it needs, it misses; what not, it does not. */
import { Flag } from '@posthouse/store-api'
import { expect, test } from 'vitest'
import { DialogueClient } from './dialogue.js'
import { HELLO, type TestServer, testServer } from './servers.js'

const ALL = 'lrswipkxtea'
const W = '"Other Users/alice/Work"'
const BELOW = '"Other Users/alice/Base/Below"'
const MESSAGE = '{9+}\\r\\nA: b\\r\\n\\r\\nx'

/** bob, who has these rights in alice's Work and Base; a message with all flags is in Work and in his own INBOX. */
async function bobWith(rights: string): Promise<{ made: TestServer; client: DialogueClient }> {
  const made = testServer()
  const flags = Flag.Seen | Flag.Deleted | Flag.Flagged
  await made.deliver(HELLO, { path: ['Work'], flags, keywords: ['$Work'] })
  await made.deliver(HELLO, { account: 'bob', flags, keywords: ['$Work'] })
  await made.deliver(HELLO, { path: ['Base'] })
  for (const name of ['Work', 'Base']) made.store.share('alice', 'bob', rights, [name])
  const client = new DialogueClient(made.server)
  await client.logIn('bob')
  return { made, client }
}

/** Rights without which the answer is NO; `at`: the mailbox that is selected. */
const table: readonly (readonly [command: string, needs: string, at?: string])[] = [
  [`SELECT ${W}`, 'r'],
  [`EXAMINE ${W}`, 'r'],
  [`STATUS ${W} (MESSAGES UNSEEN)`, 'r'],
  [`SUBSCRIBE ${W}`, ''],
  [`UNSUBSCRIBE ${W}`, ''],
  [`LIST "" ${W}`, ''],
  [`LSUB "" ${W}`, ''],
  [`CREATE ${BELOW}`, 'k'],
  [`DELETE ${W}`, 'x'],
  [`RENAME ${W} ${BELOW}`, 'xk'],
  [`APPEND ${W} (\\Seen \\Deleted \\Flagged) ${MESSAGE}`, 'i'],
  [`MYRIGHTS ${W}`, ''],
  [`GETACL ${W}`, 'a'],
  [`SETACL ${W} carol lr`, 'a'],
  [`DELETEACL ${W} carol`, 'a'],
  [`LISTRIGHTS ${W} carol`, 'a'],
  [`GETQUOTAROOT ${W}`, 'r'],
  [`ESEARCH IN (mailboxes ${W}) ALL`, ''],
  [`COPY 1 ${W}`, 'i', 'INBOX'],
  [`UID COPY 1 ${W}`, 'i', 'INBOX'],
  [`MOVE 1 ${W}`, 'i', 'INBOX'],
  [`UID MOVE 1 ${W}`, 'i', 'INBOX'],
  [`REPLACE 1 ${W} ${MESSAGE}`, 'i', 'INBOX'],
  [`UID REPLACE 1 ${W} ${MESSAGE}`, 'i', 'INBOX'],
  ['FETCH 1 BODY[]', '', W],
  ['UID FETCH 1 (FLAGS BINARY[1])', '', W],
  ['SEARCH ALL', '', W],
  ['SORT (ARRIVAL) UTF-8 ALL', '', W],
  ['THREAD REFERENCES UTF-8 ALL', '', W],
  ['CHECK', '', W],
  ['NOOP', '', W],
  ['CLOSE', '', W],
  ['UNSELECT', '', W],
  ['COPY 1 INBOX', '', W],
  ['MOVE 1 INBOX', 'te', W],
  ['UID MOVE 1 INBOX', 'te', W],
  [`REPLACE 1 INBOX ${MESSAGE}`, 'te', W],
  [`REPLACE 1 ${W} ${MESSAGE}`, 'ite', W],
  ['EXPUNGE', 'e', W],
  ['UID EXPUNGE 1', 'e', W],
  ['STORE 1 -FLAGS (\\Seen)', 's', W],
  ['STORE 1 -FLAGS.SILENT (\\Deleted)', 't', W],
  ['UID STORE 1 -FLAGS (\\Flagged)', 'w', W],
  ['STORE 1 -FLAGS ($Work)', 'w', W],
  // Whoever may change some of the flags changes those.
  ['STORE 1 FLAGS ()', '', W],
]

test.each(table)('%s: NO without any of "%s", nothing else', async (command, needs = '', at) => {
  let missed = ''
  for (const right of ALL) {
    if (at === W && right === 'r') continue
    const { client } = await bobWith(ALL.replace(right, ''))
    if (at) expect((await client.run(`s1 SELECT ${at}`)).pop()).toMatch(/^s1 OK/)
    const answer = (await client.run(`x1 ${command}`)).pop() as string
    expect(answer).toMatch(/^x1 (OK|NO)/)
    if (answer.startsWith('x1 NO')) missed += right
  }
  expect([...missed].sort()).toEqual([...needs].sort())
})

/** What FETCH tells bob of the only message, or of the last one, when he has all rights but these. */
async function flagsAfter(command: string, right: string, selected: string): Promise<string> {
  const { client } = await bobWith(ALL.replace(right, ''))
  await client.run(`s1 SELECT ${selected}`)
  expect((await client.run(`x1 ${command}`)).pop()).toMatch(/^x1 OK/)
  await client.run(`s2 SELECT ${W}`)
  const [told] = await client.run('x2 FETCH * FLAGS')
  return told.slice(told.indexOf('(')).replace(' \\Recent', '')
}

test.each([
  ['APPEND', `APPEND ${W} (\\Seen \\Deleted \\Flagged $Work) ${MESSAGE}`],
  ['COPY', `COPY 1 ${W}`],
  ['MOVE', `MOVE 1 ${W}`],
  ['REPLACE', `REPLACE 1 ${W} (\\Seen \\Deleted \\Flagged $Work) ${MESSAGE}`],
])('%s leaves out the flags that rights are missing for', async (_, command) => {
  expect(await flagsAfter(command, '', 'INBOX')).toBe('(FLAGS (\\Flagged \\Deleted \\Seen $Work))')
  expect(await flagsAfter(command, 's', 'INBOX')).toBe('(FLAGS (\\Flagged \\Deleted $Work))')
  expect(await flagsAfter(command, 't', 'INBOX')).toBe('(FLAGS (\\Flagged \\Seen $Work))')
  expect(await flagsAfter(command, 'w', 'INBOX')).toBe('(FLAGS (\\Deleted \\Seen))')
})

test('STORE of all flags changes those that it may', async () => {
  expect(await flagsAfter('STORE 1 FLAGS ()', '', W)).toBe('(FLAGS ())')
  expect(await flagsAfter('STORE 1 FLAGS ()', 't', W)).toBe('(FLAGS (\\Deleted))')
  expect(await flagsAfter('STORE 1 FLAGS ()', 'w', W)).toBe('(FLAGS (\\Flagged $Work))')
})

test.each([
  ['', '(FLAGS (\\Seen))'],
  ['s', '(FLAGS ())'],
])('FETCH of a text without "%s": %s', async (right, flags) => {
  const { made, client } = await bobWith(ALL.replace(right, ''))
  await made.deliver(HELLO, { path: ['Work'] })
  await client.run(`s1 SELECT ${W}`)
  expect((await client.run('x1 FETCH 2 BODY[]')).pop()).toMatch(/^x1 OK/)
  expect((await client.run('x2 FETCH 2 FLAGS'))[0]).toBe(`* 2 FETCH ${flags}`)
})

test.each([
  ['', 0],
  ['e', 1],
])('CLOSE without "%s" leaves %i deleted messages', async (right, left) => {
  const { client } = await bobWith(ALL.replace(right, ''))
  await client.run(`s1 SELECT ${W}`)
  expect(await client.run('x1 CLOSE')).toEqual(['x1 OK CLOSE completed'])
  expect((await client.run(`x2 STATUS ${W} (MESSAGES)`))[0]).toBe(`* STATUS ${W} (MESSAGES ${left})`)
})

test('LIST and LSUB tell of nothing without l, but of a subscription as of one to nothing', async () => {
  const { client } = await bobWith(ALL.replace('l', ''))
  await client.run(`x0 SUBSCRIBE ${W}`)
  expect(await client.run(`x1 LIST "" ${W}`)).toEqual(['x1 OK LIST completed'])
  expect(await client.run(`x2 LIST (SUBSCRIBED) "" ${W}`)).toEqual([
    `* LIST (\\NonExistent \\HasNoChildren \\Subscribed) "/" ${W}`,
    'x2 OK LIST completed',
  ])
})

test.each([
  ['APPEND', `APPEND ${W} ${MESSAGE}`],
  ['COPY', `COPY 1 ${W}`],
  ['MOVE', `MOVE 1 ${W}`],
  ['REPLACE', `REPLACE 1 ${W} ${MESSAGE}`],
])('%s tells UIDs of a mailbox only to who may open it (RFC 9051 §6.3.12)', async (_, command) => {
  for (const [rights, tells] of [
    ['lri', true],
    ['li', false],
  ] as const) {
    const { client } = await bobWith(rights)
    await client.run('s1 SELECT INBOX')
    const lines = await client.run(`x1 ${command}`)
    expect(lines.at(-1)).toMatch(/^x1 OK/)
    expect([rights, lines.some((line) => line.includes('UID '))]).toEqual([rights, tells])
  }
})
