/** The client's engine without anything around it. */
import { fromLatin1, latin1, ProtocolUsageError } from '@posthouse/wire'
import { playEngine, slices } from '@posthouse/wire/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createSmtpClientEngine,
  DEFAULT_CLIENT_LIMITS,
  makeMailbox,
  parseCapabilities,
  type SmtpClientEngine,
  type SmtpClientRequest,
} from '../../src/index.js'

const BOB = makeMailbox('bob', 'example.org')
const NONE = new Map<string, string | null>()

function engine(more: Partial<Parameters<typeof createSmtpClientEngine>[0]> = {}): SmtpClientEngine {
  const limits = { ...DEFAULT_CLIENT_LIMITS, replyLine: 200, replyLines: 5 }
  return createSmtpClientEngine({ dialect: 'smtp', limits, content: 'normalize', ...more })
}

/** Feeds a text and tells what the engine makes of it. */
function hear(one: SmtpClientEngine, text: string): string[] {
  one.receive(fromLatin1(text))
  const told: string[] = []
  for (let event = one.next(); event.type !== 'need-data' && event.type !== 'paused'; event = one.next()) {
    if (event.type === 'reply') told.push(`${event.command} ${event.reply.code}`)
    else if (event.type === 'violation') told.push(`violation: ${event.message}`)
    else told.push(event.type)
  }
  return told
}

function ready(keywords: string, more: Partial<Parameters<typeof createSmtpClientEngine>[0]> = {}): SmtpClientEngine {
  const one = engine(more)
  hear(one, '220 hi\r\n')
  one.send({ type: 'hello', verb: 'EHLO', name: 'client' })
  hear(
    one,
    `250-mx\r\n${
      keywords === ''
        ? '250 HELP'
        : keywords
            .split('\n')
            .map((word) => `250-${word}`)
            .join('\r\n')
    }\r\n${keywords === '' ? '' : '250 HELP\r\n'}`,
  )
  return one
}

describe('replies', () => {
  test('of many lines, with enhanced codes', () => {
    const one = engine()
    one.receive(fromLatin1('220-mx one\r\n220-\r\n220 2.0.0 three\n'))
    expect(one.next()).toMatchObject({
      type: 'reply',
      command: 'greeting',
      reply: { code: 220, enhanced: null, text: ['mx one', '', '2.0.0 three'] },
    })
    one.send({ type: 'hello', verb: 'EHLO', name: 'x' })
    one.receive(fromLatin1('550-5.7.1 no\r\n550-5.7.1 never\r\n550 5.1.1 ever\r\n'))
    expect(one.next()).toMatchObject({ reply: { enhanced: '5.7.1', text: ['no', 'never', '5.1.1 ever'] } })
  })

  test.each([
    ['no reply at all', 'hello\r\n', 'no SMTP reply'],
    ['a code of another kind', '100 what\r\n', 'no SMTP reply'],
    ['two codes', '220-a\r\n554 b\r\n', 'different codes'],
    ['a line without an end', 'x'.repeat(200), 'more than 200 octets'],
    ['lines without an end', '220-x\r\n'.repeat(6), 'more than 5 lines'],
    ['more than was asked', '220 hi\r\n220 again\r\n', 'nobody asked'],
    ['a greeting that asks', '334 \r\n', 'answered greeting with 334'],
  ])('%s', (_name, text, message) => {
    expect(hear(engine(), text).at(-1)).toContain(message)
    expect(hear(engine(), '').concat(hear(engine(), text))).toHaveLength(text.startsWith('220 hi') ? 2 : 1)
  })

  test('RFC 5321 §4.2: a text has no control characters but tabs', () => {
    const one = engine()
    one.receive(fromLatin1('220 try\0 later\x7f \x1b[2Jnow\tor\rnever\r\n'))
    expect(one.next()).toMatchObject({ reply: { text: ['try  later   [2Jnow\tor never'] } })
  })

  test('a 421 at any time is the end', () => {
    const one = ready('')
    expect(hear(one, '421 4.3.2 going down\r\n')).toEqual(['closing'])
    expect(one.state).toBe('closed')
    const other = ready('')
    other.send({ type: 'mail', reversePath: null, parameters: NONE })
    expect(hear(other, '421 4.3.2 going down\r\n')).toEqual(['MAIL 421'])
    expect(() => other.send({ type: 'rset' })).toThrow(ProtocolUsageError)
  })

  test('what came before the question is no answer to it', () => {
    const one = ready('')
    one.receive(fromLatin1('250 early\r\n'))
    one.send({ type: 'noop' })
    expect(hear(one, '250 late\r\n')).toEqual(['violation: the server answered what nobody asked'])
  })

  test('RFC 5321 §3.8: but a 421 needs no question', () => {
    for (const [before, behind] of [
      ['421 4.3.2 down\r\n', ''],
      ['42', '1 4.3.2 down\r\n'],
      ['421-4.3.2 going\r\n', '421 4.3.2 down\r\n'],
    ]) {
      const one = ready('')
      one.receive(fromLatin1(before))
      one.send({ type: 'noop' })
      expect(hear(one, behind)).toEqual(['closing'])
      expect(one.state).toBe('closed')
    }
  })

  test('a refusal in the middle of a message, whose line comes in two halves', () => {
    const one = ready('')
    one.send({ type: 'mail', reversePath: null, parameters: NONE })
    hear(one, '250 ok\r\n')
    one.send({ type: 'rcpt', forwardPath: BOB, parameters: NONE })
    hear(one, '250 ok\r\n')
    one.send({ type: 'data' })
    hear(one, '354 go\r\n')
    one.receive(fromLatin1('552 too '))
    one.send({ type: 'octets', octets: fromLatin1('x\r\n') })
    expect(hear(one, 'big\r\n')).toEqual(['closing'])
  })

  test.each([
    ['mail', { type: 'mail', reversePath: null, parameters: NONE }, '354 go'],
    ['starttls', { type: 'starttls' }, '334 '],
    ['auth', { type: 'auth', mechanism: 'PLAIN', response: null }, '354 '],
    ['rset', { type: 'rset' }, '353 x'],
  ] as const)('wrong codes: %s', (_name, request: SmtpClientRequest, answer) => {
    const one = ready('')
    one.send(request)
    expect(hear(one, `${answer}\r\n`)[0]).toContain('violation')
  })

  test('DATA with 250', () => {
    const one = ready('PIPELINING')
    one.send({ type: 'mail', reversePath: null, parameters: NONE })
    one.send({ type: 'rcpt', forwardPath: BOB, parameters: NONE })
    one.send({ type: 'data' })
    expect(hear(one, '250 ok\r\n250 ok\r\n250 ok\r\n')).toEqual([
      'MAIL 250',
      'RCPT 250',
      'violation: the server answered DATA with 250',
    ])
  })
})

