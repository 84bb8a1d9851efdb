/** Logging in to our own server over sockets, with every mechanism. */
import { createHash } from 'node:crypto'
import {
  type CredentialVerifier,
  cramMd5Client,
  deriveScramSecret,
  type SaslCredentials,
  standardClientMechanisms,
  standardMechanisms,
} from '@posthouse/wire'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createSmtpServer, requireAuth, type SmtpServer, type TranscriptLine } from '../../src/index.js'
import {
  type ConnectSmtpOptions,
  connectSmtp,
  type Listening,
  type ListenOptions,
  listen,
} from '../../src/node/index.js'
import { makeCertificates, type TestCertificates } from './certificates.js'

let certificates: TestCertificates
beforeAll(() => {
  certificates = makeCertificates()
})
const open: Listening[] = []
afterEach(async () => {
  for (const listening of open.splice(0)) await listening.close({ force: true })
})

const TOKEN = 't0ken'.repeat(700)
const asked: string[] = []

const verifier: CredentialVerifier = {
  password: ({ user, password }) => (user === 'anna' && password === 'secret' ? { account: user } : null),
  async scram(user, hash) {
    if (user !== 'anna') return null
    return { identity: { account: user }, ...(await deriveScramSecret('secret', { hash, iterations: 4096 })) }
  },
  bearer: ({ user, token }) => (token === TOKEN ? { account: user ?? 'anna' } : null),
  sharedSecret: (user) => (user === 'anna' ? { secret: 'secret', identity: { account: user } } : null),
  certificate(authorizationId, { tls }) {
    asked.push(tls?.peerCertificate?.subject ?? '')
    return authorizationId === null || authorizationId === 'anna' ? { account: 'anna' } : null
  },
}

/** A server that offers one mechanism, and says who has logged in. */
function server(mechanism: string): { server: SmtpServer; identities: string[] } {
  const identities: string[] = []
  return {
    identities,
    server: createSmtpServer({
      authenticate: verifier,
      limits: { authFailureDelay: 0 },
      mechanisms: standardMechanisms({ cramMd5: true, scram: { channelBinding: mechanism.endsWith('-PLUS') } }).filter(
        ({ name }) => name === mechanism,
      ),
      handlers: [requireAuth(), { authenticated: ({ account }) => void identities.push(account) }],
    }),
  }
}

async function serve(protocol: SmtpServer, more: Partial<ListenOptions> = {}): Promise<number> {
  const { authority } = certificates
  const tls = { ...certificates.server, ca: authority, requestClientCertificate: true }
  const listening = await listen(protocol, { port: 0, tls, ...more })
  open.push(listening)
  return listening.port
}

async function connect(port: number, auth: SaslCredentials, more: Partial<ConnectSmtpOptions> = {}): Promise<string> {
  const mechanisms = [...standardClientMechanisms(), cramMd5Client]
  const { authority } = certificates
  const options = { host: 'localhost', port, auth, mechanisms, tlsOptions: { ca: authority }, ...more }
  await using client = await connectSmtp(options)
  return client.tls?.protocol ?? 'clear text'
}

const ANNA: SaslCredentials = { user: 'anna', password: 'secret' }

describe.each(['TLSv1.3', 'TLSv1.2'] as const)('%s', (version) => {
  test.each([
    ['PLAIN', ANNA],
    ['LOGIN', ANNA],
    ['CRAM-MD5', ANNA],
    ['SCRAM-SHA-1', ANNA],
    ['SCRAM-SHA-256', ANNA],
    ['SCRAM-SHA-1-PLUS', ANNA],
    ['SCRAM-SHA-256-PLUS', ANNA],
    ['OAUTHBEARER', { user: 'anna', token: TOKEN }],
    ['XOAUTH2', { user: 'anna', token: TOKEN }],
  ] as const)('%s by STARTTLS', async (name, credentials) => {
    const { server: protocol, identities } = server(name)
    const port = await serve(protocol)
    const tlsOptions = { ca: certificates.authority, minVersion: version, maxVersion: version } as const
    expect(await connect(port, credentials, { tlsOptions })).toBe(version)
    expect(identities).toEqual(['anna'])
    for (const wrong of [
      'token' in credentials ? { user: 'anna', token: 'x' } : { user: 'anna', password: 'x' },
      'token' in credentials ? { user: 'eve', token: 'x' } : { user: 'eve', password: 'secret' },
    ]) {
      await expect(connect(port, wrong, { tlsOptions })).rejects.toMatchObject({
        code: 'auth',
        command: 'AUTH',
        temporary: false,
        reply: { code: 535, enhanced: '5.7.8', text: ['Authentication credentials invalid'] },
      })
    }
  })
})

