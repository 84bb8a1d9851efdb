/** imapflow, the IMAP client of Node: all that it speaks (COMPRESS, QRESYNC, IDLE), in clear text and over TLS. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type FetchMessageObject, ImapFlow, type ImapFlowOptions } from 'imapflow'
import { afterEach, describe, expect, test } from 'vitest'
import { ensureInstalled } from '../tools.js'
import { numbered, numberedFrom, numberOf } from './messages.js'
import { type ClientServer, STORES, startServer } from './server.js'

const ready = ensureInstalled(['openssl'])

let server: ClientServer | undefined
const clients: ImapFlow[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  await server?.stop()
  server = undefined
})

const SECURITY = {
  'clear text': { secure: false, doSTARTTLS: false },
  STARTTLS: { secure: false, doSTARTTLS: true },
  TLS: { secure: true },
} as const satisfies Record<string, Partial<ImapFlowOptions>>

async function connect(one: ClientServer, options: Partial<ImapFlowOptions> = {}): Promise<ImapFlow> {
  const client = new ImapFlow({
    host: 'localhost',
    port: options.secure ? one.imaps : one.imap,
    auth: { user: 'alice', pass: 'secret' },
    tls: { ca: readFileSync(one.certificate) },
    logger: false,
    ...options,
  } as ImapFlowOptions)
  clients.push(client)
  await client.connect()
  return client
}

async function all(
  client: ImapFlow,
  range: string,
  query: object,
  options: { uid?: boolean; changedSince?: bigint } = {},
): Promise<FetchMessageObject[]> {
  const found: FetchMessageObject[] = []
  for await (const message of client.fetch(range, query, options)) found.push(message)
  return found
}

describe.skipIf(!ready).each(STORES)('imapflow, store: %s', { timeout: 120_000 }, (kind) => {
  test.each(Object.keys(SECURITY) as (keyof typeof SECURITY)[])(
    '%s, compressed: every octet comes',
    async (security) => {
      server = await startServer(kind)
      await server.fill(numberedFrom(0, 40))
      const client = await connect(server, SECURITY[security])
      expect(client.secureConnection).toBe(security !== 'clear text')
      // There is no public sign of it.
      expect(Reflect.get(client, '_deflate')).toBeTruthy()
      await client.mailboxOpen('INBOX')
      const messages = await all(client, '1:*', {
        source: true,
        envelope: true,
        bodyStructure: true,
        size: true,
        flags: true,
      })
      expect(messages.map(({ source }) => source?.toString('latin1'))).toEqual(
        Array.from({ length: 40 }, (_, number) => numbered(number)),
      )
      for (const [number, { envelope, size, source, bodyStructure }] of messages.entries()) {
        expect(size).toBe(source?.length)
        expect(envelope?.subject).toBe(`message ${number}`)
        expect(envelope?.to?.[1]).toMatchObject({ name: 'Jürgen', address: 'juergen@example.test' })
        expect(bodyStructure?.type).toBe(number % 4 === 0 ? 'multipart/mixed' : 'text/plain')
      }
      await client.logout()
    },
  )

  test('parts come decoded, one by one', async () => {
    server = await startServer(kind)
    await server.deliver(numbered(4))
    const client = await connect(server)
    await client.mailboxOpen('INBOX')
    const { content, meta } = await client.download('1', '2')
    const pieces: Buffer[] = []
    for await (const piece of content ?? []) pieces.push(piece as Buffer)
    const encoded = numbered(4).split('filename="data.bin"\r\n\r\n')[1].split('--=_4--')[0]
    expect(Buffer.concat(pieces).equals(Buffer.from(encoded, 'base64'))).toBe(true)
    expect(meta?.filename).toBe('data.bin')
  })

  test('append, copy, move, flags, search, delete', async () => {
    server = await startServer(kind)
    const client = await connect(server, SECURITY.TLS)
    await client.mailboxCreate(['Archiv', 'Grüße'])
    await client.mailboxOpen('INBOX')
    for (let number = 0; number < 6; number++) {
      const when = new Date(Date.UTC(2026, 0, 1 + number, 12))
      const appended = await client.append('INBOX', numbered(number), number < 3 ? ['\\Seen'] : ['$Work'], when)
      expect(appended).toMatchObject({ destination: 'INBOX', uid: number + 1 })
    }
    expect(await client.search({ seen: false })).toEqual([4, 5, 6])
    expect(await client.search({ subject: 'message 4', keyword: '$Work' }, { uid: true })).toEqual([5])
    expect(
      await client.search({ since: new Date(Date.UTC(2026, 0, 4)), before: new Date(Date.UTC(2026, 0, 6)) }),
    ).toEqual([4, 5])
    const copied = await client.messageCopy('1:2', ['Archiv', 'Grüße'])
    expect(copied).toMatchObject({
      uidMap: new Map([
        [1, 1],
        [2, 2],
      ]),
    })
    const moved = await client.messageMove('5', ['Archiv', 'Grüße'], { uid: true })
    expect(moved).toMatchObject({ uidMap: new Map([[5, 3]]) })
    await client.messageFlagsAdd('1', ['\\Flagged', 'NewWord'])
    await client.messageFlagsRemove('1', ['\\Seen'])
    await client.messageDelete('2')
    const left = await server.stored('INBOX')
    expect(left.map(({ octets, flags }) => [numberOf(octets), flags])).toEqual([
      [0, ['NewWord', '\\Flagged']],
      [2, ['\\Seen']],
      [3, ['$Work']],
      [5, ['$Work']],
    ])
    expect(left[0].internalDate).toBe(Date.UTC(2026, 0, 1, 12))
    expect((await server.stored('Archiv', 'Grüße')).map(({ octets }) => numberOf(octets))).toEqual([0, 1, 4])
    const status = await client.status(['Archiv', 'Grüße'], { messages: true, unseen: true, uidNext: true })
    expect(status).toMatchObject({ messages: 3, unseen: 1, uidNext: 4 })
    // Archiv is a level and no mailbox: it is told for %, and not for * (RFC 9051 §7.3.1).
    expect((await client.list()).map(({ path }) => path).sort()).toEqual(['Archiv/Grüße', 'INBOX'])
    await client.mailboxRename(['Archiv', 'Grüße'], ['Später'])
    expect((await server.stored('Später')).length).toBe(3)
    await client.mailboxDelete('Später')
    expect((await server.account.mailboxes()).map(({ path }) => path.join('/')).sort()).toEqual(['INBOX'])
  })

  test('QRESYNC tells what has happened since the last visit, and no more', async () => {
    server = await startServer(kind)
    await server.fill(numberedFrom(0, 200))
    const before = await connect(server, { qresync: true })
    const { uidValidity, highestModseq } = await before.mailboxOpen('INBOX')
    expect(before.enabled.has('QRESYNC')).toBe(true)
    await before.logout()

    for (const uid of [3, 7, 8]) await server.expunge(['INBOX'], uid)
    for (const uid of [10, 20]) await server.setFlags(['INBOX'], uid, ['\\Flagged'])
    await server.deliver(numbered(200))

    const after = await connect(server, { ...SECURITY.TLS, qresync: true })
    const gone: number[] = []
    const flagged: number[] = []
    after.on('expunge', ({ uid, vanished, earlier }) => {
      expect([vanished, earlier]).toEqual([true, true])
      gone.push(uid as number)
    })
    after.on('flags', ({ uid, flags }) => {
      if (flags.has('\\Flagged')) flagged.push(uid as number)
    })
    const opened = await after.mailboxOpen('INBOX', { changedSince: highestModseq, uidValidity } as never)
    expect(opened.exists).toBe(198)
    expect(gone).toEqual([3, 7, 8])
    expect(flagged).toEqual([10, 20])
    const since = await all(
      after,
      '1:*',
      { flags: true, uid: true },
      { uid: true, changedSince: highestModseq as bigint },
    )
    expect(since.map(({ uid }) => uid)).toEqual([10, 20, 201])
  })

  test.each(['clear text', 'TLS'] as const)('IDLE over %s: what others do is heard at once', async (security) => {
    server = await startServer(kind)
    await server.fill(numberedFrom(0, 3))
    const client = await connect(server, { ...SECURITY[security], qresync: true })
    await client.mailboxOpen('INBOX')
    const heard = async (event: 'exists' | 'flags' | 'expunge', change: () => Promise<void>): Promise<unknown> => {
      const told = once(client, event)
      void client.idle()
      await change()
      return (await told)[0]
    }
    const one = server
    expect(await heard('exists', () => one.deliver(numbered(3)))).toMatchObject({ count: 4, prevCount: 3 })
    expect(await heard('flags', () => one.setFlags(['INBOX'], 2, ['\\Seen', 'Heard']))).toMatchObject({
      uid: 2,
      flags: new Set(['\\Seen', 'Heard']),
    })
    expect(await heard('expunge', () => one.expunge(['INBOX'], 1))).toMatchObject({ uid: 1, vanished: true })
    // The connection is in step: commands go on as before.
    expect((await all(client, '1:*', { uid: true })).map(({ uid }) => uid)).toEqual([2, 3, 4])
  })
})
