/** Real sockets, and a client that is not ours. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { annotation, deliverTo, localRecipients, requireAuth, type SmtpHandler } from '../src/index.js'
import { type Listening, listen } from '../src/node/index.js'
import { checkPassword, collector, fakeStore } from './servers.js'

let tls: { cert: string; key: string }
const open: Listening[] = []

beforeAll(() => {
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-smtp-'))
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const make = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  execFileSync('openssl', [...make, '-subj', '/CN=localhost', '-keyout', key, '-out', cert], { stdio: 'ignore' })
  tls = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
  rmSync(folder, { recursive: true })
})

afterEach(async () => {
  for (const listening of open.splice(0)) await listening.close({ force: true })
})

async function serve(protocol: Parameters<typeof listen>[0], more: Partial<Parameters<typeof listen>[1]> = {}) {
  const listening = await listen(protocol, { port: 0, ...more })
  open.push(listening)
  return listening
}

function mailer(port: number, more: object = {}) {
  return createTransport({ host: '127.0.0.1', port, tls: { rejectUnauthorized: false }, ...more })
}

test('nodemailer submits over STARTTLS with a password', async () => {
  const { server, messages } = collector({
    authenticate: checkPassword,
    allowInsecureAuth: false,
    handlers: [requireAuth()],
  })
  const { port } = await serve(server, { tls })
  const client = mailer(port, { requireTLS: true, auth: { user: 'alice', pass: 'secret' } })
  await client.sendMail({ from: 'alice@example.org', to: 'bob@example.org', subject: 'Grüße', text: '.dots\n..\n' })
  await expect(
    mailer(port, { requireTLS: true, auth: { user: 'alice', pass: 'wrong' } }).sendMail({ from: 'a@b', to: 'b@c' }),
  ).rejects.toMatchObject({ responseCode: 535 })
  await expect(mailer(port).sendMail({ from: 'a@b.example', to: 'b@c.example' })).rejects.toMatchObject({
    responseCode: 530,
  })
  expect(messages).toHaveLength(1)
  expect(messages[0]).toMatchObject({ from: 'alice@example.org', to: ['bob@example.org'] })
  expect(messages[0].text).toContain('\r\n\r\n.dots\r\n..\r\n')
})

test('one session from the connection to its end, STARTTLS or not', async () => {
  const note = annotation<string>('note')
  const calls: unknown[] = []
  let end = (): void => {}
  const over = new Promise<void>((resolve) => {
    end = resolve
  })
  const watch: SmtpHandler = {
    connect(session) {
      calls.push(['connect', session.tls])
      session.set(note, 'kept')
    },
    mail: (_tx, session) => void calls.push(['mail', session.tls?.protocol, session.get(note)]),
    close({ type }) {
      calls.push(['close', type])
      end()
    },
  }
  const { port } = await serve(collector({ handlers: [watch] }).server, { tls })
  await mailer(port, { requireTLS: true }).sendMail({ from: 'a@example.org', to: 'b@example.org', text: 'x' })
  await over
  expect(calls).toEqual([
    ['connect', null],
    ['mail', 'TLSv1.3', 'kept'],
    ['close', expect.any(String)],
  ])
})

test('nodemailer over implicit TLS, delivered into a store with a Received field that says so', async () => {
  const store = fakeStore(['bob@example.org'])
  const { server } = collector({
    authenticate: checkPassword,
    handlers: [localRecipients(store, { domains: ['example.org'] }), deliverTo(store)],
  })
  const { port } = await serve(server, { tls, implicitTls: true })
  const client = mailer(port, { secure: true, name: 'laptop.example', auth: { user: 'alice', pass: 'secret' } })
  const text = `${'0123456789abcdef'.repeat(4)}\n`.repeat(20_000)
  await client.sendMail({ from: 'alice@example.org', to: 'bob@example.org', messageId: '<1@example.org>', text })
  await expect(client.sendMail({ from: 'alice@example.org', to: 'bob@example.com' })).rejects.toMatchObject({
    response: '550 5.7.1 Relaying denied',
  })
  const [{ text: stored }] = store.delivered
  expect(stored).toMatch(
    /^Return-Path: <alice@example\.org>\r\nDelivered-To: bob@example\.org\r\nReceived: from laptop\.example \(\[127\.0\.0\.1\]\)\r\n\tby mx\.example\.org with ESMTPSA id \w+\r\n\t\(TLSv1\.3 TLS_\w+\)\r\n\tfor <bob@example\.org>;\r\n\t\w+, \d+ \w+ \d{4} [\d:]{8} \+0000\r\n/,
  )
  expect(stored).toContain(text.replaceAll('\n', '\r\n'))
})

function talk(port: number) {
  const socket: Socket = connect(port, '127.0.0.1')
  let heard = ''
  let wake = (): void => {}
  let closed = false
  socket.on('data', (chunk) => {
    heard += chunk.toString('latin1')
    wake()
  })
  socket.on('close', () => {
    closed = true
    wake()
  })
  socket.on('error', () => {})
  return {
    socket,
    async until(text: string): Promise<string> {
      while (!heard.includes(text)) {
        if (closed) throw new Error(`closed; heard ${JSON.stringify(heard)}`)
        await new Promise<void>((resolve) => (wake = resolve))
      }
      const end = heard.indexOf(text) + text.length
      const said = heard.slice(0, end)
      heard = heard.slice(end)
      return said
    },
    async closed(): Promise<string> {
      while (!closed) await new Promise<void>((resolve) => (wake = resolve))
      return heard
    },
  }
}

test('a message in progress is finished when the server stops; then 421', async () => {
  const { server, messages } = collector()
  const listening = await serve(server)
  const client = talk(listening.port)
  client.socket.write('EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n')
  await client.until('354')
  const idle = talk(listening.port)
  await idle.until('220 mx.example.org ESMTP\r\n')
  const stopped = listening.close()
  expect(await idle.closed()).toBe('421 4.3.2 The server is going down; try again later\r\n')
  client.socket.write('text\r\n.\r\n')
  expect(await client.closed()).toMatch(/250 2\.0\.0 Message accepted as \w+\r\n421 4\.3\.2 .*\r\n$/)
  await stopped
  expect(messages).toHaveLength(1)
})

test('the client goes away in the middle of a message: nothing is kept', async () => {
  const aborted: string[] = []
  let gone = (): void => {}
  const over = new Promise<void>((resolve) => (gone = resolve))
  const { server, messages } = collector({
    handlers: [{ body: () => ({ write() {}, abort: () => aborted.push('aborted') }), close: () => gone() }],
  })
  const { port } = await serve(server)
  const client = talk(port)
  client.socket.write('EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n')
  await client.until('354')
  client.socket.end('half a message')
  await over
  expect(aborted).toEqual(['aborted'])
  expect(messages).toEqual([])
})

test('an idle client is told 421', async () => {
  const { server } = collector({ limits: { idle: 50 } })
  const { port } = await serve(server)
  expect(await talk(port).closed()).toBe(
    '220 mx.example.org ESMTP\r\n421 4.4.2 Idle for too long; closing connection\r\n',
  )
})

test.each([
  ['a command', 'EHLO x\r\n', '250 '],
  ['a login', 'EHLO x\r\nAUTH PLAIN\r\n', '334 '],
  ['a line that is too long already', `EHLO x\r\n${'x'.repeat(3_000)}`, '250 '],
  [
    'a command between two pieces of a message',
    'EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 1\r\nx',
    '250 2.0.0',
  ],
])('and so is one that sends %s octet by octet, and never its end', async (_what, before, answer) => {
  const { server } = collector({ limits: { idle: 300, commandLine: 512, authLine: 600 }, authenticate: checkPassword })
  const { port } = await serve(server)
  const { socket, until, closed } = talk(port)
  socket.write(before)
  await until(answer)
  const drip = setInterval(() => socket.write('x'), 20)
  socket.once('close', () => clearInterval(drip))
  expect(await closed()).toMatch(/421 4\.4\.2 Idle for too long; closing connection\r\n$/)
})

test('40 MB stream into a store that reads slowly', async () => {
  const store = fakeStore(['c@d.example'])
  let size = 0
  let pieces = 0
  const slow = {
    ...store,
    async stage(bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
      for await (const piece of bytes) {
        size += piece.length
        if (++pieces % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      store.staged.push('')
      return { blob: '0', size, expires: 0 }
    },
  }
  const { server } = collector({
    handlers: [localRecipients(slow), deliverTo(slow)],
    limits: { messageInMemory: 1 << 30 },
  })
  const { port } = await serve(server)
  const client = talk(port)
  client.socket.write('EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n')
  await client.until('354')
  const line = `${'x'.repeat(98)}\r\n`
  client.socket.write(`\r\n${line.repeat(400_000)}`)
  client.socket.write('.\r\nQUIT\r\n')
  expect(await client.closed()).toMatch(/250 2\.0\.0 Message accepted as \w+\r\n221 /)
  expect(size).toBe(40_000_002)
})
