import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib'
import { ByteWindow, fromLatin1, type LogEvent, NEED_DATA, type Protocol } from '@posthouse/wire'
import { createTlsIdentity, type Listening, listen } from '@posthouse/wire/node'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Command, lineProtocol } from './lines.js'

/** A line protocol whose commands exercise the link. */
const lines = (command: Command): Protocol =>
  lineProtocol(command, (say, link) => ({
    start: () => (link.upgraded ? undefined : say('hello')),
    timedOut: () => say('too late'),
    shutdown() {
      say('going down')
      link.close()
    },
  }))

function reader(socket: Socket) {
  let text = ''
  let wake: (() => void) | null = null
  let closed = false
  const note = (): void => {
    wake?.()
    wake = null
  }
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
    note()
  })
  socket.on('close', () => {
    closed = true
    note()
  })
  socket.on('error', () => {})
  return {
    async line(): Promise<string> {
      while (!text.includes('\r\n')) {
        if (closed) throw new Error(`closed; unread: ${text}`)
        await new Promise<void>((resolve) => (wake = resolve))
      }
      const end = text.indexOf('\r\n')
      const line = text.slice(0, end)
      text = text.slice(end + 2)
      return line
    },
    async end(): Promise<string> {
      while (!closed) await new Promise<void>((resolve) => (wake = resolve))
      return text
    },
  }
}

let folder = ''
let cert = ''
let key = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'posthouse-wire-'))
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', '/CN=localhost', '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')],
    ],
    { stdio: 'ignore' },
  )
  cert = readFileSync(join(folder, 'cert.pem'), 'utf8')
  key = readFileSync(join(folder, 'key.pem'), 'utf8')
})
afterAll(() => rmSync(folder, { recursive: true }))

const open: { close(): Promise<void> }[] = []
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const listening of open.splice(0)) await listening.close()
})

async function serve(protocol: Protocol, options: Partial<Parameters<typeof listen>[1]> = {}): Promise<Listening> {
  const listening = await listen(protocol, { port: 0, ...options })
  open.push({ close: () => listening.close({ force: true }) })
  return listening
}

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  sockets.push(socket)
  await new Promise<void>((resolve) => socket.once('connect', resolve))
  return socket
}

