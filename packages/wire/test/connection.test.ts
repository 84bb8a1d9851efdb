/** Sockets that are slow, that end in odd places, that leave nothing behind. */
import { execFileSync } from 'node:child_process'
import { getEventListeners } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { constants, createDeflateRaw, createInflateRaw, deflateRaw, deflateRawSync } from 'node:zlib'
import { type Link, type LogEvent, latin1, type Protocol } from '@posthouse/wire'
import { type Listening, listen } from '@posthouse/wire/node'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { createDeflateDuplex } from '../src/node/deflate.js'
import { type Command, lineProtocol } from './lines.js'

/** `start` comes first. */
const lines = (command: Command, start?: (link: Link) => void): Protocol =>
  lineProtocol(command, (_say, link) => ({ start: () => start?.(link) }))

const open: Listening[] = []
const sockets: Socket[] = []
afterEach(async () => {
  vi.useRealTimers()
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const listening of open.splice(0)) await listening.close({ force: true })
})

async function serve(protocol: Protocol, options: Partial<Parameters<typeof listen>[1]> = {}): Promise<Listening> {
  const listening = await listen(protocol, { port: 0, ...options })
  open.push(listening)
  return listening
}

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  sockets.push(socket)
  socket.on('error', () => {})
  await new Promise<void>((resolve) => socket.once('connect', resolve))
  return socket
}

const closed = (socket: Socket): Promise<void> =>
  socket.closed ? Promise.resolve() : new Promise((resolve) => socket.once('close', () => resolve()))

/** Reads some of what waits; the socket rests again afterwards. */
async function readSome(socket: Socket, octets: number): Promise<number> {
  let read = 0
  while (read < octets) {
    const chunk: Buffer | null = socket.read()
    if (chunk) read += chunk.length
    else await new Promise((resolve) => socket.once('readable', resolve))
  }
  return read
}

const MEGABYTES = (count: number): Uint8Array => new Uint8Array(count << 20)

describe('time', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'hrtime'] })
  })

  test('who downloads slowly is not idle; who has stopped reading is', async () => {
    const log: string[] = []
    const server = await serve(
      lines(
        async (_line, say, link) => {
          for (let i = 0; i < 64; i++) {
            say(MEGABYTES(1))
            await link.flush()
          }
        },
        (link) => link.idleTimeout(1000),
      ),
      { log: ({ event }) => log.push(event) },
    )
    const socket = await dial(server.port)
    socket.write('go\r\n')
    for (let time = 0; time < 5000; time += 250) {
      await readSome(socket, 1 << 20)
      vi.advanceTimersByTime(250)
    }
    expect(log).not.toContain('connection.timeout')
    socket.pause()
    vi.advanceTimersByTime(250)
    vi.advanceTimersByTime(2000)
    expect(log).toContain('connection.timeout')
  })

  test('who says nothing and is sent something now and then is idle all the same', async () => {
    const log: string[] = []
    let push: () => void = () => {}
    const server = await serve(
      lines(
        (_line, say, link) => {
          push = () => {
            say('news')
            void link.flush()
          }
        },
        (link) => link.idleTimeout(1000),
      ),
      { log: ({ event }) => log.push(event) },
    )
    const socket = await dial(server.port)
    socket.write('idle\r\n')
    await vi.waitUntil(() => {
      push()
      return socket.read() !== null
    })
    for (let time = 0; time < 1250; time += 250) {
      push()
      await readSome(socket, 1)
      vi.advanceTimersByTime(250)
    }
    expect(log).toContain('connection.timeout')
  })

  test('last words reach a peer that reads slowly, and are cut off for one that does not', async () => {
    const server = await serve(
      lines((_line, say, link) => {
        say(MEGABYTES(32))
        link.close()
      }),
    )
    const slow = await dial(server.port)
    const stopped = await dial(server.port)
    slow.write('go\r\n')
    stopped.write('go\r\n')
    let read = 0
    while (read < 24 << 20) {
      read += await readSome(slow, 8 << 20)
      vi.advanceTimersByTime(5000)
    }
    slow.on('data', (chunk) => {
      read += chunk.length
    })
    await new Promise((resolve) => slow.once('end', resolve))
    expect(read).toBe(32 << 20)
    vi.advanceTimersByTime(5000)
    stopped.resume()
    await closed(stopped)
    expect(stopped.bytesRead).toBeLessThan(32 << 20)
  })
})

