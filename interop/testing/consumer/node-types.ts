// Types alone: node:test, and everything that the main entry gives.
import test from 'node:test'
import {
  type ConnectOptions,
  connectTestMail,
  on,
  type RemoteTestMail,
  type Script,
  startTestMail,
  type TestMailOptions,
  testMailFor,
} from '@posthouse/testing'
import { type FixtureName, fixture } from '@posthouse/testing/fixtures'
import { createTestMailApi, serveTestMail } from '@posthouse/testing/http'
import { createTransport } from 'nodemailer'

test('types', async (t) => {
  const mail = await testMailFor(t, { imap: true })
  const script: Script = on.imap.select.once().uidValidity('bump')
  mail.script(script)
  createTransport(mail.transport())
  const name: FixtureName = 'winmail'
  await mail.deliver('ada@mail.test', fixture(name))
})

const options: TestMailOptions = { on: { rcpt: ({ address }) => void address }, auth: { ada: 'x' } }
const connect = (url: string, how: ConnectOptions): Promise<RemoteTestMail> => connectTestMail(url, how)
const serve = async () => serveTestMail(await startTestMail(options))
// @ts-expect-error: MAIL has no STARTTLS
const wrong = () => on.mail.failHandshake()
void [options, connect, serve, wrong, createTestMailApi]
