/** `dnsResolver` against servers of this file, which answer what a test wants. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { type Answer, AUTHORITATIVE_ANSWER, decode, encode, type Packet, TRUNCATED_RESPONSE } from 'dns-packet'
import { afterEach, describe, expect, test } from 'vitest'
import { cachedResolver, type MailResolver } from '../src/index.js'
import { dnsResolver } from '../src/node/index.js'

const AD = 1 << 5
const NXDOMAIN = 3
const SERVFAIL = 2

const opened: (() => void)[] = []
afterEach(() => {
  for (const close of opened.splice(0)) close()
})

interface Said {
  readonly answers?: readonly Answer[]
  readonly authorities?: readonly Answer[]
  readonly flags?: number
  /** Says this first, which is no answer to the question. */
  readonly noise?: readonly Buffer[]
}

/** A server that says the same by UDP and TCP, but for what does not fit. */
async function server(say: (name: string, type: string, way: 'udp' | 'tcp') => Said | null) {
  const asked: string[] = []
  const reply = (octets: Buffer, way: 'udp' | 'tcp'): Buffer[] => {
    const { id, questions = [] } = decode(octets)
    const [{ name, type }] = questions
    asked.push(`${way} ${type} ${name}`)
    const said = say(name, type, way)
    if (!said) return []
    const { answers = [], authorities = [], flags = 0, noise = [] } = said
    const packet: Packet = { type: 'response', id, questions, flags: AUTHORITATIVE_ANSWER | flags }
    return [...noise, encode({ ...packet, answers: [...answers], authorities: [...authorities] })]
  }
  const tcp = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (octets) => {
      for (const one of reply(octets.subarray(2), 'tcp')) {
        const whole = Buffer.concat([Buffer.of(one.length >> 8, one.length & 255), one])
        // In two pieces: an answer is not one chunk.
        socket.write(whole.subarray(0, 1))
        socket.write(whole.subarray(1))
      }
    })
  }).listen(0, '127.0.0.1')
  await once(tcp, 'listening')
  const { port } = tcp.address() as AddressInfo
  const udp = createSocket('udp4')
  udp.on('message', (octets, from) => {
    for (const one of reply(octets, 'udp')) udp.send(one, from.port, from.address)
  })
  udp.bind(port, '127.0.0.1')
  await once(udp, 'listening')
  opened.push(() => {
    udp.close()
    tcp.close()
  })
  return { address: `127.0.0.1:${port}`, asked }
}

const resolverOf = (address: string | readonly string[], options = {}): MailResolver =>
  dnsResolver({ servers: typeof address === 'string' ? [address] : address, timeout: 20_000, ...options })
const mx = (name: string, preference: number, exchange: string, ttl: number): Answer => ({
  type: 'MX',
  name,
  ttl,
  data: { preference, exchange },
})
const soa = (ttl: number, minimum: number): Answer => ({
  type: 'SOA',
  name: 'test',
  ttl,
  data: { mname: 'ns.test', rname: 'x.test', serial: 1, refresh: 1, retry: 1, expire: 1, minimum },
})

