/** A server that passes mail on to another one. */
import { fromLatin1, latin1 } from '@posthouse/wire'
import { afterEach, describe, expect, test } from 'vitest'
import {
  aliases,
  createLmtpServer,
  createSmtpPool,
  createSmtpServer,
  type DsnRecipient,
  dsnExtension,
  dsnRecipient,
  type OutgoingMail,
  onMessage,
  type PassOnOptions,
  passOn,
  reply,
  SmtpClientError,
  type SmtpHandler,
  type SmtpPool,
} from '../../src/index.js'
import { connectSmtp, fileSpool } from '../../src/node/index.js'
import { testServers } from './sockets.js'

const servers = testServers()
const pools: SmtpPool[] = []
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close()
  await servers.stop()
})

interface Kept {
  readonly text: string
  readonly to: readonly string[]
  readonly dsn: readonly (DsnRecipient | undefined)[]
}

/** A chain: a front server that passes on to a back server. */
async function chain(
  dialect: 'smtp' | 'lmtp',
  back: readonly SmtpHandler[] = [],
  options: PassOnOptions = {},
  front: readonly SmtpHandler[] = [],
) {
  const kept: Kept[] = []
  const keep = onMessage(({ transaction, octets }) => {
    kept.push({
      text: latin1(octets()),
      to: transaction.recipients.map(({ address }) => address),
      dsn: transaction.recipients.map((recipient) => recipient.get(dsnRecipient)),
    })
  })
  const make = dialect === 'lmtp' ? createLmtpServer : createSmtpServer
  const { port } = await servers.serve(
    make({ hostname: 'back.example.org', handlers: [dsnExtension(), ...back, keep] }),
  )
  const pool = createSmtpPool({
    connect: (signal) => connectSmtp({ host: '127.0.0.1', port, protocol: dialect, tls: 'never', signal }),
  })
  pools.push(pool)
  const listening = await servers.serve(
    createLmtpServer({
      hostname: 'front.example.org',
      spool: fileSpool({ memory: 1000 }),
      handlers: [dsnExtension(), ...front, passOn(pool, options)],
    }),
  )
  return { kept, port: listening.port }
}

async function send(port: number, to: OutgoingMail['envelope']['recipients'], text = 'Subject: x\r\n\r\nx\r\n') {
  await using client = await connectSmtp({ host: '127.0.0.1', port, protocol: 'lmtp', tls: 'never' })
  const envelope = { reversePath: 'alice@example.net', recipients: to }
  return await client.send({ envelope, message: fromLatin1(text) }).catch((error: unknown) => {
    if (error instanceof SmtpClientError) return error
    throw error
  })
}

describe.each(['smtp', 'lmtp'] as const)('by %s', (dialect) => {
  test('message, envelope and replies', async () => {
    const refuse: SmtpHandler = {
      rcpt: ({ mailbox }) => (mailbox.localPart === 'no' ? reply(550, '5.1.1', 'Unknown there') : undefined),
    }
    const { port, kept } = await chain(dialect, [refuse])
    const big = `Subject: x\r\n\r\n${'.line\r\n'.repeat(10_000)}`
    const wishes = { notify: ['DELAY'], orcpt: { type: 'rfc822', address: 'first@example.com' } } as const
    const result = await send(port, [{ address: 'a@example.org', ...wishes }, 'no@example.org', 'b@example.org'], big)
    expect(result.recipients).toMatchObject([
      { accepted: true },
      { error: { enhanced: '5.1.1', reply: { code: 550, text: ['Unknown there'] } } },
      { accepted: true },
    ])
    expect(kept).toHaveLength(1)
    expect(kept[0].to).toEqual(['a@example.org', 'b@example.org'])
    expect(kept[0].dsn).toEqual([wishes, undefined])
    expect(kept[0].text.endsWith(big)).toBe(true)
    expect(kept[0].text).toMatch(/^Received: from \S+ \(\[127\.0\.0\.1\]\)\r\n\tby front\.example\.org with LMTP id /)
  })
})

