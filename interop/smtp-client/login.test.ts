/** Other people's SASL: their clients log in to our server with each mechanism they have. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createImapServer } from '@posthouse/imap'
import { listen as listenImap } from '@posthouse/imap/node'
import { createSmtpServer, discard, requireAuth } from '@posthouse/smtp'
import { type Listening, type ListenOptions, listen } from '@posthouse/smtp/node'
import { createMemoryStore } from '@posthouse/store-api'
import { type CredentialVerifier, deriveScramSecret, standardMechanisms } from '@posthouse/wire'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { makeCertificates, type TestCertificates } from '../../packages/smtp/test/client/certificates.js'
import { ensureInstalled, runProgram } from '../tools.js'

let certificates: TestCertificates
let folder = ''
const file = (name: string): string => join(folder, name)
const logins: string[] = []
const open: Listening[] = []

beforeAll(() => {
  certificates = makeCertificates()
  folder = mkdtempSync(join(tmpdir(), 'posthouse-login-'))
  writeFileSync(file('ca.pem'), certificates.authority)
  writeFileSync(file('client.pem'), certificates.client.cert)
  writeFileSync(file('client.key'), certificates.client.key, { mode: 0o600 })
})
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(async () => {
  logins.length = 0
  for (const listening of open.splice(0)) await listening.close({ force: true })
})

const verifier: CredentialVerifier = {
  password: ({ user, password }) => (user === 'anna' && password === 'secret' ? { account: user } : null),
  async scram(user, hash) {
    if (user !== 'anna') return null
    return { identity: { account: user }, ...(await deriveScramSecret('secret', { hash, iterations: 4096 })) }
  },
  bearer: ({ user, token }) => (token === 't0ken' ? { account: user ?? 'anna' } : null),
  sharedSecret: (user) => (user === 'anna' ? { secret: 'secret', identity: { account: user } } : null),
  certificate: (_, { tls }) => (tls?.peerCertificate?.subject === 'CN=anna' ? { account: 'anna' } : null),
}

/** One mechanism only, so that nothing else can have been used. */
const only = (mechanism: string) =>
  standardMechanisms({ cramMd5: true, scram: { channelBinding: mechanism.endsWith('-PLUS') } }).filter(
    ({ name }) => name === mechanism,
  )

const tls = (): Partial<ListenOptions> => ({
  tls: { ...certificates.server, ca: certificates.authority, requestClientCertificate: true },
})

async function serve(mechanism: string): Promise<number> {
  const server = createSmtpServer({
    authenticate: verifier,
    allowInsecureAuth: false,
    limits: { authFailureDelay: 0 },
    mechanisms: only(mechanism),
    handlers: [requireAuth(), { authenticated: ({ account }) => void logins.push(account) }, discard()],
  })
  const listening = await listen(server, { port: 0, ...tls() })
  open.push(listening)
  return listening.port
}

const MESSAGE = 'From: anna@example.org\r\nTo: bob@example.org\r\nSubject: x\r\n\r\nx\r\n'

describe.skipIf(!ensureInstalled(['msmtp']))('msmtp', () => {
  const send = (port: number, auth: string, password: string) => {
    // Without a user msmtp 1.8 does not answer the challenge that EXTERNAL begins with.
    const secret = auth === 'external' ? ['--user=anna'] : ['--user=anna', `--passwordeval=echo ${password}`]
    const certificate = [`--tls-cert-file=${file('client.pem')}`, `--tls-key-file=${file('client.key')}`]
    return runProgram(
      'msmtp',
      [
        ...['--file=/dev/null', '--host=localhost', `--port=${port}`, '--from=anna@example.org', `--auth=${auth}`],
        ...['--tls=on', '--tls-starttls=on', `--tls-trust-file=${file('ca.pem')}`, ...secret],
        ...(auth === 'external' ? certificate : []),
        'bob@example.org',
      ],
      { input: MESSAGE },
    )
  }

  test.each([
    ['plain', 'PLAIN', 'secret'],
    ['login', 'LOGIN', 'secret'],
    ['cram-md5', 'CRAM-MD5', 'secret'],
    ['scram-sha-1', 'SCRAM-SHA-1', 'secret'],
    ['scram-sha-256', 'SCRAM-SHA-256', 'secret'],
    ['oauthbearer', 'OAUTHBEARER', 't0ken'],
    ['xoauth2', 'XOAUTH2', 't0ken'],
    ['external', 'EXTERNAL', ''],
  ])('%s', async (auth, mechanism, password) => {
    const port = await serve(mechanism)
    const sent = await send(port, auth, password)
    expect(sent.stderr).toBe('')
    expect(logins).toEqual(['anna'])
    if (auth === 'external') return
    const refused = await send(port, auth, 'wrong')
    expect(refused.code).not.toBe(0)
    expect(refused.stderr).toContain('authentication failed')
    expect(logins).toEqual(['anna'])
  })
})

