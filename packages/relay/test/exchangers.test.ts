/** Which servers a domain's mail goes to, and in which order (RFC 5321 §5.1). */
import { expect, test } from 'vitest'
import { type ExchangerOptions, findExchangers, orderExchangers } from '../src/index.js'
import { type Zone, zoneResolver } from './world.js'

const options: ExchangerOptions = { ownNames: new Set(), ownAddresses: new Set(), random: () => 0 }
const find = async (domain: string, zone: Zone, change: Partial<ExchangerOptions> = {}) =>
  findExchangers(domain, zoneResolver(zone), { ...options, ...change })
/** `host address`, in order; or why there is none. */
async function order(domain: string, zone: Zone, change: Partial<ExchangerOptions> = {}): Promise<readonly string[]> {
  const found = await find(domain, zone, change)
  if (found.type === 'failed') return [`${found.permanent ? 'for good' : 'for now'} ${found.status}`]
  return found.servers.map(({ host, address }) => `${host} ${address}`)
}

const zone: Zone = {
  mx: {
    'a.test': [
      [20, 'second.test'],
      [10, 'first.test'],
    ],
    'null.test': [[0, '']],
    'broken.test': [[10, 'no-address.test']],
    'silent.test': [[10, 'servfail.test']],
    'half.test': [
      [10, 'servfail.test'],
      [20, 'second.test'],
    ],
    'cased.test': [[10, 'First.TEST.']],
    'inside.test': [[10, 'loop.test']],
  },
  a: {
    'first.test': ['192.0.2.1', '192.0.2.2', '192.0.2.3'],
    'second.test': ['192.0.2.9'],
    'bare.test': ['192.0.2.20'],
    'loop.test': ['127.0.0.1'],
  },
  aaaa: { 'first.test': ['2001:db8::1', '2001:db8::2'], 'bare.test': ['2001:db8::20'] },
  broken: ['servfail.test', 'lost.test'],
}

test('better servers first; of one server IPv6 and IPv4 in turns, IPv6 first', async () => {
  expect(await order('a.test', zone)).toEqual([
    ...['first.test 2001:db8::1', 'first.test 192.0.2.1', 'first.test 2001:db8::2', 'first.test 192.0.2.2'],
    ...['first.test 192.0.2.3', 'second.test 192.0.2.9'],
  ])
  expect((await order('a.test', zone, { families: [4, 6] })).slice(0, 2)).toEqual([
    'first.test 192.0.2.1',
    'first.test 2001:db8::1',
  ])
  expect((await order('a.test', zone, { families: [4] })).every((one) => !one.includes('::'))).toBe(true)
  expect(await order('cased.test', zone, { families: [4] })).toContain('first.test 192.0.2.1')
})

test('servers of the same preference are shuffled, each order as often as any other', () => {
  const records = ['a', 'b', 'c'].map((exchange) => ({ preference: 10, exchange }))
  const last = { preference: 20, exchange: 'z' }
  // All pairs of random numbers on a grid: exactly the six orders of three, each of them 6 * 6 / 6 times.
  const seen = new Map<string, number>()
  for (let i = 0; i < 6; i++) {
    for (let j = 0; j < 6; j++) {
      const numbers = [0, i / 6, j / 6]
      const names = orderExchangers([last, ...records], () => numbers.shift() ?? 0).map(({ exchange }) => exchange)
      expect(names.at(-1)).toBe('z')
      seen.set(names.join(''), (seen.get(names.join('')) ?? 0) + 1)
    }
  }
  expect([...seen.values()]).toEqual([6, 6, 6, 6, 6, 6])
  // A source of numbers that reaches 1 does no harm.
  expect(orderExchangers(records, () => 1)).toHaveLength(3)
})

test.each([
  ['without MX the domain is the server', 'bare.test', ['bare.test 2001:db8::20', 'bare.test 192.0.2.20']],
  ['a null MX', 'null.test', ['for good 5.1.10']],
  ['no such domain', 'nowhere.test', ['for good 5.1.2']],
  ['DNS does not answer', 'lost.test', ['for now 4.4.3']],
  ['a server without an address', 'broken.test', ['for good 5.4.4']],
  ['a server whose address is not to be had now', 'silent.test', ['for now 4.4.3']],
  ['one of two', 'half.test', ['second.test 192.0.2.9']],
  ['a server inside', 'inside.test', ['for good 5.4.4']],
])('%s', async (_, domain, expected) => {
  expect(await order(domain, zone)).toEqual(expected)
})