test.each([
  ['a continuation of nothing', ' for <x@example.org>\r\nSubject: x\r\n\r\nx\r\n', '\r\n\r\n'],
  ['text', 'Hello\r\n', '\r\n\r\n'],
  ['an empty line', '\r\nHello\r\n', '\r\n'],
])('our Received field takes nothing of the message in: %s', async (_name, text, end) => {
  const { port, kept } = await chain('smtp')
  await send(port, ['a@example.org'], text)
  expect(kept[0].text.endsWith(end + text)).toBe(true)
  expect(kept[0].text.slice(0, -(end + text).length)).toMatch(/^Received: [^\r]*(\r\n\t[^\r]*)+$/)
})

test('a failure that may pass', async () => {
  const { port } = await chain('smtp', [{ message: () => reply(421, '4.3.2', 'Going down') }])
  expect(await send(port, ['a@example.org'])).toMatchObject({
    temporary: true,
    reply: { code: 451, enhanced: '4.3.2' },
  })
})

test('a server that is not there', async () => {
  const gone = await servers.serve(createSmtpServer({ handlers: [] }))
  await gone.close()
  const pool = createSmtpPool({ connect: () => connectSmtp({ host: '127.0.0.1', port: gone.port }) })
  pools.push(pool)
  const { port } = await servers.serve(createLmtpServer({ handlers: [passOn(pool)] }))
  expect(await send(port, ['a@example.org', 'b@example.org'])).toMatchObject({
    reply: { code: 451, enhanced: '4.4.1' },
  })
})

test('aliases: every target gets the message, and the worst answer counts', async () => {
  const map = new Map([['all@example.org', ['a@example.org', 'no@example.org']]])
  const refuse: SmtpHandler = {
    rcpt: ({ mailbox }) => (mailbox.localPart === 'no' ? reply(550, '5.1.1', 'Unknown') : undefined),
  }
  const { port, kept } = await chain('smtp', [refuse], { trace: false }, [aliases(map)])
  const result = await send(port, ['all@example.org', 'b@example.org'])
  expect(result.recipients).toMatchObject([{ error: { reply: { code: 550 } } }, { accepted: true }])
  expect(kept[0]).toMatchObject({ to: ['a@example.org', 'b@example.org'], text: 'Subject: x\r\n\r\nx\r\n' })
})

test('who is named beside an alias that leads to him gets one copy, unless his wishes for notices differ', async () => {
  const map = new Map([['all@example.org', ['a@example.org', 'b@example.org']]])
  const refuse: SmtpHandler = {
    rcpt: ({ mailbox }) => (mailbox.localPart === 'b' ? reply(550, '5.1.1', 'Unknown') : undefined),
  }
  const { port, kept } = await chain('smtp', [refuse], {}, [aliases(map)])
  const result = await send(port, [
    ...['a@example.org', 'all@example.org', 'a@EXAMPLE.org', 'b@example.org', 'c@example.org'],
    { address: 'c@example.org', notify: [] },
  ])
  const ok = { accepted: true }
  const no = { error: { reply: { code: 550 } } }
  expect(result.recipients).toMatchObject([ok, no, ok, no, ok, ok])
  expect(kept[0].to).toEqual(['a@example.org', 'c@example.org', 'c@example.org'])
})

test('RFC 5321 §6.3: a message that goes in circles', async () => {
  const { port, kept } = await chain('smtp', [], { maxHops: 3 })
  const hops = (count: number): string =>
    `${'Received: by x\r\n\tfolded\r\n'.repeat(count)}Subject: x\r\n\r\nReceived: no\r\n`
  expect(await send(port, ['a@example.org'], hops(4))).toMatchObject({ reply: { code: 554, enhanced: '5.4.6' } })
  await send(port, ['a@example.org'], hops(3))
  expect(kept).toHaveLength(1)
})
