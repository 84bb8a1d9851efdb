import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { ByteWindow, fromLatin1, latin1, NEED_DATA, type Protocol, parseProxyHeader } from '@posthouse/wire'
import { listen } from '@posthouse/wire/node'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { serveConnection } from '../src/node/connection.js'

const v2 = (command: number, family: number, rest: readonly number[]): Uint8Array =>
  Uint8Array.from([
    ...[0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a],
    ...[0x20 | command, family, rest.length >> 8, rest.length & 255],
    ...rest,
  ])

const LOOPBACK6 = [...Array(15).fill(0), 1]
const DOC6 = [0x20, 0x01, 0x0d, 0xb8, ...Array(10).fill(0), 0, 7]

describe('parseProxyHeader', () => {
  test.each<[string, Uint8Array, unknown]>([
    ['v1 TCP4', fromLatin1('PROXY TCP4 192.0.2.1 192.0.2.2 56324 25\r\n'), { address: '192.0.2.1', port: 56324 }],
    ['v1 TCP6', fromLatin1('PROXY TCP6 2001:db8::7 ::1 4 25\r\n'), { address: '2001:db8::7', port: 4 }],
    ['v1 TCP6, IPv4 in it', fromLatin1('PROXY TCP6 ::ffff:192.0.2.1 ::1 4 25\r\n'), { address: '192.0.2.1', port: 4 }],
    ['v1 UNKNOWN', fromLatin1('PROXY UNKNOWN\r\n'), null],
    ['v2 TCP4', v2(1, 0x11, [192, 0, 2, 1, 192, 0, 2, 2, 0xdc, 4, 0, 25]), { address: '192.0.2.1', port: 56324 }],
    ['v2 TCP6', v2(1, 0x21, [...DOC6, ...LOOPBACK6, 0, 4, 0, 25]), { address: '2001:db8::7', port: 4 }],
    [
      'v2 TCP6, IPv4 in it',
      v2(1, 0x21, [...Array(10).fill(0), 255, 255, 192, 0, 2, 1, ...LOOPBACK6, 0, 4, 0, 25]),
      { address: '192.0.2.1', port: 4 },
    ],
    ['v2 with TLVs', v2(1, 0x11, [10, 0, 0, 1, 10, 0, 0, 2, 0, 1, 0, 2, 4, 0, 1, 0]), { address: '10.0.0.1', port: 1 }],
    ['v2 LOCAL', v2(0, 0, []), null],
    ['v2 UNIX', v2(1, 0x31, Array(216).fill(0)), null],
  ])('%s', (_name, bytes, remote) => {
    expect(parseProxyHeader(bytes)).toEqual({ type: 'header', remote, length: bytes.length })
    for (let length = 0; length < bytes.length; length++) {
      expect(parseProxyHeader(bytes.subarray(0, length)).type).toBe('incomplete')
    }
  })

  test.each<[string, Uint8Array]>([
    ['another protocol', fromLatin1('EHLO client\r\n')],
    ['a port out of range', fromLatin1('PROXY TCP4 192.0.2.1 192.0.2.2 65536 25\r\n')],
    ['a missing field', fromLatin1('PROXY TCP4 192.0.2.1 192.0.2.2 25\r\n')],
    ['an address that is none', fromLatin1('PROXY TCP4 evil<script> 192.0.2.2 1 25\r\n')],
    ['a line without end', fromLatin1(`PROXY TCP4 ${'1'.repeat(200)}`)],
    ['version 3', v2(0x11, 0x11, Array(12).fill(0))],
    ['too short for IPv4', v2(1, 0x11, [1, 2, 3])],
    ['too long', Uint8Array.from([...v2(1, 0x11, []).subarray(0, 14), 0xff, 0xff])],
  ])('refuses %s', (_name, bytes) => {
    expect(parseProxyHeader(bytes).type).toBe('invalid')
  })

  test('never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        parseProxyHeader(bytes)
        parseProxyHeader(Uint8Array.from([...v2(1, 0x11, []).subarray(0, 12), ...bytes]))
      }),
    )
  })
})

