/** The client and our own server, over sockets and TLS. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { concat, fromLatin1, latin1 } from '@posthouse/wire'
import fc from 'fast-check'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  annotation,
  binaryMimeExtension,
  createLmtpServer,
  createSmtpPool,
  createSmtpServer,
  type Dialect,
  discard,
  type OutgoingMail,
  onMessage,
  prdrExtension,
  reply,
  requireTlsExtension,
  type SmtpClient,
  SmtpClientError,
  type SmtpHandler,
  type SmtpServerOptions,
} from '../../src/index.js'
import { type ConnectSmtpOptions, connectLmtp, connectSmtp, type ListenOptions } from '../../src/node/index.js'
import { makeCertificates, type TestCertificates } from './certificates.js'
import { testServers } from './sockets.js'

let certificates: TestCertificates
beforeAll(() => {
  certificates = makeCertificates()
})
const servers = testServers()
afterEach(() => servers.stop())

/** A server that keeps what it gets, and refuses `no@...` at RCPT and `late@...` at the end. */
function keeper(dialect: Dialect, options: Partial<SmtpServerOptions> = {}) {
  const kept: { text: string; to: string[]; from: string | null }[] = []
  const rules: SmtpHandler = {
    rcpt: ({ mailbox }) => (mailbox.localPart === 'no' ? reply(550, '5.1.1', 'No such user') : undefined),
  }
  const keep = onMessage(({ transaction, octets }) => {
    const to = transaction.recipients.map(({ address }) => address)
    const late = transaction.recipients.map(({ mailbox }) =>
      mailbox.localPart === 'late' ? reply(452, '4.2.2', 'Full') : reply(250, '2.0.0', 'Kept'),
    )
    kept.push({ text: latin1(octets()), to, from: transaction.reversePath?.address ?? null })
    return late
  })
  const make = dialect === 'lmtp' ? createLmtpServer : createSmtpServer
  const server = make({
    hostname: 'mx.example.org',
    limits: { authFailureDelay: 0, ...options.limits },
    ...options,
    handlers: [binaryMimeExtension(), prdrExtension(), ...(options.handlers ?? []), rules, keep],
  })
  return { server, kept }
}

const mail = (text: string | Uint8Array, to: readonly string[] = ['bob@example.org']): OutgoingMail => ({
  envelope: { reversePath: 'alice@example.net', recipients: to },
  message: typeof text === 'string' ? fromLatin1(text) : text,
})

async function connect(port: number, more: Partial<ConnectSmtpOptions> = {}): Promise<SmtpClient> {
  return connectSmtp({ host: 'localhost', port, tlsOptions: { ca: certificates.authority }, ...more })
}

async function serve(dialect: Dialect, options: Partial<SmtpServerOptions> = {}, how: Partial<ListenOptions> = {}) {
  const { server, kept } = keeper(dialect, options)
  const { port } = await servers.serve(server, how)
  return { port, kept }
}

