import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromUtf8, latin1 } from '../../src/bytes.js'
import { composeBytes, composeMessage, type MessageContent, messagePart } from '../../src/compose/index.js'
import { type Address, type AddressGroup, isAddressGroup, parseMessage } from '../../src/index.js'

const character = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...'abcXYZ 0123') },
  { weight: 2, arbitrary: fc.constantFrom(...'.,;:<>()[]"\\@=?_-~!#%*\'') },
  { weight: 1, arbitrary: fc.constantFrom(...'üß日本語\u{1f600}\u00a0') },
)
const line = fc.string({ unit: character, minLength: 1, maxLength: 60 })
const name = line.filter((value) => value.trim() !== '')
const localPart = fc.oneof(fc.stringMatching(/^[a-z0-9+_-]{1,10}(\.[a-z0-9]{1,5})?$/), fc.constant('"a \\"b\\"@c"'))
const domain = fc.constantFrom('example.org', 'mail.example.com', '[192.0.2.1]', 'bücher.example')
const mailbox = fc.oneof(
  fc.record({ address: fc.tuple(localPart, domain).map((parts) => parts.join('@')) }),
  fc.record({ name, address: fc.tuple(localPart, domain).map((parts) => parts.join('@')) }),
)
const mailboxes = fc.array(mailbox, { minLength: 1, maxLength: 4 })
const id = fc.stringMatching(/^[a-zA-Z0-9.$+-]{1,30}$/).map((left) => `${left}@example.org`)
const text = fc
  .array(fc.string({ unit: character, maxLength: 100 }), { minLength: 1, maxLength: 5 })
  .map((lines) => `${lines.join('\r\n')}\r\n`)
const attachment = fc.record({
  content: fc.uint8Array({ maxLength: 300 }),
  filename: name.map((value) => `${value.trim()}.bin`),
  contentType: fc.constantFrom('application/pdf', 'image/png', 'application/octet-stream'),
})
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })

const message = fc.record({
  from: mailbox,
  to: optional(mailboxes),
  cc: optional(mailboxes),
  replyTo: optional(mailboxes),
  subject: optional(line),
  text: optional(text),
  html: optional(text),
  attachments: optional(fc.array(attachment, { maxLength: 3 })),
  messageId: id,
  inReplyTo: optional(fc.array(id, { minLength: 1, maxLength: 2 })),
  references: optional(fc.array(id, { minLength: 1, maxLength: 20 })),
  date: fc.date({ min: new Date('1970-01-01'), max: new Date('2099-12-31'), noInvalidDate: true }),
})

function expected(list: readonly { name?: string; address: string }[] | undefined) {
  return (list ?? []).map((entry) => [entry.name ?? '', entry.address])
}

/** Names and addresses as they were given: a domain in ASCII goes back to Unicode. */
function actual(list: readonly (Address | AddressGroup)[]) {
  return list.map((entry) => {
    if (isAddressGroup(entry)) throw new Error('a group was made up')
    const { name, address, domain, unicodeDomain } = entry
    return [name, address.slice(0, address.length - domain.length) + unicodeDomain]
  })
}

describe('Parse(build(x)) equals x', () => {
  test.each([false, true])('for any message (smtputf8 %s)', async (smtputf8) => {
    await fc.assert(
      fc.asyncProperty(message, async (value) => {
        const content = Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined))
        const read = parseMessage(await composeBytes(content as unknown as MessageContent, { smtputf8 }))
        expect(read.defects).toEqual([])
        expect(actual(read.from)).toEqual(expected([value.from]))
        expect(actual(read.to)).toEqual(expected(value.to))
        expect(actual(read.cc)).toEqual(expected(value.cc))
        expect(actual(read.replyTo)).toEqual(expected(value.replyTo))
        expect(read.subject).toBe(value.subject ?? '')
        expect(read.messageId).toBe(value.messageId)
        expect(read.inReplyTo).toEqual(value.inReplyTo ?? [])
        expect(read.references).toEqual(value.references ?? [])
        expect(read.date?.getTime()).toBe(Math.floor(value.date.getTime() / 1000) * 1000)
        const attachments = value.attachments ?? []
        expect(read.attachments.map((part) => [part.filename, part.contentType, part.bytes()])).toEqual(
          attachments.map(({ filename, contentType, content }) => [filename, contentType, content]),
        )
        if (value.text !== undefined) expect(read.text).toBe(value.text)
        if (value.html !== undefined) expect(read.html).toBe(value.html)
      }),
      { numRuns: 200 },
    )
  })
})

/** Lines of the header that are longer than 78 octets although there is a blank to break them at (RFC 5322 §2.1.1). */
function unbroken(header: string): string[] {
  return header.split('\r\n').filter((one) => {
    const [name, first = '', ...rest] = one.startsWith(' ') ? ['', ...one.trimStart().split(' ')] : one.split(' ')
    // The first word may stay beside the name of its field, and blanks within quotes are no places to break.
    return one.length > 78 && !one.includes('"') && rest.length > 0 && `${name} ${first}`.length <= 78
  })
}