describe('listen', () => {
  test('serves on a free port and tells which', async () => {
    const server = await serve(lines((line, say) => say(line)))
    const socket = await dial(server.port)
    const peer = reader(socket)
    expect(await peer.line()).toBe('hello')
    socket.write('a\r\nb\r\n')
    expect([await peer.line(), await peer.line()]).toEqual(['a', 'b'])
    expect(server.connections).toBe(1)
  })

  test('a port in use is an error, not a crash', async () => {
    const first = await serve(lines(() => {}))
    await expect(
      listen(
        lines(() => {}),
        { port: first.port },
      ),
    ).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  test('refuses more connections than it may have', async () => {
    const server = await serve(
      lines(() => {}),
      { maxConnectionsPerAddress: 1 },
    )
    const first = reader(await dial(server.port))
    expect(await first.line()).toBe('hello')
    const second = reader(await dial(server.port))
    expect(await second.end()).toBe('')
  })

  test('says why, when the protocol has words for it', async () => {
    const protocol = { ...lines(() => {}), refusal: fromLatin1('too many\r\n') }
    const server = await serve(protocol, { maxConnections: 1 })
    const first = await dial(server.port)
    expect(await reader(first).line()).toBe('hello')
    expect(await reader(await dial(server.port)).end()).toBe('too many\r\n')
    // And there is room again when one has gone.
    const gone = new Promise((resolve) => first.once('close', resolve))
    first.end()
    await gone
    let greeting = ''
    while (greeting !== 'hello') greeting = await reader(await dial(server.port)).line()
  })

  test('a Unix socket: for everybody, again after a crash, and not when it is in use', async () => {
    const path = join(folder, 'lines.sock')
    const whoami = lines((_line, say, link) => say(`${link.remote.address} ${link.loopback}`))
    const ask = async (): Promise<string> => {
      const socket = connect(path)
      sockets.push(socket)
      const peer = reader(socket)
      expect(await peer.line()).toBe('hello')
      socket.write('x\r\n')
      return peer.line()
    }
    // What a process leaves behind that is killed.
    const crash = 'require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))'
    expect(() => execFileSync(process.execPath, ['-e', crash, path], { stdio: 'ignore' })).toThrow()
    expect(existsSync(path)).toBe(true)
    const first = await listen(whoami, { path, everybody: true, maxConnectionsPerAddress: 1 })
    expect([first.host, first.port]).toEqual([path, 0])
    expect(statSync(path).mode & 0o222).toBe(0o222)
    expect([await ask(), await ask()]).toEqual([' true', ' true'])
    await expect(listen(whoami, { path })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await first.close({ force: true })
    expect(existsSync(path)).toBe(false)
    await using second = await listen(whoami, { path })
    expect(second.connections).toBe(0)
    expect(statSync(path).mode & 0o022).toBe(0)
  })

  test('nowhere to listen', async () => {
    await expect(
      listen(
        lines(() => {}),
        {},
      ),
    ).rejects.toThrow('`port` or `path`')
  })

  test('an idle connection is told so and closed', async () => {
    const log: LogEvent[] = []
    const server = await serve(
      lines((_line, _say, link) => link.idleTimeout(20)),
      { log: (event) => log.push(event) },
    )
    const socket = await dial(server.port)
    const peer = reader(socket)
    socket.write('start the clock\r\n')
    expect(await peer.line()).toBe('hello')
    expect(await peer.line()).toBe('too late')
    await peer.end()
    expect(log.some((event) => event.event === 'connection.timeout')).toBe(true)
  })

  test('a deadline holds although the peer talks', async () => {
    const server = await serve(lines((line, say, link) => (line === 'go' ? link.deadline(30) : say(line))))
    const socket = await dial(server.port)
    const peer = reader(socket)
    await peer.line()
    socket.write('go\r\n')
    let line = ''
    while (line !== 'too late') {
      socket.write('x\r\n')
      line = await peer.line()
    }
    await peer.end()
  })

  test('closes gracefully: sessions say goodbye, and close resolves when all are gone', async () => {
    const server = await serve(lines((line, say) => say(line)))
    const peer = reader(await dial(server.port))
    expect(await peer.line()).toBe('hello')
    const closing = server.close()
    expect(await peer.line()).toBe('going down')
    await peer.end()
    await closing
    expect(server.connections).toBe(0)
    await expect(dialFails(server.port)).resolves.toBe('ECONNREFUSED')
  })

  test.each([10_000, Number.POSITIVE_INFINITY])(
    'a handler in progress finishes before the goodbye: %d ms',
    async (timeout) => {
      let finish: () => void = () => {}
      let started: () => void = () => {}
      const running = new Promise<void>((resolve) => (started = resolve))
      const server = await serve(
        lines(async (line, say) => {
          started()
          await new Promise<void>((resolve) => (finish = resolve))
          say(`done ${line}`)
        }),
      )
      const socket = await dial(server.port)
      const peer = reader(socket)
      await peer.line()
      socket.write('work\r\n')
      await running
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
      const closing = server.close({ timeout })
      vi.advanceTimersByTime(9_999)
      vi.useRealTimers()
      finish()
      const said = [await peer.line(), await peer.line()]
      expect(said).toContain('done work')
      await closing
    },
  )

  test('a peer that does not read holds its session, not the server', async () => {
    const block = new Uint8Array(65_536).fill(120)
    let produced = 0
    let held: () => void = () => {}
    const waiting = new Promise<void>((resolve) => (held = resolve))
    const server = await serve(
      lines(async (_line, say, link) => {
        for (let i = 0; i < 512; i++) {
          say(block)
          produced++
          const slow = link.flush()
          if (slow) {
            held()
            await slow
          }
        }
      }),
    )
    const socket = await dial(server.port)
    socket.pause()
    socket.write('flood\r\n')
    await waiting
    expect(produced).toBeLessThan(512)
    let received = 0
    await new Promise<void>((resolve) => {
      socket.on('data', (chunk) => {
        received += chunk.length
        if (received === 512 * block.length + 'hello\r\n'.length) resolve()
      })
      socket.resume()
    })
    expect(produced).toBe(512)
  })
})

/** Gives what comes to a session that looks at it only after a while, and says the hash of it all. */
function slowHash(): Protocol {
  return {
    name: 'hash',
    connect(link) {
      let chunk: Uint8Array | null = null
      let ended = false
      const output: Uint8Array[] = []
      const hash = createHash('sha256')
      return {
        engine: {
          receive: (octets) => void (chunk = octets),
          receiveEnd: () => void (ended = true),
          next() {
            const octets = chunk
            chunk = null
            return octets ? { type: 'octets', octets } : ended ? { type: 'end' } : NEED_DATA
          },
          send() {},
          takeOutput: () => output.splice(0),
        },
        session: {
          async handle(event) {
            const { octets } = event as unknown as { octets?: Uint8Array }
            if (octets) {
              await new Promise((resolve) => setImmediate(resolve))
              hash.update(octets)
            } else {
              output.push(hash.digest())
              link.close()
            }
          },
        },
      }
    },
  }
}

test('octets stay what they were while a session thinks, whoever else sends in the meantime', async () => {
  const { port } = await serve(slowHash())
  const send = async (seed: number): Promise<void> => {
    const socket = await dial(port)
    const hash = createHash('sha256')
    const heard: Buffer[] = []
    socket.on('data', (octets) => heard.push(octets))
    for (let i = 0; i < 60; i++) {
      // Small ones and big ones in turn: they are read in different ways.
      const octets = Buffer.alloc(i % 3 === 0 ? 20 + seed : (i * 7919 * seed) % 200_000, seed * 16 + i)
      hash.update(octets)
      await new Promise<void>((resolve) => socket.write(octets, () => resolve()))
    }
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.end()
    await closed
    expect(Buffer.concat(heard).toString('hex')).toBe(hash.digest('hex'))
  }
  await Promise.all([1, 2, 3, 4, 5].map(send))
})

function dialFails(port: number): Promise<string> {
  return new Promise((resolve) => {
    connect(port, '127.0.0.1').once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
  })
}

describe('the memory that sockets read into', () => {
  /** Hands out all octets as they come, as views. */
  function pieces(take: (piece: Uint8Array) => void | Promise<void>): Protocol {
    const window = new ByteWindow()
    return {
      name: 'pieces',
      connect: () => ({
        engine: {
          receive: (chunk) => window.push(chunk),
          release: () => window.release(),
          receiveEnd() {},
          next: () =>
            window.length === 0
              ? NEED_DATA
              : ({ type: 'piece', piece: window.take(window.length) } as { type: string }),
          send() {},
          takeOutput: () => [],
        },
        session: { handle: (event) => take((event as unknown as { piece: Uint8Array }).piece) },
      }),
    }
  }

  test('is used again behind a piece that was read at once, never under one that is still looked at', async () => {
    const size = 3_000_000
    const sent = Buffer.alloc(size).map((_, i) => i % 251)
    const memories = new Set<ArrayBufferLike>()
    let turn = (): void => {}
    let quickly = 0
    let slowly = 0
    const quick = await listen(
      pieces((piece) => {
        expect(Buffer.compare(piece, sent.subarray(quickly, quickly + piece.length))).toBe(0)
        quickly += piece.length
        if (piece.length > 8192) memories.add(piece.buffer)
        turn()
      }),
      { port: 0 },
    )
    const slow = await listen(
      pieces(async (piece) => {
        // The other connection reads on meanwhile.
        if (quickly < size) await new Promise<void>((resolve) => (turn = resolve))
        expect(Buffer.compare(piece, sent.subarray(slowly, slowly + piece.length))).toBe(0)
        slowly += piece.length
      }),
      { port: 0 },
    )
    const send = async (port: number): Promise<void> => {
      const socket = connect(port, '127.0.0.1')
      socket.end(sent)
      socket.resume()
      await new Promise((resolve) => socket.once('close', resolve))
    }
    await Promise.all([send(quick.port), send(slow.port)])
    expect([quickly, slowly]).toEqual([size, size])
    expect(memories.size).toBeLessThan(5)
    await quick.close()
    await slow.close()
  })

  test('comes back from a hundred mails that all wait for their handlers', async () => {
    const [connections, size] = [100, 10_000]
    const mail = Buffer.alloc(size).map((_, i) => i % 251)
    const seen = new Set<ArrayBufferLike>()
    const fresh: number[] = []
    let heard = 0
    let answer = (): void => {}
    let answered = new Promise<void>((resolve) => (answer = resolve))
    let all = (): void => {}
    const server = await listen(
      pieces(async (piece) => {
        seen.add(piece.buffer)
        heard += piece.length
        if (heard === connections * size) all()
        await answered
        expect(piece.every((octet) => octet < 251)).toBe(true)
      }),
      { port: 0 },
    )
    const clients = await Promise.all(Array.from({ length: connections }, () => dial(server.port)))
    for (let round = 0; round < 5; round++) {
      const before = seen.size
      const come = new Promise<void>((resolve) => (all = resolve))
      for (const client of clients) client.write(mail)
      await come
      fresh.push(seen.size - before)
      heard = 0
      answer()
      answered = new Promise<void>((resolve) => (answer = resolve))
    }
    answer()
    // The first rounds need memory; a mail that comes in two reads may need a little more of it.
    expect(fresh[3] + fresh[4]).toBeLessThan(connections / 4)
    await server.close()
  })
})

describe('TLS', () => {
  async function dialTls(port: number, servername?: string): Promise<TLSSocket> {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...(servername && { servername }) })
    sockets.push(socket)
    await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
    return socket
  }

  test('from the first octet', async () => {
    const server = await serve(
      lines((_line, say, link) => say(link.tls?.protocol ?? 'clear')),
      { tls: { cert, key }, implicitTls: true },
    )
    const socket = await dialTls(server.port)
    const peer = reader(socket)
    expect(await peer.line()).toBe('hello')
    socket.write('?\r\n')
    expect(await peer.line()).toBe('TLSv1.3')
  })

  test('after STARTTLS, with a new session', async () => {
    const server = await serve(
      lines((line, say, link) => {
        if (line !== 'STARTTLS') return say(link.tls ? `${link.upgraded}` : 'clear')
        say('go')
        link.startTls()
      }),
      { tls: { cert, key } },
    )
    const socket = await dial(server.port)
    const clear = reader(socket)
    await clear.line()
    socket.write('?\r\n')
    expect(await clear.line()).toBe('clear')
    socket.write('STARTTLS\r\n')
    expect(await clear.line()).toBe('go')
    socket.removeAllListeners('data')
    const encrypted = connectTls({ socket, rejectUnauthorized: false })
    const peer = reader(encrypted)
    encrypted.write('?\r\n')
    expect(await peer.line()).toBe('true')
  })

  test('bytes sent behind STARTTLS are never commands', async () => {
    const heard: string[] = []
    const server = await serve(
      lines((line, say, link) => {
        heard.push(line)
        if (line !== 'STARTTLS') return
        say('go')
        link.startTls()
      }),
      { tls: { cert, key } },
    )
    const socket = await dial(server.port)
    const peer = reader(socket)
    await peer.line()
    socket.write('STARTTLS\r\n')
    expect(await peer.line()).toBe('go')
    socket.write('INJECTED\r\n')
    await peer.end()
    expect(heard).toEqual(['STARTTLS'])
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    '%s: a client that is asked for a certificate may come back with its session, and is known again',
    async (version) => {
      const server = await serve(
        lines((_line, say, link) => say(`${link.tls?.peerCertificate?.authorized}`)),
        { tls: { cert, key, ca: cert, requestClientCertificate: true }, implicitTls: true },
      )
      const come = async (session?: Buffer) => {
        const { port } = server
        const versions = { minVersion: version, maxVersion: version }
        const socket = connectTls({
          port,
          host: '127.0.0.1',
          rejectUnauthorized: false,
          cert,
          key,
          session,
          ...versions,
        })
        sockets.push(socket)
        const given = new Promise<Buffer>((resolve, reject) => socket.once('session', resolve).once('error', reject))
        const peer = reader(socket)
        await peer.line()
        socket.write('?\r\n')
        return { authorized: await peer.line(), reused: socket.isSessionReused(), given }
      }
      const first = await come()
      const again = await come(await first.given)
      expect([first.authorized, first.reused, again.authorized, again.reused]).toEqual(['true', false, 'true', true])
    },
  )

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('%s: who is trusted at one host is so there alone', async (version) => {
    const server = await serve(
      lines((_line, say, link) => say(`${link.tls?.peerCertificate?.authorized}`)),
      {
        tls: { cert, key, requestClientCertificate: true, hosts: new Map([['a.example', { cert, key, ca: cert }]]) },
        implicitTls: true,
      },
    )
    const come = async (servername: string, session?: Buffer) => {
      const { port } = server
      const versions = { minVersion: version, maxVersion: version }
      const client = { port, host: '127.0.0.1', servername, session, rejectUnauthorized: false, cert, key, ...versions }
      const socket = connectTls(client)
      sockets.push(socket)
      const given = new Promise<Buffer>((resolve, reject) => socket.once('session', resolve).once('error', reject))
      const peer = reader(socket)
      await peer.line()
      socket.write('?\r\n')
      return { authorized: await peer.line(), given, reused: socket.isSessionReused() }
    }
    const first = await come('a.example')
    const again = await come('a.example', await first.given)
    const other = await come('b.example', await first.given)
    expect([first.authorized, again.authorized, other.authorized]).toEqual(['true', 'true', 'false'])
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    '%s: who was trusted comes back with no session where the authority is another one, whatever keys tickets have',
    async (version) => {
      const ticketKeys = Buffer.alloc(48, 7)
      const material = { cert, key, ticketKeys, requestClientCertificate: true }
      const identity = createTlsIdentity({ ...material, ca: cert })
      const server = await serve(
        lines((_line, say, link) => say(`${link.tls?.peerCertificate?.authorized}`)),
        { tls: identity, implicitTls: true },
      )
      const come = async (session?: Buffer) => {
        const { port } = server
        const versions = { minVersion: version, maxVersion: version }
        const client = { port, host: '127.0.0.1', session, rejectUnauthorized: false, cert, key, ...versions }
        const socket = connectTls(client)
        sockets.push(socket)
        const given = new Promise<Buffer>((resolve, reject) => socket.once('session', resolve).once('error', reject))
        const peer = reader(socket)
        await peer.line()
        socket.write('?\r\n')
        return { authorized: await peer.line(), given, reused: socket.isSessionReused() }
      }
      const first = await come()
      identity.replace({ ...material, ca: cert })
      const again = await come(await first.given)
      identity.replace(material)
      const last = await come(await first.given)
      expect([first.authorized, again.authorized, again.reused]).toEqual(['true', 'true', true])
      expect([last.authorized, last.reused]).toEqual(['false', false])
    },
  )

  test('both ends see the same channel binding', async () => {
    const server = await serve(
      lines((line, say, link) => {
        const binding = link.tls?.channelBinding(line as 'tls-exporter' | 'tls-server-end-point')
        say(Buffer.from(binding ?? []).toString('hex'))
      }),
      { tls: { cert, key }, implicitTls: true },
    )
    const socket = await dialTls(server.port)
    const peer = reader(socket)
    await peer.line()
    socket.write('tls-exporter\r\ntls-server-end-point\r\n')
    expect(await peer.line()).toBe(
      socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)).toString('hex'),
    )
    // The certificate is signed with ECDSA and SHA-256, so its end-point binding is its SHA-256 fingerprint.
    expect(await peer.line()).toBe(socket.getPeerCertificate().fingerprint256.replaceAll(':', '').toLowerCase())
  })

  test('a certificate is replaced while the server runs', async () => {
    const identity = createTlsIdentity({ cert, key })
    const server = await serve(
      lines(() => {}),
      { tls: identity, implicitTls: true },
    )
    const before = (await dialTls(server.port)).getPeerCertificate().fingerprint256
    const next = join(folder, 'next')
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
        ...['-subj', '/CN=next.example', '-keyout', `${next}.key`, '-out', `${next}.pem`],
      ],
      { stdio: 'ignore' },
    )
    const material = { cert: readFileSync(`${next}.pem`, 'utf8'), key: readFileSync(`${next}.key`, 'utf8') }
    identity.replace({ cert, key, hosts: new Map([['Next.example', material]]) })
    expect((await dialTls(server.port)).getPeerCertificate().fingerprint256).toBe(before)
    expect((await dialTls(server.port, 'next.example')).getPeerCertificate().subject.CN).toBe('next.example')
  })

  test('a handshake that is none is logged and closed; the server goes on', async () => {
    const log: LogEvent[] = []
    const server = await serve(
      lines(() => {}),
      { tls: { cert, key }, implicitTls: true, log: (event) => log.push(event) },
    )
    const socket = await dial(server.port)
    const peer = reader(socket)
    socket.write('EHLO in clear text\r\n')
    await peer.end()
    expect(log.some((event) => event.event === 'tls.failed')).toBe(true)
    expect(await reader(await dialTls(server.port)).line()).toBe('hello')
  })

  test('a client that does not trust the certificate and leaves is gone at once', async () => {
    const failed: (string | undefined)[] = []
    let closed = (): void => {}
    const gone = new Promise<void>((resolve) => {
      closed = resolve
    })
    const server = await serve(
      lines((_line, say, link) => {
        say('go ahead')
        link.startTls()
      }),
      {
        tls: { cert, key },
        log({ event, message }) {
          if (event === 'tls.failed') failed.push(message)
          if (event === 'connection.closed') closed()
        },
      },
    )
    const socket = await dial(server.port)
    const peer = reader(socket)
    await peer.line()
    socket.write('STARTTLS\r\n')
    await peer.line()
    // Node's client ends the connection without an alert.
    const encrypted = connectTls({ socket, servername: 'localhost' })
    await new Promise((resolve) => encrypted.once('error', resolve))
    encrypted.destroy()
    await gone
    expect(failed).toEqual(['the client left during the TLS handshake'])
  })
})