describe('TLS', () => {
  const tls = (): Partial<ListenOptions> => ({ tls: certificates.server })

  test('by STARTTLS, from the first octet, when it is there, and never', async () => {
    const { port } = await serve('smtp', {}, tls())
    const implicit = await serve('smtp', {}, { ...tls(), implicitTls: true })
    const clear = await serve('smtp')
    for (const [at, policy, encrypted] of [
      [port, 'required', true],
      [port, 'opportunistic', true],
      [port, 'never', false],
      [implicit.port, 'implicit', true],
      [clear.port, 'opportunistic', false],
    ] as const) {
      await using client = await connect(at, { tls: policy })
      expect(client.tls !== null).toBe(encrypted)
      // What was announced in clear text is forgotten.
      expect(client.capabilities?.has('STARTTLS')).toBe(policy === 'never' && at === port)
      await client.send(mail('x\r\n'))
    }
    await expect(connect(clear.port, { tls: 'required' })).rejects.toMatchObject({ code: 'tls', enhanced: '4.7.4' })
  })

  test.each([true, false, 'starttls'])('%j is no policy, and not clear text', async (tls) => {
    const { port } = await serve('smtp')
    const bad = connect(port, { tls: tls as never })
    await expect(bad).rejects.toMatchObject({ name: 'SmtpClientError', code: 'tls', temporary: false })
    await expect(bad).rejects.toThrow(String(tls))
  })

  test('a certificate that nobody trusts', async () => {
    const { port } = await serve('smtp', {}, tls())
    const strict = { tls: 'required', tlsOptions: {} } as const
    await expect(connect(port, strict)).rejects.toMatchObject({ code: 'tls', temporary: true })
    // Anything is better than clear text when nobody asked for more.
    await using client = await connect(port, { tls: 'opportunistic', tlsOptions: {} })
    expect(client.tls).not.toBeNull()
  })

  test('RFC 8689 §4.2.1: REQUIRETLS is for servers that somebody vouches for', async () => {
    const { port } = await serve('smtp', { handlers: [requireTlsExtension()] }, tls())
    const { envelope, message } = mail('x\r\n')
    const send = async (options: Partial<ConnectSmtpOptions>) => {
      await using client = await connect(port, { tls: 'opportunistic', ...options })
      return client.send({ envelope: { ...envelope, requireTls: true }, message })
    }
    await expect(send({ tlsOptions: {} })).rejects.toMatchObject({ code: 'unsupported', enhanced: '5.7.10' })
    const other = { ca: certificates.authority, servername: 'mx.example.org' }
    await expect(send({ tlsOptions: other })).rejects.toMatchObject({ enhanced: '5.7.10' })
    const { accepted } = await send({})
    expect(accepted).toHaveLength(1)
    // DANE, and the like; not who only looks on.
    await send({ tlsOptions: {}, verifyPeer: () => true })
    await expect(send({ tlsOptions: {}, verifyPeer: () => {} })).rejects.toMatchObject({ enhanced: '5.7.10' })
  })

  test('a handshake that fails leads an opportunist to clear text', async () => {
    const { port } = await serve('smtp', {}, tls())
    const old = { maxVersion: 'TLSv1.2', minVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' } as const
    await using client = await connect(port, { tls: 'opportunistic', tlsOptions: old })
    expect(client.tls).toBeNull()
    await expect(connect(port, { tls: 'required', tlsOptions: old })).rejects.toMatchObject({ code: 'tls' })
  })
})

describe.each(['smtp', 'lmtp'] as const)('%s', (protocol) => {
  test('outcomes for each recipient', async () => {
    const { port, kept } = await serve(protocol)
    await using client = await connect(port, { protocol })
    const { recipients } = await client.send(mail('x\r\n', ['a@b.example', 'no@b.example', 'late@b.example']))
    expect(recipients).toMatchObject([
      { address: 'a@b.example', accepted: true, reply: { code: 250, text: ['Kept'] } },
      { accepted: false, error: { command: 'RCPT', enhanced: '5.1.1', temporary: false } },
      { accepted: false, error: { command: 'message', enhanced: '4.2.2', temporary: true } },
    ])
    await client.send(mail('y\r\n'))
    expect(kept.map(({ text }) => text)).toEqual(['x\r\n', 'y\r\n'])
    await expect(client.send(mail('z\r\n', ['no@b.example']))).rejects.toMatchObject({
      code: 'refused',
      command: 'RCPT',
    })
  })

  test.each([
    ['BDAT', []],
    ['DATA', ['CHUNKING']],
    ['one command at a time', ['CHUNKING', 'PIPELINING']],
    ['BDAT, one command at a time', ['PIPELINING']],
  ])('any message arrives as it is, in any pieces, by %s', async (_name, ignore) => {
    const { port, kept } = await serve(protocol)
    const limits = { chunk: 10, eagerMessage: 20, lookAhead: 5 }
    await using client = await connect(port, { protocol, ignore, limits })
    const lines = fc.array(fc.constantFrom('', '.', '..', 'a', '.\xe9', 'x'.repeat(40)), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(lines, fc.integer({ min: 1, max: 30 }), async (some, size) => {
        const text = some.map((line) => `${line}\r\n`).join('')
        const octets = fromLatin1(text)
        async function* pieces() {
          for (let at = 0; at < octets.length; at += size) yield octets.subarray(at, at + size)
        }
        await client.send({ ...mail(''), message: pieces(), body: '8BITMIME' })
        await client.send(mail(text))
        expect(kept.splice(0).map((one) => one.text)).toEqual([text, text])
      }),
      { numRuns: 30 },
    )
  })
})

test.each([[[]], [['CHUNKING']]])('20 MB, without %s', async (ignore) => {
  const big = fromLatin1(`${'0123456789'.repeat(7)}\r\n.${'x'.repeat(900)}\r\n`.repeat(20_000))
  const { port, kept } = await serve('smtp')
  await using client = await connect(port, { ignore })
  await client.send(mail(big))
  await client.send({
    ...mail(''),
    message: { size: big.length, read: () => [big.subarray(0, 999), big.subarray(999)] },
  })
  expect(kept.map(({ text }) => text.length)).toEqual([big.length, big.length])
  expect(kept.every(({ text }) => text === latin1(big))).toBe(true)
})

test('BINARYMIME', async () => {
  const { port, kept } = await serve('smtp')
  await using client = await connect(port)
  const octets = concat([fromLatin1('Content-Transfer-Encoding: binary\r\n\r\n'), new Uint8Array(256).map((_, i) => i)])
  await client.send({ ...mail(octets), body: 'BINARYMIME' })
  expect(kept[0].text).toBe(latin1(octets))
})

test('a Unix socket, LMTP', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-lmtp-'))
  const path = join(folder, 'lmtp')
  const { port } = await serve('lmtp')
  const { connect: open } = await import('node:net')
  const forward = createServer((socket) => socket.pipe(open(port, '127.0.0.1')).pipe(socket))
  await new Promise<void>((resolve) => forward.listen(path, resolve))
  try {
    await using client = await connectLmtp({ path })
    expect((await client.send(mail('x\r\n'))).accepted).toEqual(['bob@example.org'])
  } finally {
    await new Promise((resolve) => forward.close(resolve))
    rmSync(folder, { recursive: true })
  }
})

