import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectSocket } from 'node:net'
import { constants, createDeflateRaw, createInflateRaw, deflateRawSync } from 'node:zlib'
import { Flag } from '@posthouse/store-api'
import { ImapFlow } from 'imapflow'
import { afterEach, expect, test } from 'vitest'
import { type Listening, listen } from '../src/node/index.js'
import { HELLO, serverOver, type TestServer, testServer } from './servers.js'
import { emptyStore } from './stores.js'

let listening: Listening
const clients: ImapFlow[] = []

afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  await listening.close({ force: true })
})

async function start(made: TestServer = testServer()): Promise<TestServer> {
  listening = await listen(made.server, { port: 0 })
  return made
}

async function connect(options: { readonly disableCompression?: boolean } = {}): Promise<ImapFlow> {
  const client = new ImapFlow({
    ...options,
    host: '127.0.0.1',
    port: listening.port,
    secure: false,
    auth: { user: 'alice', pass: 'secret' },
    logger: false,
    qresync: true,
  })
  // A server that goes away at the end of a test is no error.
  client.on('error', () => {})
  clients.push(client)
  await client.connect()
  return client
}

test('imapflow logs in (compressed), lists, selects and fetches', async () => {
  const made = await start()
  await made.deliver(HELLO, { prefix: 'Return-Path: <alice@example.org>\r\n' })
  await made.deliver(HELLO, { flags: Flag.Seen, keywords: ['$Forwarded'] })
  const client = await connect()
  expect(client.enabled).toContain('QRESYNC')
  // It has asked for COMPRESS=DEFLATE, and reads through it from here on.
  expect((client as unknown as { _inflate: unknown })._inflate).toBeTruthy()
  await client.mailboxCreate(['Work', 'Grüße'])
  const names = (await client.list()).map((mailbox) => mailbox.path)
  expect(names).toEqual(expect.arrayContaining(['INBOX', 'Work/Grüße']))
  const lock = await client.getMailboxLock('INBOX')
  expect(client.mailbox).toMatchObject({ exists: 2, uidNext: 3 })
  const fetched = await client.fetchAll('1:*', {
    envelope: true,
    flags: true,
    bodyStructure: true,
    source: true,
    size: true,
  })
  expect(fetched.map((one) => one.envelope?.subject)).toEqual(['Hello', 'Hello'])
  expect(fetched[0]?.source?.toString()).toBe(`Return-Path: <alice@example.org>\r\n${HELLO}`)
  expect(fetched[1]?.source?.toString()).toBe(HELLO)
  expect([...(fetched[1]?.flags ?? [])].sort()).toEqual(['$Forwarded', '\\Seen'])
  expect(await client.search({ seen: false, subject: 'hello' }, { uid: true })).toEqual([1])
  lock.release()
  await client.logout()
})

test('a 25 MB attachment comes back identical', async () => {
  await start()
  const client = await connect()
  const body = Buffer.alloc(25 * 1024 * 1024)
  for (let i = 0; i < body.length; i++) body[i] = (i * 31 + (i >> 9)) & 255
  const lines = (body.toString('base64').match(/.{1,76}/g) as string[]).join('\r\n')
  const source = Buffer.from(
    `Subject: big\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n${lines}\r\n`,
  )
  const appended = await client.append('INBOX', source, ['\\Seen'])
  expect(appended).toMatchObject({ uid: 1 })
  const lock = await client.getMailboxLock('INBOX')
  const one = await client.fetchOne('1', { source: true, size: true })
  expect(one).toMatchObject({ size: source.length })
  expect((one as { source?: Buffer }).source?.equals(source)).toBe(true)
  lock.release()
})

test.each([
  ['compressed', false],
  ['in clear text', true],
] as const)(
  'octets that the store keeps in memory which it uses again, %s, to a client that reads slowly',
  async (_, disableCompression) => {
    await start(testServer({ store: await emptyStore('SQLite') }))
    const client = await connect({ disableCompression })
    // Every line is another one, and no piece of the store begins with a line.
    const lines = Array.from({ length: 200_000 }, (_, i) => `${i} ${(i * 2_654_435_761) % 4_294_967_296}`).join('\r\n')
    const source = Buffer.from(`Subject: big\r\n\r\n${lines}\r\n`)
    expect(source.length).toBeGreaterThan(3_000_000)
    await client.append('INBOX', source)
    await client.getMailboxLock('INBOX')
    const { content } = await client.download('1', undefined, { chunkSize: 10_000_000 })
    const pieces: Buffer[] = []
    for await (const piece of content as AsyncIterable<Buffer>) {
      pieces.push(piece)
      await new Promise(setImmediate)
    }
    expect(Buffer.concat(pieces).equals(source)).toBe(true)
  },
)