describe('COMPRESS', () => {
  function compressed(): Protocol {
    return lines((line, say, link) => {
      say(line === 'COMPRESS' ? 'ok' : line)
      if (line === 'COMPRESS') link.compress()
    })
  }

  test('both directions, each answer visible at once', async () => {
    const server = await serve(compressed())
    const socket = await dial(server.port)
    const clear = reader(socket)
    await clear.line()
    socket.write('COMPRESS\r\n')
    expect(await clear.line()).toBe('ok')
    socket.removeAllListeners('data')
    const inflate = createInflateRaw({ finishFlush: constants.Z_SYNC_FLUSH })
    const deflate = createDeflateRaw()
    deflate.pipe(socket)
    const peer = reader(socket.pipe(inflate) as unknown as Socket)
    for (const text of ['one', 'two', 'three']) {
      deflate.write(`${text}\r\n`)
      deflate.flush(constants.Z_SYNC_FLUSH)
      expect(await peer.line()).toBe(text)
    }
  })

  test('a bomb ends its connection', async () => {
    const log: LogEvent[] = []
    const server = await serve(compressed(), { log: (event) => log.push(event) })
    const socket = await dial(server.port)
    const peer = reader(socket)
    await peer.line()
    socket.write('COMPRESS\r\n')
    await peer.line()
    const deflate = createDeflateRaw({ level: 9 })
    deflate.pipe(socket)
    deflate.end(Buffer.alloc(64 << 20))
    await peer.end()
    expect(log.find((event) => event.event === 'connection.aborted')?.message).toContain('grows too much')
  })
})

test('where timers are numbers, as in the window of a jsdom, connections are served and ended', async () => {
  const { setTimeout, setInterval } = globalThis
  vi.stubGlobal('setTimeout', (...given: Parameters<typeof setTimeout>) => Number(setTimeout(...given)))
  vi.stubGlobal('setInterval', (...given: Parameters<typeof setInterval>) => Number(setInterval(...given)))
  try {
    const bye = lines((line, say, link) => {
      say(line)
      link.idleTimeout(60_000)
      if (line === 'bye') link.close()
    })
    const { port } = await serve(bye, { tls: { cert, key }, implicitTls: true })
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
    const client = reader(socket)
    socket.write('hi\r\nbye\r\n')
    expect(await client.end()).toBe('hello\r\nhi\r\nbye\r\n')
  } finally {
    vi.unstubAllGlobals()
  }
})
