/** Servers that do what they must not. */
import type { Socket } from 'node:net'
import { fromLatin1 } from '@posthouse/wire'
import { afterEach, describe, expect, test } from 'vitest'
import { type OutgoingMail, SmtpClientError, type SmtpClientLimits } from '../../src/index.js'
import { type ConnectSmtpOptions, connectSmtp } from '../../src/node/index.js'
import { testServers } from './sockets.js'

const servers = testServers()
afterEach(() => servers.stop())

const MAIL: OutgoingMail = {
  envelope: { reversePath: 'a@example.net', recipients: ['b@example.org', 'c@example.org'] },
  message: fromLatin1('Subject: x\r\n\r\nx\r\n'),
}
const EHLO = '250-mx\r\n250 8BITMIME\r\n'
const hangUp = (socket: Socket): void => void socket.end()
const reset = (socket: Socket): void => void socket.resetAndDestroy()

async function attempt(
  greeting: string,
  answers: Parameters<typeof servers.scripted>[1],
  more: Partial<ConnectSmtpOptions> = {},
  mail: OutgoingMail = MAIL,
  reads = true,
): Promise<SmtpClientError> {
  const server = await servers.scripted(greeting, answers)
  try {
    const limits: Partial<SmtpClientLimits> = { quit: 50, ...more.limits }
    await using client = await connectSmtp({ host: '127.0.0.1', port: server.port, tls: 'never', ...more, limits })
    await client.send(mail)
  } catch (error) {
    if (!(error instanceof SmtpClientError)) throw error
    // Nothing leaks: whatever went wrong, the connection is gone.
    if (reads) await server.closed()
    return error
  }
  throw new Error('it did not fail')
}

describe('before the first message', () => {
  test.each([
    ['another protocol', '+OK pop3\r\n', [], { code: 'protocol' }],
    [
      'a greeting that refuses',
      '554 5.7.1 go away\r\n',
      [],
      { code: 'refused', command: 'greeting', temporary: false },
    ],
    ['a greeting that is busy', '421 4.3.2 busy\r\n', [], { code: 'refused', temporary: true, enhanced: '4.3.2' }],
    ['a second greeting', '220 a\r\n220 b\r\n', [], { code: 'protocol' }],
    [
      'EHLO refused for good',
      '220 a\r\n',
      ['550 5.7.1 not you\r\n'],
      { code: 'refused', command: 'EHLO', temporary: false },
    ],
    ['EHLO and then the end', '220 a\r\n', [hangUp], { code: 'connection' }],
    ['EHLO and a reset', '220 a\r\n', [reset], { code: 'connection', temporary: true }],
    ['STARTTLS not offered', '220 a\r\n', [EHLO], { code: 'tls' }, { tls: 'required' }],
    [
      'STARTTLS refused',
      '220 a\r\n',
      ['250-mx\r\n250 STARTTLS\r\n', '454 4.7.0 not now\r\n'],
      { code: 'tls', command: 'STARTTLS', temporary: true },
      { tls: 'required' },
    ],
    [
      'STARTTLS, but no TLS',
      '220 a\r\n',
      [
        '250-mx\r\n250 STARTTLS\r\n',
        (socket: Socket) => {
          socket.write('220 go\r\n')
          socket.on('data', () => socket.end('what?'))
        },
      ],
      { code: 'tls' },
      { tls: 'required' },
    ],
  ] as const)('%s', async (_name, greeting, answers, wanted, more?: Partial<ConnectSmtpOptions>) => {
    expect(await attempt(greeting, answers, more ?? {})).toMatchObject(wanted)
  })

  test('silence', async () => {
    expect(await attempt('', [], { limits: { greeting: 20 } })).toMatchObject({
      code: 'connection',
      temporary: true,
      message: expect.stringContaining('silent for 20 ms'),
    })
    expect(await attempt('220 a\r\n', [], { limits: { command: 20 } })).toMatchObject({ code: 'connection' })
  })

  test('a line without an end, and a reply without an end', async () => {
    const flood = (text: string) => (socket: Socket) => {
      const more = (): void => void (socket.destroyed || socket.write(text.repeat(1000), more))
      more()
    }
    expect(await attempt('220 a\r\n', [flood('xxxxxxxxxx')])).toMatchObject({ code: 'protocol' })
    expect(await attempt('220 a\r\n', [flood('250-xxxxxx\r\n')])).toMatchObject({ code: 'protocol' })
  })

  test('nobody listens', async () => {
    const server = await servers.scripted('', [])
    await servers.stop()
    await expect(connectSmtp({ host: '127.0.0.1', port: server.port })).rejects.toMatchObject({
      name: 'SmtpClientError',
      code: 'connection',
      enhanced: '4.4.1',
      temporary: true,
    })
  })
})

describe('RFC 3207 §4.2: STARTTLS response injection', () => {
  test.each(['required', 'opportunistic'] as const)('octets in front of TLS are fatal (%s)', async (tls) => {
    const injected = '220 go\r\n250-mx\r\n250 AUTH PLAIN\r\n'
    const error = await attempt('220 a\r\n', ['250-mx\r\n250 STARTTLS\r\n', injected], { tls })
    expect(error).toMatchObject({ code: 'tls', cause: { code: 'injected' } })
  })

  test('in another chunk, a moment later', async () => {
    const injected = (socket: Socket): void => {
      socket.write('220 go\r\n', () => socket.write('250-mx\r\n250 AUTH PLAIN\r\n'))
    }
    const error = await attempt('220 a\r\n', ['250-mx\r\n250 STARTTLS\r\n', injected], { tls: 'required' })
    expect(error).toMatchObject({ code: 'tls' })
  })
})

