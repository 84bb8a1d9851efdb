/** Headers that are made to be misread, or to take long. */
import type { ReceivedMessage, SmtpHandler } from '@posthouse/smtp'
import { fromLatin1 } from '@posthouse/wire'
import { dkimVerify } from 'mailauth'
import { afterEach, describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS, dkimSign, type VerifyMailOptions, verifyMail } from '../src/index.js'
import { readHeader } from '../src/session/header.js'
import { HELLO, keyPair, resolverOf, type World, world, type Zone } from './world.js'

const ZONE: Zone = {
  'TXT example.org': ['v=spf1 ip4:127.0.0.1 -all'],
  'TXT _dmarc.example.org': ['v=DMARC1; p=reject'],
  'TXT xn--bcher-kva.example': ['v=spf1 ip4:127.0.0.1 -all'],
  'TXT _dmarc.xn--bcher-kva.example': ['v=DMARC1; p=reject'],
}

const opened: World[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close()
})

async function open(...handlers: readonly SmtpHandler[]): Promise<World> {
  const made = await world(...handlers)
  opened.push(made)
  return made
}

const checking = (options: VerifyMailOptions = {}): Promise<World> =>
  open(verifyMail({ resolver: resolverOf(ZONE), policy: 'enforce', ...options }))

const lines = (text: string): string => text.replaceAll('\n', '\r\n')

describe('fields that claim to be ours (RFC 8601 §5)', () => {
  test.each([
    ['letter case', 'AUTHENTICATION-RESULTS: MX.Test; dmarc=pass'],
    ['a blank before the colon', 'Authentication-Results : mx.test; dmarc=pass'],
    ['folded before the name', 'Authentication-Results:\n mx.test; dmarc=pass'],
    ['folded behind the name', 'Authentication-Results: mx.test\n ; dmarc=pass'],
    ['nothing behind the name', 'Authentication-Results: mx.test'],
    ['a version', 'Authentication-Results: mx.test 1; dmarc=pass'],
    ['comments', 'Authentication-Results: (a (b \\) c))\n (d) mx.test(e); dmarc=pass'],
    ['quotes', 'Authentication-Results: "mx.\\test"; dmarc=pass'],
    ['a dot at the end', 'Authentication-Results: mx.test.; dmarc=pass'],
    ['a control character', 'Authentication-Results: mx.test\v; dmarc=pass'],
    ['a slash', 'Authentication-Results: mx.test/1; dmarc=pass'],
  ])('%s', async (_name, forged) => {
    const mx = await checking()
    await mx.send(`Subject: x\n${forged}\n${HELLO}`)
    const [{ text }] = mx.passed
    expect(text.slice(text.indexOf('Subject: x'))).toBe(lines(`Subject: x\n${HELLO}`))
  })

  test('in another spelling of an internationalised name (RFC 8616)', async () => {
    const mx = await checking({ authservId: 'mx.xn--bcher-kva.example' })
    await mx.send(`Authentication-Results: mx.bücher.example; dmarc=pass\n${HELLO}`)
    expect(mx.passed[0].text.match(/^Authentication-Results:/gm)).toHaveLength(1)
  })

  test('behind very many fields', async () => {
    const many = 'X: y\n'.repeat(10_001)
    const mx = await checking({ limits: { headerLines: 20_000 } })
    await mx.send(`${many}Authentication-Results: mx.test; dmarc=pass\n${HELLO}`)
    expect(mx.passed[0].text.match(/^Authentication-Results:/gm)).toHaveLength(1)
    const strict = await checking()
    await expect(strict.send(`${many}${HELLO}`)).rejects.toMatchObject({ reply: { code: 552, enhanced: '5.3.4' } })
  })
})

test('lines that end in LF alone, where a server lets them in, count as others do', async () => {
  const octets = fromLatin1(`${'X: y\n'.repeat(6000)}Authentication-Results: mx.test; dmarc=pass\n\n`)
  const message = {
    size: octets.length,
    read: async function* () {
      yield octets
    },
  } as unknown as ReceivedMessage
  expect(await readHeader(message, DEFAULT_LIMITS)).toBeNull()
})

