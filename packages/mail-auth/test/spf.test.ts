/** SPF (RFC 7208) beyond what the library does: macros in what is included, and senders with quotes. */
import { afterEach, describe, expect, test } from 'vitest'
import { verifyMail } from '../src/index.js'
import { expandMacros } from '../src/syntax/spf-macros.js'
import { HELLO, resolverOf, type World, world, type Zone } from './world.js'

let current: World
afterEach(() => current?.close())

/** What is found for mail of this sender, and which names DNS was asked for. */
async function spfOf(zone: Zone, from: string | null = 'alice@example.org') {
  const resolver = resolverOf(zone)
  current = await world(verifyMail({ resolver }))
  await current.send(HELLO, { from })
  return { result: current.passed[0].found?.spf.result, asked: resolver.asked }
}

const HERE = ['127.0.0.1']

describe('the domain of a macro (RFC 7208 §7.2)', () => {
  const included = (record: string): Zone => ({
    'TXT example.org': ['v=spf1 include:spf.esp.test -all'],
    'TXT spf.esp.test': [record],
  })
  test.each<[string, Zone, string]>([
    ['included', included('v=spf1 exists:%{i}._ip.%{d} -all'), 'A 127.0.0.1._ip.spf.esp.test'],
    ['included, with a transformer', included('V=SPF1 exists:%{ir}.%{D2r} -all'), 'A 1.0.0.127.esp.spf'],
    [
      'redirected to',
      {
        'TXT example.org': ['v=spf1 redirect=spf.esp.test'],
        'TXT spf.esp.test': ['v=spf1 a:%{d} -all'],
      },
      'A spf.esp.test',
    ],
    ['of the sender', included('v=spf1 exists:%{o}.spf.esp.test -all'), 'A example.org.spf.esp.test'],
    ['of the sender, without an include', { 'TXT example.org': ['v=spf1 exists:x.%{d} -all'] }, 'A x.example.org'],
    ['after a percent sign', included('v=spf1 exists:%%{d}.%{d} -all'), 'A %{d}.spf.esp.test'],
  ])('%s', async (_name, zone, name) => {
    const { result, asked } = await spfOf({ ...zone, [name]: HERE })
    expect(asked).toContain(name)
    expect(result).toBe('pass')
  })

  test('of ptr without one', async () => {
    const zone = {
      ...included('v=spf1 ptr -all'),
      'PTR 1.0.0.127.in-addr.arpa': ['mx.spf.esp.test'],
      'A mx.spf.esp.test': HERE,
    }
    expect((await spfOf(zone)).result).toBe('pass')
    await current.close()
    const other = { ...zone, 'PTR 1.0.0.127.in-addr.arpa': ['mx.example.org'], 'A mx.example.org': HERE }
    expect((await spfOf(other)).result).toBe('fail')
  })
})

test.each([
  ['alice@example.org', 'A alice.of.example.org'],
  ['"a@b"@example.org', 'A "a@b".of.example.org'],
  ['50%{d}@example.org', 'A 50%{d}.of.example.org'],
  [null, 'A postmaster.of.client.example.org'],
])('the local part and the domain of %s', async (from, name) => {
  const record = ['v=spf1 exists:%{l}.of.%{o} -all']
  const zone = { 'TXT example.org': record, 'TXT client.example.org': record, [name]: HERE }
  expect((await spfOf(zone, from)).result).toBe('pass')
})

test('no term with a local part that is not ASCII is true (RFC 8616 §5)', async () => {
  const record = ['v=spf1 exists:%{l}.example.org exists:%{S} include:ok.example.org -all']
  const zone = { 'TXT example.org': record, 'TXT ok.example.org': ['v=spf1 ip4:127.0.0.1'] }
  const { result, asked } = await spfOf(zone, 'zoë@example.org')
  expect(result).toBe('pass')
  expect(asked.filter((name) => name.startsWith('A '))).toEqual([])
})

