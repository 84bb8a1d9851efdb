/** Sources, tokens and servers that never come to an end of what they have begun. */
import type { Socket } from 'node:net'
import { type ClientConnection, ConnectionError, fromLatin1 } from '@posthouse/wire'
import { openConnection } from '@posthouse/wire/node'
import { afterEach, describe, expect, test } from 'vitest'
import {
  createSmtpPool,
  type OutgoingMail,
  type SmtpClient,
  type SmtpClientOptions,
  startSmtpClient,
  type Timer,
} from '../../src/index.js'
import { connectSmtp } from '../../src/node/index.js'
import { script } from './script.js'
import { testServers } from './sockets.js'

const servers = testServers()
afterEach(() => servers.stop())

const OPTIONS: SmtpClientOptions = { host: 'mx.example.org', port: 25, hostname: 'me.example', tls: 'never' }
const mail = (message: OutgoingMail['message']): OutgoingMail => ({
  envelope: { reversePath: 'a@example.net', recipients: ['b@example.org'] },
  message,
  body: '7BIT',
})
const OK = '250 ok\r\n'
const GO = '354 go\r\n'

/** A source that gives some octets and then nothing more; `stalls` resolves when it is asked for that. */
function stalledSource(octets: number) {
  let stall = (): void => {}
  const stalls = new Promise<void>((resolve) => (stall = resolve))
  async function* source() {
    if (octets > 0) yield new Uint8Array(octets).fill(65)
    stall()
    await new Promise(() => {})
  }
  return { source: source(), stalls }
}

describe('a source that stalls', () => {
  const GIVE_UP: [string, (client: SmtpClient, giveUp: AbortController) => void, string][] = [
    ['the signal', (_client, giveUp) => giveUp.abort(), 'aborted'],
    ['destroy', (client) => client.destroy(), 'closed'],
  ]
  const PLACES: [string, number, string][] = [
    ['before MAIL', 0, '250 mx\r\n'],
    ['in DATA', 200_000, '250 mx\r\n'],
    ['between chunks', 65_536, '250-mx\r\n250 CHUNKING\r\n'],
  ]

  test.each(GIVE_UP)('%s ends the wait', async (_name, end, code) => {
    for (const [, octets, greeting] of PLACES) {
      const data = greeting.includes('CHUNKING') ? OK : GO
      const server = await servers.scripted('220 a\r\n', [greeting, OK, OK, data])
      const client = await connectSmtp({
        host: '127.0.0.1',
        port: server.port,
        tls: 'never',
        limits: { chunk: 65_536 },
      })
      const { source, stalls } = stalledSource(octets)
      const giveUp = new AbortController()
      const sent = client.send(mail(source), { signal: giveUp.signal })
      await stalls
      end(client, giveUp)
      await expect(sent).rejects.toMatchObject({ code, mayBeDelivered: false })
      expect(client.usable).toBe(false)
      await server.closed()
    }
  })

  test('its place in a pool is free again', async () => {
    const server = await servers.scripted('220 a\r\n', ['250 mx\r\n', OK, OK, GO])
    await using pool = createSmtpPool({
      connect: (signal) => connectSmtp({ host: '127.0.0.1', port: server.port, tls: 'never', signal }),
      maxConnections: 1,
    })
    const { source, stalls } = stalledSource(200_000)
    const giveUp = new AbortController()
    const sent = pool.send(mail(source), { signal: giveUp.signal })
    await stalls
    giveUp.abort()
    await expect(sent).rejects.toMatchObject({ code: 'aborted' })
    expect(pool.connections).toBe(0)
  })

  test('a server that hangs up ends the wait', async () => {
    const stop = '421 4.4.2 waited long enough\r\n'
    for (const [says, wanted] of [
      ['', { code: 'connection' }],
      [stop, { code: 'refused', reply: { code: 421 } }],
      ['552 5.3.4 too big\r\n', { code: 'refused', command: 'message', enhanced: '5.3.4' }],
    ] as const) {
      for (const [place, octets, greeting] of PLACES) {
        if (place !== 'in DATA' && says.startsWith('552')) continue
        const { source, stalls } = stalledSource(octets)
        const hangUp = (first: string) => (socket: Socket) => {
          socket.write(first)
          void stalls.then(() => socket.end(says))
        }
        const data = hangUp(greeting.includes('CHUNKING') ? OK : GO)
        const answers = octets === 0 ? [hangUp(greeting)] : [greeting, OK, OK, data]
        const server = await servers.scripted('220 a\r\n', answers)
        const limits = { chunk: 65_536 }
        const client = await connectSmtp({ host: '127.0.0.1', port: server.port, tls: 'never', limits })
        await expect(client.send(mail(source))).rejects.toMatchObject({ ...wanted, mayBeDelivered: false })
        expect(client.usable).toBe(false)
      }
    }
  })

  test('a chunk that is refused ends the wait, and the connection can be used again', async () => {
    const { source, stalls } = stalledSource(65_536)
    const refuse = (socket: Socket): void => void stalls.then(() => socket.write('552 5.3.4 too big\r\n'))
    const server = await servers.scripted('220 a\r\n', [
      '250-mx\r\n250-CHUNKING\r\n250 PIPELINING\r\n',
      OK,
      OK,
      refuse,
      OK,
      OK,
      '221 bye\r\n',
    ])
    const limits = { chunk: 65_536, lookAhead: 1 }
    await using client = await connectSmtp({ host: '127.0.0.1', port: server.port, tls: 'never', limits })
    await expect(client.send(mail(source))).rejects.toMatchObject({ code: 'refused', enhanced: '5.3.4' })
    await client.noop()
  })
})