describe('views', () => {
  test('sent resolves when the peer has taken everything, and at once when nothing waits', async () => {
    const steps: string[] = []
    const server = await serve(
      lines(async (_line, say, link) => {
        say('small')
        if (link.sent()) steps.push('had to wait')
        say(MEGABYTES(32))
        const sent = link.sent()
        steps.push(sent ? 'waits' : 'does not wait')
        await sent
        steps.push('sent')
        say('done')
      }),
    )
    const socket = await dial(server.port)
    socket.write('go\r\n')
    await readSome(socket, 1 << 20)
    expect(steps).toEqual(['waits'])
    socket.resume()
    await new Promise<void>((resolve) => socket.on('data', (chunk) => chunk.includes('done') && resolve()))
    expect(steps).toEqual(['waits', 'sent'])
  })

  test('a session that waits for its peer goes on when the peer is gone', async () => {
    let ended: () => void = () => {}
    const over = new Promise<void>((resolve) => (ended = resolve))
    const server = await serve(
      lines(async (_line, say, link) => {
        say(MEGABYTES(32))
        await Promise.all([link.flush(), link.flush(), link.sent()])
        ended()
      }),
    )
    const socket = await dial(server.port)
    socket.write('go\r\n')
    await readSome(socket, 1)
    socket.destroy()
    await over
  })
})

describe('COMPRESS', () => {
  const protocol = (): Protocol =>
    lines((line, say, link) => {
      say(line)
      if (line === 'COMPRESS') link.compress()
    })

  async function compressed(log: LogEvent[] = []): Promise<Socket> {
    const server = await serve(protocol(), { log: (event) => log.push(event) })
    const socket = await dial(server.port)
    socket.write('COMPRESS\r\n')
    await new Promise((resolve) => socket.once('data', resolve))
    return socket
  }

  test('the end of the peer comes behind its last octets', async () => {
    const socket = await compressed()
    let heard = ''
    const inflate = createInflateRaw({ finishFlush: constants.Z_SYNC_FLUSH })
    inflate.on('data', (chunk) => (heard += chunk.toString()))
    socket.pipe(inflate)
    const text = Array.from({ length: 5000 }, (_, i) => `line ${i}\r\n`).join('')
    socket.end(deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH }))
    await new Promise((resolve) => inflate.once('end', resolve))
    expect(heard).toBe(text)
  })

  test('a peer that reads slowly gets everything', async () => {
    const server = await serve(
      lines(async (line, say, link) => {
        say(line)
        if (line === 'COMPRESS') return link.compress()
        for (let i = 0; i < 64; i++) {
          say(crypto.getRandomValues(new Uint8Array(65_536)))
          await (i % 2 === 0 ? link.flush() : link.sent())
        }
        link.close()
      }),
    )
    const socket = await dial(server.port)
    socket.write('COMPRESS\r\n')
    await new Promise((resolve) => socket.once('data', resolve))
    socket.pause()
    const deflate = createDeflateRaw()
    deflate.on('data', (chunk) => socket.write(chunk))
    deflate.write('go\r\n')
    deflate.flush(constants.Z_SYNC_FLUSH)
    const inflate = createInflateRaw({ finishFlush: constants.Z_SYNC_FLUSH })
    let octets = 0
    inflate.on('data', (chunk) => (octets += chunk.length))
    socket.pipe(inflate)
    await new Promise((resolve) => inflate.once('end', resolve))
    expect(octets).toBe('go\r\n'.length + 64 * 65_536)
  })

  test('broken octets end the connection', async () => {
    const log: LogEvent[] = []
    const socket = await compressed(log)
    socket.resume()
    socket.write(Uint8Array.of(255, 255, 255, 255))
    await closed(socket)
    expect(log.find(({ event }) => event === 'connection.aborted')?.message).toContain('broken')
  })

  test('octets that come together with the command are not taken for commands', async () => {
    const server = await serve(protocol())
    const socket = await dial(server.port)
    let heard = ''
    socket.on('data', (chunk) => (heard += chunk.toString()))
    socket.write('COMPRESS\r\nINJECTED\r\n')
    await closed(socket)
    expect(heard).not.toContain('INJECTED')
  })

  test('nothing is told while it is paused, and nothing is lost', async () => {
    let heard = ''
    let told: () => void = () => {}
    const duplex = createDeflateDuplex({
      received(chunk) {
        heard += latin1(chunk)
        told()
      },
      ended() {},
      write() {},
      failed(message) {
        throw new Error(message)
      },
    })
    const text = Array.from({ length: 50_000 }, (_, i) => `line ${i}\r\n`).join('')
    const first = new Promise<void>((resolve) => {
      told = () => {
        duplex.pause()
        resolve()
      }
    })
    duplex.receive(deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH }))
    await first
    const before = heard.length
    // Inflating is done elsewhere: as many other tasks go the same way.
    for (let i = 0; i < 50; i++) await new Promise((resolve) => deflateRaw('x', resolve))
    expect([heard.length, before < text.length]).toEqual([before, true])
    await new Promise<void>((resolve) => {
      told = () => heard.length === text.length && resolve()
      duplex.resume()
    })
    expect(heard).toBe(text)
    duplex.destroy()
  })
})

