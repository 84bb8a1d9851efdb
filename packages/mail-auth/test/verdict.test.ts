/** What makes DMARC pass, fail, or wait: alignment, policies, signatures that prove too little, and DNS that is slow. */
import { dkimSign as sign } from 'mailauth'
import { afterEach, describe, expect, test } from 'vitest'
import { type VerifyMailOptions, verifyMail } from '../src/index.js'
import { readDmarcRecord } from '../src/syntax/dmarc-record.js'
import { HELLO, keyPair, resolverOf, type World, world, type Zone } from './world.js'

const key = keyPair()
const CRLF_HELLO = HELLO.replaceAll('\n', '\r\n')
/** Nobody's SPF is good here; a key for whoever signs. */
const ZONE: Zone = {
  'TXT mail._domainkey.example.org': [key.record],
  'TXT mail._domainkey.news.example.org': [key.record],
  'TXT mail._domainkey.shop.co.uk': [key.record],
  'TXT _dmarc.example.org': ['v=DMARC1; p=reject'],
}
const servfail = Object.assign(new Error('SERVFAIL'), { code: 'ESERVFAIL' })

const opened: World[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close()
})

async function checking(zone: Zone, options: VerifyMailOptions = {}): Promise<World> {
  const made = await world(verifyMail({ resolver: resolverOf(zone), policy: 'enforce', ...options }))
  opened.push(made)
  return made
}

/** The message with a signature, made by the library with these options. */
async function signed(domain: string, more: object = {}, options: object = {}, text = CRLF_HELLO): Promise<string> {
  const { signatures } = await sign(Buffer.from(text), {
    // Without a time the library asks the clock twice, and signs the first.
    ...{ canonicalization: 'relaxed/relaxed', signTime: new Date(), ...options },
    signatureData: [{ signingDomain: domain, selector: 'mail', privateKey: key.privateKey, ...more }],
  } as unknown as Parameters<typeof sign>[1])
  return (signatures + text).replaceAll('\r\n', '\n')
}

const REFUSED = { reply: { code: 550, enhanced: '5.7.26' } }
const LATER = { reply: { code: 451, enhanced: '4.7.0' } }

const SP_NONE = { subdomains: 'none', missing: 'none' }

describe('the record (RFC 9989 §4.7)', () => {
  const all = (policy: string | null) => ({ policy, subdomains: policy, missing: policy })
  const DEFAULT = { ...all('reject'), testing: false, psd: 'u', strict: { spf: false, dkim: false } }
  test.each([
    ['v=DMARC1; p=reject', {}],
    [' v = DMARC1 ; p = Reject ;; sp=none; aspf = s ', { ...SP_NONE, strict: { spf: true, dkim: false } }],
    ['v=DMARC1; p=quarantine; adkim=s', { ...all('quarantine'), strict: { spf: false, dkim: true } }],
    ['v=DMARC1; p=reject; sp=none; np=quarantine', { ...SP_NONE, missing: 'quarantine' }],
    ['v=DMARC1; p=none; np=reject', { ...all('none'), missing: 'reject' }],
    ['v=DMARC1; p=reject; pct=0; t=n', {}],
    ['v=DMARC1; p=reject; t=y', { testing: true }],
    ['v=DMARC1; p=reject; t=yes; psd=x; aspf=strict', {}],
    ['v=DMARC1; p=reject; psd=y', { psd: 'y' }],
    ['v=DMARC1; p=reject; PSD=N', { psd: 'n' }],
    ['v=DMARC1; p=reject; p=none', {}],
    ['v=DMARC1; p=reject; sp=often', all(null)],
    ['v=DMARC1; p=reject; np=', all(null)],
    ['v=DMARC1; rua=mailto:a@example.org', all('none')],
    ['v=DMARC1; p=reject; sp=often; rua=nobody, mailto:a@example.org!10m', all('none')],
    ['v=DMARC1; rua=nobody', all(null)],
    ['v=DMARC1', all(null)],
    ['v=DMARC1; psd=y', { ...all(null), psd: 'y' }],
    ['v=DMARC10; p=reject', null],
    ['v=dmarc1; p=reject', null],
    ['p=reject; v=DMARC1', null],
    ['v=spf1 -all', null],
    ['', null],
    [`v=DMARC1; p=reject;${'='.repeat(65_000)}`, {}],
    [`v=DMARC1;${'x=y;'.repeat(16_000)}p=reject`, {}],
    [';'.repeat(65_000), null],
  ])('%j', (text, said) => {
    expect(readDmarcRecord(text)).toEqual(said && { ...DEFAULT, ...said })
  })
})

