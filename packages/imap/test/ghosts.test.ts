/**
 * RFC 9051 §7.5.1, RFC 2180 §4: messages that another session has expunged are there, for whoever has not been told of
 * it yet: fetched, flagged (for this session alone) and copied.
 */
import { describe, expect, test } from 'vitest'
import type { ImapServer } from '../src/index.js'
import { DialogueClient, playDialogue } from './dialogue.js'
import { testServer } from './servers.js'
import { emptyStore, STORE_KINDS } from './stores.js'

type Kind = (typeof STORE_KINDS)[number]

const GONE = 'Subject: Gone\\r\\nContent-Type: text/plain\\r\\n\\r\\nRead me still.\\r\\n'
const HELLO = 'Subject: Hello\\r\\n\\r\\nHello.\\r\\n'

/** Three messages; alice has selected them, and another session of hers has expunged the second. */
async function expungedElsewhere(
  kind: Kind,
  ...before: readonly string[]
): Promise<{ readonly server: ImapServer; readonly client: DialogueClient }> {
  const { server } = testServer({ store: await emptyStore(kind) })
  const client = new DialogueClient(server)
  await client.logIn('alice')
  for (const text of [HELLO, `(kept) ${GONE}`, HELLO]) {
    const [flags, mail] = text.startsWith('(') ? ['(kept) ', GONE] : ['', text]
    await client.run(`a APPEND INBOX ${flags}{${mail.replaceAll('\\r\\n', '\r\n').length}+}\\r\\n${mail}`)
  }
  for (const command of before) await client.run(`b ${command}`)
  await client.run('s1 EXAMINE INBOX')
  await client.run('s2 SELECT INBOX')
  const other = new DialogueClient(server)
  await other.logIn('alice')
  for (const line of ['m1 SELECT INBOX', 'm2 STORE 2 +FLAGS.SILENT (\\Deleted)', 'm3 EXPUNGE']) await other.run(line)
  return { server, client }
}

/** What a client hears after `commands`. */
async function heard(kind: Kind, ...commands: readonly string[]): Promise<string[]> {
  const { client } = await expungedElsewhere(kind)
  let lines: string[] = []
  for (const command of commands) lines = await client.run(command)
  return lines
}