test.each([
  ['at once', 0, false],
  ['in a later turn', 2, false],
  ['in a later turn, compressed', 2, true],
])('pipelined commands of a client that does not read wait; the store answers %s', async (_, turns, compressed) => {
  const later = async (count: number): Promise<void> => {
    for (let turn = 0; turn < count; turn++) await new Promise(setImmediate)
  }
  const made = testServer()
  // Octets that cannot be compressed: what a few megabytes of the operating system hold is a few megabytes of mail.
  const size = 48_000
  await made.deliver(`Subject: 1\r\n\r\n${randomBytes((size * 3) / 4).toString('base64')}\r\n`)
  let asked = 0
  const server = serverOver(made, (account) => ({
    async *messages(...query: Parameters<typeof account.messages>) {
      asked++
      await later(turns)
      yield* account.messages(...query)
    },
  }))
  listening = await listen(server, { port: 0 })
  const socket = connectSocket(listening.port, '127.0.0.1')
  socket.write('1 LOGIN alice secret\r\n2 SELECT INBOX\r\n')
  if (compressed) {
    socket.write('3 COMPRESS DEFLATE\r\n')
    let said = ''
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      said += chunk
      if (said.includes('3 OK')) break
    }
  }
  const commands = 'f FETCH 1 BODY.PEEK[]\r\n'.repeat(4000)
  socket.write(compressed ? deflateRawSync(commands, { finishFlush: constants.Z_SYNC_FLUSH }) : commands)
  socket.pause()
  let before = -1
  while (asked < 40 || asked > before) {
    before = asked
    await later(2000)
  }
  expect(before).toBeLessThan(20_000_000 / size)
  socket.destroy()
})

test('flags set by one client, and new and expunged messages, are pushed to another in IDLE', async () => {
  const made = await start()
  await made.deliver(HELLO)
  const [watcher, actor] = [await connect(), await connect()]
  const held = await watcher.getMailboxLock('INBOX')
  const lock = await actor.getMailboxLock('INBOX')
  const idling = watcher.idle()
  const flagged = once(watcher, 'flags')
  await actor.messageFlagsAdd('1', ['\\Flagged', '$Work'])
  const [told] = await flagged
  expect([...told.flags].sort()).toEqual(['$Work', '\\Flagged'])
  const grown = once(watcher, 'exists')
  await made.deliver(HELLO)
  expect((await grown)[0]).toMatchObject({ count: 2, prevCount: 1 })
  const gone = once(watcher, 'expunge')
  await actor.messageDelete('1')
  expect((await gone)[0]).toMatchObject({ path: 'INBOX', vanished: true, uid: 1 })
  lock.release()
  held.release()
  await watcher.noop()
  await idling
})

test('RFC 8437 §3, RFC 4978 §3: while a connection is compressed, neither UNAUTHENTICATE nor COMPRESS is told or possible', async () => {
  await start()
  const socket = connectSocket(listening.port, '127.0.0.1')
  let heard = ''
  /** What comes, up to the end of a line that begins with this. */
  const until = async (stream: NodeJS.ReadableStream, wanted: string): Promise<string> => {
    while (
      !heard
        .split('\r\n')
        .slice(0, -1)
        .some((line) => line.startsWith(wanted))
    ) {
      heard += String((await once(stream, 'data'))[0])
    }
    const told = heard
    heard = ''
    return told
  }
  await until(socket, '* OK')
  socket.write('a LOGIN alice secret\r\n')
  expect(await until(socket, 'a OK')).toContain(' UNAUTHENTICATE')
  socket.write('b COMPRESS DEFLATE\r\n')
  await until(socket, 'b OK')
  const out = createDeflateRaw({ flush: constants.Z_SYNC_FLUSH })
  const input = createInflateRaw()
  out.pipe(socket)
  socket.pipe(input)
  out.write('c CAPABILITY\r\n')
  expect(await until(input, 'c OK')).not.toMatch(/ (UNAUTHENTICATE|COMPRESS=DEFLATE)\b/)
  out.write('f COMPRESS DEFLATE\r\n')
  expect(await until(input, 'f ')).toMatch(/^f NO \[COMPRESSIONACTIVE\] /)
  out.write('d UNAUTHENTICATE\r\ne SELECT INBOX\r\n')
  const told = await until(input, 'e ')
  expect(told).toMatch(/^d BAD /)
  expect(told).toContain('e OK [READ-WRITE]')
  socket.destroy()
})
