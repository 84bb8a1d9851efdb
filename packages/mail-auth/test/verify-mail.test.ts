import { reply } from '@posthouse/smtp'
import { authenticate, sealMessage } from 'mailauth'
import { afterEach, describe, expect, test } from 'vitest'
import { dkimSign, type VerifyMailOptions, verifyMail } from '../src/index.js'
import { HELLO, keyPair, resolverOf, type World, world, type Zone } from './world.js'

const key = keyPair()
const KEYS = new Map([['example.org', { selector: 'mail', privateKey: key.privateKey }]])
const HONEST: Zone = {
  'TXT example.org': ['v=spf1 ip4:127.0.0.1 -all'],
  'TXT mail._domainkey.example.org': [key.record],
  'TXT _dmarc.example.org': ['v=DMARC1; p=reject'],
}
const STRANGER: Zone = { ...HONEST, 'TXT example.org': ['v=spf1 -all'] }

const opened: World[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close()
})

async function checking(zone: Zone, options: VerifyMailOptions = {}): Promise<World & { asked: readonly string[] }> {
  const resolver = resolverOf(zone)
  const made = await world(verifyMail({ resolver, ...options }))
  opened.push(made)
  return { ...made, asked: resolver.asked }
}

/** HELLO with the signature of example.org. */
async function signed(message = HELLO): Promise<string> {
  const signer = await world(dkimSign({ keys: KEYS }))
  opened.push(signer)
  await signer.send(message, { user: 'alice' })
  return signer.passed[0].text.replaceAll('\r\n', '\n')
}

const resultsField = (text: string): string => {
  const field = /^Authentication-Results:((?:.*\r\n)(?:\t.*\r\n)*)/.exec(text)?.[1] ?? ''
  return field.replaceAll('\r\n\t', ' ').trim()
}

