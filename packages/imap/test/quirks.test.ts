/** Habits of clients that a server lives with, and what it can hide from clients that cannot live with it. */
import { expect, test } from 'vitest'
import { DialogueClient } from './dialogue.js'
import { HELLO, type TestServer, testServer } from './servers.js'

async function mailbox(options: Parameters<typeof testServer>[0] = {}): Promise<TestServer> {
  const made = testServer(options)
  await made.deliver(HELLO)
  return made
}

async function connected(made: TestServer): Promise<DialogueClient> {
  const client = new DialogueClient(made.server)
  await client.logIn('alice')
  return client
}

const lastOf = async (client: DialogueClient, command: string): Promise<string | undefined> =>
  (await client.run(command)).at(-1)

test.each([
  ['more than one space behind the tag', 'x  NOOP'],
  ['more than one space between arguments', 'x FETCH  1  (FLAGS  UID)'],
  ['spaces within parentheses', 'x FETCH 1 ( FLAGS UID )'],
  ['spaces between the words of a command', 'x UID  FETCH 1 (UID)'],
  ['spaces before search keys', 'x SEARCH  UNSEEN  OR SEEN  FLAGGED'],
  ['spaces within a list of fields', 'x FETCH 1 BODY.PEEK[HEADER.FIELDS ( Subject  From )]'],
  ['spaces before a literal', 'x APPEND INBOX  {9+}\\r\\nA: b\\r\\n\\r\\nx'],
  ['spaces at the end of a command without arguments', 'x NOOP '],
  ['spaces at the end of a command with arguments', 'x STATUS INBOX (MESSAGES)  '],
  ['a command in lower case', 'x uid fetch 1:* (flags rfc822.size body.peek[header.fields (subject)])'],
  ['flags and keys in lower case', 'x store 1 +flags.silent (\\seen)'],
  ['search keys in lower case', 'x uid search return (count all) not deleted since 1-jan-2020'],
])('%s: %s', async (_, command) => {
  const client = await connected(await mailbox())
  expect(await lastOf(client, 's select inbox')).toMatch(/^s OK/)
  expect(await lastOf(client, command)).toMatch(/^x OK/)
})

test('SELECT without CLOSE leaves the mailbox before, expunges nothing there, and says where it ends', async () => {
  const made = await mailbox()
  const client = await connected(made)
  await client.run('a CREATE Other')
  await client.run('b SELECT INBOX')
  await client.run('c STORE 1 +FLAGS.SILENT (\\Deleted)')
  const lines = await client.run('d SELECT Other')
  expect(lines[0]).toMatch(/^\* OK \[CLOSED\]/)
  expect(lines).toContain('* 0 EXISTS')
  expect(await lastOf(client, 'e SELECT Missing')).toMatch(/^e NO/)
  // RFC 9051 §6.3.2: what has failed has left the mailbox before, too.
  expect(await lastOf(client, 'f CHECK')).toMatch(/^f BAD/)
  expect(await client.run('g SELECT INBOX')).toContain('* 1 EXISTS')
})

test('words of CAPABILITY are hidden by what a client says of itself, in its session alone', async () => {
  const made = await mailbox({
    capabilities: (words, { client }) =>
      client.get('name') === 'Old Client' ? words.filter((word) => word !== 'QRESYNC') : words,
  })
  const old = await connected(made)
  const other = await connected(made)
  const told = async (client: DialogueClient): Promise<boolean> =>
    ((await client.run('c CAPABILITY'))[0] ?? '').split(' ').includes('QRESYNC')
  expect(await told(old)).toBe(true)
  await old.run('i ID ("NAME" "Old Client" "version" "1")')
  expect([await told(old), await told(other)]).toEqual([false, true])
  await old.run('j ID ("name" "New Client")')
  expect(await told(old)).toBe(true)
})

test('words of CAPABILITY are hidden while a connection is in clear text', async () => {
  const made = await mailbox({
    capabilities: (words, { link }) => (link.tls ? words : words.filter((word) => word !== 'IDLE')),
  })
  const words = async (client: DialogueClient): Promise<string[]> =>
    ((await client.run('c CAPABILITY'))[0] ?? '').split(' ')
  const clear = await connected(made)
  expect(await words(clear)).not.toContain('IDLE')
  const upgraded = new DialogueClient(made.server)
  await upgraded.line()
  expect(await lastOf(upgraded, 's STARTTLS')).toMatch(/^s OK/)
  upgraded.connection.handshake()
  expect(await lastOf(upgraded, 'l LOGIN alice secret')).toMatch(/^l OK \[CAPABILITY .* IDLE /)
  expect(await words(upgraded)).toContain('IDLE')
})