// RFC 7208 §7.4
test.each([
  ['%{l}', 'strong-bad'],
  ['%{l-}', 'strong.bad'],
  ['%{lr}', 'strong-bad'],
  ['%{lr-}', 'bad.strong'],
  ['%{l1r-}', 'strong'],
  ['%{d}', 'email.example.com'],
  ['%{d4}', 'email.example.com'],
  ['%{d2}', 'example.com'],
  ['%{d1}', 'com'],
  ['%{dr}', 'com.example.email'],
  ['%{d2R}', 'example.email'],
  ['a.%{L-}._spf.%{d2}/24', 'a.strong.bad._spf.example.com/24'],
  ['%{o} %%{d} %_%-%{i} %{d', 'my%_%%x%_y %%{d} %_%-%{i} %{d'],
  ['%{dx}%{}%', '%{dx}%{}%'],
])('%s is %s', (text, plain) => {
  const values = new Map(Object.entries({ l: 'strong-bad', d: 'email.example.com', o: 'my %x y' }))
  expect(expandMacros(text, values)).toBe(plain)
})

describe('a domain that ends with a dot (RFC 7208 §7.1)', () => {
  test.each<[string, Zone, string]>([
    ['a:mail.example.org.', { 'A mail.example.org': HERE }, 'pass'],
    ['a:mail.example.org./24', { 'A mail.example.org': ['127.0.0.9'] }, 'pass'],
    ['a:mail.example.org.//64', { 'A mail.example.org': HERE }, 'pass'],
    ['?a:mail.example.org.', { 'A mail.example.org': HERE }, 'neutral'],
    ['exists:%{i}.x.%{d}.', { 'A 127.0.0.1.x.example.org': HERE }, 'pass'],
    ['ptr:example.org.', { 'PTR 1.0.0.127.in-addr.arpa': ['a.example.org'], 'A a.example.org': HERE }, 'pass'],
    ['include:spf.example.org.', { 'TXT spf.example.org': ['v=spf1 +all'] }, 'pass'],
    ['a:mail.example.org.5', {}, 'permerror'],
    ['a:mail.example.org..', {}, 'permerror'],
    ['ip4:127.0.0.1.', {}, 'permerror'],
    ['all.', {}, 'permerror'],
    ['a:.', {}, 'permerror'],
  ])('%s', async (term, zone, result) => {
    expect((await spfOf({ ...zone, 'TXT example.org': [`v=spf1 ${term} -all`] })).result).toBe(result)
  })
})

describe('limits (RFC 7208 §4.6.4, §5.5)', () => {
  const names = (count: number) => Array.from({ length: count }, (_, i) => `x${i}.example.org`)
  const exists = (count: number) =>
    `${names(count)
      .map((name) => `exists:${name}`)
      .join(' ')} ip4:127.0.0.1`
  const empty = (count: number): Zone => Object.fromEntries(names(count).map((name) => [`A ${name}`, []]))
  const mx = (count: number) => ({
    'MX example.org': names(count).map((exchange, priority) => ({ exchange, priority })) as never,
  })
  const servfail = Object.assign(new Error('SERVFAIL'), { code: 'ESERVFAIL' })
  test.each<[string, string, Zone, string]>([
    ['10 lookups', exists(10), empty(10), 'pass'],
    ['11 lookups', exists(11), empty(11), 'permerror'],
    ['2 that find nothing', exists(2), {}, 'pass'],
    ['3 that find nothing', exists(3), {}, 'permerror'],
    ['10 hosts of an MX', 'mx ip4:127.0.0.1', { ...mx(10), ...empty(10) }, 'pass'],
    ['11 hosts of an MX', 'mx ip4:127.0.0.1', { ...mx(11), ...empty(11) }, 'permerror'],
    ['ptr whose DNS fails', 'ptr ip4:127.0.0.1', { 'PTR 1.0.0.127.in-addr.arpa': servfail }, 'pass'],
  ])('%s', async (_name, terms, zone, result) => {
    expect((await spfOf({ ...zone, 'TXT example.org': [`v=spf1 ${terms} -all`] })).result).toBe(result)
  })
})
