import {
  type CredentialVerifier,
  decodeBase64,
  deriveScramSecret,
  fromLatin1,
  fromUtf8,
  type SaslClientMechanism,
  type SaslMechanism,
  type ScramHash,
  type ScramOptions,
  scram,
  scramClient,
  utf8,
  verifyScramPassword,
} from '@posthouse/wire'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clientContext, logIn, say, serverContext, tls } from './setup.js'

const base64 = (text: string): Uint8Array => decodeBase64(fromLatin1(text)) as Uint8Array
const PAD = 'AAAAAAAAAAAAAAAAAAAAAAAA'

function server(name: string, options: ScramOptions = {}): SaslMechanism {
  return scram(options).find((one) => one.name === name) as SaslMechanism
}

function client(name: string, nonce?: () => string): SaslClientMechanism {
  return scramClient(nonce ? { nonce } : {}).find((one) => one.name === name) as SaslClientMechanism
}

/** Users with their passwords, `pencil` for `user` unless said otherwise. */
function verifier(users: Readonly<Record<string, string>> = { user: 'pencil' }, salt?: Uint8Array): CredentialVerifier {
  return {
    async scram(user, hash) {
      const password = new Map(Object.entries(users)).get(user)
      if (password === undefined) return null
      const keys = await deriveScramSecret(password, { hash, iterations: 4096, ...(salt ? { salt } : {}) })
      return { ...keys, identity: { account: user } }
    },
  }
}

/** The RFCs' exchanges: user `user`, password `pencil`. */
const VECTORS: readonly {
  rfc: string
  hash: ScramHash
  nonce: string
  whole: string
  salt: string
  proof: string
  signature: string
}[] = [
  {
    rfc: 'RFC 5802 §5',
    hash: 'SHA-1',
    nonce: 'fyko+d2lbbFgONRv9qkxdawL',
    whole: 'fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j',
    salt: 'QSXCR+Q6sek8bf92',
    proof: 'v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
    signature: 'rmF9pqV8S7suAoZWja4dJRkFsKQ=',
  },
  {
    rfc: 'RFC 7677 §3',
    hash: 'SHA-256',
    nonce: 'rOprNGfwEbeRWgbNEkqO',
    whole: 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
    salt: 'W22ZaJ0SNY7soEsUEjb6gQ==',
    proof: 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    signature: '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
  },
]

describe('published exchanges', () => {
  test.each(VECTORS)('$rfc: the client', async ({ hash, nonce, whole, salt, proof, signature }) => {
    const exchange = client(`SCRAM-${hash}`, () => nonce).start({ user: 'user', password: 'pencil' }, clientContext())
    expect(utf8((await exchange.start()) as Uint8Array)).toBe(`n,,n=user,r=${nonce}`)
    const final = await exchange.respond(fromLatin1(`r=${whole},s=${salt},i=4096`))
    expect(utf8(final)).toBe(`c=biws,r=${whole},p=${proof}`)
    expect(() => exchange.finish()).toThrow('without proof')
    expect(await exchange.respond(fromLatin1(`v=${signature}`))).toHaveLength(0)
    exchange.finish()
  })

  test.each(VECTORS)('$rfc: the server', async ({ hash, nonce, whole, salt, proof, signature }) => {
    const exchange = server(`SCRAM-${hash}`, { nonce: () => whole.slice(nonce.length) }).start(
      verifier(undefined, base64(salt)),
      serverContext(),
    )
    const [first, last] = await say(exchange, `n,,n=user,r=${nonce}`, `c=biws,r=${whole},p=${proof}`)
    expect(first).toBe(`r=${whole},s=${salt},i=4096`)
    expect(last).toEqual({ type: 'success', identity: { account: 'user' }, data: fromLatin1(`v=${signature}`) })
  })

  test('RFC 5802 §5, RFC 7677 §3: the stored keys', async () => {
    // From the same exchanges, as RFC 5803 would store them (published by PostgreSQL and others for user/pencil).
    const keys = await deriveScramSecret('pencil', { iterations: 4096, salt: base64(VECTORS[1].salt) })
    expect(keys.storedKey).toEqual(base64('WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY='))
    expect(keys.serverKey).toEqual(base64('wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU='))
  })
})

