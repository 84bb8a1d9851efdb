import { createPublicKey, verify } from 'node:crypto'
import { dkimVerify } from 'mailauth'
import { afterEach, describe, expect, test } from 'vitest'
import { type DkimKeys, dkimSign, signMessage, verifyMail } from '../src/index.js'
import { HELLO, keyPair, resolverOf, type World, world, type Zone } from './world.js'

const rsa = keyPair()
const ed25519 = keyPair('ed25519')
const zone: Zone = {
  'TXT mail._domainkey.example.org': [rsa.record],
  'TXT ed._domainkey.example.org': [ed25519.record],
}
const KEY = { selector: 'mail', privateKey: rsa.privateKey }

let current: World
afterEach(() => current.close())

async function signed(
  keys: DkimKeys,
  message: string | Uint8Array = HELLO,
  user: string | null = 'alice',
): Promise<string> {
  current = await world(dkimSign({ keys }))
  await current.send(message, user === null ? {} : { user })
  return current.passed[0].text
}

/** Each signature: who, and what another reader of it says. */
async function verified(text: string): Promise<unknown> {
  const { results } = await dkimVerify(Buffer.from(text, 'latin1'), { resolver: resolverOf(zone) })
  return results.map(({ signingDomain, selector, status }) => [signingDomain, selector, status.result])
}

/** RFC 6376 §3.4 and §3.7 for the header of messages like HELLO, without the library. */
function verifiedByHand(text: string): boolean {
  const fields = text.slice(0, text.indexOf('\r\n\r\n')).split(/\r\n(?![ \t])/)
  const relaxed = fields[0].includes('c=relaxed/')
  const canonical = (field: string): string => {
    if (!relaxed) return field
    const colon = field.indexOf(':')
    const value = field
      .slice(colon + 1)
      .replace(/\r\n/g, '')
      .replace(/[ \t]+/g, ' ')
    return `${field.slice(0, colon).toLowerCase()}:${value.replace(/^ | $/g, '')}`
  }
  const names =
    /[; ]h=([^;]*)/.exec(fields[0].replace(/\s+/g, ' '))?.[1].toLowerCase().replace(/ /g, '').split(':') ?? []
  // RFC 6376 §5.4.2: from the lowest up; a name without a field is nothing.
  const rest = [...fields]
  const signedFields = names.flatMap((name) => {
    const at = rest.findLastIndex((field) => field.toLowerCase().startsWith(`${name}:`))
    return at === -1 ? [] : rest.splice(at, 1)
  })
  const [bare, b] = fields[0].split(/(?<=[; \t]b=)/)
  const data = [...signedFields, bare].map(canonical).join('\r\n')
  return verify('sha256', Buffer.from(data, 'latin1'), createPublicKey(rsa.privateKey), Buffer.from(b, 'base64'))
}

