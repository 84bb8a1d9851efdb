/** Messages into Node streams: files, slow ones, broken ones. */
import { once } from 'node:events'
import { createWriteStream, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { fromLatin1, latin1 } from '@posthouse/wire'
import { connectInMemory } from '@posthouse/wire/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createSmtpServer, discard, type LogEvent, reply, type SmtpClient, type SmtpHandler } from '../src/index.js'
import { connectSmtp, streamTo } from '../src/node/index.js'
import { testServers } from './client/sockets.js'

const servers = testServers()
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'posthouse-stream-'))
})
afterEach(async () => {
  await servers.stop()
  rmSync(folder, { recursive: true })
})

const events: LogEvent[] = []
afterEach(() => events.splice(0))

async function connect(...handlers: readonly SmtpHandler[]): Promise<() => Promise<SmtpClient>> {
  const log = (event: LogEvent): void => void (event.level === 'error' && events.push(event))
  const { port } = await servers.serve(createSmtpServer({ handlers, log }))
  // DATA, as pieces of BDAT are copied for being gathered.
  return () => connectSmtp({ host: '127.0.0.1', port, ignore: ['CHUNKING'] })
}

const mail = (text: string) => ({
  envelope: { reversePath: 'a@example.net', recipients: ['b@example.org'] },
  message: fromLatin1(text),
})
const letter = (character: string, lines = 8_000): string => `${`${character.repeat(70)}\r\n`.repeat(lines)}`

test('files of many senders at once hold what each of them has sent', async () => {
  const open = await connect(streamTo(({ id }) => createWriteStream(join(folder, `${id}.eml`))))
  const sent = await Promise.all(
    [...'abcdefgh'].map(async (character) => {
      await using client = await open()
      await client.send(mail(letter(character)))
      return letter(character)
    }),
  )
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1'))
  expect(files.sort().every((text, i) => text === sent[i])).toBe(true)
  expect(files).toHaveLength(8)
})

test('a stream that looks at the octets long after it has taken them', async () => {
  const kept: Promise<Buffer>[] = []
  const open = await connect(
    streamTo(() => {
      const through = new PassThrough({ highWaterMark: 1 << 24 })
      // Nobody reads before all is there.
      kept.push(once(through, 'finish').then(() => buffer(through)))
      return through
    }),
  )
  await Promise.all(
    [...'abcd'].map(async (character) => {
      await using client = await open()
      await client.send(mail(letter(character)))
    }),
  )
  const texts = (await Promise.all(kept)).map((octets) => octets.toString('latin1')).sort()
  expect(texts.every((text, i) => text === letter('abcd'[i]))).toBe(true)
})

test('a slow stream slows the client: what waits does not grow', async () => {
  let most = 0
  let octets = 0
  const open = await connect(
    streamTo(
      () =>
        new Writable({
          highWaterMark: 16_384,
          write(chunk: Uint8Array, _encoding, done) {
            most = Math.max(most, this.writableLength)
            octets += chunk.length
            setImmediate(done)
          },
        }),
    ),
  )
  const text = letter('x', 60_000)
  await using client = await open()
  await client.send(mail(text))
  expect(octets).toBe(text.length)
  expect(most).toBeLessThan(300_000)
})

test.each<[string, () => Writable]>([
  ['cannot be opened', () => createWriteStream(join(folder, 'no', 'such', 'folder'))],
  ['fails at the first write', () => new Writable({ write: (_chunk, _encoding, done) => done(new Error('full')) })],
  [
    'fails at the end',
    () => new Writable({ write: (_c, _e, done) => done(), final: (done) => done(new Error('full')) }),
  ],
  [
    'is closed by somebody else',
    () =>
      new Writable({
        write() {
          this.destroy()
        },
      }),
  ],
])('a stream that %s: the client may try again, and the server goes on', async (_name, make) => {
  let aborted = 0
  const open = await connect(streamTo(make, { aborted: () => void aborted++ }))
  await using client = await open()
  for (const text of ['x\r\n', letter('x')]) {
    await expect(client.send(mail(text))).rejects.toMatchObject({ reply: { code: 451 }, temporary: true })
  }
  expect(events.map(({ event }) => event)).toEqual(['handler.failed', 'handler.failed'])
  await expect.poll(() => aborted).toBe(2)
})

test('a message that another handler refuses leaves nothing behind', async () => {
  const seen: string[] = []
  const open = await connect(
    { message: () => reply(550, '5.7.1', 'no') },
    streamTo(({ id }) => createWriteStream(join(folder, id)), {
      aborted({ id }) {
        rmSync(join(folder, id))
        seen.push('removed')
      },
    }),
  )
  await using client = await open()
  await expect(client.send(mail(letter('x')))).rejects.toMatchObject({ reply: { code: 550 } })
  await client.noop()
  await expect.poll(() => seen).toEqual(['removed'])
  expect(readdirSync(folder)).toEqual([])
  expect(events).toEqual([])
})

test('the client goes away while the stream is full', async () => {
  let closed = (): void => {}
  const aborted = new Promise<void>((resolve) => (closed = resolve))
  let stream: Writable | undefined
  const never = (): Writable => (stream = new Writable({ highWaterMark: 1, write() {} }))
  const connection = connectInMemory(createSmtpServer({ handlers: [streamTo(never, { aborted: closed })] }))
  connection.send(fromLatin1('EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n'))
  while (!latin1(connection.take()).includes('354')) await connection.output()
  connection.send(fromLatin1(letter('x', 10)))
  connection.driver.lost({ type: 'peer' })
  await aborted
  expect(stream?.destroyed).toBe(true)
})

test('what is said, and which messages are wanted', async () => {
  const sizes: number[] = []
  const wanted = streamTo(
    async ({ reversePath }) => (reversePath ? createWriteStream(join(folder, 'message')) : null),
    {
      name: 'archive',
      complete(message) {
        sizes.push(message.size)
        expect(readFileSync(join(folder, 'message'))).toHaveLength(message.size)
        return message.size > 100 ? reply(552, '5.3.4', 'too long') : undefined
      },
    },
  )
  const open = await connect(wanted, discard())
  await using client = await open()
  await client.send(mail('x\r\n'))
  await expect(client.send(mail(letter('x', 2)))).rejects.toMatchObject({ reply: { code: 552 } })
  await client.send({ ...mail('x\r\n'), envelope: { reversePath: null, recipients: ['b@example.org'] } })
  expect(sizes).toEqual([3, 144])
})
