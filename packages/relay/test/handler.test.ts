/** relayTo: a server that takes mail for its own users and, from them, for everybody else. */
import {
  createSmtpServer,
  deliverTo,
  dsnExtension,
  type Envelope,
  futureReleaseExtension,
  localRecipients,
  parseMailbox,
  type SmtpHandler,
} from '@posthouse/smtp'
import { connectSmtp, type Listening, listen } from '@posthouse/smtp/node'
import { createMemoryStore, type MailStore } from '@posthouse/store-api'
import { latin1 } from '@posthouse/wire'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { deliverToStore, type RoutingTable, relayRecipients, relayTo } from '../src/index.js'
import { HELLO, octets, startSink, startTestRelay, zoneResolver } from './world.js'

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  vi.useRealTimers()
  for (const one of opened.splice(0).reverse()) await one.close()
})

async function home(
  table: Partial<RoutingTable> = {},
  filters: readonly SmtpHandler[] = [],
  atOnce = true,
  before: readonly SmtpHandler[] = [],
) {
  const sink = await startSink()
  const store = createMemoryStore()
  for (const name of ['alice', 'bob']) {
    store.addAccount(name)
    store.addAddress(`${name}@home.test`, name)
  }
  const world = await startTestRelay({
    port: sink.port,
    hostname: 'mx.home.test',
    resolver: zoneResolver({
      mx: { 'far.test': [[10, 'far.test']], 'home.test': [[10, 'mx.home.test']] },
      a: { 'far.test': ['127.0.0.1'], 'mx.home.test': ['127.0.0.1'] },
    }),
    routing: { domains: ['home.test'], exists: async (address) => (await store.resolve(address)) !== null, ...table },
    deliver: deliverToStore(store),
  })
  const local = deliverTo(store)
  const server = createSmtpServer({
    hostname: 'mx.home.test',
    authenticate: (user, password) => (password === 'secret' ? user : null),
    handlers: [
      dsnExtension(),
      futureReleaseExtension({ maximum: 86_400 }),
      ...before,
      relayRecipients(world.relay),
      localRecipients(store, { domains: ['home.test'] }),
      ...filters,
      relayTo(world.relay, atOnce ? { local } : {}),
    ],
  })
  const listening: Listening = await listen(server, { port: 0 })
  opened.push(sink, world.relay, { close: () => listening.close({ force: true }) })
  const send = async (
    from: string,
    to: Envelope['recipients'],
    message = HELLO,
    login = true,
    wishes: Partial<Envelope> = {},
  ) => {
    const auth = login ? { auth: { user: 'alice', password: 'secret' } } : {}
    await using client = await connectSmtp({ host: '127.0.0.1', port: listening.port, tls: 'never', ...auth })
    return client.send({ envelope: { reversePath: from, recipients: to, ...wishes }, message })
  }
  return { ...world, sink, store, send }
}

test.each([
  ['text', 'No header\n\nat all\n', '\r\n'],
  ['a blank', ' folded\nSubject: x\n\ny\n', '\r\n'],
  ['nothing', '\nbody\n', ''],
  ['a field', 'Subject: x\n\ny\n', ''],
])('submit: of a message that begins with %s, what goes in front is no part', async (_, text, between) => {
  const { relay, sink, store } = await home({ aliases: new Map([['out@home.test', 'carol@far.test']]) })
  await relay.submit({
    envelope: { reversePath: 'x@far.test' },
    recipients: ['bob@home.test', 'out@home.test'],
    message: octets(text),
  })
  await relay.idle()
  const whole = between + latin1(octets(text))
  expect(await inbox(store, 'bob')).toEqual([`Return-Path: <x@far.test>\r\nDelivered-To: bob@home.test\r\n${whole}`])
  expect(sink.received.map((one) => one.text.slice(one.text.indexOf('Delivered-To:')))).toEqual([
    `Delivered-To: out@home.test\r\n${whole}`,
  ])
})

async function inbox(store: MailStore, name: string): Promise<string[]> {
  const account = await store.open(name)
  const [mailbox] = await account.mailboxes()
  const texts: string[] = []
  for await (const rows of account.messages(mailbox.id, {})) {
    for (const row of rows) {
      let text = latin1(row.prefix ?? new Uint8Array(0))
      for await (const piece of account.read(row.blob)) text += latin1(piece)
      texts.push(text)
    }
  }
  return texts
}

