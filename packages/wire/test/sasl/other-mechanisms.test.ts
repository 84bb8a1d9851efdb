import {
  type CredentialVerifier,
  chooseMechanisms,
  cramMd5,
  cramMd5Client,
  decodeBase64,
  endPointHash,
  external,
  externalClient,
  fromLatin1,
  fromUtf8,
  login,
  loginClient,
  oauthBearer,
  oauthBearerClient,
  plain,
  plainClient,
  type SaslClientMechanism,
  type SaslMechanism,
  saslprep,
  standardClientMechanisms,
  standardMechanisms,
  type TlsInfo,
  utf8,
  xoauth2,
  xoauth2Client,
} from '@posthouse/wire'
import { describe, expect, test } from 'vitest'
import { hex, hmacMd5, md5 } from '../../src/sasl/md5.js'
import { clientContext, logIn, say, serverContext, tls } from './setup.js'

const decoded = (text: string): string => utf8(decodeBase64(fromLatin1(text)) as Uint8Array)

/** Everybody's password is `secret`, everybody's token `good`, and the certificate is alice's. */
const verifier: CredentialVerifier = {
  password: ({ user, password, authorizationId }) =>
    password === 'secret' && authorizationId === null ? { account: user } : null,
  bearer: ({ user, token }) => (token === 'good' ? { account: user ?? 'owner' } : null),
  sharedSecret: (user) => (user === 'nobody' ? null : { secret: 'tanstaaftanstaaf', identity: { account: user } }),
  certificate: (authorizationId) =>
    authorizationId === null || authorizationId === 'alice' ? { account: 'alice' } : null,
}

describe('SASLprep (RFC 4013 §3)', () => {
  test.each<[string, string | null]>([
    ['I\u00adX', 'IX'],
    ['user', 'user'],
    ['USER', 'USER'],
    ['\u00aa', 'a'],
    ['\u2168', 'IX'],
    ['\u0007', null],
    ['\u0627\u0031', null],
    ['\u0627\u0031\u0628', '\u0627\u0031\u0628'],
    ['\u0627a\u0628', null],
    ['a\u00a0b', 'a b'],
    ['\u1680\u3000', '  '],
    ['a\ufeffb', 'ab'],
    ['\ue000', null],
    ['\ufffe', null],
    ['\u{1fffe}', null],
    ['\ud800', null],
    ['e\u0301', '\u00e9'],
    ['пароль', 'пароль'],
    ['密码', '密码'],
    ['😀', '😀'],
    ['', ''],
  ])('%j', (text, prepared) => {
    expect(saslprep(text)).toBe(prepared)
  })
})

describe('MD5', () => {
  test.each([
    ['', 'd41d8cd98f00b204e9800998ecf8427e'],
    ['abc', '900150983cd24fb0d6963f7d28e17f72'],
    ['message digest', 'f96b697d7cb7938d525a2f31aaf161d0'],
    ['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', 'd174ab98d277d9f5a5611c2c9f419d9f'],
    ['1234567890'.repeat(8), '57edf4a22be3c955ac49da2e2107b67a'],
  ])('RFC 1321 §A.5: %j', (message, digest) => {
    expect(hex(md5(fromLatin1(message)))).toBe(digest)
  })

  test.each<[string, Uint8Array, Uint8Array, string]>([
    ['1', new Uint8Array(16).fill(0x0b), fromLatin1('Hi There'), '9294727a3638bb1c13f48ef8158bfc9d'],
    ['2', fromLatin1('Jefe'), fromLatin1('what do ya want for nothing?'), '750c783e6ab0b503eaa86e310a5db738'],
    ['3', new Uint8Array(16).fill(0xaa), new Uint8Array(50).fill(0xdd), '56be34521d144c88dbb8c733f0e8b3f6'],
    [
      '6',
      new Uint8Array(80).fill(0xaa),
      fromLatin1('Test Using Larger Than Block-Size Key - Hash Key First'),
      '6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd',
    ],
  ])('RFC 2202 §2, case %s', (_name, key, data, digest) => {
    expect(hex(hmacMd5(key, data))).toBe(digest)
  })
})

