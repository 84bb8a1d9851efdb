import { createServer, type Server, type Socket } from 'node:net'
import { createPop3Server, type Pop3ServerOptions, startPop3Client } from '@posthouse/pop3'
import { connectPop3, type Listening, listen } from '@posthouse/pop3/node'
import { createMemoryStore } from '@posthouse/store-api'
import {
  type ClientConnection,
  ConnectionError,
  deriveScramSecret,
  fromLatin1,
  latin1,
  standardMechanisms,
} from '@posthouse/wire'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { testCertificate } from './certificate.js'

const MESSAGES = [
  'Subject: 1\r\n\r\n.\r\n..two\r\n',
  'Subject: 2\r\n\r\nsecond\r\nlines\r\n',
  `Subject: 3\r\n\r\n${'long\r\n'.repeat(200_000)}`,
]

let cert = ''
let key = ''
beforeAll(() => {
  ;({ cert, key } = testCertificate())
})

const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})
afterAll(() => expect(stops).toEqual([]))

async function serve(
  options: Partial<Pop3ServerOptions> = {},
  how: { tls?: boolean; implicitTls?: boolean } = {},
): Promise<Listening> {
  const store = createMemoryStore()
  store.addAccount('anna')
  for (const [i, message] of MESSAGES.entries()) {
    const staged = await store.stage([fromLatin1(message)])
    await store.deliver({ staged, summary: new Uint8Array(0), to: [{ account: 'anna', dedup: String(i) }] })
  }
  const authenticate = (user: string, password: string) => (password === 'secret' ? user : null)
  const listening = await listen(
    createPop3Server({ store, authenticate, limits: { authFailureDelay: 10 }, ...options }),
    {
      port: 0,
      ...(how.tls || how.implicitTls ? { tls: { cert, key } } : {}),
      implicitTls: how.implicitTls ?? false,
    },
  )
  stops.push(() => listening.close({ force: true }))
  return listening
}

/** A server that says what it is told to: each answer behind one line of the client. */
async function scripted(greeting: string, answers: readonly (string | ((socket: Socket) => void))[]): Promise<number> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    const left = [...answers]
    socket.on('error', () => {})
    socket.write(greeting)
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n')) {
        text = text.slice(at + 1)
        const answer = left.shift()
        if (typeof answer === 'function') answer(socket)
        else if (answer !== undefined) socket.write(answer)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as { port: number }).port
}

async function text(octets: AsyncIterable<Uint8Array>): Promise<string> {
  let all = ''
  for await (const piece of octets) all += latin1(piece)
  return all
}

const CLEAR = { host: '127.0.0.1', tls: 'never' } as const
const ANNA = { user: 'anna', password: 'secret' }