describe.each(STORE_KINDS)('a message expunged elsewhere, %s', (kind) => {
  test.each([
    [
      'x FETCH 2 (FLAGS BODY.PEEK[TEXT])',
      ['* 2 FETCH (FLAGS (\\Deleted \\Recent kept) BODY[TEXT] {16}', 'Read me still.', ')'],
    ],
    ['x FETCH 2 BODY.PEEK[HEADER.FIELDS (Subject)]', ['* 2 FETCH (BODY[HEADER.FIELDS (Subject)] {17}']],
    ['x FETCH 2 RFC822.SIZE', [/^\* 2 FETCH \(RFC822\.SIZE \d+\)$/]],
    ['x FETCH 2 BODYSTRUCTURE', [/^\* 2 FETCH \(BODYSTRUCTURE \("text" "plain" /i]],
    ['x FETCH 1:* UID', ['* 1 FETCH (UID 1)', '* 2 FETCH (UID 2)', '* 3 FETCH (UID 3)']],
    ['x STORE 2 +FLAGS (\\Flagged)', ['* 2 FETCH (FLAGS (\\Flagged \\Deleted \\Recent kept))']],
    ['x SEARCH ALL', ['* SEARCH 1 2 3']],
  ])('%s', async (command, wanted) => {
    const lines = await heard(kind, command)
    for (const one of wanted) {
      expect(lines.some((line) => (typeof one === 'string' ? line === one : one.test(line))) ? '' : lines).toBe('')
    }
    expect(lines.join('\n')).not.toContain('EXPUNGE\n')
    expect(lines.at(-1)).toMatch(/^x OK \[EXPUNGEISSUED\]/)
  })

  test('flags that its session gives it are seen by that session, and by no other', async () => {
    expect(await heard(kind, 'a STORE 2 FLAGS (\\Answered other)', 'x FETCH 2 FLAGS')).toEqual([
      '* 2 FETCH (FLAGS (\\Answered \\Recent other))',
      'x OK [EXPUNGEISSUED] FETCH completed',
    ])
  })

  test('RFC 7162 §3.1.3: a condition does not bring it back', async () => {
    const lines = await heard(kind, 'a FETCH 1 MODSEQ', 'x STORE 2 (UNCHANGEDSINCE 1) +FLAGS (\\Flagged)')
    expect(lines.at(-1)).toMatch(/^x (NO|OK) \[(EXPUNGEISSUED|MODIFIED 2)\]/)
  })

  test('COPY makes a message of it', async () => {
    const { client } = await expungedElsewhere(kind)
    expect((await client.run('x COPY 1:3 INBOX')).at(-1)).toMatch(/^x OK \[COPYUID \d+ 1,3,2 4:5,6\]/)
    const lines = await client.run('f UID FETCH 4:6 BODY.PEEK[TEXT]')
    expect(lines.filter((line) => line === 'Read me still.')).toHaveLength(1)
  })

  test('it is gone when the session has been told', async () => {
    const { client } = await expungedElsewhere(kind)
    expect(await client.run('n NOOP')).toEqual(['* 2 EXPUNGE', '* 2 RECENT', 'n OK NOOP completed'])
    expect(await client.run('x UID FETCH 2 FLAGS')).toEqual(['x OK FETCH completed'])
  })

  test('another account has nothing of it', async () => {
    const { server } = await expungedElsewhere(kind)
    await playDialogue(
      server,
      `
      bob> s1 SELECT INBOX
      bob< ...
      bob< s1 OK [READ-WRITE] SELECT completed
      bob> x UID FETCH 1:* FLAGS
      bob< x OK FETCH completed
    `,
    )
  })
})

describe.each(['COPY', 'UID COPY'])('RFC 9051 §6.4.7: %s that fails at such a message copies nothing', (command) => {
  /** Three messages of alice, the second of which another session of hers expunges. */
  async function twoLeft() {
    const made = testServer()
    for (let i = 0; i < 3; i++) await made.deliver('Subject: Hello\r\n\r\nHello.\r\n')
    const [client, other] = [new DialogueClient(made.server), new DialogueClient(made.server)]
    for (const one of [client, other]) {
      await one.logIn('alice')
      await one.run('s SELECT INBOX')
    }
    for (const line of ['m1 CREATE Box', 'm2 STORE 2 +FLAGS.SILENT (\\Deleted)', 'm3 EXPUNGE']) await other.run(line)
    return { ...made, client, other }
  }

  test('within an account', async () => {
    const { store, client, other } = await twoLeft()
    // Room for copies of the two that are there.
    store.setQuota('alice', { messages: 4 })
    expect(await client.run(`x ${command} 1:3 Box`)).toContain('x NO [OVERQUOTA] The account is full')
    expect(await other.run('t STATUS Box (MESSAGES)')).toContain('* STATUS Box (MESSAGES 0)')
  })

  test.each(['li', 'lrswipkxtea'])('into a mailbox of somebody else, with the rights %s', async (rights) => {
    const { store, client, deliver, account } = await twoLeft()
    await deliver('Subject: Old\r\n\r\nOld.\r\n', { account: 'bob', path: ['Box'] })
    store.share('bob', 'alice', rights, ['Box'])
    store.setQuota('bob', { messages: 3 })
    expect(await client.run(`x ${command} 1:3 "Other Users/bob/Box"`)).toContain('x NO [OVERQUOTA] The account is full')
    const boxes = await (await account('bob')).mailboxes()
    expect(boxes.find(({ path }) => path[0] === 'Box')?.messages).toBe(1)
  })
})

describe('RFC 8508 §3.2: REPLACE puts nothing in the place of a message that is gone', () => {
  const NEW = `{9+}\\r\\nA: b\\r\\n\\r\\nx`

  test.each(
    STORE_KINDS.flatMap((kind) =>
      ['REPLACE', 'UID REPLACE'].flatMap((name) => ['INBOX', 'Box'].map((to) => [name, to, kind] as const)),
    ),
  )('%s into %s, %s', async (name, to, kind) => {
    const { client } = await expungedElsewhere(kind, 'CREATE Box')
    const lines = await client.run(`x ${name} 2 ${to} ${NEW}`)
    expect(lines.at(-1)).toBe('x NO [EXPUNGEISSUED] The message is gone')
    expect(lines).toContain('* 2 EXPUNGE')
    expect(await client.run(`t STATUS ${to} (MESSAGES)`)).toContain(
      `* STATUS ${to} (MESSAGES ${to === 'INBOX' ? 2 : 0})`,
    )
  })
})
