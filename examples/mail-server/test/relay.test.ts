/** Mail of users for other domains: through the queue, by MX or a smart host, signed; and the queue's command line. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSmtpServer, onMessage, replies, type SmtpHandler } from '@posthouse/smtp'
import { connectSmtp, listen } from '@posthouse/smtp/node'
import { type LogEvent, latin1 } from '@posthouse/wire'
import { afterEach, describe, expect, test } from 'vitest'
import { queueCommand } from '../src/queue-command.js'
import { type MailServer, startMailServer } from '../src/server.js'
import { readSettings } from '../src/settings.js'

const opened: (() => unknown)[] = []
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-mail-server-'))
  opened.push(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The server of another domain. */
async function startFar(...before: readonly SmtpHandler[]) {
  const received: { readonly to: readonly string[]; readonly text: string }[] = []
  let wake: () => void = () => {}
  const keep = onMessage(({ transaction, octets }) => {
    received.push({ to: transaction.recipients.map(({ address }) => address), text: latin1(octets()) })
    wake()
  })
  const server = createSmtpServer({ hostname: 'far.test', authenticate: (user) => user, handlers: [...before, keep] })
  const listening = await listen(server, { port: 0 })
  opened.push(() => listening.close({ force: true }))
  return {
    port: listening.port,
    received,
    async first() {
      while (received.length === 0) await new Promise<void>((resolve) => (wake = resolve))
      return received[0]
    },
  }
}

const ENV = {
  ...Object.fromEntries(
    ['SMTP', 'LMTP', 'IMAP', 'POP3', 'SUBMISSIONS', 'IMAPS', 'POP3S'].map((name) => [`POSTHOUSE_${name}_PORT`, 'off']),
  ),
  POSTHOUSE_SUBMISSION_PORT: '0',
  POSTHOUSE_TLS_POLICIES: 'off',
}

interface Started extends MailServer {
  readonly data: string
  /** Waits for a line in the log. */
  seen(test: (event: LogEvent) => boolean): Promise<LogEvent>
}

async function start(env: Readonly<Record<string, string>>): Promise<Started> {
  const log: LogEvent[] = []
  const wake: (() => void)[] = []
  const data = temporaryFolder()
  const server = await startMailServer(readSettings({ ...ENV, POSTHOUSE_DATA: data, ...env }), (event) => {
    log.push(event)
    for (const step of wake.splice(0)) step()
  })
  opened.push(() => server.close())
  return {
    ...server,
    data,
    async seen(test) {
      for (;;) {
        const found = log.find(test)
        if (found) return found
        await new Promise<void>((resolve) => wake.push(resolve))
      }
    },
  }
}

async function submit({ ports }: MailServer, to: readonly string[], from = 'alice@example.test'): Promise<void> {
  const auth = { user: 'alice@example.test', password: 'secret' }
  await using client = await connectSmtp({ host: '127.0.0.1', port: ports.submission ?? 0, tls: 'never', auth })
  const message = new TextEncoder().encode('From: <alice@example.test>\r\nSubject: Hello\r\n\r\nHello\r\n')
  await client.send({ envelope: { reversePath: from, recipients: to }, message })
}

describe('mail for other domains', () => {
  test('goes to the smart host, signed', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const folder = temporaryFolder()
    const key = join(folder, 'dkim.pem')
    writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }))
    const far = await startFar()
    const server = await start({ POSTHOUSE_SMART_HOST: `127.0.0.1:${far.port}`, POSTHOUSE_DKIM_KEY: key })
    await submit(server, ['bob@far.test', 'carol@elsewhere.test', 'bob@example.test'])
    const { to, text } = await far.first()
    expect(to).toEqual(['bob@far.test', 'carol@elsewhere.test'])
    expect(text).toMatch(/^Received: from /)
    expect(text).toContain('DKIM-Signature: v=1;')
    expect(text).toContain(' d=example.test;')
    expect(text).toContain(' s=mail;')
  })

  test('waits while its server cannot take it; the command line shows it, and lets it go', async () => {
    let open = false
    const busy: SmtpHandler = { mail: () => (open ? undefined : replies.insufficientStorage()) }
    const far = await startFar(busy)
    const server = await start({ POSTHOUSE_SMART_HOST: `smtp://127.0.0.1:${far.port}` })
    await submit(server, ['bob@far.test'])
    const queue = async (...args: readonly string[]): Promise<string> => {
      const lines: string[] = []
      await queueCommand(args, server.data, (line) => lines.push(line))
      return lines.join('\n')
    }
    await server.seen(({ event }) => event === 'relay.deferred')
    const list = await queue('list')
    expect(list).toMatch(/alice@example.test -> bob@far.test {2}route:smarthost {2}attempts=1/)
    expect(await queue('status')).toMatch(/^1 messages: 1 jobs wait, 0 run, 0 are held\nroute:smarthost {2}waiting=1/)
    const [, message] = list.split('  ')
    expect(await queue('hold', '--message', message)).toBe('1 jobs are held')
    await expect(queue('release')).rejects.toThrow('or --all')
    open = true
    expect(await queue('release', '--domain', 'route:smarthost')).toBe('1 jobs are let go')
    expect((await far.first()).to).toEqual(['bob@far.test'])
  })

  test('a notice about what cannot be delivered comes into the mailbox of the sender', async () => {
    const no: SmtpHandler = { rcpt: ({ address }) => replies.unknownUser(address) }
    const far = await startFar(no)
    const server = await start({ POSTHOUSE_SMART_HOST: `127.0.0.1:${far.port}` })
    await submit(server, ['nobody@far.test'])
    const isNotice = ({ event, destination }: LogEvent) => event === 'relay.delivered' && destination === 'local'
    expect(await server.seen(isNotice)).toMatchObject({ recipient: 'alice@example.test' })
  })

  test('is refused where the relay is off', async () => {
    const server = await start({ POSTHOUSE_RELAY: 'off' })
    await expect(submit(server, ['bob@far.test'])).rejects.toMatchObject({ reply: { code: 550, enhanced: '5.7.1' } })
    await submit(server, ['bob@example.test'])
  })

  test('settings that make no sense say which one it is', () => {
    for (const [name, value] of [
      ['POSTHOUSE_SMART_HOST', 'http://x'],
      ['POSTHOUSE_ALIASES', 'nothing'],
      ['POSTHOUSE_CHECK', 'maybe'],
      ['POSTHOUSE_RELAY', 'yes'],
    ]) {
      expect(() => readSettings({ [name]: value })).toThrow(name)
    }
  })
})

describe('submission', () => {
  test('takes mail from addresses of the user, and aliases that lead to him', async () => {
    const aliases = ['info@example.test=alice@example.test+bob@example.test', 'old@example.test=alice@far.test']
    const server = await start({ POSTHOUSE_ALIASES: `${aliases.join(',')},team@example.test=bob@example.test` })
    for (const from of ['alice@example.test', 'Alice@Example.TEST', 'info@example.test']) {
      await submit(server, ['bob@example.test'], from)
    }
    for (const from of [
      'bob@example.test',
      'nobody@example.test',
      'team@example.test',
      'old@example.test',
      'alice@far.test',
    ]) {
      await expect(submit(server, ['bob@example.test'], from)).rejects.toMatchObject({
        reply: { code: 550, enhanced: '5.7.1' },
      })
    }
  })
})
