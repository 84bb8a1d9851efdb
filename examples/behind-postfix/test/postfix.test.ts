import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
