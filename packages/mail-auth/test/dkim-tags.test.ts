/** The tags of a signature and of its key (RFC 6376 §3.5, §3.6.1): what is read as what, and what proves nothing. */
import * as fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type DkimResult, verifyMail } from '../src/index.js'
import { readSignature, readTags } from '../src/syntax/tags.js'
import { signedWith } from './by-hand.js'
import { HELLO, keyPair, resolverOf, type World, world, type Zone } from './world.js'

const key = keyPair()
const ZONE: Zone = {
  'TXT mail._domainkey.example.org': [key.record],
  'TXT mail._domainkey.xn--bcher-kva.example': [key.record],
  'TXT _dmarc.example.org': ['v=DMARC1; p=reject'],
}
const TAGS = 'v=1; a=rsa-sha256; c=relaxed/simple; d=example.org; s=mail; h=from:subject; $bh;'

let current: World
afterEach(() => current?.close())

async function found(message: string, zone: Zone = {}) {
  current = await world(verifyMail({ resolver: resolverOf({ ...ZONE, ...zone }) }))
  await current.send(Buffer.from(message.replaceAll('\n', '\r\n'), 'latin1'))
  return current.passed[0].found
}

const dkimOf = async (tags: string, signed?: string): Promise<readonly DkimResult[] | undefined> =>
  (await found(signedWith(key.privateKey, tags, signed)))?.dkim

describe('a true signature', () => {
  test.each([
    ['as it is', TAGS],
    ['a quote in i=', `${TAGS} i=o'brien@example.org;`],
    ['a double quote in i=', `${TAGS} i=a"b@news.example.org;`],
    ['parentheses in z=', `${TAGS} z=Subject:a=20(b|To:c=20(;`],
    ['a backslash in z=', `${TAGS} z=Subject:\\;`],
    ['folded, with blanks', TAGS.replaceAll('; ', ' ;\r\n\t ').replaceAll('from:', 'From :\r\n ')],
    ['a blank before the equals sign', `${TAGS.replace('a=', 'a =')} t = 1;`],
    ['nothing between two semicolons', `${TAGS};;`],
    ['an unknown tag', `${TAGS} zz=x y z;`],
    ['a domain in UTF-8', `${TAGS.replace('example.org', Buffer.from('bücher.example').toString('latin1'))}`],
  ])('passes: %s', async (_name, tags) => {
    expect(await dkimOf(tags)).toMatchObject([{ result: 'pass', comment: null }])
  })

  test.each([
    ['no version', TAGS.replace('v=1;', ''), 'v= is missing'],
    ['another version', TAGS.replace('v=1', 'v=2'), 'an unknown version'],
    ['a tag twice', `d=evil.test; ${TAGS}`, 'its tags are no list'],
    ['a tag without a value', `${TAGS} x;`, 'its tags are no list'],
    ['an unknown algorithm', TAGS.replace('rsa-', 'dsa-'), 'an unknown algorithm'],
    ['an unknown canonicalization', TAGS.replace('/simple', '/plain'), 'an unknown canonicalization'],
    ['no way to the key', `${TAGS} q=ldap;`, 'an unknown way to its key'],
    ['i= of another domain', `${TAGS} i=@evil.test;`, 'i= is not of its domain'],
    ['i= of a domain that ends alike', `${TAGS} i=@evilexample.org;`, 'i= is not of its domain'],
    ['a quoted selector', TAGS.replace('s=mail', 's="mail"'), 'a syntax error'],
    ['a selector that is no UTF-8', TAGS.replace('s=mail', 's=m\xffil'), 'a syntax error'],
    ['a domain that has no ASCII form', TAGS.replace('=example', '=\xff'), 'a syntax error'],
    ['a time that no clock knows', `${TAGS} t=99999999999999999;`, 'a time or length that is none'],
    ['an end that is none', `${TAGS} x=never;`, 'a time or length that is none'],
    ['a length below zero', `${TAGS} l=-1;`, 'a time or length that is none'],
  ])('is permerror: %s', async (_name, tags, comment) => {
    expect(await dkimOf(tags)).toMatchObject([{ result: 'permerror', comment }])
  })
})