describe('with TLS', () => {
  let folder = ''
  let tls = { cert: '', key: '' }
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'posthouse-wire-'))
    const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')]
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-subj', '/CN=localhost']
    execFileSync('openssl', ['req', '-x509', '-nodes', '-days', '2', ...kind, ...files], { stdio: 'ignore' })
    tls = { cert: readFileSync(join(folder, 'cert.pem'), 'utf8'), key: readFileSync(join(folder, 'key.pem'), 'utf8') }
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const whoami = (): Protocol => lines((_line, say, link) => say(`${link.remote.address} ${link.tls?.protocol}`))

  test('a certificate or a key is missing: said at once, not to each client', async () => {
    const { cert, key } = tls
    const hosts = (options: object) => ({ cert, key, hosts: new Map([['mx.two.example', options]]) })
    for (const [material, words] of [
      [{}, 'TLS needs a certificate: give `cert` and `key`, or `pfx`'],
      [{ key }, 'TLS needs a certificate'],
      [{ cert: [], key }, 'TLS needs a certificate'],
      [{ cert }, 'TLS needs the `key` of its certificate'],
      [{ cert, key: '' }, 'TLS needs the `key`'],
      [hosts({}), 'TLS for mx.two.example needs a certificate'],
      [hosts({ cert }), 'TLS for mx.two.example needs the `key`'],
    ] as [object, string][]) {
      await expect(serve(whoami(), { tls: material }), words).rejects.toThrow(words)
    }
    await serve(whoami(), { tls: hosts({ cert, key }) })
    await serve(whoami(), { tls: { cert: [cert], key: [{ pem: key }] } })
  })

  test('certificate and key in one PKCS #12 file', async () => {
    const files = ['-in', join(folder, 'cert.pem'), '-inkey', join(folder, 'key.pem'), '-out', join(folder, 'both.p12')]
    execFileSync('openssl', ['pkcs12', '-export', '-passout', 'pass:secret', ...files], { stdio: 'ignore' })
    await serve(whoami(), { tls: { pfx: readFileSync(join(folder, 'both.p12')), passphrase: 'secret' } })
  })

  test('a proxy in front of implicit TLS, its header in one segment with the handshake or not', async () => {
    const server = await serve(whoami(), { tls, implicitTls: true, proxies: ['127.0.0.1'] })
    for (const together of [true, false]) {
      const raw = await dial(server.port)
      const header = 'PROXY TCP4 192.0.2.9 192.0.2.2 1 995\r\n'
      if (together) raw.cork()
      raw.write(header)
      const socket = connectTls({ socket: raw, rejectUnauthorized: false })
      if (together) setImmediate(() => raw.uncork())
      socket.write('who?\r\n')
      const [chunk] = await new Promise<[Buffer]>((resolve) => socket.once('data', (chunk) => resolve([chunk])))
      expect(chunk.toString()).toBe('192.0.2.9 TLSv1.3\r\n')
    }
  })

  test('an identity that fails for a name ends that connection only', async () => {
    const { createTlsIdentity } = await import('@posthouse/wire/node')
    const real = createTlsIdentity(tls)
    const identity = {
      ...real,
      requestClientCertificate: false,
      context(name?: string) {
        if (name === 'bad.example') throw new Error('no such file')
        return real.context(name)
      },
    }
    const server = await serve(whoami(), { tls: identity, implicitTls: true })
    const bad = connectTls({
      port: server.port,
      host: '127.0.0.1',
      servername: 'bad.example',
      rejectUnauthorized: false,
    })
    bad.on('error', () => {})
    await closed(bad)
    const good = connectTls({
      port: server.port,
      host: '127.0.0.1',
      servername: 'a.example',
      rejectUnauthorized: false,
    })
    sockets.push(good)
    good.write('who?\r\n')
    expect(String(await new Promise((resolve) => good.once('data', resolve)))).toBe('127.0.0.1 TLSv1.3\r\n')
  })

  test('large output over TLS: sent waits for it', async () => {
    const server = await serve(
      lines(async (_line, say, link) => {
        for (let i = 0; i < 16; i++) {
          say(MEGABYTES(1))
          await link.sent()
        }
        link.close()
      }),
      { tls, implicitTls: true },
    )
    const socket = connectTls({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false })
    sockets.push(socket)
    let octets = 0
    socket.on('data', (chunk) => (octets += chunk.length))
    socket.write('go\r\n')
    await closed(socket)
    expect(octets).toBe(16 << 20)
  })
})