describe('alignment (RFC 9989 §4.4)', () => {
  test.each([
    ['related, relaxed', 'v=DMARC1; p=reject', 'news.example.org', 'pass'],
    ['related, strict', 'v=DMARC1; p=reject; adkim=s', 'news.example.org', 'fail'],
    ['the same, strict', 'v=DMARC1; p=reject; adkim=s', 'example.org', 'pass'],
    ['the same in capitals', 'v=DMARC1; p=reject; adkim=s', 'Example.ORG', 'pass'],
    ['strict for SPF only', 'v=DMARC1; p=reject; aspf=s', 'news.example.org', 'pass'],
    ['somebody else', 'v=DMARC1; p=reject', 'shop.co.uk', 'fail'],
  ])('a signature: %s', async (_name, record, domain, result) => {
    const mx = await checking(
      { ...ZONE, 'TXT mail._domainkey.Example.ORG': [key.record], 'TXT _dmarc.example.org': [record] },
      { policy: 'note' },
    )
    await mx.send(await signed(domain))
    expect(mx.passed[0].found).toMatchObject({ dkim: [{ result: 'pass' }], dmarc: { result } })
  })

  test.each([
    ['v=DMARC1; p=reject', 'pass'],
    ['v=DMARC1; p=reject; aspf=s', 'fail'],
  ])('SPF of a related domain: %s', async (record, result) => {
    const zone = {
      ...ZONE,
      'TXT _dmarc.example.org': [record],
      'TXT bounce.example.org': ['v=spf1 ip4:127.0.0.1 -all'],
    }
    const mx = await checking(zone, { policy: 'note' })
    await mx.send(HELLO, { from: 'x@bounce.example.org' })
    expect(mx.passed[0].found).toMatchObject({ spf: { result: 'pass' }, dmarc: { result } })
  })

  test('two who have only a public suffix in common are not related', async () => {
    const zone = { ...ZONE, 'TXT _dmarc.bank.co.uk': ['v=DMARC1; p=reject'] }
    const mx = await checking(zone)
    const text = CRLF_HELLO.replace('alice@example.org', 'alice@bank.co.uk')
    await expect(mx.send(await signed('shop.co.uk', {}, {}, text))).rejects.toMatchObject(REFUSED)
  })

  test.each([
    ['v=DMARC1; p=reject', 'reject'],
    ['v=DMARC1; p=reject; sp=none', 'none'],
    ['v=DMARC1; p=none; sp=reject', 'reject'],
  ])('a subdomain has the policy of its organization: %s', async (record, policy) => {
    const mx = await checking({ ...ZONE, 'TXT _dmarc.example.org': [record] }, { policy: 'note' })
    await mx.send(HELLO.replace('alice@example.org', 'alice@a.b.example.org'))
    expect(mx.passed[0].found?.dmarc).toMatchObject({ result: 'fail', policy, domain: 'a.b.example.org' })
  })

  test('several records are none', async () => {
    const mx = await checking({ 'TXT _dmarc.example.org': ['v=DMARC1; p=reject', 'v=DMARC1; p=none'] })
    await mx.send(HELLO)
    expect(mx.passed[0].found?.dmarc).toMatchObject({ result: 'none', policy: null })
  })
})

describe('signatures that prove too little', () => {
  test('octets behind what was signed (l=, RFC 6376 §8.2)', async () => {
    const text = await signed('example.org', { maxBodyLength: 11 })
    expect(text).toContain('l=11')
    const mx = await checking(ZONE)
    await mx.send(text)
    expect(mx.passed[0].found).toMatchObject({ dkim: [{ result: 'pass' }], dmarc: { result: 'pass' } })
    await expect(mx.send(`${text}And pay the bill below\n`)).rejects.toMatchObject(REFUSED)
    const note = await checking(ZONE, { policy: 'note' })
    await note.send(`${text}And pay the bill below\n`)
    expect(note.passed[0].found?.dkim).toMatchObject([
      { result: 'policy', comment: expect.stringContaining('octets are not signed') },
    ])
  })

  test('rsa-sha1 (RFC 8301 §3.1)', async () => {
    const mx = await checking(ZONE, { policy: 'note' })
    await mx.send(await signed('example.org', { algorithm: 'rsa-sha1' }))
    expect(mx.passed[0].found).toMatchObject({ dkim: [{ result: 'policy' }], dmarc: { result: 'fail' } })
  })

  test('without the From field (RFC 6376 §5.4)', async () => {
    const mx = await checking(ZONE, { policy: 'note' })
    await mx.send(await signed('example.org', {}, { headerList: 'To:Subject' }))
    expect(mx.passed[0].found).toMatchObject({ dkim: [{ result: 'permerror' }], dmarc: { result: 'fail' } })
  })

  test('a key of fewer than 1,024 bits (RFC 8301 §3.2)', async () => {
    const weak = keyPair('rsa', 768)
    const mx = await checking({ ...ZONE, 'TXT mail._domainkey.example.org': [weak.record] }, { policy: 'note' })
    await mx.send(await signed('example.org', { privateKey: weak.privateKey }))
    expect(mx.passed[0].found?.dkim).toMatchObject([{ result: 'policy', comment: 'weak-key' }])
    expect(mx.passed[0].found?.dmarc.result).toBe('fail')
  })
})

