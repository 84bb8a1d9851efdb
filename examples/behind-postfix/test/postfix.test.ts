import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectSmtp } from '@posthouse/smtp/node'
import { ImapFlow } from 'imapflow'
import { expect, test } from 'vitest'
import { startPostfix } from '../../../interop/postfix.js'
import { ensureInstalled } from '../../../interop/tools.js'
import { startMailStorage } from '../src/server.js'

test.skipIf(!ensureInstalled(['postfix']))('what Postfix takes is read by IMAP', async () => {
  const data = mkdtempSync(join(tmpdir(), 'posthouse-behind-postfix-'))
  const users = new Map([
    ['alice@example.com', 'secret'],
    ['bob@example.com', 'secret'],
  ])
  const storage = await startMailStorage({ data, domains: ['example.com'], users, lmtpPort: 0, imapPort: 0 })
  const postfix = await startPostfix({ transport: `lmtp:inet:127.0.0.1:${storage.lmtpPort}` })
  const imap = new ImapFlow({
    host: '127.0.0.1',
    port: storage.imapPort,
    secure: false,
    auth: { user: 'alice@example.com', pass: 'secret' },
    logger: false,
  })
  try {
    await imap.connect()
    await imap.mailboxOpen('INBOX')
    const arrived = new Promise<void>((resolve) => imap.once('exists', () => resolve()))
    const recipients = ['alice+lists@example.com', 'bob@example.com', 'nobody@example.com']
    await postfix.submit('carol@example.org', recipients, 'Subject: Hello\n\nThrough Postfix.\n')
    await arrived
    const message = await imap.fetchOne('1', { envelope: true, source: true })
    expect(message).toMatchObject({ envelope: { subject: 'Hello' } })
    expect(message ? message.source?.toString() : '').toContain('Through Postfix.')
    // Each recipient had a reply of its own: one failed, and only that one came back.
    const [bounce] = await postfix.deliveredTo('carol', 1)
    expect(bounce).toContain('<nobody@example.com>')
    expect(bounce).toContain('Status: 5.1.1')
    expect(bounce).not.toContain('<bob@example.com>')
  } finally {
    await imap.logout()
    await postfix.stop()
    await storage.close()
    rmSync(data, { recursive: true })
  }
})

test.skipIf(!ensureInstalled(['postfix']))(
  'with the lines of the guide, unknown users are refused at RCPT',
  async () => {
    const data = mkdtempSync(join(tmpdir(), 'posthouse-behind-postfix-'))
    const users = new Map([['alice@example.org', 'secret']])
    const storage = await startMailStorage({ data, domains: ['example.org'], users, lmtpPort: 0, imapPort: 0 })
    const [, guide = ''] = readFileSync(new URL('../../../docs/behind-postfix.md', import.meta.url), 'utf8').split(
      '```',
    )
    // However slow this machine is, Postfix waits for the answer in place of a 450.
    const patience = ['address_verify_poll_delay = 1s', 'address_verify_poll_count = 30']
    const settings = [
      'virtual_mailbox_maps =',
      ...patience,
      ...guide.replace('2424', `${storage.lmtpPort}`).trim().split('\n'),
    ]
    const postfix = await startPostfix({ settings })
    try {
      await using client = await connectSmtp({ host: '127.0.0.1', port: postfix.port, tls: 'never' })
      const { accepted, rejected } = await client.send({
        envelope: { reversePath: null, recipients: ['alice@example.org', 'nobody@example.org'] },
        message: new TextEncoder().encode('Subject: Hello\r\n\r\nHello\r\n'),
      })
      expect(accepted).toEqual(['alice@example.org'])
      expect(rejected.map(({ address, error }) => [address, error.reply?.code])).toEqual([['nobody@example.org', 550]])
    } finally {
      await postfix.stop()
      await storage.close()
      rmSync(data, { recursive: true })
    }
  },
)