describe('what is left behind', () => {
  test('the signal tells that the connection is over, also who asks later', async () => {
    const links: Link[] = []
    const server = await serve(lines((_line, _say, link) => void links.push(link)))
    const [one, other] = [await dial(server.port), await dial(server.port)]
    for (const socket of [one, other]) socket.write('hello\r\n')
    while (links.length < 2) await new Promise((resolve) => setImmediate(resolve))
    const early = links.map(({ signal }, i) => (i === 0 ? signal : null))[0] as AbortSignal
    expect(early.aborted).toBe(false)
    for (const socket of [one, other]) socket.destroy()
    while (server.connections > 0) await new Promise((resolve) => setImmediate(resolve))
    expect(early.reason).toMatchObject({ name: 'AbortError', message: 'the connection is over' })
    expect(links[1].signal.reason).toBe(early.reason)
  })

  test('connections leave in any order, and those that stay are still known', async () => {
    const server = await serve(
      lines(() => {}),
      { maxConnectionsPerAddress: 5 },
    )
    const clients = await Promise.all([0, 1, 2, 3, 4].map(() => dial(server.port)))
    while (server.connections < 5) await new Promise((resolve) => setImmediate(resolve))
    for (const i of [0, 3, 1]) clients[i].destroy()
    while (server.connections > 2) await new Promise((resolve) => setImmediate(resolve))
    // Three places are free again, and not a fourth.
    const later = await Promise.all([0, 1, 2].map(() => dial(server.port)))
    while (server.connections < 5) await new Promise((resolve) => setImmediate(resolve))
    await closed(await dial(server.port))
    expect(server.connections).toBe(5)
    const ended = [clients[2], clients[4], ...later].map(closed)
    await server.close()
    await Promise.all(ended)
    expect(server.connections).toBe(0)
  })

  test('no handle, whatever the connections were doing', async () => {
    const left = (): string[] => process.getActiveResourcesInfo().filter((kind) => kind !== 'Immediate')
    const added = (before: readonly string[]): string[] => {
      const known = [...before]
      return left().filter((kind) => known.indexOf(kind) === -1 || known.splice(known.indexOf(kind), 1).length === 0)
    }
    await new Promise((resolve) => setImmediate(resolve))
    const before = left()
    const abort = new AbortController()
    const server = await listen(
      lines(
        async (line, say, link) => {
          if (line === 'wait') return link.delay(1_000_000)
          if (line === 'flood') {
            say(MEGABYTES(32))
            return link.flush()
          }
          if (line === 'COMPRESS') link.compress()
        },
        (link) => {
          link.idleTimeout(1_000_000)
          link.deadline(1_000_000)
        },
      ),
      { port: 0, signal: abort.signal },
    )
    const clients = await Promise.all(
      ['wait', 'flood', 'COMPRESS', ''].map(async (line) => {
        const socket = await dial(server.port)
        socket.write(`${line}\r\n`)
        return socket
      }),
    )
    while (server.connections < 4) await new Promise((resolve) => setImmediate(resolve))
    await server.close({ force: true })
    expect(getEventListeners(abort.signal, 'abort')).toEqual([])
    for (const socket of clients) {
      socket.destroy()
      await closed(socket)
    }
    // Handles go in the turn of the event loop behind their `close`.
    for (let turn = 0; turn < 100 && added(before).length > 0; turn++) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(added(before)).toEqual([])
  })

  test('a protocol that cannot make a session ends the connection, not the server', async () => {
    let first = true
    const sound = lines((line, say) => say(line))
    const log: string[] = []
    const server = await serve(
      {
        name: 'lines',
        connect(link) {
          if (!first) return sound.connect(link)
          first = false
          throw new Error('no resources')
        },
      },
      { log: ({ event }) => log.push(event) },
    )
    const broken = await dial(server.port)
    broken.resume()
    await new Promise((resolve) => broken.once('end', resolve))
    expect(log).toContain('session.failed')
    const socket = await dial(server.port)
    socket.write('a\r\n')
    expect(String(await new Promise((resolve) => socket.once('data', resolve)))).toBe('a\r\n')
  })

  test('connections whose PROXY header has not come are counted, too', async () => {
    const log: string[] = []
    const server = await serve(
      lines(() => {}),
      { proxies: ['127.0.0.1'], maxConnections: 2, log: ({ event }) => log.push(event) },
    )
    const first = await dial(server.port)
    const second = await dial(server.port)
    const third = await dial(server.port)
    third.resume()
    await closed(third)
    expect([first.destroyed, second.destroyed]).toEqual([false, false])
    expect(log).toContain('connection.refused')
  })
})
