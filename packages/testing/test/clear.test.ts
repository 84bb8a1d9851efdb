/** What `clear()` leaves. */
import { connectPop3 } from '@posthouse/pop3/node'
import { startTestMail } from '@posthouse/testing'
import { ImapFlow } from 'imapflow'
import { expect, test } from 'vitest'

const subjectsIn = async (imap: ImapFlow): Promise<(string | undefined)[]> =>
  (await imap.fetchAll('1:*', { envelope: true })).map(({ envelope }) => envelope?.subject)

test('mailboxes are empty, who has one open is told, and what comes behind it stays', async () => {
  await using mail = await startTestMail({ imap: true, pop3: true })
  await mail.deliver('ada', { subject: 'old' })
  await mail.deliver('ada', { subject: 'filed' }, { folder: 'Work/2026' })
  await mail.deliver('bob', { subject: "bob's" })
  const { host, port } = mail.imap as { host: string; port: number }
  const imap = new ImapFlow({ host, port, secure: false, auth: { user: 'ada', pass: 'x' }, logger: false })
  await imap.connect()
  await imap.mailboxOpen('INBOX')
  const told = new Promise((resolve) => imap.once('expunge', resolve))

  mail.clear()
  await mail.deliver('ada', { subject: 'new' })
  await imap.noop()
  expect(await told).toMatchObject({ path: 'INBOX' })
  expect(await subjectsIn(imap)).toEqual(['new'])
  expect(await imap.status('Work/2026', { messages: true, uidNext: true })).toMatchObject({ messages: 0, uidNext: 2 })
  await imap.logout()
  expect(mail.messages.map(({ subject }) => subject)).toEqual(['new'])

  const credentials = { user: 'bob', password: 'x' }
  const pop3 = await connectPop3({ host, port: mail.pop3?.port as number, tls: 'never', credentials })
  expect(await pop3.list()).toEqual([])
  await pop3.quit()
})

test('a server whose store nobody has needed yet', async () => {
  await using mail = await startTestMail({ imap: true })
  mail.clear()
  const delivering = mail.deliver('ada', { subject: 'new' })
  mail.clear()
  await delivering
  expect(mail.messages).toHaveLength(1)
})
