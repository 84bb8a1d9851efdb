/** Messages of every awkward kind go in through four senders and come back identical through four readers. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ImapFlow } from 'imapflow'
import Pop3Command from 'node-pop3'
import { createTransport } from 'nodemailer'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type MailServerProcess, startMailServerProcess } from './mail-server.js'
import { findMessage, type TestMessage, testMessages } from './messages.js'
import { ensureInstalled, runProgram } from './tools.js'

const ready = ensureInstalled(['curl', 'swaks', 'python3'])
const python = (name: string): string => fileURLToPath(new URL(`./python/${name}.py`, import.meta.url))
const COUNT = 300

describe.skipIf(!ready)('300 messages through the example server', () => {
  let server: MailServerProcess
  let folder: string
  const messages = testMessages(COUNT)
  const file = (message: TestMessage): string => join(folder, `${message.number}.eml`)

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'posthouse-messages-'))
    for (const message of messages) writeFileSync(file(message), message.bytes)
    server = await startMailServerProcess()
  })
  afterAll(async () => {
    expect(await server.stop()).toBe(0)
    server.remove()
    rmSync(folder, { recursive: true })
  })

  /** Each sender's share: swaks rewrites line ends and tokens, so it gets messages that have none to rewrite. */
  const forSwaks = messages.filter((message) => message.plain && message.number % 20 === 0)
  const forNodemailer = messages.filter((message) => message.number % 3 === 1 && !forSwaks.includes(message))
  const forCurl = messages.filter((message) => message.number % 3 === 2 && !forSwaks.includes(message))
  const taken = new Set([...forSwaks, ...forNodemailer, ...forCurl])
  const forPython = messages.filter((message) => !taken.has(message))

  test('swaks sends', async () => {
    for (const message of forSwaks) {
      // swaks puts a line end before the final dot, whether or not there is one.
      writeFileSync(file(message), message.bytes.subarray(0, -2))
      const sent = await runProgram('swaks', [
        ...['--server', `127.0.0.1:${server.ports.smtp}`, '--from', 'bob@example.test', '--to', 'alice@example.test'],
        ...['--data', `@${file(message)}`, '--hide-all'],
      ])
      expect(sent.stderr + sent.stdout).toBe('')
      expect(sent.code).toBe(0)
    }
  })

  test('curl sends', async () => {
    for (const message of forCurl) {
      const sent = await runProgram('curl', [
        ...['-sS', `smtp://127.0.0.1:${server.ports.smtp}`, '--mail-from', 'bob@example.test'],
        ...['--mail-rcpt', 'alice@example.test', '-T', file(message)],
      ])
      expect(sent.stderr).toBe('')
    }
  })

  test("Python's smtplib sends", async () => {
    const sent = await runProgram('python3', [
      ...[python('send'), '127.0.0.1', String(server.ports.smtp), 'bob@example.test', 'alice@example.test'],
      ...forPython.map(file),
    ])
    expect(sent.stderr).toBe('')
    expect(sent.code).toBe(0)
  })

  test('nodemailer sends, through submission with STARTTLS and login', async () => {
    const transport = createTransport({
      host: '127.0.0.1',
      port: server.ports.submission,
      requireTLS: true,
      pool: true,
      maxConnections: 2,
      auth: { user: 'bob@example.test', pass: 'secret' },
      tls: { rejectUnauthorized: false },
    })
    const envelope = { from: 'bob@example.test', to: ['alice@example.test'] }
    await Promise.all(forNodemailer.map((message) => transport.sendMail({ envelope, raw: message.bytes })))
    transport.close()
  })

  /** Checks what a reader brought home: every message once, and nothing changed behind the stamped prefix. */
  function checkAll(received: readonly Buffer[]): void {
    expect(received).toHaveLength(COUNT)
    const missing = new Set(messages.map((message) => message.number))
    for (const bytes of received) {
      const { number, start } = findMessage(bytes)
      expect(missing.delete(number)).toBe(true)
      const prefix = bytes.subarray(0, start).toString('latin1')
      expect(prefix).toMatch(/^Return-Path: <bob@example\.test>\r\n/)
      expect(prefix).toMatch(/\r\nReceived: /)
      if (!bytes.subarray(start).equals(messages[number].bytes)) {
        expect({ number, bytes: bytes.subarray(start).toString('latin1') }).toEqual({
          number,
          bytes: messages[number].bytes.toString('latin1'),
        })
      }
    }
    expect([...missing]).toEqual([])
  }

  async function readByPython(script: string, port: number): Promise<Buffer[]> {
    const target = mkdtempSync(join(tmpdir(), 'posthouse-read-'))
    const read = await runProgram('python3', [
      python(script),
      '127.0.0.1',
      String(port),
      'alice@example.test',
      'secret',
      target,
    ])
    expect(read.stderr).toBe('')
    const received = readdirSync(target).map((name) => readFileSync(join(target, name)))
    rmSync(target, { recursive: true })
    return received
  }

  test("Python's imaplib reads them all", async () => {
    checkAll(await readByPython('imap_read', server.ports.imap))
  })

  test("Python's poplib reads them all", async () => {
    checkAll(await readByPython('pop3_read', server.ports.pop3))
  })

  test('imapflow reads them all, over TLS', async () => {
    const client = new ImapFlow({
      host: '127.0.0.1',
      port: server.ports.imaps,
      secure: true,
      auth: { user: 'alice@example.test', pass: 'secret' },
      tls: { rejectUnauthorized: false },
      logger: false,
    })
    await client.connect()
    const lock = await client.getMailboxLock('INBOX')
    const received: Buffer[] = []
    for await (const message of client.fetch('1:*', {
      source: true,
      envelope: true,
      bodyStructure: true,
      size: true,
    })) {
      const source = message.source as Buffer
      expect(message.size).toBe(source.length)
      expect(message.envelope?.messageId).toBe(`<${findMessage(source).number}.interop@example.test>`)
      received.push(source)
    }
    lock.release()
    await client.logout()
    checkAll(received)
  })

  // A process and a login for each message.
  test('curl reads by IMAP and by POP3', { timeout: 120_000 }, async () => {
    const login = ['-sS', '-u', 'alice@example.test:secret']
    const received: Buffer[] = []
    let next = 1
    const reader = async (): Promise<void> => {
      while (next <= COUNT) {
        const number = next++
        const url =
          number % 2 === 0
            ? `imap://127.0.0.1:${server.ports.imap}/INBOX;MAILINDEX=${number}`
            : `pop3://127.0.0.1:${server.ports.pop3}/${number}`
        const read = await runProgram('curl', [...login, url])
        expect(read.stderr).toBe('')
        received.push(read.stdout)
      }
    }
    await Promise.all([reader(), reader(), reader(), reader()])
    checkAll(received)
  })

  test('node-pop3 lists and reads', async () => {
    const client = new Pop3Command({
      host: '127.0.0.1',
      port: server.ports.pop3,
      user: 'alice@example.test',
      password: 'secret',
    })
    const list = await client.UIDL()
    expect(list).toHaveLength(COUNT)
    expect(new Set(list.map(([, id]) => id)).size).toBe(COUNT)
    const first = Buffer.from(await client.RETR(1))
    const { number, start } = findMessage(first)
    expect(first.subarray(start).toString().trimEnd()).toBe(messages[number].bytes.toString().trimEnd())
    await client.QUIT()
  })

  test('each domain and each user has a mailbox of its own', async () => {
    const [message] = messages
    const send = (to: string) =>
      runProgram('curl', [
        ...['-sS', `smtp://127.0.0.1:${server.ports.smtp}`, '--mail-from', 'bob@example.test', '--mail-rcpt', to],
        ...['-T', file(message)],
      ])
    expect((await send('carol@example.org')).code).toBe(0)
    const read = await runProgram('curl', [
      '-sS',
      '-u',
      'carol@example.org:pass:word',
      `pop3://127.0.0.1:${server.ports.pop3}/1`,
    ])
    expect(findMessage(read.stdout).number).toBe(message.number)
    expect((await send('nobody@example.test')).stderr).toContain('550')
    expect((await send('alice@example.net')).stderr).toContain('550')
  })
})
