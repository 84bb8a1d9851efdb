/** What one client does, another one waiting in IDLE sees, without reconnecting. */
import { once } from 'node:events'
import { ImapFlow } from 'imapflow'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type MailServerProcess, startMailServerProcess } from './mail-server.js'
import { ensureInstalled, runProgram } from './tools.js'

const ready = ensureInstalled(['curl'])

describe.skipIf(!ready)('IDLE', () => {
  let server: MailServerProcess
  let watcher: ImapFlow

  beforeAll(async () => {
    server = await startMailServerProcess()
    watcher = new ImapFlow({
      host: '127.0.0.1',
      port: server.ports.imap,
      secure: false,
      auth: { user: 'alice@example.test', pass: 'secret' },
      tls: { rejectUnauthorized: false },
      logger: false,
    })
    await watcher.connect()
    await watcher.mailboxOpen('INBOX')
  })
  afterAll(async () => {
    await watcher.logout()
    expect(await server.stop()).toBe(0)
    server.remove()
  })

  const imap = (...command: string[]) => runProgram('curl', ['-sS', '-u', 'alice@example.test:secret', ...command])

  test('a delivery is pushed', async () => {
    const exists = once(watcher, 'exists')
    void watcher.idle()
    const sent = await runProgram(
      'curl',
      [
        '-sS',
        `smtp://127.0.0.1:${server.ports.smtp}`,
        '--mail-from',
        'bob@example.test',
        '--mail-rcpt',
        'alice@example.test',
        '-T',
        '-',
      ],
      { input: 'Subject: pushed\r\n\r\nHello\r\n' },
    )
    expect(sent.stderr).toBe('')
    const [event] = await exists
    expect(event).toMatchObject({ path: 'INBOX', count: 1, prevCount: 0 })
  })

  test('a flag set by another client is pushed', async () => {
    const flags = once(watcher, 'flags')
    void watcher.idle()
    const url = `imap://127.0.0.1:${server.ports.imap}/INBOX`
    const stored = await imap(url, '-X', 'STORE 1 +FLAGS (\\Flagged $Important)')
    expect(stored.stderr).toBe('')
    const [event] = await flags
    expect(event.seq).toBe(1)
    expect([...event.flags].sort()).toEqual(['$Important', '\\Flagged'])
  })

  test('an expunge by another client is pushed', async () => {
    const expunged = once(watcher, 'expunge')
    void watcher.idle()
    const url = `imap://127.0.0.1:${server.ports.imap}/INBOX`
    await imap(url, '-X', 'STORE 1 +FLAGS (\\Deleted)')
    await imap(url, '-X', 'EXPUNGE')
    const [event] = await expunged
    expect(event).toMatchObject({ path: 'INBOX' })
  })
})