test('calls wait for each other; close waits for them', async () => {
  const { port, kept } = await serve('smtp')
  const client = await connect(port)
  const sent = [1, 2, 3].map((number) => client.send(mail(`${number}\r\n`)))
  const closed = client.close()
  await Promise.all(sent)
  await closed
  expect(kept.map(({ text }) => text)).toEqual(['1\r\n', '2\r\n', '3\r\n'])
  expect(client.usable).toBe(false)
})

test('whoever gives up while waiting for the turn harms nobody', async () => {
  let go = (): void => {}
  const held = new Promise<void>((resolve) => (go = resolve))
  const { port, kept } = await serve('smtp', { handlers: [{ message: () => held }] })
  await using client = await connect(port)
  const first = client.send(mail('first\r\n'))
  const impatient = new AbortController()
  const second = client.send(mail('second\r\n'), { signal: impatient.signal })
  const third = client.noop({ signal: impatient.signal })
  const fourth = client.send(mail('fourth\r\n'), { signal: new AbortController().signal })
  impatient.abort(new Error('too late'))
  await expect(second).rejects.toMatchObject({ code: 'aborted' })
  await expect(third).rejects.toMatchObject({ code: 'aborted' })
  await expect(client.command('VRFY', 'x', { signal: impatient.signal })).rejects.toMatchObject({ code: 'aborted' })
  go()
  await Promise.all([first, fourth])
  expect(kept.map(({ text }) => text)).toEqual(['first\r\n', 'fourth\r\n'])
})

test('content: reject', async () => {
  const { port, kept } = await serve('smtp')
  await using client = await connect(port, { content: 'reject', limits: { chunk: 10, lookAhead: 1 } })
  await expect(client.send(mail('a\nb'))).rejects.toMatchObject({
    code: 'content',
    enhanced: '5.6.0',
    temporary: false,
  })
  async function* pieces() {
    yield fromLatin1('sound\r\n'.repeat(5))
    yield fromLatin1('un\rsound')
  }
  // Between two chunks the connection is as good as ever.
  await expect(client.send({ ...mail(''), message: pieces(), body: '7BIT' })).rejects.toMatchObject({ code: 'content' })
  await client.send(mail('fine\r\n'))
  expect(kept.map(({ text }) => text)).toEqual(['fine\r\n'])
})

test('commands of extensions', async () => {
  const { port } = await serve('smtp', {
    handlers: [{ commands: new Map([['XPING', (text) => reply(250, '2.0.0', `pong ${text}`)]]) }],
  })
  await using client = await connect(port)
  expect((await client.command('xping', 'a')).text).toEqual(['pong a'])
  await expect(client.command('XNONE')).rejects.toMatchObject({ code: 'refused', command: 'XNONE' })
  await expect(client.command('XPING', 'a\r\nQUIT')).rejects.toThrow('must not hold')
  await client.noop()
})