describe('Pop3Client and our server', () => {
  test('lists, reads, deletes', async () => {
    const { port } = await serve()
    await using pop3 = await connectPop3({ ...CLEAR, port, credentials: ANNA })
    const octets = MESSAGES.map(({ length }) => length)
    expect(await pop3.stat()).toEqual({ messages: 3, octets: octets.reduce((a, b) => a + b) })
    expect(await pop3.list()).toEqual(octets.map((octets, i) => ({ number: i + 1, octets })))
    expect((await pop3.uidl()).map(({ uniqueId }) => uniqueId.split('.')[1])).toEqual(['1', '2', '3'])
    for (const [i, message] of MESSAGES.entries()) expect(await text(pop3.retrieve(i + 1))).toBe(message)
    expect(await text(pop3.top(2, 1))).toBe('Subject: 2\r\n\r\nsecond\r\n')
    await pop3.delete(1, 3)
    await pop3.reset()
    await pop3.delete(2)
    await pop3.quit()
    await using again = await connectPop3({ ...CLEAR, port, credentials: ANNA })
    expect((await again.uidl()).map(({ uniqueId }) => uniqueId.split('.')[1])).toEqual(['1', '3'])
  })

  test('calls wait for each other; whoever stops reading early leaves the session sound', async () => {
    const { port } = await serve()
    await using pop3 = await connectPop3({ ...CLEAR, port, credentials: ANNA })
    const early = (async () => {
      for await (const piece of pop3.retrieve(3)) return latin1(piece).slice(0, 10)
    })()
    expect(await Promise.all([early, pop3.noop(), text(pop3.retrieve(1))])).toEqual([
      'Subject: 3',
      undefined,
      MESSAGES[0],
    ])
  })

  test('a command that is refused says so; the session goes on', async () => {
    const { port } = await serve()
    await using pop3 = await connectPop3({ ...CLEAR, port, credentials: ANNA })
    await expect(pop3.delete(1, 9, 2)).rejects.toMatchObject({ code: 'refused', command: 'DELE' })
    expect((await pop3.list()).map(({ number }) => number)).toEqual([3])
    await expect(text(pop3.retrieve(1))).rejects.toMatchObject({ code: 'refused', command: 'RETR' })
    await pop3.noop()
  })

  test('a number that is none is refused before anything is said', async () => {
    const { port } = await serve()
    await using pop3 = await connectPop3({ ...CLEAR, port, credentials: ANNA })
    await expect(pop3.delete(1, 2, -1)).rejects.toThrow(RangeError)
    expect(await text(pop3.retrieve(2))).toBe(MESSAGES[1])
    expect((await pop3.list()).map(({ number }) => number)).toEqual([1, 2, 3])
  })

  test('a closed session deletes nothing and refuses what comes after it', async () => {
    const { port } = await serve()
    const pop3 = await connectPop3({ ...CLEAR, port, credentials: ANNA })
    await pop3.delete(1)
    await pop3.close()
    await expect(pop3.noop()).rejects.toMatchObject({ code: 'closed' })
    await using again = await connectPop3({ ...CLEAR, port, credentials: ANNA })
    expect((await again.stat()).messages).toBe(3)
  })

  test.each([
    ['implicit', { implicitTls: true }],
    ['required', { tls: true }],
    ['opportunistic', { tls: true }],
  ] as const)('TLS, %s', async (tls, how) => {
    const { port } = await serve({}, how)
    const tlsOptions = { ca: cert }
    await using pop3 = await connectPop3({ host: 'localhost', port, tls, tlsOptions, credentials: ANNA })
    expect(pop3.tls?.protocol).toBe('TLSv1.3')
    expect((await pop3.stat()).messages).toBe(3)
    // Nobody has said that this certificate is trusted.
    const stranger = connectPop3({ host: 'localhost', port, tls, credentials: ANNA })
    await expect(stranger).rejects.toMatchObject({ name: 'ConnectionError', code: 'tls' })
  })

  test('TLS that is required and not offered, or offered to nobody', async () => {
    const { port } = await serve()
    const required = connectPop3({ host: '127.0.0.1', port, credentials: ANNA })
    await expect(required).rejects.toMatchObject({ name: 'Pop3ClientError', code: 'tls' })
    await using pop3 = await connectPop3({ host: '127.0.0.1', port, tls: 'opportunistic', credentials: ANNA })
    expect(pop3.tls).toBeNull()
  })
})

describe('logging in', () => {
  const secrets = {
    password: ({ user, password }: { user: string; password: string }) =>
      password === 'secret' ? { account: user } : null,
    scram: async (user: string, hash: 'SHA-1' | 'SHA-256') => ({
      identity: { account: user },
      ...(await deriveScramSecret('secret', { hash, iterations: 4096 })),
    }),
    bearer: ({ token }: { token: string }) => (token === 't0ken' ? { account: 'anna' } : null),
  }

  /** Only this mechanism is offered. */
  const only = (name: string) => ({
    authenticate: secrets,
    mechanisms: standardMechanisms({ scram: { channelBinding: name.endsWith('-PLUS') } }).filter(
      (mechanism) => mechanism.name === name,
    ),
  })

  test.each([
    ['PLAIN', ANNA],
    ['LOGIN', ANNA],
    ['SCRAM-SHA-1', ANNA],
    ['SCRAM-SHA-256', ANNA],
    ['SCRAM-SHA-256-PLUS', ANNA],
    ['OAUTHBEARER', { user: 'anna', token: 't0ken' }],
    ['XOAUTH2', { user: 'anna', token: 't0ken' }],
  ])('%s', async (name, credentials) => {
    const { port } = await serve(only(name), { implicitTls: true })
    const how = { host: 'localhost', port, tls: 'implicit', tlsOptions: { ca: cert } } as const
    await using pop3 = await connectPop3({ ...how, credentials })
    expect((await pop3.stat()).messages).toBe(3)
    const wrong = 'token' in credentials ? { user: 'anna', token: 'x' } : { user: 'anna', password: 'x' }
    await expect(connectPop3({ ...how, credentials: wrong })).rejects.toMatchObject({
      code: 'auth',
      responseCode: 'AUTH',
    })
  })

  test('USER and PASS where there is no mechanism', async () => {
    const { port } = await serve({ mechanisms: [] })
    await using pop3 = await connectPop3({ ...CLEAR, port, credentials: ANNA })
    expect((await pop3.stat()).messages).toBe(3)
    const wrong = connectPop3({ ...CLEAR, port, credentials: { user: 'anna', password: 'x' } })
    await expect(wrong).rejects.toMatchObject({ code: 'auth', responseCode: 'AUTH' })
  })

  test('no password in clear text unless that is allowed', async () => {
    const said: string[] = []
    const port = await scripted('+OK\r\n', [
      '+OK\r\nSASL PLAIN LOGIN\r\nUSER\r\n.\r\n',
      (socket) => void socket.on('data', (chunk) => said.push(chunk.toString())),
    ])
    const attempt = connectPop3({ ...CLEAR, port, credentials: ANNA, allowInsecureAuth: false })
    await expect(attempt).rejects.toMatchObject({ code: 'auth', message: expect.stringContaining('use TLS') })
    expect(said).toEqual([])
  })
})

