/** Our client and the servers that Node and Python programs embed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { connectLmtp, connectSmtp } from '@posthouse/smtp/node'
import { standardClientMechanisms } from '@posthouse/wire'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeCertificates, type TestCertificates } from '../../packages/smtp/test/client/certificates.js'
import { ensureInstalled } from '../tools.js'

/** What we use of smtp-server. */
interface PeerServer {
  listen(port: number, host: string, done: () => void): { address(): { port: number } }
  close(done: () => void): void
}
type Stream = AsyncIterable<Buffer>
interface PeerSession {
  readonly envelope: { readonly rcptTo: readonly { readonly address: string }[] }
}
const { SMTPServer } = createRequire(new URL('../../bench/package.json', import.meta.url))('smtp-server') as {
  SMTPServer: new (options: object) => PeerServer
}

let certificates: TestCertificates
beforeAll(() => {
  certificates = makeCertificates()
})

const MESSAGES = [
  '',
  'x',
  '.',
  '..\r\n.\r\n',
  'Subject: x\r\n\r\n.dots\r\n',
  `Subject: big\r\n\r\n${'.line of text\r\n'.repeat(30_000)}`,
]
const stored = (text: string): string => (text === '' || text.endsWith('\r\n') ? text : `${text}\r\n`)

describe.each([false, true])('smtp-server (LMTP: %s)', (lmtp) => {
  let server: PeerServer
  let port = 0
  const kept: string[] = []

  beforeAll(async () => {
    server = new SMTPServer({
      ...certificates.server,
      lmtp,
      authOptional: true,
      authMethods: ['PLAIN', 'LOGIN', 'XOAUTH2'],
      onAuth(
        auth: { username: string; password?: string; accessToken?: string },
        _: unknown,
        done: (error: Error | null, result?: object) => void,
      ) {
        if (auth.password === 'secret' || auth.accessToken === 't0ken') done(null, { user: auth.username })
        else done(new Error('Invalid username or password'))
      },
      onRcptTo({ address }: { address: string }, _: unknown, done: (error?: Error) => void) {
        done(address.startsWith('no@') ? Object.assign(new Error('no such user'), { responseCode: 550 }) : undefined)
      },
      async onData(stream: Stream, session: PeerSession, done: (error: Error | null, answers?: unknown) => void) {
        const pieces: Buffer[] = []
        for await (const piece of stream) pieces.push(piece)
        kept.push(Buffer.concat(pieces).toString('latin1'))
        const each = session.envelope.rcptTo.map(({ address }) =>
          address.startsWith('late@') ? Object.assign(new Error('full'), { responseCode: 452 }) : 'kept',
        )
        done(null, lmtp ? each : 'kept')
      },
    })
    port = await new Promise((resolve) => {
      const listening = server.listen(0, '127.0.0.1', () => resolve(listening.address().port))
    })
  })
  afterAll(() => new Promise<void>((resolve) => server.close(resolve)))

  const connect = (more: object = {}) =>
    (lmtp ? connectLmtp : connectSmtp)({
      host: 'localhost',
      port,
      tls: 'required',
      tlsOptions: { ca: certificates.authority },
      ...more,
    })

  test('messages arrive as they are', async () => {
    await using client = await connect()
    for (const text of MESSAGES) {
      await client.send({ envelope: { reversePath: null, recipients: ['a@example.org'] }, message: Buffer.from(text) })
    }
    expect(kept.splice(0)).toEqual(MESSAGES.map(stored))
  })

  test('outcomes', async () => {
    await using client = await connect()
    const recipients = ['a@example.org', 'no@example.org', 'late@example.org']
    const result = await client.send({ envelope: { reversePath: null, recipients }, message: Buffer.from('x') })
    expect(result.recipients.map(({ accepted }) => accepted)).toEqual([true, false, !lmtp])
    expect(result.rejected[0].error).toMatchObject({ command: 'RCPT', temporary: false })
    kept.length = 0
  })

  test.each(['PLAIN', 'LOGIN', 'XOAUTH2'])('%s', async (name) => {
    const mechanisms = standardClientMechanisms().filter((one) => one.name === name)
    const auth = name === 'XOAUTH2' ? { user: 'anna', token: 't0ken' } : { user: 'anna', password: 'secret' }
    await using client = await connect({ mechanisms, auth })
    expect(client.usable).toBe(true)
    const wrong = name === 'XOAUTH2' ? { user: 'anna', token: 'x' } : { user: 'anna', password: 'x' }
    await expect(connect({ mechanisms, auth: wrong })).rejects.toMatchObject({ code: 'auth' })
  })
})

const AIOSMTPD = `
import asyncio, json, sys
from aiosmtpd.smtp import SMTP, AuthResult
class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith('no@'): return '550 5.1.1 no such user'
        envelope.rcpt_tos.append(address)
        return '250 OK'
    async def handle_DATA(self, server, session, envelope):
        print(json.dumps([envelope.mail_from, envelope.rcpt_tos, envelope.content.decode('latin-1')]), flush=True)
        return '250 kept'
def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=data.password == b'secret', handled=False)
async def main():
    loop = asyncio.get_running_loop()
    make = lambda: SMTP(Handler(), enable_SMTPUTF8=True, authenticator=authenticate, auth_require_tls=False)
    server = await loop.create_server(make, '127.0.0.1', 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
`

describe.skipIf(!ensureInstalled(['python3-aiosmtpd']))('aiosmtpd', () => {
  let child: ChildProcess
  let port = 0
  const lines: string[] = []
  let wake = (): void => {}

  beforeAll(async () => {
    // The Debian package belongs to the Debian Python, whatever else is on the machine.
    child = spawn('/usr/bin/python3', ['-c', AIOSMTPD], { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const parts = text.split('\n')
      text = parts.pop() ?? ''
      lines.push(...parts)
      wake()
    })
    port = Number(await line())
  })
  afterAll(async () => {
    const exited = new Promise((resolve) => child.once('exit', resolve))
    child.kill()
    await exited
  })

  async function line(): Promise<string> {
    while (lines.length === 0) await new Promise<void>((resolve) => (wake = resolve))
    return lines.shift() as string
  }

  test('messages, refusals, a login', async () => {
    await using client = await connectSmtp({
      ...{ host: '127.0.0.1', port, tls: 'never' },
      auth: { user: 'anna', password: 'secret' },
    })
    for (const text of MESSAGES) {
      const envelope = { reversePath: 'jörg@example.net', recipients: ['a@example.org', 'no@example.org'] }
      const { rejected } = await client.send({ envelope, message: Buffer.from(text) })
      expect(rejected[0].error).toMatchObject({ enhanced: '5.1.1' })
      expect(JSON.parse(await line())).toEqual(['jörg@example.net', ['a@example.org'], stored(text)])
    }
    await expect(
      connectSmtp({ host: '127.0.0.1', port, tls: 'never', auth: { user: 'anna', password: 'x' } }),
    ).rejects.toMatchObject({ code: 'auth', enhanced: '5.7.8' })
  })
})