describe('a message that does not begin with a field: our field takes nothing of it in', () => {
  const rest = 'From: a@example.org\nTo: b@mx.test\n\nText\n'
  test.each([
    ['a continuation of nothing', ` ; dmarc=pass header.from=bank.test\n${rest}`],
    ['a continuation, by a tab', `\t; dmarc=pass header.from=bank.test\n${rest}`],
    ['text', `Hello Bob,\n\n${rest}`],
  ])('%s: all is body', async (_name, message) => {
    const mx = await checking({ policy: 'note' })
    await mx.send(message)
    const [{ text, found }] = mx.passed
    expect(text).toMatch(/^Authentication-Results: mx\.test;\r\n(\t.*\r\n)+\r\n/)
    expect(text.slice(text.indexOf('\r\n\r\n') + 4)).toBe(lines(message))
    expect(found?.dmarc).toMatchObject({ result: 'permerror', domain: null })
    await expect((await checking()).send(message)).rejects.toMatchObject({ reply: { enhanced: '5.7.1' } })
  })

  test('an empty line: the header is empty', async () => {
    const mx = await checking({ policy: 'note' })
    await mx.send(`\n${rest}`)
    const [{ text, found }] = mx.passed
    expect(text.slice(text.indexOf('\r\n\r\n') + 4)).toBe(lines(rest))
    expect(found?.dmarc.result).toBe('permerror')
  })

  test('a line of an mbox file stays on top', async () => {
    const mx = await checking()
    await mx.send(`From a@example.org Mon Nov 23 10:00:00 2026\n${HELLO}`)
    expect(mx.passed[0].text).toMatch(/^From a@example\.org [^\r]*\r\nAuthentication-Results: /)
    expect(mx.passed[0].found?.dmarc.result).toBe('pass')
  })

  test.each([
    ['From', `From : alice@example.org\n\t; dmarc=pass\n${rest}`],
    ['>From', `>From : x\n\t; dmarc=pass\n${HELLO}`],
  ])('a field with a blank before its colon (%s) is no line of an mbox file', async (_name, message) => {
    const mx = await checking({ policy: 'note' })
    await mx.send(message)
    const [{ text }] = mx.passed
    expect(text).toMatch(/^Authentication-Results: mx\.test;\r\n/)
    expect(text.endsWith(lines(message))).toBe(true)
  })

  test('signing: without a From field there is no signature', async () => {
    const privateKey = keyPair().privateKey
    const signer = await open(dkimSign({ keys: new Map([['example.org', { selector: 'mail', privateKey }]]) }))
    const message = ` continued\n${HELLO}`
    await signer.send(message, { user: 'alice' })
    expect(signer.passed[0].text).toBe(lines(message))
  })
})