describe('a login', () => {
  test.each(['SHA-1', 'SHA-256'] as const)('%s in all binding modes', async (hash) => {
    const binding = tls(Uint8Array.of(1, 2, 3, 4))
    const endPoint = tls(null, Uint8Array.of(9, 9, 9))
    for (const [suffix, info, header] of [
      ['', null, 'n,,'],
      ['-PLUS', binding, 'p=tls-exporter,,'],
      ['-PLUS', endPoint, 'p=tls-server-end-point,,'],
    ] as const) {
      const name = `SCRAM-${hash}${suffix}`
      const result = await logIn(
        client(name).start(
          { user: 'user', password: 'pencil' },
          clientContext({ tls: info, offered: new Set([name]) }),
        ),
        server(name).start(verifier(), serverContext({ tls: info })),
      )
      expect(result).toMatchObject({ type: 'success', identity: { account: 'user' } })
      expect(result.said[0].startsWith(header)).toBe(true)
    }
  })

  test('a wrong password', async () => {
    const result = await logIn(
      client('SCRAM-SHA-256').start({ user: 'user', password: 'pen' }, clientContext()),
      server('SCRAM-SHA-256').start(verifier(), serverContext()),
    )
    expect(result).toMatchObject({ type: 'failure', reason: 'credentials', user: 'user' })
  })

  test('names and passwords of any kind', async () => {
    const text = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(text, text, async (user, password) => {
        const result = await logIn(
          client('SCRAM-SHA-256').start({ user, password }, clientContext()),
          server('SCRAM-SHA-256').start(verifier({ [user]: password }), serverContext()),
        )
        expect(result).toMatchObject({ type: 'success', identity: { account: user } })
      }),
      { numRuns: 30 },
    )
  })

  test('SASLprep makes both sides agree (RFC 4013 §3)', async () => {
    const result = await logIn(
      client('SCRAM-SHA-256').start({ user: 'I\u00adX', password: '\u00aa\u2168' }, clientContext()),
      server('SCRAM-SHA-256').start(verifier({ IX: 'aIX' }), serverContext()),
    )
    expect(result).toMatchObject({ type: 'success', identity: { account: 'IX' } })
  })

  test('a man in the middle with a TLS connection of his own', async () => {
    const result = await logIn(
      client('SCRAM-SHA-256-PLUS').start(
        { user: 'user', password: 'pencil' },
        clientContext({ tls: tls(Uint8Array.of(1)), offered: new Set(['SCRAM-SHA-256-PLUS']) }),
      ),
      server('SCRAM-SHA-256-PLUS').start(verifier(), serverContext({ tls: tls(Uint8Array.of(2)) })),
    )
    expect(result).toMatchObject({ type: 'failure', reason: 'credentials' })
  })
})

describe('RFC 5802 §6: downgrade detection', () => {
  const bound = { tls: tls(Uint8Array.of(1)) }
  const hello = (header: string) => `${header}n=user,r=${PAD}`

  test.each<[string, string, string, ScramOptions, boolean]>([
    ['y where -PLUS is offered: somebody took it away', 'SCRAM-SHA-256', 'y,,', {}, false],
    ['y where binding is switched off', 'SCRAM-SHA-256', 'y,,', { channelBinding: false }, true],
    ['n is the choice of the client', 'SCRAM-SHA-256', 'n,,', {}, true],
    ['p without -PLUS', 'SCRAM-SHA-256', 'p=tls-exporter,,', {}, false],
    ['n with -PLUS', 'SCRAM-SHA-256-PLUS', 'n,,', {}, false],
    ['y with -PLUS', 'SCRAM-SHA-256-PLUS', 'y,,', {}, false],
    ['tls-unique, which is broken', 'SCRAM-SHA-256-PLUS', 'p=tls-unique,,', {}, false],
    ['a binding that this connection lacks', 'SCRAM-SHA-256-PLUS', 'p=tls-server-end-point,,', {}, false],
    ['tls-exporter', 'SCRAM-SHA-256-PLUS', 'p=tls-exporter,,', {}, true],
  ])('%s', async (_name, mechanism, header, options, goesOn) => {
    const [answer] = await say(server(mechanism, options).start(verifier(), serverContext(bound)), hello(header))
    if (goesOn) expect(answer).toMatch(/^r=/)
    else expect(answer).toEqual({ type: 'failure', reason: 'malformed' })
  })

  test('without TLS, y is right', async () => {
    const [answer] = await say(server('SCRAM-SHA-256').start(verifier(), serverContext()), hello('y,,'))
    expect(answer).toMatch(/^r=/)
  })

  test('the client says y only where nothing with -PLUS was offered', async () => {
    for (const [offered, flag] of [
      [['SCRAM-SHA-256'], 'y'],
      [['SCRAM-SHA-256', 'SCRAM-SHA-256-PLUS'], 'n'],
    ] as const) {
      const exchange = client('SCRAM-SHA-256').start(
        { user: 'user', password: 'pencil' },
        clientContext({ ...bound, offered: new Set(offered) }),
      )
      expect(utf8((await exchange.start()) as Uint8Array)[0]).toBe(flag)
    }
  })

  test('-PLUS is there only where TLS gives a binding', () => {
    const plus = server('SCRAM-SHA-256-PLUS')
    expect(plus.available(verifier(), serverContext())).toBe(false)
    expect(plus.available(verifier(), serverContext({ tls: tls(null) }))).toBe(false)
    expect(plus.available(verifier(), serverContext(bound))).toBe(true)
    expect(plus.available({}, serverContext(bound))).toBe(false)
    expect(scram({ channelBinding: false }).map(({ name }) => name)).toEqual(['SCRAM-SHA-256', 'SCRAM-SHA-1'])
  })
})