/** Says who is connected, and echoes. */
const whoami: Protocol = {
  name: 'whoami',
  connect(link) {
    const window = new ByteWindow()
    const output: Uint8Array[] = []
    return {
      engine: {
        receive: (chunk) => window.push(chunk),
        receiveEnd() {},
        next: () => {
          const length = window.lineLength(100)
          return length === -1 ? NEED_DATA : { type: 'line', text: latin1(window.take(length)) }
        },
        send: (text) => void output.push(fromLatin1(text as string)),
        takeOutput: () => output.splice(0),
      },
      session: {
        handle: (event) => {
          output.push(fromLatin1(`${link.remote.address} ${(event as unknown as { text: string }).text}`))
          link.close()
        },
      },
    }
  },
}

async function say(port: number, pieces: readonly (string | Uint8Array)[]): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let heard = ''
  socket.on('data', (chunk) => {
    heard += chunk.toString()
  })
  for (const piece of pieces) await new Promise<void>((resolve) => socket.write(piece, () => resolve()))
  await new Promise<void>((resolve) => socket.once('close', () => resolve()).on('error', () => {}))
  return heard
}

test('a trusted proxy names the client; its header may come in pieces or together with the first command', async () => {
  await using server = await listen(whoami, { port: 0, proxies: ['127.0.0.0/8'] })
  expect(await say(server.port, ['PROXY TCP4 192.0.2.9 192.0.2.2 1 25\r\nhi\r\n'])).toBe('192.0.2.9 hi\r\n')
  expect(await say(server.port, ['PRO', 'XY UNKNOWN\r\n', 'hi\r\n'])).toBe('127.0.0.1 hi\r\n')
  expect(await say(server.port, ['hi\r\n'])).toBe('')
})

test.each([
  ['closes', (socket: Socket) => socket.end()],
  ['resets', (socket: Socket) => socket.resetAndDestroy()],
])('a health check that just connects and %s is no reason to warn, and is over at once', async (_how, leave) => {
  const log: string[] = []
  await using server = await listen(whoami, {
    port: 0,
    proxies: ['127.0.0.0/8'],
    log: ({ level, event }) => log.push(`${level} ${event}`),
  })
  const socket = connect(server.port, '127.0.0.1', () => leave(socket)).resume()
  await once(socket, 'close')
  // Whoever comes next is served behind it.
  expect(await say(server.port, ['PROXY UNKNOWN\r\n', 'hi\r\n'])).toBe('127.0.0.1 hi\r\n')
  expect(log.filter((line) => !line.startsWith('debug'))).toEqual([])
})

test('a proxy that leaves inside its header is warned of', async () => {
  const log: string[] = []
  await using server = await listen(whoami, {
    port: 0,
    proxies: ['127.0.0.0/8'],
    log: ({ level, event }) => log.push(`${level} ${event}`),
  })
  const socket = connect(server.port, '127.0.0.1', () => socket.end('PROXY')).resume()
  await once(socket, 'close')
  expect(log).toEqual(['warn proxy.refused'])
})

test('nobody else can', async () => {
  await using server = await listen(whoami, { port: 0, proxies: ['192.0.2.0/24'] })
  expect(await say(server.port, ['PROXY TCP4 192.0.2.9 192.0.2.2 1 25\r\n'])).toBe(
    '127.0.0.1 PROXY TCP4 192.0.2.9 192.0.2.2 1 25\r\n',
  )
})

test.each([
  ['behind the header', 'hi\r\n'],
  ['later', ''],
])('a client that talks while it is greeted waits, also when its first octets came %s', async (_when, head) => {
  let greet = (): void => {}
  const protocol: Protocol = {
    name: 'slow',
    connect(link) {
      const { engine, session } = whoami.connect(link)
      return { engine, session: { ...session, start: () => new Promise<void>((resolve) => (greet = resolve)) } }
    },
  }
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() }) as unknown as Socket
  let give = (_chunk: Uint8Array): void => {}
  const incoming = { socket, giveTo: (taker: typeof give) => void (give = taker), consumed() {} }
  const options = {
    ...{ protocol, log() {}, now: Date.now, tls: null, implicitTls: false, local: false },
    ...{ handshakeTimeout: 1_000, highWaterMark: 1_000, closed() {} },
  }
  socket.pause()
  serveConnection(incoming, options, { id: '1', remote: null, head: fromLatin1(head) })
  if (head === '') {
    expect(socket.isPaused()).toBe(false)
    give(fromLatin1('hi\r\n'))
  }
  expect(socket.isPaused()).toBe(true)
  greet()
  await new Promise((resolve) => setImmediate(resolve))
  expect(socket.isPaused()).toBe(false)
})
