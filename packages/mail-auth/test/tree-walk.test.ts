/** The DNS tree walk (RFC 9989 §4.10): which questions it asks, whose record holds, and who belongs together. */
import { afterEach, describe, expect, test } from 'vitest'
import { type Resolve, type VerifyMailOptions, verifyMail } from '../src/index.js'
import { findPolicy } from '../src/session/dmarc.js'
import { asking } from '../src/session/dns.js'
import { treeOf } from '../src/session/tree-walk.js'
import { HELLO, resolverOf, type World, world, type Zone } from './world.js'

const NONE = 'v=DMARC1; p=none'
const REJECT = 'v=DMARC1; p=reject'
const noData = Object.assign(new Error('ENODATA'), { code: 'ENODATA' })
const servfail = Object.assign(new Error('SERVFAIL'), { code: 'ESERVFAIL' })

/** `TXT _dmarc.name` by name. */
function recordsOf(records: Readonly<Record<string, string | readonly string[] | Error>>): Zone {
  return Object.fromEntries(
    Object.entries(records).map(([name, found]) => [`TXT _dmarc.${name}`, typeof found === 'string' ? [found] : found]),
  )
}

function tree(zone: Zone, limit = 60) {
  const resolver = resolverOf(zone)
  return { ...treeOf(asking(resolver, limit, new AbortController().signal)), asked: resolver.asked }
}

describe('the questions', () => {
  test.each([
    ['example.com', ['example.com', 'com']],
    ['com', ['com']],
    ['b.c.d.e.f.example.com', ['b.c.d.e.f', 'c.d.e.f', 'd.e.f', 'e.f', 'f', ''].map(under).concat('com')],
    [
      'a.b.c.d.e.f.example.com',
      ['a.b.c.d.e.f', 'b.c.d.e.f', 'c.d.e.f', 'd.e.f', 'e.f', 'f', ''].map(under).concat('com'),
    ],
    // The RFC's own
    [
      'a.b.c.d.e.f.g.h.i.j.mail.example.com',
      [
        'a.b.c.d.e.f.g.h.i.j.mail.example.com',
        ...['g.h.i.j.mail', 'h.i.j.mail', 'i.j.mail', 'j.mail', 'mail', ''].map(under),
        'com',
      ],
    ],
    ['[192.0.2.1]', []],
    ['[IPv6:2001:db8::1]', []],
    ['', []],
    ['..', []],
    ['x..example.com.', ['x.example.com', 'example.com', 'com']],
    // What cannot be a name is not asked for; what is above it is.
    [`${'x'.repeat(64)}.example.com`, ['example.com', 'com']],
    [`${'x.'.repeat(4000)}example.com`, ['x.x.x.x.x', 'x.x.x.x', 'x.x.x', 'x.x', 'x', ''].map(under).concat('com')],
  ])('%s', async (domain, names) => {
    const { walk, asked } = tree({})
    expect(await walk(domain)).toEqual({ organization: domain, records: new Map() })
    expect(asked).toEqual(names.map((name) => `TXT _dmarc.${name}`))
  })

  function under(name: string): string {
    return name === '' ? 'example.com' : `${name}.example.com`
  }

  test('end where a record says whose the domains are (psd=y, psd=n), and not at others', async () => {
    const { walk, asked } = tree(recordsOf({ 'a.b.example': NONE, 'b.example': `${NONE}; psd=n`, example: NONE }))
    expect((await walk('a.b.example')).organization).toBe('b.example')
    expect(asked).toEqual(['TXT _dmarc.a.b.example', 'TXT _dmarc.b.example'])
  })

  test('are asked once, even side by side', async () => {
    const { walk, asked } = tree(recordsOf({ 'example.com': NONE }))
    await Promise.all([walk('a.example.com'), walk('b.example.com'), walk('example.com')])
    expect(asked.toSorted()).toEqual(
      ['a.example.com', 'b.example.com', 'com', 'example.com'].map((name) => `TXT _dmarc.${name}`),
    )
  })
})