describe('requests', () => {
  test('out of turn', () => {
    const one = ready('')
    expect(() => one.send({ type: 'data' })).toThrow('data is not allowed in the state greeted')
    expect(() => one.send({ type: 'auth-response', response: '' })).toThrow(ProtocolUsageError)
    one.send({ type: 'mail', reversePath: null, parameters: NONE })
    expect(() => one.send({ type: 'rcpt', forwardPath: BOB, parameters: NONE })).toThrow('no PIPELINING')
    hear(one, '250 ok\r\n')
    expect(() => one.send({ type: 'mail', reversePath: null, parameters: NONE })).toThrow(ProtocolUsageError)
    one.send({ type: 'rcpt', forwardPath: BOB, parameters: NONE })
    hear(one, '250 ok\r\n')
    expect(() => one.send({ type: 'bdat', binary: false })).toThrow('no CHUNKING')
  })

  test('nothing goes behind EHLO, STARTTLS, AUTH, DATA and NOOP', () => {
    for (const request of [
      { type: 'starttls' },
      { type: 'noop' },
      { type: 'hello', verb: 'EHLO', name: 'x' },
    ] as const) {
      const one = ready('PIPELINING')
      one.send(request)
      expect(() => one.send({ type: 'rset' })).toThrow('must wait for the reply')
    }
  })

  test('no line end gets into a command', () => {
    const one = ready('')
    for (const text of ['x\r\nDATA', 'x\n', 'x\0', 'ö']) {
      expect(() => one.send({ type: 'other', name: 'VRFY', argument: text })).toThrow(ProtocolUsageError)
      const evil = { ...BOB, address: text }
      expect(() => one.send({ type: 'mail', reversePath: evil, parameters: NONE })).toThrow(ProtocolUsageError)
      expect(() => one.send({ type: 'mail', reversePath: null, parameters: new Map([['SIZE', text]]) })).toThrow(
        ProtocolUsageError,
      )
    }
    const before = one
      .takeOutput()
      .map((piece) => latin1(piece))
      .join('')
    expect(before).toBe('EHLO client\r\n')
  })
})

test('capabilities', () => {
  const read = parseCapabilities([
    'mx.example.org at your service',
    'SIZE 0',
    'auth=LOGIN',
    'AUTH plain SCRAM-SHA-256',
    '',
    'LIMITS RCPTMAX=100 MAILMAX=0 RCPTDOMAINMAX=1x FUTURE=1',
    'DELIVERBY 240',
    'FUTURERELEASE 3600 2026-01-01T00:00:00Z',
    '__proto__ x',
  ])
  expect(read.hostname).toBe('mx.example.org')
  expect(read.size).toBeNull()
  expect([...read.mechanisms]).toEqual(['LOGIN', 'PLAIN', 'SCRAM-SHA-256'])
  expect(read.limits).toEqual({ mailMax: null, rcptMax: 100, rcptDomainMax: null })
  expect(read.deliverByMinimum).toBe(240)
  expect(read.futureReleaseMaximum).toBe(3600)
  expect(read.has('__PROTO__')).toBe(true)
  expect(read.has('constructor')).toBe(false)
})

describe('any octets of a server', () => {
  const PIECES = [
    '220 hi\r\n',
    '250 ok\r\n',
    '250-x\r\n',
    '250 PIPELINING\r\n',
    '354 go\r\n',
    '353 each\r\n',
    '421 bye\r\n',
    '550 no\r\n',
    '334 \r\n',
    '\r\n',
    'x',
    '2',
    `250 ${'x'.repeat(300)}`,
  ]
  /** Said before the octets come: what is an answer must not depend on when it comes. */
  const REQUESTS: readonly SmtpClientRequest[] = [
    { type: 'mail', reversePath: null, parameters: new Map([['PRDR', null]]) },
    { type: 'rcpt', forwardPath: BOB, parameters: NONE },
    { type: 'rcpt', forwardPath: BOB, parameters: NONE },
    { type: 'bdat', binary: false },
    { type: 'octets', octets: fromLatin1('x') },
    { type: 'end' },
  ]

  test.each(['smtp', 'lmtp'] as const)('%s: the same events at any cut', (dialect) => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...PIECES), { maxLength: 20 }),
        fc.integer({ min: 1, max: 9 }),
        (parts, size) => {
          const octets = fromLatin1(parts.join(''))
          const run = (chunks: Iterable<Uint8Array>) => {
            const one = ready('PIPELINING\nCHUNKING', { dialect })
            for (const request of REQUESTS) one.send(request)
            return playEngine(one, chunks, () => {})
          }
          expect(run(slices(octets, size))).toEqual(run([octets]))
        },
      ),
    )
  })
})