describe('dnsResolver', () => {
  test('MX records with the time for which they hold; the null MX', async () => {
    const { address } = await server((name) =>
      name === 'null.test'
        ? { answers: [mx(name, 0, '.', 5)] }
        : { answers: [mx('Example.TEST', 10, 'a.test', 300), mx(name, 20, 'B.test', 60)] },
    )
    const resolver = resolverOf(address)
    expect(await resolver.mx('example.test')).toEqual({
      records: [
        { preference: 10, exchange: 'a.test' },
        { preference: 20, exchange: 'B.test' },
      ],
      ...{ exists: true, ttl: 60, secure: false, name: 'example.test' },
    })
    expect((await resolver.mx('null.test')).records).toEqual([{ preference: 0, exchange: '' }])
  })

  test('CNAMEs are followed: the shortest time counts, and the last name is known; circles end', async () => {
    const alias = (name: string, data: string, ttl: number): Answer => ({ type: 'CNAME', name, ttl, data })
    const { address } = await server((name) =>
      name === 'circle.test'
        ? { answers: [alias('circle.test', 'b.test', 9), alias('b.test', 'circle.test', 9)] }
        : {
            answers: [
              alias(name, 'b.test', 30),
              alias('b.test', 'c.test', 90),
              { type: 'A', name: 'c.test', ttl: 60, data: '192.0.2.1' },
              // Nobody has asked for that one.
              { type: 'A', name: 'evil.test', ttl: 60, data: '192.0.2.66' },
            ],
          },
    )
    const resolver = resolverOf(address)
    const found = await resolver.addresses('a.test', 4)
    expect(found).toMatchObject({ records: ['192.0.2.1'], ttl: 30, name: 'c.test' })
    expect((await resolver.addresses('circle.test', 4)).records).toEqual([])
  })

  test('no such name and no such record are answers; how long they hold stands in SOA (RFC 2308 §5)', async () => {
    const { address } = await server((name) =>
      name === 'gone.test' ? { flags: NXDOMAIN, authorities: [soa(900, 120)] } : { authorities: [soa(60, 3600)] },
    )
    const resolver = resolverOf(address)
    expect(await resolver.mx('gone.test')).toMatchObject({ records: [], exists: false, ttl: 120 })
    expect(await resolver.mx('bare.test')).toMatchObject({ records: [], exists: true, ttl: 60 })
  })

  test('an answer that is too long comes by TCP', async () => {
    const { address, asked } = await server((name, _type, way) =>
      way === 'udp'
        ? { flags: TRUNCATED_RESPONSE }
        : { answers: Array.from({ length: 200 }, (_, i) => mx(name, i, `host-with-a-long-name-${i}.test`, 60)) },
    )
    expect((await resolverOf(address).mx('many.test')).records).toHaveLength(200)
    expect(asked).toEqual(['udp MX many.test', 'tcp MX many.test'])
  })

  test('another server is asked when one fails, is silent, or is not there', async () => {
    const failing = await server(() => ({ flags: SERVFAIL }))
    const silent = await server(() => null)
    const good = await server((name) => ({ answers: [mx(name, 1, 'a.test', 60)] }))
    const servers = [failing.address, silent.address, '127.0.0.1:1', good.address]
    expect((await resolverOf(servers, { timeout: 300 }).mx('x.test')).records).toHaveLength(1)
    const before = failing.asked.length
    await expect(resolverOf(failing.address).mx('x.test')).rejects.toMatchObject({
      code: 'dns',
      message: 'SERVFAIL for x.test MX',
    })
    expect(failing.asked.length - before).toBe(2)
    await expect(resolverOf(silent.address, { rounds: 1, timeout: 50 }).mx('x.test')).rejects.toThrow('is silent')
  })

  test('what is no answer to the question is not one', async () => {
    const other = encode({ type: 'response', id: 1, questions: [{ type: 'MX', name: 'other.test' }], answers: [] })
    const noise = [Buffer.from('x'), Buffer.alloc(12), other]
    const { address } = await server((name) => ({ noise, answers: [mx(name, 1, 'a.test', 60)] }))
    expect((await resolverOf(address).mx('x.test')).records).toHaveLength(1)
  })

  test('AD is believed of a resolver on this machine, and not from elsewhere unless somebody says so', async () => {
    const { address } = await server((name) => ({ flags: AD, answers: [mx(name, 1, 'a.test', 60)] }))
    expect((await resolverOf(address).mx('x.test')).secure).toBe(true)
    expect((await resolverOf(address, { trustAd: false }).mx('x.test')).secure).toBe(false)
    // A second server that is far away: nobody knows who will answer.
    expect((await resolverOf([address, '192.0.2.53']).mx('x.test')).secure).toBe(false)
  })

  test('TXT in pieces is one text; TLSA', async () => {
    const { address } = await server((name, type) => ({
      answers:
        type === 'TXT'
          ? [{ type: 'TXT', name, ttl: 60, data: ['v=STSv1; ', 'id=1;'] }]
          : [
              {
                type: 'TLSA',
                name,
                ttl: 60,
                data: { usage: 3, selector: 1, matchingType: 1, certificate: Buffer.of(1, 2) },
              },
            ],
    }))
    const resolver = resolverOf(address)
    expect((await resolver.txt?.('_mta-sts.x.test'))?.records).toEqual(['v=STSv1; id=1;'])
    expect((await resolver.tlsa?.('_25._tcp.x.test'))?.records).toEqual([
      { usage: 3, selector: 1, matchingType: 1, data: Uint8Array.of(1, 2) },
    ])
  })

  test('names that DNS cannot carry do not exist; servers must be addresses', async () => {
    const { address, asked } = await server(() => ({}))
    for (const name of [`${'x'.repeat(64)}.test`, `${'x.'.repeat(130)}test`, 'a..test', '']) {
      expect(await resolverOf(address).mx(name)).toMatchObject({ exists: false })
    }
    expect(asked).toEqual([])
    for (const text of ['dns.test', '127.0.0.1:x', '127.0.0.1:0', '[::1', '']) {
      expect(() => dnsResolver({ servers: [text] })).toThrow('is no DNS server')
    }
    for (const text of ['127.0.0.1', '::1', '[::1]:53', '2001:db8::1']) dnsResolver({ servers: [text] })
  })
})

describe('cachedResolver', () => {
  test('remembers for as long as an answer holds, asks once for many, and forgets failures', async () => {
    let now = 0
    let asks = 0
    let fails = false
    const resolver = cachedResolver(
      {
        async mx() {
          asks++
          if (fails) throw new Error('SERVFAIL')
          return { records: [], exists: true, ttl: 60, secure: false }
        },
        addresses: async () => ({ records: [], exists: true, ttl: null, secure: false }),
      },
      { now: () => now, size: 2 },
    )
    await Promise.all([resolver.mx('a.test'), resolver.mx('a.test')])
    expect(asks).toBe(1)
    now = 59_999
    await resolver.mx('a.test')
    expect(asks).toBe(1)
    now = 60_000
    fails = true
    await expect(resolver.mx('a.test')).rejects.toThrow('SERVFAIL')
    fails = false
    await resolver.mx('a.test')
    expect(asks).toBe(3)
    // Two are kept, and the oldest goes.
    await resolver.mx('b.test')
    await resolver.mx('c.test')
    await resolver.mx('a.test')
    expect(asks).toBe(6)
  })
})