test.each([
  ['[192.0.2.7]', ['192.0.2.7 192.0.2.7']],
  ['[IPv6:2001:db8::7]', ['2001:db8::7 2001:db8::7']],
  ['[ipv6:2001:db8::7]', ['2001:db8::7 2001:db8::7']],
  ['[127.0.0.1]', ['for good 5.4.4']],
  ['[0.0.0.0]', ['for good 5.4.4']],
  ['[IPv6:::1]', ['for good 5.4.4']],
  ['[IPv6:::ffff:127.0.0.1]', ['for good 5.4.4']],
  // The same in other spellings.
  ['[IPv6:0:0:0:0:0:0:0:1]', ['for good 5.4.4']],
  ['[IPv6:0::0:0001]', ['for good 5.4.4']],
  ['[IPv6:0:0:0:0:0:0:0:0]', ['for good 5.4.4']],
  ['[IPv6:::FFFF:7f00:1]', ['for good 5.4.4']],
  ['[IPv6:0:0:0:0:0:ffff:127.0.0.1]', ['for good 5.4.4']],
  ['[000.0.0.0]', ['for good 5.4.4']],
  ['[IPv6:FF02::1]', ['for good 5.4.4']],
  ['[IPv6:2001:DB8:0:0:0:0:0:7]', ['2001:db8::7 2001:db8::7']],
  ['[IPv6:::ffff:192.0.2.7]', ['192.0.2.7 192.0.2.7']],
])('the address literal %s', async (domain, expected) => {
  expect(await order(domain, {})).toEqual(expected)
})

test('never to ourselves, nor to servers that are no better than we are', async () => {
  const shared: Zone = {
    mx: {
      'shared.test': [
        [10, 'better.test'],
        [20, 'us.test'],
        [20, 'peer.test'],
        [30, 'worse.test'],
      ],
      'ours.test': [[5, 'us.test']],
    },
    a: {
      ...{ 'better.test': ['192.0.2.1'], 'us.test': ['192.0.2.2'] },
      ...{ 'peer.test': ['192.0.2.3'], 'worse.test': ['192.0.2.4'] },
    },
  }
  const byName = { ownNames: new Set(['us.test']) }
  const byAddress = { ownAddresses: new Set(['192.0.2.2']) }
  for (const own of [byName, byAddress]) {
    expect(await order('shared.test', shared, own)).toEqual(['better.test 192.0.2.1'])
    expect(await order('ours.test', shared, own)).toEqual(['for good 5.4.6'])
  }
  // The better one is not gone: nobody knows where it is at the moment.
  const lost = { ...shared, broken: ['better.test'] }
  expect(await order('shared.test', lost, byName)).toEqual(['for now 4.4.3'])
  expect(await order('shared.test', { ...shared, broken: ['worse.test'], a: {} }, byName)).toEqual(['for good 5.4.6'])
  for (const literal of ['[192.0.2.2]', '[IPv6:::ffff:192.0.2.2]', '[IPv6:::ffff:c000:202]']) {
    expect(await order(literal, {}, byAddress)).toEqual(['for good 5.4.6'])
  }
  const v6 = { ownAddresses: new Set(['2001:db8::1']) }
  expect(await order('[IPv6:2001:DB8::1]', {}, v6)).toEqual(['for good 5.4.6'])
})

test('so many servers, and no more, are looked up', async () => {
  const many = Array.from({ length: 50 }, (_, i) => [i, `mx${i}.test`] as const)
  const resolver = zoneResolver({
    mx: { 'many.test': many },
    a: Object.fromEntries(many.map(([i, host]) => [host, [`192.0.2.${i}`]])),
  })
  await findExchangers('many.test', resolver, { ...options, maxServers: 4, families: [4] })
  expect(resolver.asked).toEqual(['mx many.test', 'a4 mx0.test', 'a4 mx1.test', 'a4 mx2.test', 'a4 mx3.test'])
})
