/**
 * Octets of the header that the library takes for blanks: A0 (half of `à` in UTF-8), VT, FF and a bare CR. RFC 6376
 * §2.8 knows SP and HTAB only. The signatures are made here, without the library.
 */
import { createHash, sign } from 'node:crypto'
import { rewritten, type SmtpHandler } from '@posthouse/smtp'
import { afterEach, expect, test } from 'vitest'
import { dkimSign, verifyMail } from '../src/index.js'
import { keyPair, resolverOf, type World, world, type Zone } from './world.js'

const key = keyPair()
const ed25519 = keyPair('ed25519')
const ZONE: Zone = {
  'TXT example.org': ['v=spf1 -all'],
  'TXT mail._domainkey.example.org': [key.record],
  'TXT ed._domainkey.example.org': [ed25519.record],
  'TXT _dmarc.example.org': ['v=DMARC1; p=reject'],
}
const BODY = 'Hello Bob\r\n'
const bh = createHash('sha256').update(BODY).digest('base64')

/** A message as latin1: its From, and a Subject with these octets. */
const withSubject = (subject: string): string =>
  `From: Alice <alice@example.org>\r\nSubject: ${subject}\r\nTo: bob@mx.test\r\n\r\n${BODY}`

/** Octets of a text in UTF-8, as latin1. */
const utf8 = (text: string): string => Buffer.from(text).toString('latin1')

/** RFC 6376 §3.4.2 */
function relaxed(field: string): string {
  const colon = field.indexOf(':')
  const value = field.slice(colon + 1).replaceAll('\r\n', '')
  return `${field.slice(0, colon).toLowerCase()}:${value.replace(/[ \t]+/g, ' ').replace(/^ | $/g, '')}`
}

function signature(data: string): string {
  return sign('sha256', Buffer.from(data, 'latin1'), key.privateKey).toString('base64')
}

/** The field with its signature over the From and Subject of a message, and the message. */
function signedBy(start: string, message: string, canonical = relaxed): string {
  const fields = message.slice(0, message.indexOf('\r\n\r\n')).split(/\r\n(?![ \t])/)
  const data = [fields[0], fields[1], start].map(canonical).join('\r\n')
  return `${start}${signature(data)}\r\n${message}`
}

const tags = `a=rsa-sha256; d=example.org; s=mail; h=from:subject;\r\n\tbh=${bh}; b=`
const signed = (message: string): string => signedBy(`DKIM-Signature: v=1; c=relaxed/simple; ${tags}`, message)
const signedSimply = (message: string): string =>
  signedBy(`DKIM-Signature: v=1; c=simple/simple; ${tags}`, message, (field) => field)

/** Of a sealer that found `results` (RFC 8617 §5.1). */
function sealed(message: string, results: string): string {
  const arcResults = `ARC-Authentication-Results: i=1; ${results}`
  const [arcSignature, b] = signedBy(`ARC-Message-Signature: i=1; c=relaxed/simple; ${tags}`, message).split(/(?<= b=)/)
  const field = arcSignature + b.slice(0, b.indexOf('\r\n'))
  const seal = 'ARC-Seal: i=1; a=rsa-sha256; cv=none; d=example.org; s=mail; b='
  const whole = seal + signature([arcResults, field, seal].map(relaxed).join('\r\n'))
  return `${whole}\r\n${field}\r\n${arcResults}\r\n${message}`
}

let current: World
afterEach(() => current.close())

/** A bare CR comes in as SOH, as no client sends one. */
const bareCr: SmtpHandler = {
  rewrites: true,
  message: (message) => rewritten(message, [message.octets().map((octet) => (octet === 1 ? 13 : octet))]),
}

/** What the server finds in a message of these octets; the policy lets it in. */
async function found(message: string) {
  current = await world(bareCr, verifyMail({ resolver: resolverOf(ZONE), trustArc: ['example.org'] }))
  await current.send(Buffer.from(message, 'latin1'))
  return current.passed[0].found
}