describe('relayTo', () => {
  test('local mail goes into the store, other mail into the queue, a message for both in one step', async () => {
    const { send, store, sink, relay } = await home()
    await send('alice@home.test', ['bob@home.test'])
    expect(await inbox(store, 'bob')).toHaveLength(1)
    const { accepted } = await send('alice@home.test', ['bob@home.test', 'carol@far.test'])
    expect(accepted).toEqual(['bob@home.test', 'carol@far.test'])
    await sink.count(1)
    await relay.idle()
    expect(sink.received[0].to).toEqual(['carol@far.test'])
    const [, second] = await inbox(store, 'bob')
    expect(second).toMatch(/^Return-Path: <alice@home.test>\r\nDelivered-To: bob@home.test\r\nReceived: from /)
    expect(second.endsWith(latin1(HELLO))).toBe(true)
  })

  test('local mail whose sender wants to hear of success goes into the queue, which tells', async () => {
    const { send, store, relay } = await home()
    await send('alice@home.test', [{ address: 'bob@home.test', notify: ['SUCCESS'] }])
    await relay.idle()
    expect(await inbox(store, 'bob')).toHaveLength(1)
    const notices = await inbox(store, 'alice')
    expect(notices).toEqual([
      expect.stringContaining('Final-Recipient: rfc822; bob@home.test\r\nAction: delivered\r\n'),
    ])
  })

  test('who is known to a handler of your own alone has it at once: the queue would not find him', async () => {
    const sales: SmtpHandler = {
      rcpt(recipient) {
        if (recipient.mailbox.localPart === 'sales') recipient.accounts = ['bob']
      },
    }
    const { send, store, relay } = await home({}, [], true, [sales])
    await send('alice@home.test', [{ address: 'sales@home.test', notify: ['SUCCESS'] }])
    await relay.idle()
    expect(await inbox(store, 'bob')).toHaveLength(1)
    expect(await inbox(store, 'alice')).toEqual([])
  })

  test('local mail for later waits in the queue', async () => {
    const { send, store, relay, now, turn } = await home()
    vi.useFakeTimers({ toFake: ['Date'], now: now() })
    await send('alice@home.test', ['bob@home.test'], HELLO, true, { holdFor: 3600 })
    expect(await inbox(store, 'bob')).toEqual([])
    const [{ due }] = await relay.list()
    expect(due - now()).toBeGreaterThanOrEqual(3_600_000)
    turn(due - now())
    await relay.idle()
    expect(await inbox(store, 'bob')).toHaveLength(1)
  })

  test.each([true, false])(
    'our Received field takes nothing of the message in; a store takes local mail at once: %s',
    async (atOnce) => {
      const { relay, sink, store, send } = await home({}, [], atOnce)
      const text = ' for <ceo@home.test>\nSubject: x\n\nHello\n'
      await send('alice@home.test', ['bob@home.test', 'carol@far.test'], octets(text))
      await sink.count(1)
      await relay.idle()
      const found = [...(await inbox(store, 'bob')), sink.received[0].text]
      expect(found).toHaveLength(2)
      for (const one of found) {
        expect(one.endsWith(`\r\n\r\n${latin1(octets(text))}`)).toBe(true)
        expect(one).toMatch(/Received: [^\r]*\r\n(\t[^\r]*\r\n)+\r\n for /)
      }
    },
  )

  test('who has not logged in sends to local users only', async () => {
    const { send } = await home()
    await expect(send('x@far.test', ['carol@far.test'], HELLO, false)).rejects.toMatchObject({
      reply: { code: 550, enhanced: '5.7.1' },
    })
    await expect(send('x@far.test', ['nobody@home.test'], HELLO, false)).rejects.toMatchObject({
      reply: { code: 550, enhanced: '5.1.1' },
    })
  })

  test('aliases, forwards to elsewhere for everybody, catch-alls', async () => {
    const { send, store, sink, relay } = await home({
      aliases: new Map<string, string | readonly string[]>([
        ['team@home.test', ['alice@home.test', 'bob@home.test', 'carol@far.test']],
        ['old@home.test', 'new@far.test'],
      ]),
      catchAll: new Map([['home.test', 'alice@home.test']]),
    })
    await send('x@far.test', ['team@home.test', 'old@home.test', 'whoever@home.test'], HELLO, false)
    await sink.count(2)
    await relay.idle()
    expect(sink.received.map(({ to, text }) => [to, text.split('\r\n')[0]]).sort()).toEqual([
      [['carol@far.test'], 'Delivered-To: team@home.test'],
      [['new@far.test'], 'Delivered-To: old@home.test'],
    ])
    expect(await inbox(store, 'alice')).toHaveLength(1)
    expect(await inbox(store, 'bob')).toHaveLength(1)
  })

  test('mail that comes back to where it was forwarded from, or has too many hops, is refused', async () => {
    const { send } = await home({ aliases: new Map([['old@home.test', 'new@far.test']]) })
    const looped = octets('Delivered-To: OLD@home.test\nSubject: x\n\nx\n')
    await expect(send('x@far.test', ['old@home.test'], looped, false)).rejects.toMatchObject({
      reply: { code: 554, enhanced: '5.4.6' },
    })
    const tired = octets(`${'Received: from a by b\n'.repeat(100)}Subject: x\n\nx\n`)
    await expect(send('alice@home.test', ['carol@far.test'], tired)).rejects.toMatchObject({
      reply: { code: 554, enhanced: '5.4.6' },
    })
  })

  test('a recipient that stands for several, one of which is a circle, is refused as a whole', async () => {
    const aliases = new Map([['team@home.test', ['bob@home.test', 'new@far.test']]])
    const { send, store, relay } = await home({ aliases })
    const looped = octets('Delivered-To: team@home.test\nSubject: x\n\nx\n')
    await expect(send('x@far.test', ['team@home.test'], looped, false)).rejects.toMatchObject({
      reply: { code: 554, enhanced: '5.4.6' },
    })
    await relay.idle()
    expect(await inbox(store, 'bob')).toEqual([])
  })

  test('a user that delivery does not find is told to the sender, who is local', async () => {
    const { send, store, relay, sink } = await home({ exists: async () => true })
    await send('alice@home.test', ['carol@far.test', 'bob@home.test'])
    await sink.count(1)
    await relay.submit({ envelope: { reversePath: 'alice@home.test' }, recipients: ['gone@home.test'], message: HELLO })
    await relay.idle()
    const [notice] = await inbox(store, 'alice')
    expect(notice).toContain('Return-Path: <>')
    expect(notice).toContain('Final-Recipient: rfc822; gone@home.test')
    expect(notice).toContain('Status: 5.1.1')
  })

  test('a filter changes recipients: those that it adds go where they must, those that it deletes nowhere', async () => {
    const mailbox = (text: string) => {
      const read = parseMailbox(text)
      if (!read) throw new Error(text)
      return read
    }
    const filter = (targets: readonly string[]): SmtpHandler => ({
      rewrites: true,
      message({ transaction }) {
        const [first] = transaction.recipients
        first.targets = targets.map(mailbox)
        first.accounts = targets.length === 0 ? [] : null
        return undefined
      },
    })
    const adding = await home({}, [filter(['bob@home.test', 'carol@far.test'])])
    await adding.send('alice@home.test', ['bob@home.test'])
    await adding.sink.count(1)
    await adding.relay.idle()
    expect(adding.sink.received[0].to).toEqual(['carol@far.test'])
    expect(await inbox(adding.store, 'bob')).toHaveLength(1)

    const deleting = await home({}, [filter([])])
    const { accepted } = await deleting.send('alice@home.test', ['carol@far.test', 'bob@home.test'])
    expect(accepted).toHaveLength(2)
    await deleting.relay.idle()
    expect(deleting.sink.received).toEqual([])
    expect(await inbox(deleting.store, 'bob')).toHaveLength(1)
  })

  test('a message of 3 MB streams through the queue', async () => {
    const { send, sink, relay } = await home()
    const big = octets(`Subject: big\n\n${`${'x'.repeat(70)}\n`.repeat(42_000)}`)
    await send('alice@home.test', ['carol@far.test'], big)
    await sink.count(1)
    await relay.idle()
    expect(sink.received[0].text.endsWith(latin1(big))).toBe(true)
    expect((await relay.status()).messages).toBe(0)
  })
})