describe('unknown users', () => {
  const start = (options: ScramOptions, user: string) =>
    say(server('SCRAM-SHA-256', options).start(verifier(), serverContext()), `n,,n=${user},r=${PAD}`)
  const salt = (answer: unknown) => String(answer).split(',')[1]

  test('look like known ones, and always the same', async () => {
    const options: ScramOptions = { unknownUsers: { key: fromUtf8('secret of the servers') } }
    const [one] = await start(options, 'nobody')
    const [again] = await start(options, 'nobody')
    const [other] = await start(options, 'somebody')
    const [elsewhere] = await start({ unknownUsers: { key: fromUtf8('another') } }, 'nobody')
    expect(one).toMatch(/^r=[^,]+,s=[A-Za-z0-9+/]{22}==,i=10000$/)
    expect(salt(again)).toBe(salt(one))
    expect(salt(other)).not.toBe(salt(one))
    expect(salt(elsewhere)).not.toBe(salt(one))
  })

  test('salts and iterations are as asked for', async () => {
    const [answer] = await start({ unknownUsers: { iterations: 4096, saltOctets: 40 } }, 'nobody')
    const [, s, i] = String(answer).split(',')
    expect(base64(s.slice(2))).toHaveLength(40)
    expect(i).toBe('i=4096')
  })

  test('are refused as a wrong password is, at the same message', async () => {
    for (const [user, password] of [
      ['nobody', 'pencil'],
      ['user', 'wrong'],
    ]) {
      const result = await logIn(
        client('SCRAM-SHA-256').start({ user, password }, clientContext()),
        server('SCRAM-SHA-256').start(verifier(), serverContext()),
      )
      expect(result).toMatchObject({ type: 'failure', reason: 'credentials', user })
      expect(result.said).toHaveLength(3)
    }
  })
})

describe('acting as somebody else', () => {
  const log = (authorizationId: string, authorize?: CredentialVerifier['authorize']) =>
    logIn(
      client('SCRAM-SHA-256').start({ user: 'user', password: 'pencil', authorizationId }, clientContext()),
      server('SCRAM-SHA-256').start({ ...verifier(), ...(authorize ? { authorize } : {}) }, serverContext()),
    )

  test('is refused unless the application allows it', async () => {
    expect(await log('user')).toMatchObject({ type: 'success' })
    expect(await log('boss')).toMatchObject({ type: 'failure', reason: 'credentials' })
    const allow: CredentialVerifier['authorize'] = (identity, account) => ({ account, principal: identity.account })
    expect(await log('boss', allow)).toMatchObject({ identity: { account: 'boss', principal: 'user' } })
  })
})

