/** What is written down of each connection. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { connectPop3 } from '@posthouse/pop3/node'
import { on, type Script, startTestMail, type TestMail } from '@posthouse/testing'
import { ImapFlow } from 'imapflow'
import { createTransport } from 'nodemailer'
import { expect, test } from 'vitest'

const letter = { from: 'app@example.test', to: 'ada@example.test', subject: 'Hello', text: 'It works.' }

const dialogue = (mail: TestMail, i = 0): string[] => mail.sessions[i].lines.map(({ dir, line }) => `${dir}: ${line}`)

/** Says lines without waiting, and reads until the server closes. */
async function say(port: number, lines: readonly string[]): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.on('data', () => {})
  socket.write(lines.map((line) => `${line}\r\n`).join(''))
  await once(socket, 'close')
}

test('SMTP: the dialogue, secrets masked, the message its size', async () => {
  await using mail = await startTestMail()
  const auth = { user: 'ada', pass: 'very secret' }
  await createTransport({ ...mail.transport(), auth, name: 'client.test' }).sendMail(letter)
  const lines = dialogue(mail)
  expect(lines[0]).toBe('S: 220 localhost ESMTP')
  expect(lines[1]).toBe('C: EHLO client.test')
  const login = lines.indexOf('C: AUTH PLAIN ***')
  expect(lines.slice(login + 1).map((line) => line.replace(/\(\d+ octets\)|Queued as \w+|<[^>]+>/, '?'))).toEqual([
    expect.stringMatching(/^S: 235 /),
    'C: MAIL FROM:?',
    expect.stringMatching(/^S: 250 /),
    'C: RCPT TO:?',
    expect.stringMatching(/^S: 250 /),
    'C: DATA',
    expect.stringMatching(/^S: 354 /),
    'C: ?',
    expect.stringMatching(/^S: 250 /),
    ...(lines.includes('C: QUIT') ? ['C: QUIT', expect.stringMatching(/^S: 221 /)] : []),
  ])
  for (const secret of ['very secret', Buffer.from('\0ada\0very secret').toString('base64')]) {
    expect(JSON.stringify(mail.sessions)).not.toContain(secret)
  }
  expect(mail.sessions[0]).toMatchObject({ protocol: 'smtp', remote: '127.0.0.1', messages: 1, problem: null })
})

test('IMAP: the dialogue, secrets masked, literals their size', async () => {
  await using mail = await startTestMail({ imap: true })
  await mail.deliver('ada@mail.test', { subject: 'Hello', text: 'x' })
  const { port } = mail.imap as { port: number }
  await say(port, [
    'a1 LOGIN ada {11+}',
    'very secret',
    'a2 SELECT INBOX',
    'a3 UID FETCH 1 (BODY.PEEK[HEADER.FIELDS (SUBJECT)] UID)',
    'a4 APPEND INBOX {12+}',
    'Subject: a\r\n',
    'a5 IDLE',
    'DONE',
    'a6 LOGOUT',
  ])
  const lines = dialogue(mail)
  for (const line of [
    'C: a1 LOGIN ***',
    'C: a2 SELECT INBOX',
    'S: * 1 EXISTS',
    'C: a3 UID FETCH 1 (BODY.PEEK[HEADER.FIELDS (SUBJECT)] UID)',
    'S: * 1 FETCH (BODY[HEADER.FIELDS (SUBJECT)] {18}',
    'S:  UID 1)',
    'S: a3 OK FETCH completed',
    'C: a4 APPEND INBOX {12+}',
    'C: (12 octets)',
    'C: a5 IDLE',
    'S: + idling',
    'C: DONE',
    'C: a6 LOGOUT',
  ]) {
    expect(lines).toContain(line)
  }
  expect(JSON.stringify(lines)).not.toContain('secret')
  expect(JSON.stringify(lines)).not.toContain('Subject: Hello')
})