const SUBJECTS: readonly (readonly [name: string, subject: string])[] = [
  ['ASCII', 'a  b\tc'],
  ['UTF-8 with A0', utf8('voilà  ça,\tà la carte')],
  ['A0 at both ends', utf8('à prix là').slice(1)],
  ['a no-break space', utf8('10\u00a0000  \u00a0€')],
  ['a no-break space at the end', utf8('10\u00a0')],
  ['latin1', 'voil\xe0\xa0!'],
  ['NEL, in UTF-8 and alone', `${utf8('a\u0085 b')}\x85`],
  ['VT and FF', 'a\v b\f\vc\f'],
  ['folded', utf8('à\r\n\tla\r\n  à')],
]

test.each(SUBJECTS)('a true signature passes: %s', async (_name, subject) => {
  const message = withSubject(subject)
  expect((await found(signed(message)))?.dkim).toMatchObject([{ result: 'pass' }])
  await current.close()
  expect((await found(signedSimply(message)))?.dkim).toMatchObject([{ result: 'pass' }])
})

test.each([
  ['A0 for a blank', 'a b', 'a\xa0b'],
  ['A0 behind a blank', 'a b', 'a \xa0b'],
  ['a blank for A0', 'a\xa0b', 'a b'],
  ['A0 at the end', 'a', 'a\xa0'],
  ['A0 left out', 'a\xa0', 'a'],
  ['VT for a blank', 'a b', 'a\vb'],
  ['FF at the start', 'a', '\fa'],
  ['a bare CR for a blank', 'a b', 'a\x01b'],
  ['a bare CR at the end of the line', 'a', 'a\x01'],
  ['a bare CR in a fold', 'a b', 'a\x01\r\n b'],
  ['a line that begins with A0', 'a b', 'a\r\n\xa0b'],
  ['a line that begins with VT', 'a b', 'a\r\n\vb'],
])('a signature does not pass over other octets: %s', async (_name, subject, altered) => {
  const message = signed(withSubject(subject))
  expect((await found(message))?.dkim).toMatchObject([{ result: 'pass' }])
  await current.close()
  const other = message.replace(`Subject: ${subject}\r\n`, `Subject: ${altered}\r\n`)
  expect((await found(other))?.dkim).toMatchObject([{ result: 'fail' }])
})

test('the signature field is covered as it is', async () => {
  const message = signedBy(
    `DKIM-Signature: v=1; c=relaxed/simple; i=${utf8('zoà')}@example.org; ${tags}`,
    withSubject('a'),
  )
  expect((await found(message))?.dkim).toMatchObject([{ result: 'pass' }])
  await current.close()
  const altered = message.replace('relaxed/simple; ', 'relaxed/simple;\xa0 ')
  expect((await found(altered))?.dkim).toMatchObject([{ result: 'fail' }])
})

test('an expired signature over such octets is expired', async () => {
  const message = signedBy(`DKIM-Signature: v=1; c=relaxed/simple; t=1; x=2; ${tags}`, withSubject(utf8('à')))
  expect((await found(message))?.dkim).toMatchObject([{ result: 'neutral', comment: 'expired' }])
})

test.each([
  ['ASCII', 'Hello', 'mx.example; dmarc=pass header.from=example.org'],
  [
    'UTF-8',
    utf8('voilà'),
    utf8('mx.example; spf=fail smtp.mailfrom=à@example.org; dmarc=pass header.from=example.org'),
  ],
])('an ARC seal over such octets: %s', async (_name, subject, results) => {
  const message = sealed(withSubject(subject), results)
  expect(await found(message)).toMatchObject({ arc: { result: 'pass' }, dmarc: { result: 'fail' }, excused: true })
  await current.close()
  const altered = message.replace('dmarc=pass ', 'dmarc=pass \xa0')
  expect(await found(altered)).toMatchObject({ arc: { result: 'fail' }, excused: false })
})

test('our own signature over such octets passes here; relaxed, so that a fold on the way does no harm', async () => {
  const keys = [
    { selector: 'mail', privateKey: key.privateKey },
    { selector: 'ed', privateKey: ed25519.privateKey },
  ]
  current = await world(dkimSign({ keys: new Map([['example.org', keys]]) }))
  await current.send(Buffer.from(withSubject(utf8('voilà \v ça')), 'latin1'), { user: 'alice' })
  const [{ text }] = current.passed
  await current.close()
  const folded = text.replace(utf8(' ça'), utf8('\r\n\tça'))
  expect((await found(folded))?.dkim).toMatchObject([{ result: 'pass' }, { result: 'pass' }])
})
