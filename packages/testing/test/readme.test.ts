/** The blocks of README.md run: each stands below as it is there. */
import { requireAuth } from '@posthouse/smtp'
import { connectTestMail as connect, on, startTestMail, type TestMail } from '@posthouse/testing'
import { createTransport } from 'nodemailer'
import { afterEach, beforeEach, expect, test } from 'vitest'
import '@posthouse/testing/vitest' // or /jest
import { squeeze, squeezedCode, typescriptBlocks } from '../../../scripts/readme.js'

test('every block of README.md is executed here', () => {
  const ours = squeezedCode(new URL(import.meta.url))
  const blocks = typescriptBlocks(new URL('../README.md', import.meta.url))
  expect(blocks).toHaveLength(7)
  for (const block of blocks) expect(ours).toContain(squeeze(block))
})

const DRAFT = { from: 'ada@mail.test', to: 'bob@mail.test', text: 'Hello' }

/** Your app. */
async function signUp(address: string, smtpUrl: string) {
  const html = '<p>Welcome!</p> <a href="https://app.example/verify?token=7f3a">Confirm</a>'
  await createTransport(smtpUrl).sendMail({ from: 'app@example.test', to: address, subject: 'Please confirm', html })
}

test('sign-up sends a link', async () => {
  await using mail = await startTestMail()
  await signUp('ada@example.test', mail.smtp.url)
  const message = await mail.waitFor({ to: 'ada@example.test', subject: /confirm/i })
  expect(message.link('Confirm').pathname).toBe('/verify')
})

test('TLS and logins', async () => {
  const mail = await startTestMail({ tls: 'auto', smtps: true, imaps: true, auth: { ada: 'secret' } })
  const app = createTransport({ ...mail.transport(), requireTLS: true }) // mail.ca is trusted: verification stays on
  await app.sendMail(DRAFT)
  expect(mail.messages[0]?.origin?.tls).toBeTruthy()
  await mail.dispose()
})

test('a login that must be', async () => {
  await using mail = await startTestMail({ auth: { ada: 'secret' }, on: [requireAuth()] })
  await expect(createTransport(mail.transport()).sendMail(DRAFT)).rejects.toThrow('530')
  const auth = { user: 'ada', pass: 'secret' }
  await createTransport({ ...mail.transport(), auth }).sendMail(DRAFT)
  expect(mail.messages.map(({ origin }) => origin?.user)).toEqual(['ada@mail.test'])
})

test('apps that read mail', async () => {
  const mail = await startTestMail({ imap: true })
  await mail.deliver('ada@mail.test', { subject: 'Bounce', text: '...' }, { flags: ['\\Seen'] })
  // any user, any password: log in as `ada` at mail.imap
  expect(mail.imap?.port).toBeGreaterThan(0)
  await mail.dispose()
})

let mail: TestMail
beforeEach(async () => {
  mail = await startTestMail({ http: true })
})
afterEach(() => mail.dispose())

test('several tests on one server', async () => {
  const signUp = (to: string, smtpUrl: string) =>
    createTransport(smtpUrl).sendMail({ from: 'app@example.test', to, text: 'Your code is 482913' })
  const inbox = mail.inbox() // a new address, t-7f3a91c2d05e@mail.test
  await signUp(inbox.address, mail.smtp.url)
  const code = (await inbox.next()).code() // each message once: "send it again" works
  await inbox.expectNone() // nothing more comes: what next() has given does not count
  expect([code, inbox.address.length]).toEqual(['482913', 't-7f3a91c2d05e@mail.test'.length])
})

test('faults', async () => {
  using _ = mail.script(
    on.rcpt.times(2).reply(451, '4.7.1', 'greylisted'), // then normal: retries are proven
    on.message.once().dropAfterAccept(), // stored, but the client never hears: must not send twice
  )
  const tries = []
  for (let i = 0; i < 4; i++) tries.push(await signUp('ada@mail.test', mail.smtp.url).catch((error) => error.message))
  expect(tries).toEqual([
    expect.stringContaining('greylisted'),
    expect.stringContaining('greylisted'),
    expect.any(String), // the connection broke
    undefined,
  ])
  expect(mail.messages).toHaveLength(2)
})

test('a server in another process', async () => {
  const app = mail
  const connectTestMail = (_url: string) => connect(app.http?.url as string)
  {
    const mail = await connectTestMail('http://127.0.0.1:8025')
    const inbox = mail.inbox() // inboxes, waits, faults: all as with a server of one's own
    await signUp(inbox.address, mail.smtp.url)
    expect((await inbox.next()).subject).toBe('Please confirm')
    await mail.dispose()
  }
})

test('matchers', async () => {
  const inbox = mail.inbox()
  await createTransport(mail.smtp.url).sendMail({
    from: 'app@example.test',
    to: inbox.address,
    subject: 'Password reset',
    html: '<p>Hello</p><p>Total: 12 €</p><p>Bye</p>',
    attachments: [{ filename: 'invoice.pdf', content: '%PDF' }],
  })
  const message = await inbox.next()
  await expect(mail).toReceive({ to: inbox.address, subject: /reset/ })
  await expect(inbox).toReceiveNothing()
  expect(message).toHaveAttachment('invoice.pdf')
  expect(message).toSeeInHtml('Total: 12 €')
  expect(message).toSeeInOrder(['Hello', 'Bye'])
})
