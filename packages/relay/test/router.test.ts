/** From recipients to destinations, and the limits of these. */
import { expect, test } from 'vitest'
import { createRouter, type RoutingTable } from '../src/index.js'
import { limitsOf } from '../src/queue/limits-of.js'
import { addressOf } from '../src/routing/names.js'

const far = { hosts: [{ host: '192.0.2.1' }] }
const table: RoutingTable = {
  domains: ['Home.TEST', 'bücher.test'],
  aliases: new Map<string, string | readonly string[]>([
    ['info@home.test', ['alice@home.test', 'bob@far.test', 'info2@home.test']],
    ['info2@home.test', ['alice@home.test', 'carol@far.test']],
    ['self@home.test', ['self@home.test', 'bob@far.test']],
    ['ring1@home.test', 'ring2@home.test'],
    ['ring2@home.test', 'ring1@home.test'],
    ['old@home.test', 'new@far.test'],
    ['chain@home.test', 'old@home.test'],
    ['postmaster', 'alice@home.test'],
  ]),
  catchAll: new Map([['bücher.test', 'alice@home.test']]),
  exists: (address) => ['alice@home.test', 'self@home.test', 'Case@home.test'].includes(address),
  routes: new Map([
    ['route.test', far],
    ['.below.test', far],
  ]),
}

/** `address destination (via)` of each target; or the refusal. */
async function route(address: string, change: Partial<RoutingTable> = {}): Promise<readonly string[]> {
  const routing = await createRouter({ ...table, ...change }).route(addressOf(address, 'a test'))
  if (routing.type === 'refused') return [`${routing.code} ${routing.status}`]
  return routing.targets.map(({ mailbox, destination, via }) =>
    [mailbox.address, destination, ...(via === null ? [] : [`(${via})`])].join(' '),
  )
}

test.each([
  ['alice@home.test', ['alice@home.test local']],
  ['alice@HOME.test', ['alice@HOME.test local']],
  ['Alice@home.test', ['Alice@home.test local']],
  ['Case@home.test', ['Case@home.test local']],
  ['nobody@home.test', ['550 5.1.1']],
  ['whoever@xn--bcher-kva.test', ['alice@home.test local']],
  ['x@Far.test', ['x@Far.test domain:far.test']],
  ['x@[192.0.2.1]', ['x@[192.0.2.1] domain:[192.0.2.1]']],
  ['x@route.test', ['x@route.test domain:route.test']],
  [
    'info@home.test',
    [
      'alice@home.test local',
      'bob@far.test domain:far.test (info@home.test)',
      'carol@far.test domain:far.test (info2@home.test)',
    ],
  ],
  ['self@home.test', ['self@home.test local', 'bob@far.test domain:far.test (self@home.test)']],
  ['chain@home.test', ['new@far.test domain:far.test (old@home.test)']],
  ['ring1@home.test', ['550 5.4.6']],
  ['postmaster', ['alice@home.test local']],
])('%s', async (address, expected) => {
  expect(await route(address)).toEqual(expected)
})

test('RFC 5321 §4.5.1: postmaster without a domain is that of the first one, or who stands for it', async () => {
  const aliases = new Map([['postmaster@home.test', 'bob@far.test']])
  const exists = (address: string) => address === 'postmaster@home.test'
  expect(await route('Postmaster', { aliases: new Map(), exists })).toEqual(['postmaster@Home.TEST local'])
  expect(await route('Postmaster', { aliases })).toEqual(['bob@far.test domain:far.test (postmaster@Home.TEST)'])
  const all = (domains: readonly string[]) => createRouter({ domains }).route(addressOf('Postmaster', 'a test'))
  expect(await all(['home.test'])).toMatchObject({ targets: [{ mailbox: { address: 'postmaster@home.test' } }] })
  expect(await all([])).toMatchObject({ targets: [{ mailbox: { address: 'Postmaster' } }] })
  expect(await route('Postmaster', { aliases: new Map() })).toEqual(['550 5.1.1'])
  expect(await route('Postmaster', { aliases: new Map(), exists: () => true })).toEqual(['Postmaster local'])
})

test('an alias of nobody is none', async () => {
  expect(await route('alice@home.test', { aliases: () => [] })).toEqual(['alice@home.test local'])
})

test('aliases that name each other: not all ways are gone', async () => {
  const all = Array.from({ length: 12 }, (_, i) => `a${i}@home.test`)
  const aliases = (address: string) => (all.includes(address) ? all : null)
  expect(await route('a0@home.test', { aliases, exists: () => true })).toEqual(['550 5.4.6'])
})

test('routes: the domain itself, then the nearest one above, then the smart host', async () => {
  const near = { hosts: [{ host: '192.0.2.2' }] }
  const smart = { hosts: [{ host: '192.0.2.3' }] }
  const routes = new Map([...(table.routes ?? []), ['.deep.below.test', near] as const])
  const router = createRouter({ ...table, routes, smartHost: smart })
  const routeOf = async (domain: string) => {
    const routing = await router.route(addressOf(`x@${domain}`, 'a test'))
    return routing.type === 'targets' ? router.routeOf(routing.targets[0].destination) : null
  }
  expect(await routeOf('a.below.test')).toBe(far)
  expect(await routeOf('a.b.Below.test')).toBe(far)
  expect(await routeOf('a.deep.below.test')).toBe(near)
  expect(await routeOf('deep.below.test')).toBe(far)
  // `.below.test` is what lies below, and a name that only ends like it is another one.
  expect(await routeOf('below.test')).toBe(smart)
  expect(await routeOf('notbelow.test')).toBe(smart)
  expect(await route('x@below.test', { smartHost: smart })).toEqual(['x@below.test route:smarthost'])
})

test('an alias of thousands, and one that never ends', async () => {
  const endless = { aliases: (address: string) => `x${address}` }
  expect(await route('a@home.test', endless)).toEqual(['550 5.4.6'])
  const crowd = { aliases: new Map([['all@home.test', Array.from({ length: 10_001 }, (_, i) => `u${i}@far.test`)]]) }
  expect(await route('all@home.test', crowd)).toEqual(['550 5.4.6'])
})

test('limits of a destination: its own, those of the nearest domain above, the general ones', () => {
  const limits = (concurrency: number) => ({ concurrency, perMinute: null })
  const own = new Map([
    ['domain:example.org', limits(1)],
    ['domain:.example.org', limits(2)],
    ['domain:.deep.example.org', limits(3)],
    ['route:smarthost', limits(4)],
  ])
  const of = (key: string): number => limitsOf(key, own, limits(9)).concurrency
  expect([of('domain:example.org'), of('domain:a.example.org'), of('domain:a.b.example.org')]).toEqual([1, 2, 2])
  expect([of('domain:a.deep.example.org'), of('domain:deep.example.org')]).toEqual([3, 2])
  expect([of('domain:notexample.org'), of('domain:org'), of('local')]).toEqual([9, 9, 9])
  expect([of('route:smarthost'), of('route:x.example.org'), of('domain:[192.0.2.1]')]).toEqual([4, 9, 9])
})