describe('the organization (RFC 9989 §4.10.2)', () => {
  test.each<[string, string, Parameters<typeof recordsOf>[0], string]>([
    ['the fewest labels', 'a.mail.example.com', { 'mail.example.com': NONE, 'example.com': NONE }, 'example.com'],
    ['psd=n', 'a.mail.example.com', { 'mail.example.com': `${NONE}; psd=n`, 'example.com': NONE }, 'mail.example.com'],
    ['psd=y', 'a.mail.example.com', { com: `${NONE}; psd=y` }, 'example.com'],
    ['psd=y two labels up', 'mail.example.com', { 'example.com': 'v=DMARC1; psd=y' }, 'mail.example.com'],
    ['psd=y of its own', 'bank.example', { 'bank.example': `${NONE}; psd=y`, example: NONE }, 'bank.example'],
    ['psd=n below psd=y', 'a.b.example', { 'a.b.example': `${NONE}; psd=n`, example: `${NONE}; psd=y` }, 'a.b.example'],
    ['psd=y behind the jump', '1.2.3.4.5.6.7.8.a', { '3.4.5.6.7.8.a': `${NONE}; psd=y` }, '2.3.4.5.6.7.8.a'],
    ['no record', 'a.example.com', {}, 'a.example.com'],
    [
      'two records are none',
      'a.example.com',
      { 'example.com': [NONE, REJECT], 'a.example.com': NONE },
      'a.example.com',
    ],
    ['others beside it', 'a.example.com', { 'example.com': [NONE, 'v=spf1 -all', 'v=DMARC2'] }, 'example.com'],
    ['a top-level domain of its own', 'mail.brand', { brand: NONE }, 'brand'],
    // Appendix B.4
    ['B.4.1', 'signing.example.com', { 'signing.example.com': NONE, 'example.com': REJECT }, 'example.com'],
    ['B.4.2', 'a.b.c.d.e.f.g.h.i.j.k.example.com', { 'example.com': NONE }, 'example.com'],
    ['B.4.3', 'mail.giant.bank.example', { ...bank() }, 'giant.bank.example'],
    ['B.4.3, the other', 'mail.mega.bank.example', { ...bank() }, 'mega.bank.example'],
  ])('%s: %s', async (_name, domain, records, organization) => {
    expect((await tree(recordsOf(records)).walk(domain)).organization).toBe(organization)
  })

  function bank() {
    return { 'bank.example': `${REJECT}; psd=y`, 'giant.bank.example': NONE }
  }

  test.each<[string, Parameters<typeof recordsOf>[0]]>([
    ['DNS fails on the way (a loop of CNAMEs, say)', { 'example.com': servfail, 'a.example.com': NONE }],
    ['at the top', { com: servfail, 'example.com': NONE }],
  ])('%s: nobody knows', async (_name, records) => {
    await expect(tree(recordsOf(records)).walk('a.example.com')).rejects.toThrow('SERVFAIL')
  })

  test('an alias without a record at its end is no record', async () => {
    const { walk } = tree({ 'TXT _dmarc.example.com': noData })
    expect((await walk('example.com')).records.size).toBe(0)
  })
})