describe('CRAM-MD5', () => {
  test('RFC 2195 §2: the example', async () => {
    const exchange = cramMd5Client.start({ user: 'tim', password: 'tanstaaftanstaaf' }, clientContext())
    expect(exchange.start()).toBeNull()
    const response = await exchange.respond(fromLatin1('<1896.697170952@postoffice.reston.mci.net>'))
    expect(utf8(response)).toBe('tim b913a602c7eda7a495b4e6e7334d3890')
  })

  test('both sides', async () => {
    const attempt = (user: string, password: string) =>
      logIn(cramMd5Client.start({ user, password }, clientContext()), cramMd5().start(verifier, serverContext()))
    expect(await attempt('tim', 'tanstaaftanstaaf')).toMatchObject({ type: 'success', identity: { account: 'tim' } })
    expect(await attempt('tim', 'wrong')).toMatchObject({ type: 'failure', reason: 'credentials', user: 'tim' })
    expect(await attempt('nobody', 'tanstaaftanstaaf')).toMatchObject({ type: 'failure', reason: 'credentials' })
  })

  test('challenges differ', async () => {
    const [one] = await say(cramMd5({ hostname: 'mx.example.org' }).start(verifier, serverContext()), null)
    const [two] = await say(cramMd5({ hostname: 'mx.example.org' }).start(verifier, serverContext()), null)
    expect(one).toMatch(/^<[0-9a-f]{32}@mx\.example\.org>$/)
    expect(two).not.toBe(one)
  })

  test('what is none', async () => {
    for (const response of ['', 'tim', ' abc', 'ti\0m abc']) {
      const [, answer] = await say(cramMd5().start(verifier, serverContext()), null, response)
      expect(answer).toEqual({ type: 'failure', reason: 'malformed' })
    }
  })
})

describe('OAUTHBEARER', () => {
  // RFC 7628 §4.1 and §4.3
  const EXAMPLE =
    'n,a=user@example.com,\x01host=server.example.com\x01port=143\x01auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01'
  const ENCODED =
    'bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB'

  test('RFC 7628 §4.1: the client', async () => {
    const exchange = oauthBearerClient.start(
      { user: 'user@example.com', token: 'vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==' },
      clientContext({ host: 'server.example.com', port: 143 }),
    )
    const first = utf8((await exchange.start()) as Uint8Array)
    expect(first).toBe(EXAMPLE)
    expect(first).toBe(decoded(ENCODED))
  })

  test('RFC 7628 §4.1: the server', async () => {
    const seen: unknown[] = []
    const bearer: CredentialVerifier['bearer'] = (attempt) => {
      seen.push(attempt)
      return { account: 'user' }
    }
    const [answer] = await say(oauthBearer().start({ bearer }, serverContext()), EXAMPLE)
    expect(answer).toEqual({ type: 'success', identity: { account: 'user' } })
    expect(seen).toEqual([{ user: 'user@example.com', token: 'vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==' }])
  })

  test('RFC 7628 §4.3: the refusal is JSON, and the client confirms it', async () => {
    const mechanism = oauthBearer({
      scope: 'example_scope',
      openidConfiguration: 'https://example.com/.well-known/openid-configuration',
    })
    const exchange = oauthBearerClient.start({ user: 'user@example.com', token: 'bad' }, clientContext())
    const result = await logIn(exchange, mechanism.start(verifier, serverContext()))
    expect(result).toMatchObject({ type: 'failure', reason: 'credentials', user: 'user@example.com' })
    expect(JSON.parse(result.said[1])).toEqual({
      status: 'invalid_token',
      scope: 'example_scope',
      'openid-configuration': 'https://example.com/.well-known/openid-configuration',
    })
    expect(result.said[2]).toBe('\x01')
    expect(exchange.refusal).toBe(result.said[1])
  })

  test('RFC 7628 §3.2.1: a request without a token asks how to get one', async () => {
    const [first, last] = await say(oauthBearer().start(verifier, serverContext()), 'n,,\x01auth=\x01\x01', '\x01')
    expect(first).toContain('invalid_token')
    expect(last).toEqual({ type: 'failure', reason: 'credentials' })
  })

  test.each([
    '',
    'n,,',
    'n,,auth=Bearer x',
    'p=tls-exporter,,\x01auth=Bearer x\x01\x01',
    'n,,\x01auth=Basic x\x01\x01',
    'n,,\x01auth=Bearer a b\x01\x01',
    'n,,\x01auth=Bearer a\x01auth=Bearer b\x01\x01',
    'n,,\x01auth=Bearer x',
  ])('malformed: %j', async (message) => {
    const [answer] = await say(oauthBearer().start(verifier, serverContext()), message)
    expect(answer).toEqual({ type: 'failure', reason: 'malformed' })
  })

  test('a name with comma and equals sign', async () => {
    const exchange = oauthBearerClient.start({ user: 'a,b=c', token: 'good' }, clientContext())
    const result = await logIn(exchange, oauthBearer().start(verifier, serverContext()))
    expect(result.said[0].startsWith('n,a=a=2Cb=3Dc,')).toBe(true)
    expect(result).toMatchObject({ type: 'success', identity: { account: 'a,b=c' } })
  })

  test('fields cannot be smuggled into it', async () => {
    const start = (mechanism: SaslClientMechanism, user: string, token: string) =>
      mechanism.start({ user, token }, clientContext()).start()
    for (const mechanism of [oauthBearerClient, xoauth2Client]) {
      await expect(async () => start(mechanism, 'a\x01auth=Bearer x', 'good')).rejects.toMatchObject({
        code: 'credentials',
      })
      await expect(async () => start(mechanism, 'a', 'good\x01x=y')).rejects.toMatchObject({ code: 'credentials' })
    }
  })

  test('fresh tokens come from a function', async () => {
    const exchange = xoauth2Client.start({ user: 'a', token: async () => 'good' }, clientContext())
    expect(await logIn(exchange, xoauth2().start(verifier, serverContext()))).toMatchObject({ type: 'success' })
  })
})