describe('From', () => {
  test.each([
    ['a name beyond ASCII', 'From: Zoë <alice@example.org>', 'example.org'],
    ['a local part beyond ASCII', 'From: zoë@example.org', 'example.org'],
    ['an internationalised domain', 'From: zoë@bücher.example', 'xn--bcher-kva.example'],
    ['the same in ASCII', 'From: alice@xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['a comma in the name', 'From: Doe, Alice <alice@example.org>', 'example.org'],
    ['a comment', 'From: alice@example.org (Alice <eve@evil.test>)', 'example.org'],
    ['an address as a name', 'From: "boss@bank.test" <alice@example.org>', 'example.org'],
    ['folded', 'From:\n Alice\n <alice@example.org>', 'example.org'],
    ['a dot at the end', 'From: alice@example.org.', 'example.org'],
  ])('%s', async (_name, from, domain) => {
    const mx = await checking()
    await mx.send(HELLO.replace(/^From:.*/, from), { from: `alice@${domain}` })
    expect(mx.passed[0].found?.dmarc).toMatchObject({ result: 'pass', domain })
  })

  test.each(['alice@xn--bcher-kva.example', 'zoë@Bücher.example'])('SPF of %s, in either spelling', async (from) => {
    const mx = await checking()
    await mx.send(HELLO.replace('alice@example.org', 'zoë@bücher.example'), { from })
    expect(mx.passed[0].found).toMatchObject({ spf: { result: 'pass', domain: 'xn--bcher-kva.example' } })
  })

  test.each([
    ['a sign', 'x!y.example.org'],
    ['a hyphen', '-.example.org'],
    ['nothing', 'x..example.org'],
    ['more than a label holds', `${'a'.repeat(64)}.example.org`],
    ['more than a name holds', `${'a.'.repeat(130)}example.org`],
    ['a backslash', 'a\\.example.org'],
  ])('%s in front of a domain does not take its policy away', async (_name, domain) => {
    const mx = await checking()
    const sent = mx.send(HELLO.replace('alice@example.org', `alice@${domain}`), { from: 'eve@evil.test' })
    await expect(sent).rejects.toMatchObject({ reply: { code: 550, enhanced: '5.7.26' } })
  })

  test.each([
    ['two', 'From: alice@example.org\nFrom: eve@evil.test'],
    ['two in one', 'From: alice@example.org, eve@evil.test'],
    ['an empty group', 'From: Undisclosed:;'],
    ['a group of two', 'From: We: alice@example.org, eve@evil.test;'],
    ['none', 'Sender: alice@example.org'],
    ['no domain', 'From: alice'],
    ['longer than an address can be', `From: ${'a:'.repeat(100_000)} alice@example.org`],
    ['very many', `From: ${'a@example.org,'.repeat(30_000)}`],
  ])('%s: nobody knows what a reader shows', async (_name, from) => {
    const started = performance.now()
    const mx = await checking()
    await expect(mx.send(HELLO.replace(/^From:.*/, from))).rejects.toMatchObject({
      reply: { code: 550, enhanced: '5.7.1' },
    })
    expect(performance.now() - started).toBeLessThan(2000)
  })

  test('the key of an internationalised domain', async () => {
    const key = keyPair()
    const keys = new Map([['xn--bcher-kva.example', { selector: 'mail', privateKey: key.privateKey }]])
    const signer = await open(dkimSign({ keys }))
    await signer.send(HELLO.replace('alice@example.org', 'zoë@Bücher.example'), { user: 'alice' })
    const resolver = resolverOf({ 'TXT mail._domainkey.xn--bcher-kva.example': [key.record] })
    const { results } = await dkimVerify(Buffer.from(signer.passed[0].text, 'latin1'), { resolver })
    expect(results.map(({ status }) => status.result)).toEqual(['pass'])
  })
})

describe('headers that would take the library minutes', () => {
  const signature = (more: string) =>
    `DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=x; h=from; bh=AAAA;${more} b=AAAA\n`
  test.each([
    ['a field of very many lines', `X: a\n${' x\n'.repeat(100_000)}`, 552],
    ['a field of many lines', `X: a\n${' x\n'.repeat(4900)}`, 250],
    ['a signature of nothing but semicolons', signature(';'.repeat(200_000)), 250],
    ['a seal like that', signature(';'.repeat(200_000)).replace('DKIM-Signature: v=1', 'ARC-Seal: i=1'), 250],
    ['many long signatures', signature(';'.repeat(3900)).repeat(30), 250],
  ])('%s', async (_name, more, code) => {
    const mx = await checking()
    const started = performance.now()
    const sent = mx.send(more + HELLO)
    if (code === 250) await sent
    else await expect(sent).rejects.toMatchObject({ reply: { code } })
    expect(performance.now() - started).toBeLessThan(2000)
  })

  test('a Return-Path of very many addresses, in a notice (<>)', async () => {
    const mx = await checking({ policy: 'note' })
    const started = performance.now()
    await mx.send(`Return-Path: ${'a:'.repeat(200_000)}\n${HELLO}`, { from: null })
    expect(performance.now() - started).toBeLessThan(2000)
  })
})