describe('the policy (RFC 9989 §4.10.1)', () => {
  const TREE = `${REJECT}; sp=quarantine; np=none`
  test.each<[string, string, Zone, string | null]>([
    ['of its own', 'mail.example.com', recordsOf({ 'mail.example.com': NONE, 'example.com': REJECT }), 'none'],
    ['of its own, which does not exist', 'example.com', recordsOf({ 'example.com': TREE }), 'reject'],
    [
      'of the organization',
      'a.mail.example.com',
      recordsOf({ 'mail.example.com': NONE, 'example.com': REJECT }),
      'reject',
    ],
    [
      'sp=, for what exists',
      'a.example.com',
      { ...recordsOf({ 'example.com': TREE }), 'A a.example.com': noData },
      'quarantine',
    ],
    [
      'sp=, for what has an address',
      'a.example.com',
      { ...recordsOf({ 'example.com': TREE }), 'A a.example.com': [] },
      'quarantine',
    ],
    ['np=, for what does not', 'a.example.com', recordsOf({ 'example.com': TREE }), 'none'],
    ['np=, for what cannot', `${'x'.repeat(64)}.example.com`, recordsOf({ 'example.com': TREE }), 'none'],
    ['sp= without np=', 'a.example.com', recordsOf({ 'example.com': `${REJECT}; sp=quarantine` }), 'quarantine'],
    ['of the public suffix', 'a.b.example', recordsOf({ example: `${NONE}; psd=y; np=reject` }), 'reject'],
    ['not of the public suffix', 'a.b.example', recordsOf({ 'b.example': NONE, example: `${REJECT}; psd=y` }), 'none'],
    [
      'none that there is, and no reports',
      'example.com',
      recordsOf({ 'example.com': 'v=DMARC1; p=often', com: REJECT }),
      null,
    ],
    [
      'two of its own: none of its own',
      'a.example.com',
      recordsOf({ 'a.example.com': [NONE, NONE], 'example.com': REJECT }),
      'reject',
    ],
    ['none', 'example.com', {}, null],
  ])('%s: %s', async (_name, domain, zone, policy) => {
    expect((await findPolicy(domain, tree(zone)))?.policy ?? null).toBe(policy)
  })

  test('with a record of its own nothing else is asked for, however DNS is above', async () => {
    const own = tree(recordsOf({ 'example.com': REJECT, com: servfail }))
    expect(await findPolicy('example.com', own)).toMatchObject({ policy: 'reject' })
    expect(own.asked).toEqual(['TXT _dmarc.example.com'])
  })

  test('whether a domain exists is not asked where that does not matter, and an error is none', async () => {
    const same = tree(recordsOf({ 'example.com': `${REJECT}; sp=none; np=none` }))
    await findPolicy('a.example.com', same)
    expect(same.asked).not.toContain('A a.example.com')
    const fails = tree({ ...recordsOf({ 'example.com': TREE }), 'A a.example.com': servfail })
    await expect(findPolicy('a.example.com', fails)).rejects.toThrow('SERVFAIL')
  })

  test('more questions than are allowed: nobody knows', async () => {
    await expect(findPolicy('a.example.com', tree({}, 2))).rejects.toThrow('more than 2 DNS queries')
  })
})