describe('bad input', () => {
  test.each([
    '',
    ',',
    'n,',
    'n,,',
    'x,,n=user,r=abc',
    'n,,n=,r=abc',
    'n,,n=user',
    'n,,n=user,r=',
    'n,,r=abc,n=user',
    'n,,m=ext,n=user,r=abc',
    'n,,n=us=er,r=abc',
    'n,,n=user=2,r=abc',
    'n,b=x,n=user,r=abc',
    'n,a=,n=user,r=abc',
    'p=,,n=user,r=abc',
    'n,,n=user\0,r=abc',
    'n,,n=user,r=a\x7f',
    `n,,n=user,r=${'a'.repeat(513)}`,
    'n,,n=\u0007,r=abc',
  ])('the first message %j', async (message) => {
    const [answer] = await say(server('SCRAM-SHA-256').start(verifier(), serverContext()), message)
    expect(answer).toEqual({ type: 'failure', reason: 'malformed' })
  })

  test('a user name that is not UTF-8', async () => {
    const exchange = server('SCRAM-SHA-256').start(verifier(), serverContext())
    expect(await exchange.respond(fromLatin1('n,,n=\xff,r=abc'))).toEqual({ type: 'failure', reason: 'malformed' })
  })

  test('last messages', async () => {
    for (const final of [
      '',
      'c=biws',
      'c=biws,r=x',
      'c=biws,r=x,p=',
      'c=biws,r=x,p=AAAA',
      'c=!,r=x,p=AAAA',
      'p=AAAA',
    ]) {
      const exchange = server('SCRAM-SHA-256').start(verifier(), serverContext())
      const [, answer] = await say(exchange, `n,,n=user,r=${PAD}`, final)
      expect(answer).toEqual({ type: 'failure', reason: 'malformed' })
    }
  })

  test('any octets end in a refusal, never in an exception', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), fc.uint8Array({ maxLength: 60 }), async (one, two) => {
        const exchange = server('SCRAM-SHA-256').start(verifier(), serverContext())
        for (const message of [one, two]) expect((await exchange.respond(message)).type).not.toBe('success')
      }),
      { numRuns: 200 },
    )
  })
})

describe('a server that is not to be trusted', () => {
  const begin = async () => {
    const exchange = client('SCRAM-SHA-256').start({ user: 'user', password: 'pencil' }, clientContext())
    const first = utf8((await exchange.start()) as Uint8Array)
    return { exchange, nonce: first.slice(first.indexOf('r=') + 2) }
  }

  test.each<[string, (nonce: string) => string]>([
    ['another nonce', () => `r=${PAD}x,s=AAAA,i=4096`],
    ['no nonce of its own', (nonce) => `r=${nonce},s=AAAA,i=4096`],
    ['one iteration', (nonce) => `r=${nonce}x,s=AAAA,i=1`],
    ['too many iterations', (nonce) => `r=${nonce}x,s=AAAA,i=2000000`],
    ['no salt', (nonce) => `r=${nonce}x,s=,i=4096`],
    ['a mandatory extension', (nonce) => `m=x,r=${nonce}x,s=AAAA,i=4096`],
    ['nothing', () => ''],
  ])('%s', async (_name, challenge) => {
    const { exchange, nonce } = await begin()
    await expect(async () => exchange.respond(fromLatin1(challenge(nonce)))).rejects.toMatchObject({
      name: 'SaslError',
      code: 'challenge',
    })
  })

  test('a wrong signature, an error, and yes without proof', async () => {
    for (const [last, code] of [
      [`v=${PAD}AAAAAAAAAAAAAAAAAAA=`, 'server-unverified'],
      ['e=other-error', 'rejected'],
      ['garbage', 'challenge'],
    ]) {
      const { exchange, nonce } = await begin()
      await exchange.respond(fromLatin1(`r=${nonce}x,s=AAAA,i=4096`))
      await expect(async () => exchange.respond(fromLatin1(last))).rejects.toMatchObject({ code })
      expect(() => exchange.finish()).toThrow(expect.objectContaining({ code: 'server-unverified' }))
    }
  })

  test('names and passwords that cannot be prepared', async () => {
    for (const credentials of [
      { user: 'a\u0000', password: 'x' },
      { user: 'a\u0007', password: 'x' },
      { user: '', password: 'x' },
    ]) {
      const exchange = client('SCRAM-SHA-256').start(credentials, clientContext())
      expect(() => exchange.start()).toThrow(expect.objectContaining({ code: 'credentials' }))
    }
  })
})

describe('stored secrets', () => {
  test('a password is checked against them', async () => {
    const keys = await deriveScramSecret('pencil')
    expect(keys.iterations).toBe(10_000)
    expect(keys.salt).toHaveLength(16)
    expect(await verifyScramPassword('pencil', keys)).toBe(true)
    expect(await verifyScramPassword('Pencil', keys)).toBe(false)
    expect(await verifyScramPassword('', keys)).toBe(false)
    expect(await verifyScramPassword('pencil', keys, 'SHA-1')).toBe(false)
  })

  test('of bad passwords there are none', async () => {
    await expect(deriveScramSecret('')).rejects.toMatchObject({ code: 'credentials' })
    await expect(deriveScramSecret('a\u0007')).rejects.toMatchObject({ code: 'credentials' })
    await expect(deriveScramSecret('a', { iterations: 1000 })).rejects.toMatchObject({ code: 'options' })
  })
})