describe('nobody gets past a policy by making the checks long', () => {
  const many = Array.from({ length: 10 }, (_, i) => `h${i}.evil.test`)
  const EVIL: Zone = {
    ...ZONE,
    'TXT evil.test': [`v=spf1 ${many.map((name) => `mx:${name}`).join(' ')} -all`],
    ...Object.fromEntries(many.map((name) => [`MX ${name}`, many.map((host) => ({ exchange: host, priority: 1 }))])),
    ...Object.fromEntries(many.map((name) => [`A ${name}`, ['192.0.2.1']])),
  } as Zone

  test('SPF that asks for very much', async () => {
    const mx = await checking(EVIL, { limits: { dnsQueries: 5 } })
    await expect(mx.send(HELLO, { from: 'x@evil.test' })).rejects.toMatchObject(REFUSED)
    const note = await checking(EVIL, { policy: 'note', limits: { dnsQueries: 5 } })
    await note.send(HELLO, { from: 'x@evil.test' })
    expect(note.passed[0].found).toMatchObject({ spf: { result: 'permerror' }, dmarc: { result: 'fail' } })
  })

  /** Names of `evil.test` are never answered. */
  function slow(zone: Zone, options: VerifyMailOptions = {}): Promise<World> {
    const answer = resolverOf(zone)
    const resolver = (name: string, type: string) =>
      name.endsWith('evil.test') ? new Promise<never>(() => {}) : answer(name, type)
    return checking(zone, { resolver, limits: { time: 100 }, ...options })
  }

  test('SPF that is never answered: it could not have made DMARC pass', async () => {
    const mx = await slow(ZONE)
    await expect(mx.send(HELLO, { from: 'x@evil.test' })).rejects.toMatchObject(REFUSED)
  })

  test('a key that is never answered: the client tries again', async () => {
    const mx = await slow(ZONE)
    await expect(mx.send(await signed('evil.test'))).rejects.toMatchObject(LATER)
    // Nobody has asked for more than to be told.
    const none = await slow({ ...ZONE, 'TXT _dmarc.example.org': ['v=DMARC1; p=none'] })
    await none.send(await signed('evil.test'))
    expect(none.passed[0].found?.dmarc).toMatchObject({ result: 'temperror', policy: 'none' })
  })

  test.each<[string, Zone, object]>([
    ['the policy', { 'TXT _dmarc.example.org': servfail }, LATER],
    ['the key of the From domain', { 'TXT mail._domainkey.example.org': servfail }, LATER],
    ['SPF of the From domain', { 'TXT example.org': servfail, 'TXT mail._domainkey.example.org': [] }, LATER],
    [
      'what SPF includes',
      {
        ...{ 'TXT mail._domainkey.example.org': [], 'TXT spf.example.net': servfail },
        'TXT example.org': ['v=spf1 include:spf.example.net -all'],
      },
      LATER,
    ],
  ])('DNS fails for %s', async (_name, zone, reply) => {
    const mx = await checking({ ...ZONE, ...zone })
    await expect(mx.send(await signed('example.org'))).rejects.toMatchObject(reply)
  })

  test('names that cannot be are names that do not exist', async () => {
    const bad = Object.assign(new Error('EBADNAME'), { code: 'EBADNAME' })
    const mx = await checking({ ...ZONE, 'TXT _dmarc.[192.0.2.1]': bad })
    await mx.send(HELLO.replace('alice@example.org', 'alice@[192.0.2.1]'))
    expect(mx.passed[0].found?.dmarc).toMatchObject({ result: 'none', domain: '[192.0.2.1]' })
  })
})