describe('verifyMail', () => {
  test('SPF, DKIM and DMARC pass: the field says so, and so does the note', async () => {
    const mx = await checking(HONEST)
    await mx.send(await signed())
    const [{ text, found }] = mx.passed
    expect(resultsField(text)).toBe(
      'mx.test; spf=pass smtp.mailfrom=alice@example.org; dkim=pass header.d=example.org header.s=mail; dmarc=pass (p=reject) header.from=example.org',
    )
    expect(found).toMatchObject({
      spf: { result: 'pass', domain: 'example.org' },
      dkim: [{ result: 'pass', domain: 'example.org', selector: 'mail', aligned: true }],
      dmarc: { result: 'pass', domain: 'example.org', policy: 'reject', percent: 100 },
      arc: { result: 'none', instance: 0 },
      excused: false,
    })
    expect(text.endsWith((await signed()).slice(-20).replaceAll('\n', '\r\n'))).toBe(true)
  })

  test('a stranger: noted, or refused where the owner of the domain wants that', async () => {
    const note = await checking(STRANGER)
    await note.send(HELLO)
    expect(note.passed[0].found).toMatchObject({ spf: { result: 'fail' }, dkim: [], dmarc: { result: 'fail' } })
    expect(resultsField(note.passed[0].text)).toContain('dmarc=fail (p=reject) header.from=example.org')
    const enforce = await checking(STRANGER, { policy: 'enforce' })
    await expect(enforce.send(HELLO)).rejects.toMatchObject({
      reply: { code: 550, enhanced: '5.7.26', text: ['The DMARC policy of example.org refuses this message'] },
    })
    expect(enforce.passed).toEqual([])
  })

  test.each([
    ['p=none', 'v=DMARC1; p=none'],
    ['p=quarantine', 'v=DMARC1; p=quarantine'],
    ['to be tried out', 'v=DMARC1; p=reject; t=y'],
  ])('enforced is only what is asked for: %s', async (_name, policy) => {
    const mx = await checking({ ...STRANGER, 'TXT _dmarc.example.org': [policy] }, { policy: 'enforce' })
    await mx.send(HELLO)
    expect(mx.passed[0].found?.dmarc.result).toBe('fail')
  })

  test('a signature of somebody else does not make the From field true', async () => {
    const mx = await checking(HONEST, { policy: 'enforce' })
    const spoofed = (await signed()).replace('From: Alice <alice@example.org>', 'From: <boss@bank.test>')
    await mx.send(spoofed)
    expect(mx.passed[0].found?.dmarc).toMatchObject({ result: 'none', domain: 'bank.test' })
    const strict = await checking({ ...HONEST, 'TXT _dmarc.bank.test': ['v=DMARC1; p=reject'] }, { policy: 'enforce' })
    await expect(strict.send(spoofed)).rejects.toMatchObject({ reply: { enhanced: '5.7.26' } })
  })

  test.each([
    ['two From fields', `From: eve@evil.test\n${HELLO}`],
    ['two From fields of one domain', `From: bob@example.org\n${HELLO}`],
    ['two domains', HELLO.replace('\nTo:', ', eve@evil.test\nTo:')],
    ['one and what is below it', HELLO.replace('\nTo:', ', eve@news.example.org\nTo:')],
    ['none', HELLO.replace(/^From.*\n/, '')],
  ])('not exactly one From domain (%s): nobody knows what a reader shows', async (_name, message) => {
    const note = await checking(HONEST)
    await note.send(message)
    expect(note.passed[0].found?.dmarc).toMatchObject({ result: 'permerror', domain: null, policy: null })
    const enforce = await checking(HONEST, { policy: 'enforce' })
    await expect(enforce.send(message)).rejects.toMatchObject({ reply: { code: 550, enhanced: '5.7.1' } })
  })

  test('several authors of one domain are checked as one (RFC 9989 §5.3.1)', async () => {
    const several = HELLO.replace('\nTo:', ', "Bob, Dr." <bob@Example.ORG>\nSender: alice@example.org\nTo:')
    const mx = await checking(HONEST, { policy: 'enforce' })
    await mx.send(several)
    expect(mx.passed[0].found?.dmarc).toMatchObject({ result: 'pass', domain: 'example.org' })
    const stranger = await checking(STRANGER, { policy: 'enforce' })
    await expect(stranger.send(several)).rejects.toMatchObject({ reply: { code: 550, enhanced: '5.7.26' } })
  })

  test('fields that claim to be ours are taken out, others stay', async () => {
    const forged = ['Authentication-Results: mx.test; dmarc=pass', 'authentication-results: (x) "MX.test"; spf=pass']
    const other = 'Authentication-Results: other.test; dkim=pass'
    const message = `${forged[0]}\n${other}\n${forged[1]}\n${HELLO}`
    const mx = await checking(STRANGER)
    await mx.send(message)
    const [{ text }] = mx.passed
    expect(text.match(/^authentication-results:/gim)).toHaveLength(2)
    expect(text).toContain(other)
    expect(text).not.toContain('dmarc=pass')
    // Users of ours may not forge them either.
    await mx.send(message, { user: 'alice' })
    expect(mx.passed[1].text).toBe(`${other}\n${HELLO}`.replaceAll('\n', '\r\n'))
    expect(mx.passed[1].found).toBe(undefined)
  })

  test('a policy of one’s own decides by what was found', async () => {
    const mx = await checking(STRANGER, {
      policy: (found) => (found.spf.result === 'fail' ? reply(550, '5.7.23', 'SPF') : undefined),
    })
    await expect(mx.send(HELLO)).rejects.toMatchObject({ reply: { enhanced: '5.7.23' } })
  })

  test('a notice (<>) is checked by the name in EHLO', async () => {
    const mx = await checking({ 'TXT client.example.org': ['v=spf1 ip4:127.0.0.1 -all'] })
    await mx.send(HELLO, { from: null })
    expect(resultsField(mx.passed[0].text)).toContain('spf=pass smtp.helo=client.example.org')
  })

  test('DNS that fails is noted; enforced is that the client tries again (RFC 9989 §7.2)', async () => {
    const fails = Object.assign(new Error('SERVFAIL'), { code: 'ESERVFAIL' })
    const broken: Zone = {
      ...{ 'TXT example.org': fails, 'TXT _dmarc.example.org': fails, 'TXT mail._domainkey.example.org': fails },
    }
    const note = await checking(broken)
    await note.send(await signed())
    expect(note.passed[0].found).toMatchObject({
      spf: { result: 'temperror', domain: 'example.org' },
      dkim: [{ result: 'temperror' }],
      dmarc: { result: 'temperror', domain: 'example.org', policy: null },
    })
    const enforce = await checking(broken, { policy: 'enforce' })
    await expect(enforce.send(await signed())).rejects.toMatchObject({ reply: { code: 451, enhanced: '4.7.0' } })
  })

  test('a message may not ask for any amount of DNS, nor for any number of signatures', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 50 }, (_, i) => [`TXT s${i}._domainkey.example.org`, [key.record]]),
    )
    const signature = (await signed()).split('\nFrom: ')[0]
    const signatures = Array.from({ length: 50 }, (_, i) => signature.replace('s=mail', `s=s${i}`)).join('\n')
    const mx = await checking({ ...HONEST, ...many })
    await mx.send(`${signatures}\n${HELLO}`)
    expect(mx.passed[0].found?.dkim).toHaveLength(10)
    // All that was sent goes on.
    expect(mx.passed[0].text.match(/^DKIM-Signature:/gm)).toHaveLength(50)
    const few = await checking(HONEST, { limits: { dnsQueries: 1 } })
    await few.send(await signed())
    // One for each of SPF, DKIM and DMARC.
    expect(few.asked).toHaveLength(3)
  })

  test('checks that take too long are given up; the message goes on', async () => {
    const never = new Promise<never>(() => {})
    const mx = await world(verifyMail({ resolver: () => never, limits: { time: 20 } }))
    opened.push(mx)
    await mx.send(HELLO)
    expect(mx.passed[0].found).toMatchObject({ spf: { result: 'temperror' }, dmarc: { result: 'temperror' } })
    expect(mx.log.some(({ event }) => event === 'mail-auth.failed')).toBe(true)
  })

  test('a header without an end is refused', async () => {
    const mx = await checking(HONEST, { limits: { header: 200 } })
    await expect(mx.send(`X: ${'x'.repeat(300)}\n${HELLO}`)).rejects.toMatchObject({ reply: { code: 552 } })
  })
})