describe('messages', () => {
  const opened: World[] = []
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.close()
  })

  async function checking(zone: Zone, options: VerifyMailOptions = {}): Promise<World & { asked: readonly string[] }> {
    const resolver = resolverOf(zone)
    const made = await world(verifyMail({ resolver, policy: 'enforce', ...options }))
    opened.push(made)
    return { ...made, asked: resolver.asked }
  }
  const OURS = 'v=spf1 ip4:127.0.0.1 -all'
  const from = (domain: string) => HELLO.replace('alice@example.org', `alice@${domain}`)
  const REFUSED = { reply: { code: 550, enhanced: '5.7.26' } }
  const LATER = { reply: { code: 451, enhanced: '4.7.0' } }

  test('who shares a public suffix is not related, however it is found', async () => {
    const zone = { ...recordsOf({ 'bank.example': `${REJECT}; psd=y` }), 'TXT mail.mega.bank.example': [OURS] }
    const mx = await checking(zone)
    await expect(mx.send(from('giant.bank.example'), { from: 'x@mail.mega.bank.example' })).rejects.toMatchObject(
      REFUSED,
    )
    await mx.send(from('mega.bank.example'), { from: 'x@mail.mega.bank.example' })
    expect(mx.passed[0].found?.dmarc).toMatchObject({ result: 'pass', domain: 'mega.bank.example' })
  })

  test('whoever says psd=n is nobody else', async () => {
    const zone = {
      ...recordsOf({ 'example.org': REJECT, 'sold.example.org': `${NONE}; psd=n` }),
      'TXT x.sold.example.org': [OURS],
    }
    const mx = await checking(zone)
    await expect(mx.send(from('example.org'), { from: 'x@x.sold.example.org' })).rejects.toMatchObject(REFUSED)
  })

  test('a domain that does not exist', async () => {
    const mx = await checking({ ...recordsOf({ 'example.org': `${NONE}; np=reject` }), 'A shop.example.org': noData })
    await mx.send(from('shop.example.org'))
    await expect(mx.send(from('shpo.example.org'))).rejects.toMatchObject(REFUSED)
  })

  test('what is tried out (t=y) refuses nothing; a percentage is none', async () => {
    const mx = await checking(recordsOf({ 'example.org': `${REJECT}; t=y`, 'bank.example': `${REJECT}; pct=0` }))
    await mx.send(HELLO)
    expect(mx.passed[0].found?.dmarc).toMatchObject({ result: 'fail', policy: 'reject', percent: 0 })
    await expect(mx.send(from('bank.example'))).rejects.toMatchObject(REFUSED)
  })

  test.each(['[192.0.2.1]', '[IPv6:2001:db8::1]'])('an address as the domain: %s is nobody', async (domain) => {
    const mx = await checking({})
    await mx.send(from(domain), { from: 'x@example.net' })
    expect(mx.passed[0].found?.dmarc).toMatchObject({ result: 'none', domain: domain.toLowerCase() })
    expect(mx.asked.filter((name) => name.includes('_dmarc'))).toEqual([])
  })

  test.each(['bücher.example.org', 'xn--bcher-kva.example.org', 'BÜCHER.Example.ORG.'])(
    '%s is below its organization',
    async (domain) => {
      const mx = await checking({ ...recordsOf({ 'example.org': REJECT }), 'TXT example.org': [OURS] })
      await mx.send(from(domain))
      expect(mx.passed[0].found?.dmarc).toMatchObject({ result: 'pass', domain: 'xn--bcher-kva.example.org' })
    },
  )

  test('a name of one label', async () => {
    const mx = await checking({ ...recordsOf({ localhost: REJECT }), 'TXT mail.localhost': [OURS] })
    await mx.send(from('localhost'), { from: 'x@mail.localhost' })
    await expect(mx.send(from('localhost'), { from: 'x@example.net' })).rejects.toMatchObject(REFUSED)
  })

  test('DNS keeps a relation from us that would have counted: the client tries again', async () => {
    const zone = {
      ...recordsOf({ 'example.org': REJECT, org: servfail }),
      'TXT mail.example.org': [OURS],
      'TXT evil.test': [OURS],
    }
    const mx = await checking(zone)
    await expect(mx.send(HELLO, { from: 'x@mail.example.org' })).rejects.toMatchObject(LATER)
    // Nothing in common
    await expect(mx.send(HELLO, { from: 'x@evil.test' })).rejects.toMatchObject(REFUSED)
  })

  test('who cannot be related is not asked about', async () => {
    const mx = await checking({ ...recordsOf({ 'example.org': REJECT }), 'TXT news.evil.org': [OURS] })
    await expect(mx.send(HELLO, { from: 'x@news.evil.org' })).rejects.toMatchObject(REFUSED)
    expect(mx.asked.filter((name) => name.includes('_dmarc'))).toEqual(['TXT _dmarc.example.org', 'TXT _dmarc.org'])
  })

  test('relations are known when the sender has used up the time', async () => {
    const answer = resolverOf({ ...recordsOf({ 'example.org': REJECT, 'evil.org': NONE }) })
    const resolver: Resolve = (name, type) => (name === 'evil.org' ? new Promise(() => {}) : answer(name, type))
    const mx = await checking({}, { resolver, limits: { time: 100 } })
    await expect(mx.send(HELLO, { from: 'x@evil.org' })).rejects.toMatchObject(REFUSED)
  })
})