describe('whole messages of all kinds', () => {
  const picture = fc.record({
    content: fc.uint8Array({ maxLength: 200 }),
    filename: name.map((value) => `${value.trim()}.png`),
    contentId: fc.nat(1000).map((number) => `image${number}@example.org`),
    description: line.filter((value) => value.trim() === value),
  })
  const group = fc.record({ group: name, members: fc.array(mailbox, { maxLength: 3 }) })
  const extra = fc.record({
    name: fc.stringMatching(/^X-[A-Za-z0-9-]{1,20}$/),
    value: fc.string({ unit: character, maxLength: 300 }),
  })
  const whole = fc.record({
    from: mailbox,
    sender: mailbox,
    to: fc.array(fc.oneof(mailbox, group), { maxLength: 4 }),
    cc: mailboxes,
    replyTo: fc.oneof(mailbox, group),
    subject: fc.string({ unit: character, maxLength: 300 }),
    text,
    html: text,
    pictures: fc.array(picture, { maxLength: 3 }),
    calendar: text,
    // A message inside: with a header of its own, and whatever body.
    inside: fc.tuple(line, fc.uint8Array({ maxLength: 100 })),
    headers: fc.array(extra, { maxLength: 5 }),
    zone: fc.integer({ min: -1439, max: 1439 }),
  })

  function expectedEntries(
    list: readonly ({ name?: string; address: string } | { group: string; members: object[] })[],
  ) {
    return list.map((entry) =>
      'group' in entry ? [entry.group, expected(entry.members as { address: string }[])] : expected([entry])[0],
    )
  }
  function actualEntries(list: readonly (Address | AddressGroup)[]) {
    return list.map((entry) => (isAddressGroup(entry) ? [entry.name, actual(entry.members)] : actual([entry])[0]))
  }

  test.each([
    [false, false],
    [false, true],
    [true, true],
  ])('come back (smtputf8 %s, eightBit %s)', async (smtputf8, eightBit) => {
    await fc.assert(
      fc.asyncProperty(whole, async (value) => {
        const { pictures, calendar, inside, ...said } = value
        const inner = fromUtf8(`Subject: ${inside[0]}\r\n\r\n${latin1(inside[1])}`)
        const ids = new Set<string>()
        const inline = pictures.filter(({ contentId }) => !ids.has(contentId) && ids.add(contentId))
        const content: MessageContent = {
          ...said,
          alternatives: [{ contentType: 'text/calendar', parameters: { method: 'REQUEST' }, body: calendar }],
          attachments: [...inline, { content: inner, contentType: 'message/rfc822', filename: 'inner.eml' }],
        }
        const composed = composeMessage(content, { smtputf8, eightBit })
        const bytes = await composeBytes(content, { smtputf8, eightBit })
        const octets = latin1(bytes)
        if (composed.bodyType !== 'binary') {
          for (const one of octets.split('\r\n')) expect([one.length <= 998, /[\r\n]/.test(one)]).toEqual([true, false])
        }
        if (composed.bodyType === '7bit') expect(octets).not.toMatch(/[^\x01-\x7f]/)
        const header = octets.slice(0, octets.indexOf('\r\n\r\n'))
        expect(unbroken(header)).toEqual([])
        expect(/[^\0-\x7f]/.test(header) && !smtputf8).toBe(false)

        const read = parseMessage(bytes)
        expect(read.defects.filter(({ code }) => code !== 'raw-8bit-header')).toEqual([])
        expect(actual(read.from)).toEqual(expected([value.from]))
        expect(actual(read.sender)).toEqual(expected([value.sender]))
        expect(actualEntries(read.to)).toEqual(expectedEntries(value.to))
        expect(actual(read.cc)).toEqual(expected(value.cc))
        expect(actualEntries(read.replyTo)).toEqual(expectedEntries([value.replyTo]))
        expect(read.subject).toBe(value.subject)
        const ours = value.headers.map((one) => [one.name, one.value])
        const found = [...read.headers].filter((one) => one.name.startsWith('X-'))
        expect(found.map((one) => [one.name, one.value])).toEqual(ours)
        expect([read.text, read.html]).toEqual([value.text, value.html])
        const parts = [...read.walk()]
        const invitation = parts.find((part) => part.contentType === 'text/calendar')!
        expect([invitation.text(), invitation.parameter('method')]).toEqual([calendar, 'REQUEST'])
        for (const one of inline) {
          const part = read.byContentId(one.contentId)!
          expect([part.filename, part.description, part.disposition]).toEqual([one.filename, one.description, 'inline'])
          expect(part.bytes()).toEqual(one.content)
        }
        const nested = parts.find((part) => part.message !== null)!
        expect([nested.filename, nested.raw()]).toEqual(['inner.eml', inner])

        // It goes into another message as it stands, under a signature.
        const signed = `--sig\r\n${octets}\r\n--sig\r\nContent-Type: application/pkcs7-signature\r\n\r\nx\r\n--sig--\r\n`
        const body = Uint8Array.from(signed, (one) => one.charCodeAt(0))
        const signature = { contentType: 'multipart/signed', parameters: { boundary: 'sig' }, body }
        const outer = await composeBytes(
          { from: 'a@b', body: { contentType: 'multipart/mixed', children: [signature, messagePart(bytes)] } },
          { smtputf8, eightBit },
        )
        const again = parseMessage(outer)
        expect(again.part('1')!.raw()).toEqual(body)
        expect(again.part('2')!.raw()).toEqual(bytes)
      }),
      { numRuns: 40 },
    )
  })
})