describe('ARC (RFC 8617)', () => {
  const list = keyPair()
  const zone: Zone = { ...STRANGER, 'TXT arc._domainkey.list.test': [list.record] }

  /** A mailing list has changed the message, which breaks its signature, and seals what it saw before, or something else. */
  async function forwarded(seen?: string, message = HELLO): Promise<string> {
    const original = Buffer.from((await signed(message)).replaceAll('\n', '\r\n'), 'latin1')
    const honest = await authenticate(original, {
      ...{ sender: 'alice@example.org', ip: '127.0.0.1', helo: 'client.example.org', mta: 'list.test' },
      resolver: resolverOf(HONEST),
    })
    const changed = Buffer.from(
      original.toString('latin1').replace('Hello Bob', 'Hello Bob\r\n-- \r\nThe list'),
      'latin1',
    )
    const seal = await sealMessage(changed, {
      ...{ signingDomain: 'list.test', selector: 'arc', privateKey: list.privateKey },
      authResults: seen ?? (honest.arc ? honest.arc.authResults : ''),
      cv: 'none',
    } as Parameters<typeof sealMessage>[1])
    return `${seal.toString()}${changed.toString('latin1')}`.replaceAll('\r\n', '\n')
  }

  test.each([
    ['dmarc=pass for the domain', 'list.test; dmarc=pass (p=reject) header.from=example.org', true],
    ['the same, folded and in quotes', 'list.test;\r\n dmarc = Pass (a (b)) header.from = "example.org"', true],
    ['dmarc=fail', 'list.test; dkim=fail header.d=example.org; dmarc=fail header.from=example.org', false],
    ['dmarc=fail, with an aligned signature', 'list.test; dkim=pass header.d=example.org; dmarc=fail', false],
    ['dmarc=pass for somebody else', 'list.test; dmarc=pass header.from=evil.test', false],
    ['dmarc=pass for nobody', 'list.test; dmarc=pass', false],
    ['dmarc=pass in a comment', 'list.test; (dmarc=pass header.from=example.org) spf=fail', false],
    ['dmarc=pass in a value', 'list.test; spf=fail smtp.mailfrom="x; dmarc=pass header.from=example.org"', false],
    ['an aligned signature, without DMARC', 'list.test; dkim=pass header.i=@news.example.org', true],
    ['a signature of somebody else', 'list.test; dkim=pass header.d=evil.test', false],
    ['aligned SPF, without DMARC', 'list.test; spf=pass smtp.mailfrom=alice@example.org', true],
    ['SPF of somebody else', 'list.test; spf=pass smtp.mailfrom=eve@evil.test', false],
    ['nothing', 'list.test; none', false],
  ])('what the forwarder saw counts: %s', async (_name, seen, excused) => {
    const mx = await checking(zone, { policy: 'enforce', trustArc: ['list.test'] })
    const sent = mx.send(await forwarded(seen))
    if (excused) await sent
    else await expect(sent).rejects.toMatchObject({ reply: { enhanced: '5.7.26' } })
    expect(mx.passed.map(({ found }) => found?.excused)).toEqual(excused ? [true] : [])
  })

  test('DNS does not tell whether what the forwarder saw is related: the client tries again', async () => {
    const servfail = Object.assign(new Error('SERVFAIL'), { code: 'ESERVFAIL' })
    const flaky = { ...zone, 'TXT _dmarc.news.example.org': servfail }
    const mx = await checking(flaky, { policy: 'enforce', trustArc: ['list.test'] })
    const sent = mx.send(await forwarded('list.test; dkim=pass header.d=news.example.org'))
    await expect(sent).rejects.toMatchObject({ reply: { code: 451, enhanced: '4.7.0' } })
    await mx.send(await forwarded('list.test; dkim=pass header.d=news.example.org; spf=pass smtp.mailfrom=example.org'))
    expect(mx.passed[0].found?.excused).toBe(true)
    await expect(mx.send(await forwarded('list.test; dkim=pass header.d=evil.test'))).rejects.toMatchObject({
      reply: { enhanced: '5.7.26' },
    })
  })

  test('the seal is not one of the signatures', async () => {
    const mx = await checking(zone)
    await mx.send(await forwarded())
    expect(mx.passed[0].found?.dkim.map(({ domain, result }) => [domain, result])).toEqual([['example.org', 'neutral']])
  })

  test('a forwarder that is trusted excuses a failure; one that is not does not', async () => {
    const message = await forwarded()
    const trusting = await checking(zone, { policy: 'enforce', trustArc: ['List.TEST'] })
    await trusting.send(message)
    expect(trusting.passed[0].found).toMatchObject({
      dmarc: { result: 'fail', policy: 'reject' },
      arc: { result: 'pass', instance: 1, domain: 'list.test' },
      excused: true,
    })
    expect(resultsField(trusting.passed[0].text)).toContain('arc=pass')
    const doubting = await checking(zone, { policy: 'enforce', trustArc: ['other.test'] })
    await expect(doubting.send(message)).rejects.toMatchObject({ reply: { enhanced: '5.7.26' } })
    const changed = message.replace('The list', 'Somebody')
    const careful = await checking(zone, { policy: 'enforce', trustArc: ['list.test'] })
    await expect(careful.send(changed)).rejects.toMatchObject({ reply: { enhanced: '5.7.26' } })
  })

  describe('the key of a forwarder cannot be had now', () => {
    const KEY = 'TXT arc._domainkey.list.test'
    const fails = Object.assign(new Error('SERVFAIL'), { code: 'ESERVFAIL' })
    const LATER = { reply: { code: 451, enhanced: '4.7.0' } }
    const REFUSED = { reply: { code: 550, enhanced: '5.7.26' } }
    /** The key is asked for twice: by the signature, then by the seal. `fail`: which time. */
    function flaky(fail: number, how: () => Promise<never> = () => Promise.reject(fails)) {
      const answer = resolverOf(zone)
      let asked = 0
      return (name: string, type: string) =>
        `${type} ${name}` === KEY && ++asked === fail ? how() : answer(name, type)
    }
    const never = (): Promise<never> => new Promise(() => {})
    const trusting = { policy: 'enforce', trustArc: ['list.test'] } as const

    test.each<[string, VerifyMailOptions]>([
      ['for the signature', { resolver: flaky(1) }],
      ['for the seal', { resolver: flaky(2) }],
      ['for both', { resolver: resolverOf({ ...zone, [KEY]: fails }) }],
      ['for the seal, in time', { resolver: flaky(2, never), limits: { time: 300 } }],
    ])('%s: mail that it vouches for may come again', async (_name, options) => {
      const mx = await checking(zone, { ...trusting, ...options })
      await expect(mx.send(await forwarded())).rejects.toMatchObject(LATER)
    })

    test('it is temperror, and excuses nothing', async () => {
      const mx = await checking(zone, { trustArc: ['list.test'], resolver: flaky(2) })
      await mx.send(await forwarded())
      expect(mx.passed[0].found).toMatchObject({
        dmarc: { result: 'fail' },
        arc: { result: 'temperror', instance: 1, domain: 'list.test' },
        excused: false,
      })
      expect(resultsField(mx.passed[0].text)).toContain('arc=temperror')
    })

    test.each<[string, VerifyMailOptions, (text: string) => string, string?]>([
      ['who is not trusted', { trustArc: [] }, (text) => text],
      ['who saw it fail', {}, (text) => text, 'list.test; dmarc=fail header.from=example.org'],
      ['a body that was changed since', {}, (text) => text.replace('The list', 'Somebody')],
      ['no whole chain', {}, (text) => text.replace('cv=none', 'cv=pass')],
    ])('it would not help: %s', async (_name, options, change, seen) => {
      const mx = await checking(zone, { ...trusting, resolver: flaky(2), ...options })
      await expect(mx.send(change(await forwarded(seen)))).rejects.toMatchObject(REFUSED)
    })

    test.each<[string, Zone, VerifyMailOptions]>([
      ['there is no such key', { [KEY]: [] }, {}],
      ['it asks for more DNS than it may', {}, { limits: { dnsQueries: 0 } }],
      ['the seal is wrong, the signature was not checked', {}, { resolver: flaky(1) }],
    ])('for good: %s', async (name, more, options) => {
      const mx = await checking(
        { ...zone, ...more },
        { trustArc: ['list.test'], resolver: resolverOf({ ...zone, ...more }), ...options },
      )
      const text = await forwarded()
      const seal = text.indexOf('ARC-Seal:')
      const b = text.indexOf('b=', seal) + 2
      const wrong = name.startsWith('the seal')
        ? text.slice(0, b) + (text[b] === 'A' ? 'B' : 'A') + text.slice(b + 1)
        : text
      await mx.send(wrong)
      expect(mx.passed[0].found?.arc.result).toBe('fail')
    })
  })
})