test.each(
  [
    'DKIM-Signature: v=1; a=rsa-sha256; d=evil.test; s=x; h=from; t=99999999999999999; bh=AAAA; b=AAAA',
    ...['Seal', 'Message-Signature', 'Authentication-Results'].map(
      (name) => `ARC-${name}: i=1; a=rsa-sha256; cv=none; d=evil.test; s=x; h=from; t=9e99; x=9e99; bh=AAAA; b=AAAA`,
    ),
  ]
    .map((line, i, lines) => [i === 0 ? 'DKIM' : 'ARC', i === 0 ? line : lines.slice(1).join('\n')] as const)
    .slice(0, 2),
)(
  'a time that is none (%s) keeps no other signature from being read, and no policy from being applied',
  async (_kind, field) => {
    const good = await found(`${field}\n${signedWith(key.privateKey, TAGS)}`)
    expect(good?.dkim.some(({ result }) => result === 'pass')).toBe(true)
    expect(good?.dmarc.result).toBe('pass')
    await current.close()
    expect((await found(`${field}\n${HELLO}`))?.dmarc.result).toBe('fail')
  },
)

describe('the key', () => {
  const I = `${TAGS} i=@news.example.org;`
  test.each([
    ['for mail', TAGS, `${key.record}; s=tlsrpt:email`, 'pass'],
    ['for all', TAGS, `${key.record}; s=*; h=sha1:sha256; t=y`, 'pass'],
    ['for mail, in capitals', TAGS, `${key.record}; s=TLSRPT:Email; h=SHA256`, 'pass'],
    ['with notes', TAGS, key.record.replace('p=', "n=don't (ask; p="), 'pass'],
    ['for its own domain, which i= names', `${TAGS} i=alice@example.org;`, `${key.record}; t=y:s`, 'pass'],
    ['for domains below', I, `${key.record}; t=y`, 'pass'],
    ['not for domains below', I, `${key.record}; t=y : s`, 'permerror'],
    ['for something else', TAGS, `${key.record}; s=tlsrpt`, 'permerror'],
    ['for another hash', TAGS, `${key.record}; h=sha1`, 'permerror'],
    ['revoked', TAGS, 'v=DKIM1; p=', 'permerror'],
    ['of another kind', TAGS, key.record.replace('k=rsa', 'k=ed25519'), 'neutral'],
    ['of another version', TAGS, key.record.replace('DKIM1', 'DKIM2'), 'neutral'],
  ])('%s', async (_name, tags, record, result) => {
    const zone = { 'TXT mail._domainkey.example.org': [record] }
    expect((await found(signedWith(key.privateKey, tags), zone))?.dkim).toMatchObject([{ result }])
  })
})

test.each([
  ['all', 11, 'pass', null],
  ['a part', 5, 'policy', '6 octets are not signed'],
  ['more than there is', 99, 'pass', null],
])('a length (l=) of %s of the body writes nothing to stdout', async (_name, length, result, comment) => {
  const written = vi.spyOn(console, 'log').mockImplementation(() => {})
  try {
    const tags = TAGS.replace('$bh', `l=${length}; $bh`)
    expect(await dkimOf(tags, 'Hello Bob\r\n'.slice(0, length))).toMatchObject([{ result, comment }])
    expect(written).not.toHaveBeenCalled()
  } finally {
    written.mockRestore()
  }
})

test('a field in the spelling that the library gets is not taken for another one', async () => {
  const evil = keyPair()
  const theirs = signedWith(evil.privateKey, TAGS.replace('example.org', 'evil.test'))
  const [field] = theirs.split('\nFrom:')
  const plain = readSignature(field.slice(15)).plain
  const forged = signedWith(evil.privateKey, TAGS).split('\nFrom:')[0]
  const message = `DKIM-Signature: n=2; ${plain}\n${forged}\n${theirs}`
  const checked = await found(message, { 'TXT mail._domainkey.evil.test': [evil.record] })
  expect(checked?.dkim.filter(({ domain, result }) => domain === 'example.org' && result === 'pass')).toEqual([])
  expect(checked?.dmarc.result).toBe('fail')
})

test('tags are read to their end, whatever they are', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      readTags(text)
      const { problem, unsigned } = readSignature(Buffer.from(text).toString('latin1'))
      expect(problem).not.toBeNull()
      expect(unsigned.length).toBeLessThanOrEqual(Buffer.from(text).length)
    }),
  )
})