test('IMAP: AUTHENTICATE in all its forms', async () => {
  await using mail = await startTestMail({ imap: true })
  const { port } = mail.imap as { port: number }
  const secret = Buffer.from('\0ada\0very secret').toString('base64')
  await say(port, [`a1 AUTHENTICATE PLAIN ${secret}`, 'a2 LOGOUT'])
  await say(port, ['a1 AUTHENTICATE PLAIN', secret, 'a2 LOGOUT'])
  await say(port, ['a1 AUTHENTICATE NONE', secret, 'a2 LOGOUT'])
  expect(dialogue(mail, 2).slice(-4)).toEqual(expect.arrayContaining(['S: *** BAD Missing command']))
  expect(dialogue(mail, 0)).toContain('C: a1 AUTHENTICATE PLAIN ***')
  expect(dialogue(mail, 1)).toContain('C: ***')
  expect(dialogue(mail, 2)).toContain('C: a1 AUTHENTICATE NONE')
  expect(JSON.stringify(mail.sessions)).not.toContain(secret)
})

test('POP3: the dialogue, secrets masked, messages their size', async () => {
  await using mail = await startTestMail({ pop3: true })
  await mail.deliver('ada@mail.test', { subject: 'Hello', text: 'x' })
  const { host, port } = mail.pop3 as { host: string; port: number }
  await using pop3 = await connectPop3({
    host,
    port,
    tls: 'never',
    credentials: { user: 'ada', password: 'very secret' },
  })
  for await (const _ of pop3.retrieve(1));
  const lines = dialogue(mail)
  expect(lines).toContain('C: RETR 1')
  const retr = lines.indexOf('C: RETR 1')
  expect(lines.slice(retr + 1, retr + 4)).toEqual([
    expect.stringMatching(/^S: \+OK/),
    expect.stringMatching(/^S: \(\d+ octets\)$/),
    'S: .',
  ])
  const secret = Buffer.from('\0ada\0very secret').toString('base64')
  await say(port, ['USER ada', 'PASS very secret', 'QUIT'])
  await say(port, ['AUTH NONE', secret, 'QUIT'])
  expect(dialogue(mail, 1)).toContain('C: PASS ***')
  expect(dialogue(mail, 2)).toContain('C: ***')
  for (const masked of ['very secret', secret]) expect(JSON.stringify(mail.sessions)).not.toContain(masked)
})

test('a failed wait tells why sessions brought nothing', async () => {
  await using mail = await startTestMail({ tls: 'auto' })
  const untrusting = createTransport({ ...mail.transport(), tls: { servername: 'localhost' }, requireTLS: true })
  await expect(untrusting.sendMail(letter)).rejects.toThrow()
  while (mail.sessions[0].endedAt === null) await new Promise(setImmediate)
  const silent = connect(mail.smtp.port, mail.smtp.host)
  await once(silent, 'data')
  const left = connect(mail.smtp.port, mail.smtp.host)
  left.resume()
  left.write('EHLO client.test\r\n')
  while (!mail.sessions.at(-1)?.lines.some(({ line }) => line === 'EHLO client.test')) {
    await new Promise(setImmediate)
  }
  left.destroy()
  while (mail.sessions.at(-1)?.endedAt === null) await new Promise(setImmediate)
  const failure = await mail.waitFor({}, { timeout: 20 }).catch((error) => error)
  expect(failure.message).toContain('Sessions without a message: 3')
  expect(failure.message).toContain(
    'TLS failed: the client left during the TLS handshake (does the client trust mail.ca?), after STARTTLS',
  )
  expect(failure.message).toContain('the client is still connected, before it said anything')
  expect(failure.message).toContain('the client left after EHLO client.test')
  silent.destroy()
})