describe('in a transaction', () => {
  const OPEN = [EHLO] as const
  const OK = '250 ok\r\n'

  test.each([
    ['421 to MAIL', ['421 4.3.2 stop\r\n'], { command: 'MAIL', temporary: true, mayBeDelivered: false }],
    ['421 right behind the reply to MAIL', [`${OK}421 4.3.2 stop\r\n`], { code: 'refused', reply: { code: 421 } }],
    ['421 to RCPT', [OK, '421 4.3.2 stop\r\n'], { command: 'RCPT', temporary: true }],
    ['421 to DATA', [OK, OK, OK, '421 4.3.2 stop\r\n'], { command: 'DATA', temporary: true }],
    [
      '421 to the message',
      [OK, OK, OK, '354 go\r\n', '', '', '', '421 4.3.2 stop\r\n'],
      { command: 'message', mayBeDelivered: false },
    ],
    ['the end behind MAIL', [hangUp], { code: 'connection', mayBeDelivered: false }],
    ['the end behind DATA', [OK, OK, OK, hangUp], { code: 'connection', mayBeDelivered: false }],
    [
      'the end behind the message',
      [OK, OK, OK, '354 go\r\n', '', '', '', hangUp],
      { code: 'connection', mayBeDelivered: true },
    ],
    [
      'a reset behind the message',
      [OK, OK, OK, '354 go\r\n', '', '', '', reset],
      { code: 'connection', mayBeDelivered: true },
    ],
    ['354 to MAIL', ['354 go\r\n'], { code: 'protocol', temporary: true }],
    ['250 to DATA', [OK, OK, OK, OK], { code: 'protocol' }],
    ['two replies to MAIL', [`${OK}${OK}`], { code: 'protocol' }],
    ['no reply to RCPT', [OK], { code: 'connection', message: expect.stringContaining('silent') }],
  ] as const)('%s', async (_name, answers, wanted) => {
    const error = await attempt('220 a\r\n', [...OPEN, ...answers], { limits: { recipient: 30 } })
    expect(error).toMatchObject(wanted)
    expect(error.recipients).toHaveLength(2)
    for (const outcome of error.recipients)
      expect(outcome).toMatchObject({ accepted: false, error: { code: error.code } })
  })

  test('what was refused before the connection was lost stays refused', async () => {
    const error = await attempt('220 a\r\n', [...OPEN, OK, '550 5.1.1 unknown\r\n', hangUp])
    expect(error).toMatchObject({ temporary: true })
    expect(error.recipients).toMatchObject([
      { error: { code: 'refused', temporary: false } },
      { error: { code: 'connection' } },
    ])
  })

  test('a message that is refused while it is sent', async () => {
    const big = { ...MAIL, message: fromLatin1(`x${'x'.repeat(998)}\r\n`.repeat(20_000)) }
    const refuse = (socket: Socket): void =>
      void socket.write('354 go\r\n', () => socket.write('552 5.3.4 too big\r\n'))
    expect(await attempt('220 a\r\n', [...OPEN, OK, OK, OK, refuse], {}, big)).toMatchObject({
      code: 'refused',
      enhanced: '5.3.4',
      temporary: false,
      mayBeDelivered: false,
    })
  })

  test('a server that stops reading', async () => {
    const endless = async function* () {
      const piece = fromLatin1(`${'x'.repeat(998)}\r\n`.repeat(64))
      for (;;) yield piece
    }
    const stall = (socket: Socket): void => {
      socket.write('354 go\r\n')
      socket.pause()
    }
    const error = await attempt(
      '220 a\r\n',
      [...OPEN, OK, OK, OK, stall],
      { limits: { dataBlock: 50 } },
      { ...MAIL, message: endless(), body: '7BIT' },
      false,
    )
    expect(error).toMatchObject({ code: 'connection', message: expect.stringContaining('did not read') })
  })

  test('a source that fails in the middle of DATA', async () => {
    let closed = false
    async function* source() {
      try {
        yield fromLatin1('x\r\n'.repeat(50_000))
        yield fromLatin1('y\r\n'.repeat(50_000))
        throw new Error('the disk is gone')
      } finally {
        closed = true
      }
    }
    const error = await attempt(
      '220 a\r\n',
      [...OPEN, OK, OK, OK, '354 go\r\n'],
      {},
      { ...MAIL, message: source(), body: '7BIT' },
    )
    expect(error).toMatchObject({ code: 'source', temporary: true, mayBeDelivered: false })
    expect((error.recipients[0] as { error: SmtpClientError }).error.code).toBe('source')
    expect(closed).toBe(true)
  })
})

describe('AbortSignal', () => {
  test('while connecting, opening, sending and waiting', async () => {
    const never = await servers.scripted('', [])
    const opening = new AbortController()
    const pending = connectSmtp({ host: '127.0.0.1', port: never.port, signal: opening.signal })
    opening.abort(new Error('enough'))
    await expect(pending).rejects.toMatchObject({ code: 'aborted' })
    await never.closed()
    await expect(connectSmtp({ host: '127.0.0.1', port: never.port, signal: opening.signal })).rejects.toMatchObject({
      code: 'aborted',
    })

    const sending = new AbortController()
    const server = await servers.scripted('220 a\r\n', [EHLO, () => sending.abort()])
    const client = await connectSmtp({ host: '127.0.0.1', port: server.port, tls: 'never' })
    await expect(client.send(MAIL, { signal: sending.signal })).rejects.toMatchObject({
      code: 'aborted',
      temporary: true,
    })
    expect(client.usable).toBe(false)
    await server.closed()
    await expect(client.send(MAIL)).rejects.toMatchObject({ code: 'aborted' })
    await client.close()
    await expect(client.send(MAIL)).rejects.toMatchObject({ code: 'closed' })
  })
})