describe('XOAUTH2', () => {
  test("Google's example", async () => {
    const encoded =
      'dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ=='
    const token = 'ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg'
    const exchange = xoauth2Client.start({ user: 'someuser@example.com', token }, clientContext())
    expect(utf8((await exchange.start()) as Uint8Array)).toBe(decoded(encoded))
  })

  test.each(['', 'user=a\x01auth=Basic x\x01\x01', 'auth=Bearer x\x01\x01', 'user=a\0b\x01auth=Bearer x\x01\x01'])(
    'malformed: %j',
    async (message) => {
      const [answer] = await say(xoauth2().start(verifier, serverContext()), message)
      expect(answer).toEqual({ type: 'failure', reason: 'malformed' })
    },
  )

  test('a refusal is confirmed with nothing', async () => {
    const mechanism = xoauth2({ scope: 'https://mail.google.com/' })
    const result = await logIn(
      xoauth2Client.start({ user: 'a', token: 'bad' }, clientContext()),
      mechanism.start(verifier, serverContext()),
    )
    expect(result).toMatchObject({ type: 'failure', reason: 'credentials', user: 'a' })
    expect(result.said[1]).toBe('{"status":"401","schemes":"bearer","scope":"https://mail.google.com/"}')
    expect(result.said[2]).toBe('')
  })

  test('a server that refuses and then says yes', async () => {
    const exchange = xoauth2Client.start({ user: 'a', token: 'x' }, clientContext())
    await exchange.start()
    await exchange.respond(fromLatin1('{}'))
    expect(() => exchange.finish()).toThrow(expect.objectContaining({ code: 'challenge' }))
  })
})