test('a token that never comes does not outlive the signal, nor the server', async () => {
  let asked = (): void => {}
  const token = (): Promise<string> => {
    asked()
    return new Promise(() => {})
  }
  for (const [end, wanted] of [
    [(giveUp: AbortController) => giveUp.abort(), { code: 'aborted' }],
    [(_: AbortController, socket: Socket) => void socket.end(), { code: 'connection' }],
  ] as const) {
    const asking = new Promise<void>((resolve) => (asked = resolve))
    let socket = null as Socket | null
    const hello = (one: Socket): void => {
      socket = one
      one.write('250-mx\r\n250 AUTH XOAUTH2\r\n')
    }
    const server = await servers.scripted('220 a\r\n', [hello])
    const giveUp = new AbortController()
    const auth = { user: 'anna', token }
    const opened = connectSmtp({ host: '127.0.0.1', port: server.port, tls: 'never', auth, signal: giveUp.signal })
    await asking
    end(giveUp, socket as Socket)
    await expect(opened).rejects.toMatchObject(wanted)
    await server.closed()
  }
})

describe('RFC 5321 §4.5.3.2: the time is that of the whole reply', () => {
  test('one octet at a time gains nothing', async () => {
    let now = 0
    const timers = new Set<{ at: number; step: () => void }>()
    const timer: Timer = (step, ms) => {
      const one = { at: now + ms, step }
      timers.add(one)
      return () => void timers.delete(one)
    }
    const advance = (ms: number): void => {
      now += ms
      for (const one of [...timers]) if (one.at <= now) one.step()
    }
    const { connection } = script('')
    const dripping: ClientConnection = {
      ...connection,
      async read() {
        await new Promise(setImmediate)
        advance(30)
        return fromLatin1('2')
      },
    }
    const limits = { greeting: 100 }
    await expect(startSmtpClient(dripping, { ...OPTIONS, timer, limits })).rejects.toMatchObject({
      code: 'connection',
      message: expect.stringContaining('silent for 100 ms'),
    })
    expect(now).toBe(120)
    expect(timers.size).toBe(0)
  })
})

test('a refusal is heard although the server has stopped reading', async () => {
  for (const [greeting, go] of [
    ['S: 250 mx', 'C: DATA\nS: 354 go'],
    ['S: 250-mx\nS: 250 CHUNKING', ''],
  ]) {
    const { connection } = script(
      `S: 220 mx\nC: EHLO me.example\n${greeting}\nC: MAIL FROM:<a@example.net>\nS: 250 ok
       C: RCPT TO:<b@example.org>\nS: 250 ok\n${go}`,
    )
    let refuse: (chunk: Uint8Array) => void = () => {}
    const refusal = new Promise<Uint8Array>((resolve) => (refuse = resolve))
    let blocked = false
    const stuck: ClientConnection = {
      ...connection,
      read: (timeout) => (blocked ? refusal : Promise.race([connection.read(timeout), refusal])),
      write(pieces) {
        if (pieces.every((piece) => piece.length < 10_000)) return connection.write(pieces)
        blocked = true
        setImmediate(() => refuse(fromLatin1('552 5.3.4 too big\r\n')))
        return new Promise(() => {})
      },
    }
    const client = await startSmtpClient(stuck, OPTIONS)
    const message = fromLatin1(`${'x'.repeat(998)}\r\n`.repeat(200))
    await expect(client.send(mail(message))).rejects.toMatchObject({
      code: 'refused',
      enhanced: '5.3.4',
      temporary: false,
    })
    client.destroy()
  }
})

test.each(['noop', 'command'] as const)('421 to %s is the end of the connection', async (what) => {
  const played = script(
    `S: 220 mx\nC: EHLO me.example\nS: 250 mx\nC: ${what === 'noop' ? 'NOOP' : 'VRFY x'}\nS: 421 4.3.2 going down`,
  )
  const client = await startSmtpClient(played.connection, OPTIONS)
  const down = { code: 'refused', reply: { code: 421 }, temporary: true }
  await expect(what === 'noop' ? client.noop() : client.command('VRFY', 'x')).rejects.toMatchObject(down)
  expect(client.usable).toBe(false)
  await expect(client.send(mail(fromLatin1('x\r\n')))).rejects.toMatchObject(down)
  played.check()
})

test('a handshake that takes too long is one that fails', async () => {
  const { connection } = script('S: 220 mx\nC: EHLO me.example\nS: 250-mx\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go')
  const slow: ClientConnection = {
    ...connection,
    startTls: () => Promise.reject(new ConnectionError('timeout', 'the TLS handshake took longer than 30000 ms')),
  }
  await expect(startSmtpClient(slow, { ...OPTIONS, tls: 'opportunistic' })).rejects.toMatchObject({
    code: 'tls',
    enhanced: '4.7.5',
  })
})

test.each(['pipeline', 'chunk'])('a limit of nothing at a time would never end: %s', async (name) => {
  const server = await servers.scripted('220 a\r\n', ['250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n'])
  const connection = await openConnection({ host: '127.0.0.1', port: server.port })
  const started = startSmtpClient(connection, { ...OPTIONS, limits: { [name]: 0 } })
  await expect(started).rejects.toThrow(new RangeError(`limits.${name} must be 1 or more, not 0`))
  await server.closed()
  const opened = connectSmtp({ host: '127.0.0.1', port: server.port, tls: 'never', limits: { [name]: 0 } })
  await expect(opened).rejects.toThrow(`limits.${name} must be 1 or more, not 0`)
})
