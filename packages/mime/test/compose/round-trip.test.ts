import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { composeBytes, type MessageContent } from '../../src/compose/index.js'
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