describe('EXTERNAL', () => {
  const withCertificate = (authorized: boolean): TlsInfo => ({
    ...tls(null),
    peerCertificate: { authorized, subject: 'CN=alice', altNames: [], fingerprint256: 'AA' },
  })

  test('needs a certificate that an authority signed, unless told otherwise', () => {
    const available = (mechanism: SaslMechanism, info: TlsInfo | null) =>
      mechanism.available(verifier, serverContext({ tls: info }))
    expect(available(external(), null)).toBe(false)
    expect(available(external(), tls(null))).toBe(false)
    expect(available(external(), withCertificate(false))).toBe(false)
    expect(available(external({ allowUnauthorized: true }), withCertificate(false))).toBe(true)
    expect(available(external(), withCertificate(true))).toBe(true)
  })

  test('both sides', async () => {
    const attempt = (authorizationId?: string) =>
      logIn(
        externalClient.start(
          { certificate: true, ...(authorizationId === undefined ? {} : { authorizationId }) },
          clientContext(),
        ),
        external().start(verifier, serverContext({ tls: withCertificate(true) })),
      )
    expect(await attempt()).toMatchObject({ type: 'success', identity: { account: 'alice' } })
    expect(await attempt('alice')).toMatchObject({ type: 'success' })
    expect(await attempt('bob')).toMatchObject({ type: 'failure', reason: 'credentials', user: 'bob' })
  })

  test('without an initial response it is asked for', async () => {
    const exchange = external().start(verifier, serverContext({ tls: withCertificate(true) }))
    expect(await say(exchange, null, '')).toEqual(['', { type: 'success', identity: { account: 'alice' } }])
  })
})

describe('PLAIN and LOGIN', () => {
  test('RFC 4616 §4: the example', async () => {
    const exchange = plainClient.start(
      { user: 'Kurt', password: 'xipj3plmq', authorizationId: 'Ursel' },
      clientContext(),
    )
    expect(utf8((await exchange.start()) as Uint8Array)).toBe('Ursel\0Kurt\0xipj3plmq')
  })

  test.each<[string, SaslMechanism, SaslClientMechanism]>([
    ['PLAIN', plain, plainClient],
    ['LOGIN', login, loginClient],
  ])('%s: both sides', async (_name, mechanism, client) => {
    const attempt = (password: string) =>
      logIn(client.start({ user: 'jürgen', password }, clientContext()), mechanism.start(verifier, serverContext()))
    expect(await attempt('secret')).toMatchObject({ type: 'success', identity: { account: 'jürgen' } })
    expect(await attempt('wrong')).toMatchObject({ type: 'failure', reason: 'credentials', user: 'jürgen' })
  })

  test('NUL in a password is not sent', () => {
    const exchange = plainClient.start({ user: 'a', password: 'b\0c' }, clientContext())
    expect(() => exchange.start()).toThrow(expect.objectContaining({ code: 'credentials' }))
  })

  test('octets that are not UTF-8 are no name', async () => {
    const step = await plain.start(verifier, serverContext()).respond(fromLatin1('\0a\xff\0secret'))
    expect(step).toEqual({ type: 'failure', reason: 'malformed' })
  })

  test.each([
    ['a\0b', 'secret'],
    ['a', 'sec\0ret'],
    ['', 'secret'],
    ['a', ''],
  ])('LOGIN with %j and %j never reaches the verifier', async (user, password) => {
    const unasked = { password: () => expect.fail('the verifier was asked') }
    const steps = await say(login.start(unasked, serverContext()), null, user, password)
    expect(steps.slice(0, 2)).toEqual(['Username:', 'Password:'])
    expect(steps[2]).toMatchObject({ type: 'failure', reason: 'malformed' })
  })
})