test.skipIf(!ensureInstalled(['swaks', 'libnet-ssleay-perl']))('swaks: CRAM-MD5', async () => {
  const port = await serve('CRAM-MD5')
  const swaks = (password: string) =>
    runProgram('swaks', [
      ...['--server', `localhost:${port}`, '--from', 'anna@example.org', '--to', 'bob@example.org', '--tls'],
      ...['--auth', 'CRAM-MD5', '--auth-user', 'anna', '--auth-password', password],
    ])
  const sent = await swaks('secret')
  expect(sent.stdout.toString()).toContain('235 2.7.0')
  expect((await swaks('wrong')).stdout.toString()).toContain('535 5.7.8')
  expect(logins).toEqual(['anna'])
})

const SMTPLIB = `
import smtplib, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[2])
smtp = smtplib.SMTP('localhost', int(sys.argv[1]))
smtp.starttls(context=context)
try:
    smtp.login('anna', 'wrong')
    sys.exit('a wrong password was accepted')
except smtplib.SMTPAuthenticationError as error:
    assert error.smtp_code == 535, error
smtp.login('anna', 'secret')
smtp.sendmail('anna@example.org', ['bob@example.org'], 'Subject: x\\r\\n\\r\\nx')
smtp.quit()
`

describe.skipIf(!ensureInstalled(['python3']))("Python's smtplib", () => {
  test.each(['CRAM-MD5', 'PLAIN', 'LOGIN'])('%s', async (mechanism) => {
    const port = await serve(mechanism)
    const { stderr } = await runProgram('python3', ['-c', SMTPLIB, String(port), file('ca.pem')])
    expect(stderr).toBe('')
    expect(logins).toEqual(['anna'])
  })
})

describe.skipIf(!ensureInstalled(['openssl']))('openssl', () => {
  async function external(more: readonly string[]): Promise<string> {
    const port = await serve('EXTERNAL')
    const { stdout } = await runProgram(
      'openssl',
      ['s_client', '-quiet', '-starttls', 'smtp', '-connect', `localhost:${port}`, '-CAfile', file('ca.pem'), ...more],
      { input: 'EHLO client\r\nAUTH EXTERNAL =\r\nQUIT\r\n' },
    )
    return stdout.toString()
  }

  test('EXTERNAL with a certificate of the authority', async () => {
    const said = await external(['-cert', file('client.pem'), '-key', file('client.key')])
    expect(said).toContain('AUTH EXTERNAL')
    expect(said).toContain('235 2.7.0')
    expect(logins).toEqual(['anna'])
  })

  test('without a certificate, or with a strange one, it is not offered', async () => {
    const strange = makeCertificates().client
    writeFileSync(file('strange.pem'), strange.cert)
    writeFileSync(file('strange.key'), strange.key)
    for (const more of [[], ['-cert', file('strange.pem'), '-key', file('strange.key')]]) {
      const said = await external(more)
      expect(said).not.toContain('AUTH EXTERNAL')
      expect(said).toContain('504 5.5.4')
    }
    expect(logins).toEqual([])
  })
})

describe.skipIf(!ensureInstalled(['gsasl']))('GNU SASL', () => {
  const gsasl = async (port: number, mechanism: string, password: string, more: readonly string[]) => {
    const { stdout, stderr } = await runProgram('gsasl', [
      ...[`--connect=localhost:${port}`, `--mechanism=${mechanism}`, '--authentication-id=anna', '--verbose'],
      ...[`--password=${password}`, '--hostname=localhost', '--service=x', ...more],
    ])
    return `${stdout}${stderr}`.includes('authentication finished')
  }

  // gsasl 2.2 says STARTTLS before EHLO, which no SMTP server takes: so this is in clear text.
  test.each(['SCRAM-SHA-256', 'SCRAM-SHA-1', 'CRAM-MD5'])('SMTP: %s', async (mechanism) => {
    const port = await serve(mechanism)
    const how = ['--smtp', '--no-starttls']
    expect(await gsasl(port, mechanism, 'secret', how)).toBe(true)
    expect(await gsasl(port, mechanism, 'wrong', how)).toBe(false)
    expect(logins).toEqual(['anna'])
  })

  // What offers no -PLUS to a client that could bind the channel looks like an attack to it: hence --no-cb.
  test.each([
    ['SCRAM-SHA-256-PLUS', []],
    ['SCRAM-SHA-1-PLUS', []],
    ['SCRAM-SHA-256', ['--no-cb']],
    ['CRAM-MD5', []],
    ['PLAIN', []],
  ])('IMAP over TLS: %s', async (mechanism, more) => {
    const store = createMemoryStore()
    store.addAccount('anna')
    const server = createImapServer({
      store,
      authenticate: verifier,
      mechanisms: only(mechanism),
      limits: { authFailureDelay: 0 },
    })
    const listening = await listenImap(server, { port: 0, ...tls() })
    open.push(listening)
    const how = ['--imap', '--starttls', `--x509-ca-file=${file('ca.pem')}`, ...more]
    expect(await gsasl(listening.port, mechanism, 'secret', how)).toBe(true)
    expect(await gsasl(listening.port, mechanism, 'wrong', how)).toBe(false)
  })
})