describe('dkimSign', () => {
  test('signs what users send, and leaves the message itself as it is', async () => {
    const text = await signed(new Map([['example.org', KEY]]))
    expect(text).toMatch(/^DKIM-Signature: v=1;/)
    expect(text.endsWith(HELLO.replaceAll('\n', '\r\n'))).toBe(true)
    expect(await verified(text)).toEqual([['example.org', 'mail', 'pass']])
    expect(await verified(text.replace('Hello Bob', 'Hello Bot'))).toEqual([['example.org', 'mail', 'neutral']])
  })

  test('several keys make several signatures: RSA and Ed25519', async () => {
    const text = await signed(new Map([['example.org', [KEY, { selector: 'ed', privateKey: ed25519.privateKey }]]]))
    expect(await verified(text)).toEqual([
      ['example.org', 'mail', 'pass'],
      ['example.org', 'ed', 'pass'],
    ])
  })

  test('the key of a parent domain serves; a function finds keys', async () => {
    const asked: string[] = []
    const keys = (domain: string) => {
      asked.push(domain)
      return domain === 'example.org' ? Promise.resolve(KEY) : null
    }
    const text = await signed(keys, HELLO.replace('alice@example.org', 'alice@News.Example.org'))
    expect(asked).toEqual(['news.example.org', 'example.org'])
    expect(await verified(text)).toEqual([['example.org', 'mail', 'pass']])
  })

  test('a long message is signed piece by piece', async () => {
    const long = new TextEncoder().encode(`${HELLO}${`${'x'.repeat(70)}\n`.repeat(20_000)}`.replaceAll('\n', '\r\n'))
    expect(await verified(await signed(new Map([['example.org', KEY]]), long))).toEqual([
      ['example.org', 'mail', 'pass'],
    ])
  })

  test.each([
    ['only a header', HELLO.slice(0, HELLO.indexOf('\n\n') + 1)],
    ['an empty body', HELLO.slice(0, HELLO.indexOf('\n\n') + 2)],
    ['empty lines at the end', `${HELLO}\n\n`],
  ])('a message with %s is signed and keeps its header', async (_name, message) => {
    const text = await signed(new Map([['example.org', KEY]]), message)
    expect(text).toMatch(/^DKIM-Signature: v=1;/)
    expect(text.endsWith(message.replaceAll('\n', '\r\n'))).toBe(true)
    await current.close()
    current = await world(verifyMail({ resolver: resolverOf(zone) }))
    await current.send(text.replaceAll('\r\n', '\n'))
    expect(current.passed[0].found?.dkim).toMatchObject([{ result: 'pass' }])
  })

  test('UTF-8 in the header (RFC 6532): the signature is one over the octets', async () => {
    const text = await signed(new Map([['example.org', KEY]]), HELLO.replace('Hello', 'voilà  ça'))
    expect(verifiedByHand(text)).toBe(true)
    expect(text).toContain('c=relaxed/relaxed')
    await current.close()
    const plain = await signed(new Map([['example.org', KEY]]), HELLO.replace('Hello', 'Zoë  ça'))
    expect(plain).toContain('c=relaxed/relaxed')
    expect(verifiedByHand(plain)).toBe(true)
  })

  test.each(['From: eve@evil.test', 'Subject: Pay', 'To: x@y.test', 'Cc: x@y.test', 'Reply-To: eve@evil.test'])(
    'a field that is added later breaks it (RFC 6376 §8.15): %s',
    async (field) => {
      const text = await signed(new Map([['example.org', KEY]]))
      expect(await verified(`X-Trace: a\r\n${text}`)).toEqual([['example.org', 'mail', 'pass']])
      expect(await verified(`${field}\r\n${text}`)).toEqual([['example.org', 'mail', 'fail']])
    },
  )

  test.each([[['Subject']], [[]]])('From is signed in any case: %j', async (fields) => {
    current = await world(dkimSign({ keys: new Map([['example.org', KEY]]), fields }))
    await current.send(HELLO, { user: 'alice' })
    const [{ text }] = current.passed
    expect(await verified(text)).toEqual([['example.org', 'mail', 'pass']])
    expect(await verified(text.replace('From: Alice', 'From: Eve'))).toEqual([['example.org', 'mail', 'fail']])
    expect(await verified(text.replace('To: bob', 'To: rob'))).toEqual([['example.org', 'mail', 'pass']])
  })

  test('no signature with an RSA key of fewer than 1,024 bits (RFC 8301 §3.2)', async () => {
    const keys = new Map([['example.org', { selector: 'mail', privateKey: keyPair('rsa', 768).privateKey }]])
    await expect(signMessage(new TextEncoder().encode(HELLO), { keys })).rejects.toMatchObject({ code: 'key' })
  })

  test.each([HELLO, HELLO.replaceAll('\n', '\r\n'), HELLO.trimEnd()])('signMessage signs octets', async (message) => {
    current = await world()
    const keys = new Map([['example.org', KEY]])
    await current.send(await signMessage(new TextEncoder().encode(message), { keys }))
    expect(await verified(current.passed[0].text)).toEqual([['example.org', 'mail', 'pass']])
    for (const other of [message.replace('example.org', 'other.test'), 'Subject: x\n'])
      await expect(signMessage(new TextEncoder().encode(other), { keys })).rejects.toMatchObject({ code: 'key' })
  })

  test.each([
    ['a bare CR', 'a\rb\r\n\r'],
    ['a bare CR before a line end', 'a\r\r\nb\r\n'],
    ['a bare LF behind a line end', 'a\r\n\nb\n\n\r\n'],
    ['a NUL', 'a\0b\r\n'],
    ['dots, and no end', '.\r\n..\r\n.'],
  ])('signMessage signs what SmtpClient sends of %s', async (_name, body) => {
    current = await world()
    for (const [subject, text] of [
      ['Hello', body],
      [`Hel${body}lo`.replaceAll('\n', '\n '), ''],
    ]) {
      const message = HELLO.replaceAll('\n', '\r\n').replace('Hello', subject) + text
      await current.send(
        await signMessage(new TextEncoder().encode(message), { keys: new Map([['example.org', KEY]]) }),
      )
      expect(await verified(current.passed.at(-1)?.text ?? '')).toEqual([['example.org', 'mail', 'pass']])
    }
  })

  test.each<[string, DkimKeys, string, string | null]>([
    ['a domain without a key', new Map([['other.test', KEY]]), HELLO, 'alice'],
    ['who has not logged in', new Map([['example.org', KEY]]), HELLO, null],
    ['two From fields', new Map([['example.org', KEY]]), `From: eve@evil.test\n${HELLO}`, 'alice'],
    [
      'two addresses in From',
      new Map([['example.org', KEY]]),
      HELLO.replace('\nTo:', ',\n eve@evil.test\nTo:'),
      'alice',
    ],
    ['no From', new Map([['example.org', KEY]]), 'Subject: x\n\nx\n', 'alice'],
  ])('not signed: %s', async (_name, keys, message, user) => {
    expect(await signed(keys, message, user)).toBe(message.replaceAll('\n', '\r\n'))
  })

  test('a key that is none is an error for the client, who tries again, and in the log', async () => {
    current = await world(dkimSign({ keys: new Map([['example.org', { selector: 'mail', privateKey: 'none' }]]) }))
    await expect(current.send(HELLO, { user: 'alice' })).rejects.toMatchObject({ reply: { code: 451 } })
    expect(current.passed).toEqual([])
    expect(current.log.some(({ error }) => error instanceof Error && 'code' in error && error.code === 'key')).toBe(
      true,
    )
  })

  test.each([{ header: 100 }, { headerLines: 2 }])('a header that is too long is refused: %j', async (limits) => {
    current = await world(dkimSign({ keys: new Map([['example.org', KEY]]), limits }))
    await expect(current.send(HELLO, { user: 'alice' })).rejects.toMatchObject({
      reply: { code: 552, enhanced: '5.3.4' },
    })
    // Whose messages are not signed, theirs are not read either.
    await current.send(HELLO)
  })

  test('who writes as somebody else is refused, where it is known whose an address is', async () => {
    const asked: string[] = []
    const owns = (account: string, address: string) => {
      asked.push(`${account} ${address}`)
      return Promise.resolve(address === `${account}@example.org`)
    }
    current = await world(dkimSign({ keys: new Map([['example.org', KEY]]), owns }))
    await current.send(HELLO, { user: 'alice' })
    expect(current.passed[0].text).toMatch(/^DKIM-Signature: /)
    await expect(current.send(HELLO, { user: 'mallory' })).rejects.toMatchObject({
      reply: { code: 550, enhanced: '5.7.1' },
    })
    expect(asked).toEqual(['alice alice@example.org', 'mallory alice@example.org'])
    // Without a key there is no signature to abuse.
    await current.send(HELLO.replace('example.org', 'other.test'), { user: 'mallory' })
    expect(current.passed).toHaveLength(2)
  })
})