describe('what is offered and chosen', () => {
  const names = (mechanisms: readonly { readonly name: string }[]) => mechanisms.map(({ name }) => name)
  const everything: CredentialVerifier = { ...verifier, scram: () => null }

  test('a server offers what its verifier can check', () => {
    const offered = (one: CredentialVerifier, part = {}) =>
      names(standardMechanisms().filter((mechanism) => mechanism.available(one, serverContext(part))))
    expect(offered(everything)).toEqual(['SCRAM-SHA-256', 'SCRAM-SHA-1', 'OAUTHBEARER', 'XOAUTH2', 'PLAIN', 'LOGIN'])
    expect(offered(everything, { tls: tls(Uint8Array.of(1)) })).toContain('SCRAM-SHA-256-PLUS')
    expect(offered(everything, { secure: false })).toEqual(['SCRAM-SHA-256', 'SCRAM-SHA-1'])
    expect(offered({})).toEqual([])
    expect(names(standardMechanisms({ cramMd5: true }))).toContain('CRAM-MD5')
  })

  const all = [
    'PLAIN',
    'LOGIN',
    'CRAM-MD5',
    'XOAUTH2',
    'SCRAM-SHA-1',
    'SCRAM-SHA-256',
    'SCRAM-SHA-256-PLUS',
    'EXTERNAL',
  ]
  const choose = (credentials: object, context: object = {}, offered: readonly string[] = all) =>
    names(
      chooseMechanisms(
        standardClientMechanisms(),
        credentials,
        clientContext({ offered: new Set(offered), ...context }),
      ),
    )

  test('a client takes the strongest that it can use', () => {
    const password = { user: 'a', password: 'b' }
    expect(choose(password)).toEqual(['SCRAM-SHA-256', 'SCRAM-SHA-1', 'PLAIN', 'LOGIN'])
    expect(choose(password, { tls: tls(Uint8Array.of(1)) })[0]).toBe('SCRAM-SHA-256-PLUS')
    expect(choose(password, { tls: tls(null) })[0]).toBe('SCRAM-SHA-256')
    expect(choose(password, { secure: false })).toEqual(['SCRAM-SHA-256', 'SCRAM-SHA-1'])
    expect(choose({ user: 'a', token: 't' })).toEqual(['XOAUTH2'])
    expect(choose({ certificate: true }, { tls: tls(null) })).toEqual(['EXTERNAL'])
    expect(choose({ ...password, authorizationId: 'c' })).not.toContain('LOGIN')
  })

  test('there may be none, and the error says why', () => {
    const none = (credentials: object, context: object, offered: readonly string[]) => () =>
      choose(credentials, context, offered)
    const password = { user: 'a', password: 'b' }
    expect(none(password, { secure: false }, ['PLAIN'])).toThrow('use TLS')
    expect(none(password, {}, ['GSSAPI'])).toThrow('GSSAPI')
    expect(none(password, {}, [])).toThrow(expect.objectContaining({ code: 'no-mechanism' }))
    // CRAM-MD5 is never taken by itself.
    expect(none(password, { secure: false }, ['CRAM-MD5'])).toThrow('none of it')
    // What was misspelt, or is not set, is seen in the names; no value is.
    expect(none({ user: 'a', pass: 'b' }, {}, ['PLAIN'])).toThrow(/credentials: user, pass$/)
    expect(none({ user: 'a', password: undefined }, {}, ['PLAIN'])).toThrow(/credentials: user$/)
    expect(none({}, {}, ['PLAIN'])).toThrow(/credentials: none$/)
  })
})