test('RFC 4422 Appendix A: EXTERNAL by a client certificate', async () => {
  const { server: protocol, identities } = server('EXTERNAL')
  const port = await serve(protocol, { implicitTls: true })
  const { authority, client } = certificates
  const tlsOptions = { ca: authority, ...client }
  const how = { tls: 'implicit', tlsOptions } as const
  await connect(port, { certificate: true }, how)
  await connect(port, { certificate: true, authorizationId: 'anna' }, how)
  expect(identities).toEqual(['anna', 'anna'])
  expect(asked).toEqual(['CN=anna', 'CN=anna'])
  await expect(connect(port, { certificate: true, authorizationId: 'eve' }, how)).rejects.toMatchObject({
    code: 'auth',
  })
  // Without a certificate, or with one that nobody trusts, it is not even offered.
  for (const other of [{ ca: authority }, { ca: authority, ...makeCertificates().client }]) {
    const attempt = connect(port, { certificate: true }, { tls: 'implicit', tlsOptions: other })
    await expect(attempt).rejects.toMatchObject({ code: 'auth', message: expect.stringContaining('offers nothing') })
  }
})

test('the strongest mechanism is taken, and no secret is in a transcript', async () => {
  const lines: TranscriptLine[] = []
  const transcript = (line: TranscriptLine): void => void lines.push(line)
  const port = await serve(createSmtpServer({ authenticate: verifier, handlers: [] }))
  await connect(port, ANNA, { transcript })
  const said = lines.map(({ side, text }) => `${side === 'client' ? 'C' : 'S'}: ${text}`)
  expect(said.findLast((line) => line.slice(7).startsWith('AUTH '))?.slice(12)).toBe(
    'SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-1 OAUTHBEARER XOAUTH2 PLAIN LOGIN',
  )
  expect(said).toContain('C: AUTH SCRAM-SHA-256-PLUS ***')
  expect(said.filter((line) => line === 'C: ***')).toHaveLength(2)
})

test('a mechanism that turns out not to work gives way to the next', async () => {
  const port = await serve(
    createSmtpServer({
      authenticate: verifier,
      handlers: [
        {
          auth(mechanism) {
            if (mechanism === 'PLAIN') return undefined
            return { code: 534, enhanced: '5.7.9', text: 'Not for you' }
          },
        },
      ],
    }),
  )
  await connect(port, ANNA)
})

test('no password in clear text', async () => {
  const port = await serve(createSmtpServer({ authenticate: (user) => user, allowInsecureAuth: true, handlers: [] }))
  const clear = { tls: 'never', allowInsecureAuth: false } as const
  await expect(connect(port, ANNA, clear)).rejects.toMatchObject({
    code: 'auth',
    message: expect.stringContaining('use TLS'),
  })
  await connect(port, ANNA, { ...clear, allowInsecureAuth: 'loopback' })
  // SCRAM sends none.
  const scram = await serve(createSmtpServer({ authenticate: verifier, handlers: [] }))
  expect(await connect(scram, ANNA, clear)).toBe('clear text')
})

test('a password that cannot be checked now', async () => {
  const authenticate = (): never => {
    throw new Error('the database is away')
  }
  const port = await serve(createSmtpServer({ authenticate, handlers: [] }))
  await expect(connect(port, ANNA)).rejects.toMatchObject({ code: 'auth', temporary: true, enhanced: '4.7.0' })
})

test('tls-server-end-point is the hash of the certificate', async () => {
  const port = await serve(createSmtpServer({ handlers: [] }))
  await using client = await connectSmtp({
    host: 'localhost',
    port,
    tls: 'required',
    tlsOptions: { ca: certificates.authority },
  })
  const der = Buffer.from(certificates.server.cert.split('-----')[2], 'base64')
  const hash = createHash('sha256').update(der).digest()
  expect(Buffer.from(client.tls?.channelBinding('tls-server-end-point') as Uint8Array)).toEqual(hash)
})
