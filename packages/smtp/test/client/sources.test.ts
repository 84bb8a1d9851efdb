/** What a message may be: octets, what gives them piece by piece, what can be read again; and what it may not be. */
import { once } from 'node:events'
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { runInNewContext } from 'node:vm'
import { fromLatin1, latin1 } from '@posthouse/wire'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createSmtpPool, createSmtpServer, type OutgoingMessage, onMessage } from '../../src/index.js'
import { connectSmtp } from '../../src/node/index.js'
import { testServers } from './sockets.js'

const TEXT = `Subject: a file\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(2_000)}`
const envelope = { reversePath: 'alice@example.net', recipients: ['bob@example.org'] }
const servers = testServers()
afterEach(() => servers.stop())

let folder: string
let file: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'posthouse-sources-'))
  file = join(folder, 'message.eml')
  writeFileSync(file, TEXT)
})
afterAll(() => rmSync(folder, { recursive: true }))

async function keeper() {
  const kept: string[] = []
  const { port } = await servers.serve(
    createSmtpServer({ handlers: [onMessage((m) => void kept.push(latin1(m.octets())))] }),
  )
  return { kept, connect: () => connectSmtp({ host: '127.0.0.1', port }) }
}

async function readable(): Promise<Readable> {
  const stream = createReadStream(file)
  await once(stream, 'readable')
  return stream
}

describe('a message', () => {
  test.each<[string, () => OutgoingMessage | Promise<OutgoingMessage>]>([
    ['octets', () => fromLatin1(TEXT)],
    ['octets of another realm', () => runInNewContext('Uint8Array.from(octets)', { octets: fromLatin1(TEXT) })],
    ['a file that is read as a stream', () => createReadStream(file)],
    ['a stream that has octets already', readable],
    ['a web stream', () => Readable.toWeb(createReadStream(file)) as AsyncIterable<Uint8Array>],
    ['pieces', () => [fromLatin1(TEXT.slice(0, 99)), fromLatin1(TEXT.slice(99))]],
    ['what can be read again', () => ({ read: () => createReadStream(file) })],
  ])('is %s', async (_name, make) => {
    const { kept, connect } = await keeper()
    await using client = await connect()
    await client.send({ envelope, message: await make() })
    expect(kept).toEqual([TEXT])
  })

  test.each<[string, unknown, RegExp]>([
    ['text', TEXT, /a message is octets.* not text: encode it/],
    ['nothing', null, /not null/],
    ['undefined', undefined, /not undefined/],
    ['a number', 7, /not a value of type number/],
    ['an object', { text: TEXT }, /not a value of type object/],
    ['pieces of text', [TEXT], /the pieces of a message are octets, and not text/],
    ['a stream with an encoding', Readable.from([fromLatin1(TEXT)]).setEncoding('utf8'), /the pieces/],
    ['what reads text', { read: () => TEXT }, /not text/],
  ])('is not %s: sending it again is of no use', async (_name, message, words) => {
    const { kept, connect } = await keeper()
    await using client = await connect()
    const failed = client.send({ envelope, message: message as OutgoingMessage })
    await expect(failed).rejects.toMatchObject({
      name: 'SmtpClientError',
      code: 'source',
      temporary: false,
      mayBeDelivered: false,
      message: expect.stringMatching(words),
    })
    // Nothing was said to the server: the connection is as good as before.
    await client.send({ envelope, message: fromLatin1(TEXT) })
    expect(kept).toEqual([TEXT])
  })

  test('a source of which a piece is no octets is closed', async () => {
    const { connect } = await keeper()
    await using client = await connect()
    const stream = Readable.from([TEXT, TEXT])
    await expect(client.send({ envelope, message: stream })).rejects.toMatchObject({ code: 'source' })
    expect(stream.destroyed).toBe(true)
  })
})

test('octets of another realm can be sent again over the next connection', async () => {
  const { port } = await servers.serve(
    createSmtpServer({ limits: { recipients: 1, transactions: 1 }, handlers: [onMessage(() => {})] }),
  )
  await using pool = createSmtpPool({ connect: () => connectSmtp({ host: '127.0.0.1', port }) })
  const message: Uint8Array = runInNewContext('Uint8Array.from(octets)', { octets: fromLatin1(TEXT) })
  const recipients = ['a@example.org', 'b@example.org', 'c@example.org']
  expect((await pool.send({ envelope: { ...envelope, recipients }, message })).accepted).toEqual(recipients)
})

test('a pool sends a stream once, and what is no message not at all', async () => {
  const ok = '250 ok\r\n'
  const answers = ['250 mx\r\n', ok, ok, '354 go\r\n', '', '', ok, '421 4.4.2 idle for too long\r\n']
  const server = await servers.scripted('220 a\r\n', answers)
  await using pool = createSmtpPool({
    connect: () => connectSmtp({ host: '127.0.0.1', port: server.port, tls: 'never', limits: { quit: 10 } }),
  })
  await pool.send({ envelope, message: fromLatin1('Subject: x\r\n\r\n') })
  const failed = pool.send({ envelope, message: createReadStream(file), body: '7BIT' })
  await expect(failed).rejects.toMatchObject({ name: 'SmtpClientError', reply: { code: 421 } })
  expect(server.connections).toBe(1)
  await expect(pool.send({ envelope, message: null as never })).rejects.toMatchObject({
    code: 'source',
    temporary: false,
  })
})

describe('an envelope that has not what it must', () => {
  test.each([
    ['none', undefined],
    ['the names of another library', { from: 'alice@example.net', to: 'bob@example.org' }],
    ['no sender', { recipients: ['bob@example.org'] }],
    ['one recipient without a list', { reversePath: null, recipients: 'bob@example.org' }],
  ])('%s: SmtpClientError, and the connection is still good', async (_, wrong) => {
    const { kept, connect } = await keeper()
    const client = await connect()
    const message = fromLatin1('Subject: x\r\n\r\n')
    const failed = client.send({ envelope: wrong as unknown as typeof envelope, message })
    await expect(failed).rejects.toMatchObject({
      code: 'address',
      message: 'an envelope is { reversePath, recipients }: an address or null, and a list',
    })
    await client.send({ envelope, message })
    expect(kept).toHaveLength(1)
    await client.close()
  })
})
