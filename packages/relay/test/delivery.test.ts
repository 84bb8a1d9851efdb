import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { runInNewContext } from 'node:vm'
import { reply, SmtpClientError } from '@posthouse/smtp'
import { ConnectionError } from '@posthouse/wire'
import { afterEach, describe, expect, test } from 'vitest'
import { openSmtpSession, openSqliteQueue } from '../src/node/index.js'
import {
  HELLO,
  HOUR,
  MINUTE,
  octets,
  type Sink,
  startSink,
  startTestRelay,
  type TestRelay,
  turnUntil,
  zoneResolver,
} from './world.js'

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close()
})

const kept = <T extends { close(): Promise<void> }>(one: T): T => {
  opened.push(one)
  return one
}
async function sinkOf(options: Parameters<typeof startSink>[0] = {}): Promise<Sink> {
  return kept(await startSink(options))
}
async function relayOf(options: Parameters<typeof startTestRelay>[0]): Promise<TestRelay> {
  const test = await startTestRelay(options)
  kept(test.relay)
  return test
}
const zone = zoneResolver({
  mx: { 'example.org': [[10, 'mx.example.org']], 'two.test': [[10, 'mx.example.org']], 'null.test': [[0, '']] },
  a: { 'mx.example.org': ['127.0.0.1'] },
})
const from = { reversePath: 'alice@relay.test' }