describe('tls-server-end-point (RFC 5929 §4.1)', () => {
  // Self-signed certificates made with `openssl req -x509`.
  test.each<[string, string, 'SHA-256' | 'SHA-384' | 'SHA-512' | null]>([
    [
      'ECDSA with SHA-256',
      'MIIBbjCCAROgAwIBAgIUKozwI33TJhpqvpCupUfo8+7mTGwwCgYIKoZIzj0EAwIwDDEKMAgGA1UEAwwBYTAeFw0yNjExMjMxMjM3MjNaFw0yNjExMjQxMjM3MjNaMAwxCjAIBgNVBAMMAWEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQ6o8wvq6yaJut15JswHkWYVqpeZTouSFZ+5jKTe1Cj3Hl+IYE+4Oqe3cduLgHeEbn+H6Ne6N9yC9cSFjAtNv8uo1MwUTAdBgNVHQ4EFgQUT7+SSOeMCsztba5Vx5mjaHF/giAwHwYDVR0jBBgwFoAUT7+SSOeMCsztba5Vx5mjaHF/giAwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEAnGLX18g7xBqCeuR6klnUh0wAmNlj+zM/kdmXY34RnhgCIQD8ObD0DCqVWu9SWn0+Sm20lfGE7Ffp/Z6YXkjD2xFu+g==',
      'SHA-256',
    ],
    [
      'ECDSA with SHA-384',
      'MIIBbjCCAROgAwIBAgIUFio0acOZPGoyxuw3p2xd0YWVJAswCgYIKoZIzj0EAwMwDDEKMAgGA1UEAwwBYTAeFw0yNjExMjMxMjM3MjNaFw0yNjExMjQxMjM3MjNaMAwxCjAIBgNVBAMMAWEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQQvMbRNBOX0lOIUUpauFg3goCy5GLsLJcYGZy3vuq5BcqEriJesrHxf8XGXAa9D7VSEY9bYKHm8Wf9dffl9Z7zo1MwUTAdBgNVHQ4EFgQUkLmAxs0XG05egWROn75RGnXuBdwwHwYDVR0jBBgwFoAUkLmAxs0XG05egWROn75RGnXuBdwwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAwNJADBGAiEAhcj/FJbav3jAAyD54ddgvBU1972AeWhZw7n3kWW9/IYCIQDGqe97mcqUhPN8hr6SRSf0Rfh+0D3Of3OaZR4BLb8wDA==',
      'SHA-384',
    ],
    [
      'RSASSA-PSS with SHA-512',
      'MIICXDCCAZGgAwIBAgIUa81sTyWigxQ8AW7tmGeltKgMCScwQQYJKoZIhvcNAQEKMDSgDzANBglghkgBZQMEAgMFAKEcMBoGCSqGSIb3DQEBCDANBglghkgBZQMEAgMFAKIDAgE+MAwxCjAIBgNVBAMMAWEwHhcNMjYxMTIzMTIzNzIzWhcNMjYxMTI0MTIzNzIzWjAMMQowCAYDVQQDDAFhMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDVg/DOWPvuptkaau9fSsplr/Y6AcjY64DFzC9ZTsA7id9xMD7jt2zCbmQhBJKw0VUQHKXYgXhZlUBVlxFazwNafKLLlQGvdSbD3MLUAAcZTbb4JNvIozVmRHn7oCRH27AVjicTifkDwGqzOAoEzoa9DSlYbXYgJqZfRR1iDNTioQIDAQABo1MwUTAdBgNVHQ4EFgQU1h5HZEYNwoYq3x+2potmoR7k/NAwHwYDVR0jBBgwFoAU1h5HZEYNwoYq3x+2potmoR7k/NAwDwYDVR0TAQH/BAUwAwEB/zBBBgkqhkiG9w0BAQowNKAPMA0GCWCGSAFlAwQCAwUAoRwwGgYJKoZIhvcNAQEIMA0GCWCGSAFlAwQCAwUAogMCAT4DgYEAvNNPNmFvguNBL96VVwYMVO2vMCaA/kg2skvO0JK7IJQXiCIak0ZcEe19I4XYridgNIksIRnSSVrCvbdHOun+3O1QUFpkULDqK/+9i6k8vHPY9Ru52DLF+jlYu+zuBumNKsqfXJDdaXvLaytKJ7RNnomHqfAtQIABodmYSRA+pMc=',
      'SHA-512',
    ],
    [
      'RSA with SHA-1, which is replaced',
      'MIIB9DCCAV2gAwIBAgIUM4OB6ET664OIBGbc1HIqi9nzycUwDQYJKoZIhvcNAQEFBQAwDDEKMAgGA1UEAwwBYTAeFw0yNjExMjMxMjM3MjNaFw0yNjExMjQxMjM3MjNaMAwxCjAIBgNVBAMMAWEwgZ8wDQYJKoZIhvcNAQEBBQADgY0AMIGJAoGBANowcHMO652lRHk06gngyQRHkhy4pSEOsbJHwfk9kRqbGOYLhBbI4UVEqimwNkJXY0Hp86gN8uvUXlLTRVu59InZrMpU9OF34sqQmk0oc3ed5bZwaKScfV79Um8fuicqFqe4B5j77QwXZYHJty325Idr41bV48PYWP/MKinQIRvzAgMBAAGjUzBRMB0GA1UdDgQWBBSAi28TU5MorZDZKD3FktlaCr4AwjAfBgNVHSMEGDAWgBSAi28TU5MorZDZKD3FktlaCr4AwjAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBBQUAA4GBAEhJUNFmUWuSbk4Uyr+At0ovcPIuHgQg/+tL8cqBdHnAiNSHmwX5ABROa71rcnDSJId0ZWlFWmgvp/UdA/S+8ZCido8ox7ZCOKwnj+shcQf8fCz8IH/u0gspY3N1xSE8m35Hk5sBzdgj/b/gUIWx3vzs0viFLcFAltcN0cdzl8Ok',
      'SHA-256',
    ],
    [
      'RSA with SHA-512',
      'MIIB9DCCAV2gAwIBAgIUSmAy5MH8o+DSL3wV1FJfDFAYgZkwDQYJKoZIhvcNAQENBQAwDDEKMAgGA1UEAwwBYTAeFw0yNjExMjMxMjM3MjNaFw0yNjExMjQxMjM3MjNaMAwxCjAIBgNVBAMMAWEwgZ8wDQYJKoZIhvcNAQEBBQADgY0AMIGJAoGBAKRN8PhIaLuhcBWCuBkOK7+MsSMFml81yJu190ICprhf0pgzxhU33DDH/05pdj0TnapuUYh2XgMmmJigE0LVk43q4sJxA9ccWCQ2prIfcYMKTdTwdhEp6qQBZPIsn7VhYI2qt+nZ6sy67kkiBNOcNYfQ+YOhRTq1X3SA7l02LjMtAgMBAAGjUzBRMB0GA1UdDgQWBBQIt4BS7DYX1KM44GWO7HjaSFG2tDAfBgNVHSMEGDAWgBQIt4BS7DYX1KM44GWO7HjaSFG2tDAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBDQUAA4GBABrj6jO6FSxSscOettLctwECsFG4V1Nghf5dbRhky8AQs6nTDLdWcvRAyVKzt8safnWKv/VqOdxSt5V+P+nVkTVueEZEL57TeYe21SMHLWB1EqJlfWhvVZun50hzxwLj3VffUpSSIw0cNbrUeooColH8LZZGFSBAtkwsRrZUDQoM',
      'SHA-512',
    ],
    [
      'Ed25519, which names no hash',
      'MIIBLDCB36ADAgECAhQbm+viRD891eS1H4tEokTgoUToljAFBgMrZXAwDDEKMAgGA1UEAwwBYTAeFw0yNjExMjMxMjM3MjNaFw0yNjExMjQxMjM3MjNaMAwxCjAIBgNVBAMMAWEwKjAFBgMrZXADIQCLB695K2ISo2J2bD6rW17CM8MTOcDnTqyn5Q8u4o/xEKNTMFEwHQYDVR0OBBYEFGE2VHGNZK4V0RUyLJ3jC9B2eHRcMB8GA1UdIwQYMBaAFGE2VHGNZK4V0RUyLJ3jC9B2eHRcMA8GA1UdEwEB/wQFMAMBAf8wBQYDK2VwA0EA6+zWbExBlvKo0E1kM6KApQZN96uAoK6xcfcur9WW/AyJ2Ixo6rGKjwOCRgdQNRJSIvg/v8Vu2JNhW9qIUGKRBA==',
      null,
    ],
  ])('%s', (_name, certificate, hash) => {
    const der = decodeBase64(fromLatin1(certificate)) as Uint8Array
    expect(endPointHash(der)).toBe(hash)
    // Cut off or not, it answers.
    for (let length = 0; length < der.length; length += 7)
      expect(() => endPointHash(der.subarray(0, length))).not.toThrow()
  })

  test('no certificate', () => {
    expect(endPointHash(fromUtf8('hello'))).toBeNull()
  })
})