describe('pool', () => {
  /** A server that counts its connections and can hold messages back. */
  async function counting(options: Partial<SmtpServerOptions> = {}) {
    let open = 0
    let most = 0
    let total = 0
    const counted = annotation<true>('counted')
    const count: SmtpHandler = {
      connect(session) {
        session.set(counted, true)
        total++
        most = Math.max(most, ++open)
      },
      close: () => void open--,
    }
    const { server, kept } = keeper('smtp', { ...options, handlers: [count, ...(options.handlers ?? [])] })
    const listening = await servers.serve(server)
    return { listening, kept, seen: () => ({ open, most, total }) }
  }

  test('uses connections again, and no more than it may', async () => {
    const { listening, kept, seen } = await counting()
    await using pool = createSmtpPool({
      connect: (signal) => connect(listening.port, { signal }),
      maxConnections: 3,
      maxMessagesPerConnection: 4,
    })
    await Promise.all(Array.from({ length: 30 }, (_, i) => pool.send(mail(`${i}\r\n`))))
    expect(kept).toHaveLength(30)
    expect(new Set(kept.map(({ text }) => text)).size).toBe(30)
    expect(seen().most).toBe(3)
    expect(seen().total).toBeGreaterThanOrEqual(8)
    await pool.close()
    expect(pool.connections).toBe(0)
    await expect(pool.send(mail('x\r\n'))).rejects.toMatchObject({ code: 'closed' })
  })

  test('connections that nobody uses are closed', async () => {
    const { listening, seen } = await counting()
    const timers: (() => void)[] = []
    const timer = (step: () => void) => {
      timers.push(step)
      return () => void timers.splice(timers.indexOf(step), 1)
    }
    await using pool = createSmtpPool({
      connect: (signal) => connect(listening.port, { signal }),
      maxConnections: 1,
      timer,
    })
    await pool.send(mail('x\r\n'))
    expect(timers).toHaveLength(1)
    expect(pool.connections).toBe(1)
    for (const step of [...timers]) step()
    await pool.send(mail('y\r\n'))
    expect(pool.connections).toBe(1)
    expect(seen().total).toBe(2)
  })

  test.each([
    ['says goodbye', '421 4.4.2 idle for too long\r\n'],
    ['hangs up', (socket: Socket) => void socket.end()],
    ['hangs up rudely', (socket: Socket) => void socket.resetAndDestroy()],
  ])('a server that %s to a connection that was idle costs no message', async (_name, answer) => {
    const OK = '250 ok\r\n'
    const server = await servers.scripted('220 a\r\n', ['250 mx\r\n', OK, OK, '354 go\r\n', '', OK, answer])
    await using pool = createSmtpPool({
      connect: () => connectSmtp({ host: '127.0.0.1', port: server.port, tls: 'never', limits: { quit: 10 } }),
    })
    await pool.send(mail('1\r\n'))
    await pool.send(mail('2\r\n'))
    expect(server.connections).toBe(2)
    // What can be read only once is not sent again.
    const once = { ...mail(''), message: [fromLatin1('3\r\n')].values(), body: '7BIT' } as const
    await expect(pool.send(once)).rejects.toBeInstanceOf(SmtpClientError)
  })

  test('what a connection has no room for goes over another', async () => {
    const { listening, kept, seen } = await counting({ limits: { transactions: 1, recipients: 2 } })
    await using pool = createSmtpPool({ connect: (signal) => connect(listening.port, { signal }), maxConnections: 2 })
    const to = ['a@x.example', 'b@x.example', 'c@x.example', 'd@x.example', 'no@x.example']
    const { accepted, rejected } = await pool.send(mail('x\r\n', to))
    expect(accepted).toEqual(to.slice(0, 4))
    expect(rejected).toMatchObject([{ address: 'no@x.example', error: { code: 'refused' } }])
    expect(kept).toHaveLength(2)
    expect(seen().total).toBe(3)
  })

  test('whoever waits can give up', async () => {
    let go = (): void => {}
    const wait = new Promise<void>((resolve) => (go = resolve))
    const { listening, kept } = await counting({ handlers: [{ data: () => wait }] })
    await using pool = createSmtpPool({ connect: (signal) => connect(listening.port, { signal }), maxConnections: 1 })
    const first = pool.send(mail('1\r\n'))
    const controller = new AbortController()
    const second = pool.send(mail('2\r\n'), { signal: controller.signal })
    expect(pool.waiting).toBe(2)
    controller.abort()
    await expect(second).rejects.toMatchObject({ code: 'aborted' })
    go()
    await first
    expect(kept).toHaveLength(1)
  })

  test('a server that is not there fails every message, and nothing hangs', async () => {
    const gone = await servers.serve(createSmtpServer({ handlers: [discard()] }))
    await gone.close()
    await using pool = createSmtpPool({ connect: (signal) => connect(gone.port, { signal }), maxConnections: 2 })
    const all = await Promise.allSettled([1, 2, 3, 4].map(() => pool.send(mail('x\r\n'))))
    expect(all.every((one) => one.status === 'rejected' && one.reason.code === 'connection')).toBe(true)
    expect(pool.connections).toBe(0)
  })
})