describe('delivery', () => {
  test('a message goes to the server that MX names, once for all recipients of a domain', async () => {
    const sink = await sinkOf()
    const { relay, seen } = await relayOf({ port: sink.port, resolver: zone })
    const { id } = await relay.submit({
      envelope: from,
      recipients: ['bob@example.org', 'carol@example.org', 'dave@two.test'],
      message: HELLO,
    })
    await sink.count(2)
    expect(sink.received.map(({ from: sender, to }) => [sender, to])).toEqual(
      expect.arrayContaining([
        ['alice@relay.test', ['bob@example.org', 'carol@example.org']],
        ['alice@relay.test', ['dave@two.test']],
      ]),
    )
    await seen('delivered', ({ recipient }) => recipient === 'dave@two.test')
    await seen('delivered', ({ recipient }) => recipient === 'carol@example.org')
    expect(await relay.inspect(id)).toEqual([])
    expect((await relay.status()).messages).toBe(0)
  })

  test.each([undefined, 1])('octets of another realm are a message, too (kept in memory: %s)', async (memory) => {
    const sink = await sinkOf()
    const engine = await openSqliteQueue({ path: ':memory:', ...(memory !== undefined && { memory }) })
    const { relay } = await relayOf({ port: sink.port, resolver: zone, engine })
    const message: Uint8Array = runInNewContext('Uint8Array.from(octets)', { octets: HELLO })
    await relay.submit({ envelope: from, recipients: ['bob@example.org'], message })
    const [{ text }] = await sink.count(1)
    expect(text).toContain('Subject: Hello\r\n\r\nHello\r\n')
  })

  test('connections are used again: 40 messages to one server go over no more than a destination may have', async () => {
    const sink = await sinkOf()
    const { relay } = await relayOf({ port: sink.port, resolver: zone, limits: { perDestination: 2 } })
    for (let i = 0; i < 40; i++) {
      await relay.submit({ envelope: from, recipients: [`bob${i}@example.org`], message: HELLO })
    }
    const received = await sink.count(40)
    expect(new Set(received.map(({ session }) => session)).size).toBeLessThanOrEqual(2)
  })

  test('a 4yz is tried again when its time has come; a 5yz comes back as a notice', async () => {
    let tries = 0
    const sink = await sinkOf({
      before: [
        {
          rcpt({ address }) {
            if (address === 'grey@example.org' && ++tries === 1) return reply(450, '4.7.1', 'Greylisted')
            if (address === 'nobody@example.org') return reply(550, '5.1.1', 'No such user')
            return undefined
          },
        },
      ],
    })
    const home = zoneResolver({
      mx: { 'example.org': [[10, 'mx.example.org']], 'home.test': [[10, 'mx.example.org']] },
      a: { 'mx.example.org': ['127.0.0.1'] },
    })
    const { relay, seen, turn, events } = await relayOf({ port: sink.port, resolver: home })
    await relay.submit({
      envelope: { reversePath: 'alice@home.test', envid: 'QQ', ret: 'HDRS' },
      recipients: ['grey@example.org', 'nobody@example.org'],
      message: HELLO,
    })
    const deferred = await seen('deferred')
    expect(deferred.failure).toMatchObject({ status: '4.7.1', reply: '450 4.7.1 Greylisted' })
    await sink.count(1)
    const [notice] = sink.received
    expect(notice.from).toBe(null)
    expect(notice.to).toEqual(['alice@home.test'])
    expect(notice.text).toContain('Original-Envelope-Id: QQ')
    expect(notice.text).toContain('Final-Recipient: rfc822; nobody@example.org')
    expect(notice.text).toContain('Status: 5.1.1')
    expect(notice.text).toContain('Diagnostic-Code: smtp; 550 5.1.1 No such user')
    expect(notice.text).not.toContain('grey@example.org')
    turn(2 * MINUTE)
    await sink.count(2)
    expect(sink.received[1].to).toEqual(['grey@example.org'])
    await relay.idle()
    expect(events.filter(({ type }) => type === 'failed')).toHaveLength(1)
  })

  test.each(['MX records', 'a smart host'])(
    'where IPv6 leads nowhere, the many servers of %s are reached by IPv4',
    async (by) => {
      const sink = await sinkOf()
      const hosts = [1, 2, 3, 4, 5].map((number) => `mx${number}.test`)
      const both = zoneResolver({
        mx: { 'both.test': hosts.map((host) => [10, host]) },
        a: Object.fromEntries(hosts.map((host) => [host, ['127.0.0.1']])),
        aaaa: Object.fromEntries(hosts.map((host) => [host, ['::1', '::2']])),
      })
      const routing =
        by === 'MX records' ? {} : { smartHost: { hosts: hosts.map((host) => ({ host, port: sink.port })) } }
      const { relay, seen } = await relayOf({ port: sink.port, resolver: both, families: [6, 4], routing })
      await relay.submit({ envelope: from, recipients: ['bob@both.test'], message: HELLO })
      await sink.count(1)
      await seen('delivered')
    },
  )

  test('servers that no way leads to are no tries: the third of three is reached although two of them are down', async () => {
    const sink = await sinkOf()
    const hosts = [1, 2, 3].map((number) => `mx${number}.test`)
    const both = zoneResolver({
      mx: { 'both.test': hosts.map((host, i) => [10 * i, host]) },
      a: Object.fromEntries(hosts.map((host, i) => [host, [i === 2 ? '127.0.0.1' : '127.0.0.9']])),
      aaaa: Object.fromEntries(hosts.map((host) => [host, ['2001:db8::1']])),
    })
    const open = openSmtpSession()
    const { relay, seen, of } = await relayOf({
      ...{ port: sink.port, resolver: both, families: [6, 4] },
      open(target, how) {
        if (!target.address.includes(':')) return open(target, how)
        const cause = Object.assign(new Error('connect ENETUNREACH'), { code: 'ENETUNREACH' })
        throw new SmtpClientError('connection', 'cannot connect', {
          cause: new ConnectionError('connect', 'cannot connect', { cause }),
        })
      },
    })
    await relay.submit({ envelope: from, recipients: ['bob@both.test'], message: HELLO })
    await Promise.race([seen('delivered'), seen('deferred')])
    expect(of('deferred')).toEqual([])
  })

  test.each([
    ['mx2.test', 'failed', '521 5.3.2 No mail here'],
    ['mx1.test mx2.test', 'deferred', '521 5.3.2 No mail here'],
    ['mx2.test mx1.test', 'deferred', null],
  ] as const)('a server that takes no mail ever (521) speaks for %s: %s', async (order, type, said) => {
    const hosts = order.split(' ')
    const some = zoneResolver({
      mx: { 'some.test': hosts.map((host, i) => [10 * i, host]) },
      a: { 'mx1.test': ['127.0.0.9'], 'mx2.test': ['127.0.0.1'] },
    })
    const sink = await sinkOf({ handlers: [{ connect: () => reply(521, '5.3.2', 'No mail here') }] })
    const { relay, seen } = await relayOf({ port: sink.port, resolver: some })
    await relay.submit({ envelope: from, recipients: ['bob@some.test'], message: HELLO })
    const { failure } = await Promise.race([seen('failed'), seen('deferred')])
    expect(failure).toMatchObject({ reply: said, status: expect.stringMatching(type === 'failed' ? /^5/ : /^4/) })
    await seen(type)
  })

  test('where IPv6 is silent, each address costs a try once in a while, and not one of every message', async () => {
    const sink = await sinkOf()
    const hosts = [1, 2, 3].map((number) => `mx${number}.test`)
    const both = zoneResolver({
      mx: { 'both.test': hosts.map((host, i) => [10 * i, host]), 'one.test': [[10, 'one.test']] },
      a: { 'mx1.test': ['127.0.0.9'], 'mx2.test': ['127.0.0.9'], 'mx3.test': ['127.0.0.1'], 'one.test': ['127.0.0.1'] },
      aaaa: Object.fromEntries([...hosts, 'one.test'].map((host, i) => [host, [`2001:db8::${i + 1}`]])),
    })
    const open = openSmtpSession()
    const tried: string[] = []
    const { relay, seen, turn } = await relayOf({
      ...{ port: sink.port, resolver: both, families: [6, 4] },
      open(target, how) {
        if (!target.address.includes(':')) return open(target, how)
        tried.push(target.address)
        throw new SmtpClientError('connection', 'it takes too long', {
          cause: new ConnectionError('timeout', 'connecting took longer than 30000 ms'),
        })
      },
    })
    await relay.submit({ envelope: from, recipients: ['bob@both.test'], message: HELLO })
    await seen('deferred')
    expect(tried.splice(0)).toEqual(['2001:db8::1', '2001:db8::2', '2001:db8::3'])
    turn(2 * MINUTE)
    await seen('delivered')
    // Behind what is worth the same, and before what is worth less.
    expect(tried.splice(0)).toEqual(['2001:db8::1', '2001:db8::2'])
    for (const [to, again] of [
      ['one', 1],
      ['two', 1],
      ['three', 2],
    ] as const) {
      if (to === 'three') turn(10 * MINUTE)
      await relay.submit({ envelope: from, recipients: [`${to}@one.test`], message: HELLO })
      await seen('delivered', ({ recipient }) => recipient === `${to}@one.test`)
      expect(tried).toHaveLength(again)
    }
  })

  test('null MX, no such domain: at once, and a notice to nobody where the sender is <>', async () => {
    const { relay, seen } = await relayOf({ port: 1, resolver: zone })
    await relay.submit({
      envelope: { reversePath: null },
      recipients: ['bob@null.test', 'bob@nowhere.test'],
      message: HELLO,
    })
    expect((await seen('failed', ({ recipient }) => recipient === 'bob@null.test')).failure.status).toBe('5.1.10')
    expect((await seen('failed', ({ recipient }) => recipient === 'bob@nowhere.test')).failure.status).toBe('5.1.2')
    await relay.idle()
  })

  test('nobody there: the sender is warned after 4 hours and told after 5 days', async () => {
    const sink = await sinkOf()
    const world = zoneResolver({
      mx: { 'dead.test': [[10, 'dead.test']], 'home.test': [[10, 'home.test']] },
      a: { 'dead.test': ['127.0.0.9'], 'home.test': ['127.0.0.1'] },
    })
    const { relay, seen, turn, now, of } = await relayOf({ port: sink.port, resolver: world })
    await relay.submit({ envelope: { reversePath: 'alice@home.test' }, recipients: ['bob@dead.test'], message: HELLO })
    const blocked = await seen('destination.blocked')
    expect(blocked.until).toBe(now() + 2 * MINUTE)
    for (let hours = 0; hours < 4; hours++) {
      const before = of('deferred').length
      turn(HOUR)
      await seen('deferred', () => of('deferred').length > before)
    }
    await sink.count(1)
    expect(sink.received[0].text).toContain('Action: delayed')
    expect(sink.received[0].text).toContain('Will-Retry-Until: ')
    turn(5 * 24 * HOUR)
    await sink.count(2)
    expect(sink.received[1].text).toContain('Action: failed')
    expect(sink.received[1].text).toContain('Status: 5.4.7')
    await relay.idle()
    expect(of('notice').map(({ kind }) => kind)).toEqual(['delay', 'failure'])
  })
})