const hangUp = (socket: Socket): void => void socket.end()
const reset = (socket: Socket): void => void socket.resetAndDestroy()

describe('servers that misbehave', () => {
  const open = (port: number, options: object = {}) => connectPop3({ ...CLEAR, port, credentials: null, ...options })

  test.each([
    ['another protocol', '220 smtp.example\r\n', [], { code: 'protocol' }],
    ['a greeting that refuses', '-ERR [SYS/TEMP] later\r\n', [], { code: 'refused', temporary: true }],
    ['a connection that ends', '+OK\r\n', [hangUp], { name: 'ConnectionError', code: 'lost' }],
    ['a connection that is reset', '+OK\r\n', [reset], { code: 'lost' }],
    ['octets that nobody asked for', '+OK\r\n+OK\r\n', [], { code: 'protocol' }],
  ] as const)('%s', async (_name, greeting, answers, wanted) => {
    await expect(open(await scripted(greeting, answers))).rejects.toMatchObject(wanted)
  })

  test('a session that is closed while somebody waits for an answer', async () => {
    let asked = (): void => {}
    const waits = new Promise<void>((resolve) => (asked = resolve))
    const pop3 = await open(await scripted('+OK\r\n', ['-ERR\r\n', () => asked()]))
    const answer = pop3.noop()
    await waits
    const closed = pop3.close()
    await expect(answer).rejects.toMatchObject({ name: 'Pop3ClientError', code: 'closed' })
    await closed
  })

  test('silence', async () => {
    const port = await scripted('+OK\r\n', [])
    await expect(open(port, { limits: { timeout: 20 } })).rejects.toMatchObject({ code: 'timeout' })
  })

  /** Does not take what is said until its answers are read; with nothing to say it takes nothing. */
  function stubborn(answers: string[]): ClientConnection {
    const endpoint = { address: '127.0.0.1', port: 110 }
    let taken = (): void => {}
    return {
      ...{ remote: endpoint, local: endpoint, tls: null, loopback: true, canStartTls: false },
      async read(timeout) {
        taken()
        const answer = answers.shift()
        if (answer !== undefined) return fromLatin1(answer)
        throw new ConnectionError('timeout', `silent for ${timeout} ms`)
      },
      write: () => new Promise((resolve) => (taken = resolve)),
      async startTls() {},
      async end() {},
      destroy() {},
    }
  }

  test('one that reads no more of many commands before its answers are read', async () => {
    const connection = stubborn(['+OK\r\n', '+OK\r\nPIPELINING\r\n.\r\n', '+OK\r\n', '+OK\r\n'])
    const pop3 = await startPop3Client(connection, { host: '', port: 110, tls: 'never', credentials: null })
    await pop3.delete(1, 2)
  })

  test('one that never reads is silent', async () => {
    const connection = stubborn(['+OK\r\n'])
    const opened = startPop3Client(connection, { host: '', port: 110, tls: 'never', credentials: null })
    await expect(opened).rejects.toMatchObject({ code: 'timeout' })
  })

  test('a listing without an end', async () => {
    const flood = (socket: Socket): void => {
      const more = (): void => {
        if (socket.destroyed) return
        socket.write('x'.repeat(10_000), more)
      }
      socket.write('+OK\r\n', more)
    }
    const port = await scripted('+OK\r\n', [flood])
    await expect(open(port, { limits: { listing: 100_000 } })).rejects.toMatchObject({ code: 'protocol' })
  })

  test('RFC 2595 §4: answers injected in front of TLS are not believed', async () => {
    const port = await scripted('+OK\r\n', ['+OK\r\nSTLS\r\n.\r\n', '+OK begin\r\n+OK injected\r\n'])
    await expect(open(port, { tls: 'required' })).rejects.toMatchObject({ code: 'injected' })
  })

  test('an abort ends what is going on, and a connection that is not there yet', async () => {
    const abort = new AbortController()
    const port = await scripted('+OK\r\n', [() => abort.abort()])
    await expect(open(port, { signal: abort.signal })).rejects.toMatchObject({ code: 'aborted' })
    await expect(open(port, { signal: abort.signal })).rejects.toMatchObject({ code: 'aborted' })
  })

  test('nobody listens', async () => {
    const port = await scripted('', [])
    await stops.pop()?.()
    await expect(open(port)).rejects.toMatchObject({ name: 'ConnectionError', code: 'connect' })
  })
})