test.each<[string, Script, string, string | null]>([
  ['RCPT', on.rcpt.drop(), 'C: RCPT TO:<ada@example.test>', 'RCPT TO:<ada@example.test>'],
  ['DATA', on.data.drop(), 'C: DATA', 'DATA'],
  ['the message', on.message.drop(), 'C: (17 octets)', '(17 octets)'],
  ['the message that is stored', on.message.dropAfterAccept(), 'C: (17 octets)', null],
  ['an answer', on.quit.drop({ after: 5 }), 'S: 221 2', null],
  ['RCPT, which was refused before', on.rcpt.for('ada@example.test').drop(), 'C: RCPT TO:<ada@example.test>', null],
])('a scripted cut at %s is one in the dialogue, too', async (name, script, last, after) => {
  await using mail = await startTestMail()
  mail.script(script, on.rcpt.for('eve@example.test').reply(550, '5.1.1', 'no'))
  const eve = name.includes('refused') ? ['RCPT TO:<eve@example.test>'] : []
  const message = ['DATA', 'Subject: x\r\n\r\nx', '.', 'QUIT']
  const socket = connect(mail.smtp.port, '127.0.0.1')
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.on('error', () => {}).resume()
  const lines = ['EHLO x', 'MAIL FROM:<a@b.test>', ...eve, 'RCPT TO:<ada@example.test>', ...message]
  socket.write(lines.map((line) => `${line}\r\n`).join(''))
  await closed
  while (mail.sessions[0].endedAt === null) await new Promise(setImmediate)
  expect(dialogue(mail).at(-1)).toBe(last)
  expect(mail.sessions[0].problem).toBe('scripted: dropped')
  const { message: text } = await mail.waitFor({ subject: 'none' }, { timeout: 1 }).catch((error) => error)
  if (after !== null) expect(text).toContain(`  scripted: dropped, after ${after}`)
  if (eve.length > 0) expect(text).toContain('was refused: 550 5.1.1 no; then scripted: dropped, after RCPT')
})

test('TLS alerts are told without the noise of OpenSSL', async () => {
  await using mail = await startTestMail({ tls: 'auto' })
  const at = `${mail.smtp.host}:${mail.smtp.port}`
  const args = ['s_client', '-starttls', 'smtp', '-verify_return_error', '-verify', '1', '-connect', at]
  await new Promise<void>((resolve) => execFile('openssl', args, () => resolve()).stdin?.end())
  while (mail.sessions[0].endedAt === null) await new Promise(setImmediate)
  expect(mail.sessions[0].problem).toMatch(/^TLS failed: [\w ]*alert[\w ]* \(does the client trust mail\.ca\?\)$/)
})

test.each(['expired', 'wrong-host', 'self-signed'] as const)(
  'a client that refuses what is %s is told of no remedy',
  async (tls) => {
    await using mail = await startTestMail({ tls })
    const transport = createTransport({ ...mail.transport(), requireTLS: true })
    await expect(transport.sendMail(letter)).rejects.toThrow()
    while (mail.sessions[0].endedAt === null) await new Promise(setImmediate)
    expect(mail.sessions[0].problem).toMatch(/^TLS failed: /)
    expect(mail.sessions[0].problem).toMatch(new RegExp(`\\(the server was started with tls: '${tls}'\\)$`))
  },
)

test('the book forgets old sessions, and ended ones when it is cleared', async () => {
  await using mail = await startTestMail({ imap: true })
  const { host, port } = mail.imap as { host: string; port: number }
  const imap = new ImapFlow({ host, port, secure: false, auth: { user: 'ada', pass: 'x' }, logger: false })
  await imap.connect()
  for (let i = 0; i < 1_100; i++) {
    const socket = connect(mail.smtp.port, mail.smtp.host)
    socket.resume()
    socket.end('QUIT\r\n')
    await once(socket, 'close')
  }
  expect(mail.sessions.length).toBeLessThanOrEqual(1_001)
  expect(mail.sessions[0].protocol).toBe('imap')
  mail.clear()
  expect(mail.sessions.filter(({ protocol }) => protocol === 'imap')).toHaveLength(1)
  expect(mail.sessions.length).toBeLessThanOrEqual(2)
  await imap.logout()
})