/** A server that hangs up, or does what it is told, where it reads "poison"; it takes messages without. */
async function startTasters(
  spits: (socket: Socket) => unknown = (socket) => socket.destroy(),
): Promise<{ readonly port: number }> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.write('220 mx\r\n')
    let inMessage = false
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      for (let end = text.indexOf('\r\n'); end !== -1; end = text.indexOf('\r\n')) {
        const line = text.slice(0, end)
        text = text.slice(end + 2)
        if (line.includes('poison')) return spits(socket)
        if (inMessage && line !== '.') continue
        inMessage = line === 'DATA'
        socket.write(inMessage ? '354 go\r\n' : '250 ok\r\n')
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  kept({ close: async () => void server.close() })
  return { port: (server.address() as AddressInfo).port }
}

describe('a destination is left alone when none of its servers can be reached', () => {
  test('and not because one message makes a server hang up', async () => {
    const { port } = await startTasters()
    const { relay, seen, of } = await relayOf({ port, resolver: zone })
    const long = octets(`Subject: poison\n\n${`${'x'.repeat(70)}\n`.repeat(60_000)}`)
    await relay.submit({ envelope: from, recipients: ['bob@example.org'], message: long })
    expect((await seen('deferred')).failure).toMatchObject({ status: '4.4.2', reply: null })
    await relay.submit({ envelope: from, recipients: ['carol@example.org'], message: HELLO })
    await seen('delivered', ({ recipient }) => recipient === 'carol@example.org')
    expect(of('destination.blocked')).toEqual([])
  })

  test('and one that leaves in the middle of many messages is not left alone for long: others are behind them', async () => {
    const { port } = await startTasters()
    const smartHost = { hosts: [{ host: '127.0.0.1', port }], tls: 'never' as const }
    const test = await relayOf({ port, routing: { smartHost }, limits: { perDestination: 1 }, started: false })
    const { relay, of } = test
    const to = Array.from({ length: 20 }, (_, i) => `poison${i}@example.org`)
    for (const address of [...to, 'bob@example.org']) {
      await relay.submit({ envelope: from, recipients: [address], message: HELLO })
    }
    const before = test.now()
    await relay.start()
    await turnUntil(test, () => of('delivered').length > 0)
    expect(of('destination.blocked').length).toBeGreaterThan(1)
    expect(test.now() - before).toBeLessThan(20 * MINUTE)
  })

  test.each([
    ['hangs up', undefined],
    ['says 421', (socket: Socket) => socket.end('421 4.3.2 Too busy\r\n')],
  ])('when a server %s in the middle of three messages, and not before; the rest waits', async (_, spits) => {
    const { port } = await startTasters(spits)
    const test = await relayOf({ port, resolver: zone, limits: { perDestination: 1 } })
    const { relay, of } = test
    const deferred = (number: number) => turnUntil(test, () => of('deferred').length === number)
    const send = (to: string) => relay.submit({ envelope: from, recipients: [`${to}@example.org`], message: HELLO })
    await send('poison1')
    // The same one once more is no other one.
    await deferred(2)
    await send('poison2')
    await deferred(3)
    expect(of('destination.blocked')).toEqual([])
    await send('poison3')
    await test.seen('destination.blocked')
    await send('bob')
    expect(await relay.status()).toMatchObject({ waiting: 4, destinations: [{ failures: 1 }] })
    await turnUntil(test, () => of('destination.alive').length > 0)
    expect(of('delivered')).toMatchObject([{ recipient: 'bob@example.org' }])
  })
})
