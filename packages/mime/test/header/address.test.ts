import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isGroup, parseAddressList, type RawGroup, type RawMailbox } from '../../src/header/address.js'
import { flatAddresses, readAddresses } from '../../src/message/addresses.js'

/** `name <mailbox|host>` of each, groups as `name: ...;`. */
function short(value: string): string {
  const one = (entry: RawMailbox) =>
    `${entry.name === null ? '' : `${entry.name} `}<${entry.route ? `${entry.route}:` : ''}${entry.mailbox}|${entry.host}>`
  const all = (entry: RawMailbox | RawGroup) =>
    isGroup(entry) ? `${entry.group}:${entry.members.map(one).join(',')};` : one(entry)
  return parseAddressList(value).entries.map(all).join(', ')
}

describe('RFC 5322 appendix A', () => {
  const cases: [string, string][] = [
    ['John Doe <jdoe@machine.example>', 'John Doe <jdoe|machine.example>'],
    ['"Joe Q. Public" <john.q.public@example.com>', 'Joe Q. Public <john.q.public|example.com>'],
    [
      'Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>',
      'Mary Smith <mary|x.test>, <jdoe|example.org>, Who? <one|y.test>',
    ],
    [
      '<boss@nil.test>, "Giant; \\"Big\\" Box" <sysservices@example.net>',
      '<boss|nil.test>, Giant; "Big" Box <sysservices|example.net>',
    ],
    [
      'A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;',
      'A Group:Ed Jones <c|a.test>,<joe|where.test>,John <jdoe|one.test>;',
    ],
    ['Undisclosed recipients:;', 'Undisclosed recipients:;'],
    ['Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>', 'Pete <pete|silly.test>'],
    [
      "A Group(Some people)\r\n :Chris Jones <c@(Chris's host.)public.example>,\r\n joe@example.org,\r\n John <jdoe@one.test> (my dear friend); (the end of the group)",
      'A Group:Chris Jones <c|public.example>,<joe|example.org>,John <jdoe|one.test>;',
    ],
    ['(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;', 'Hidden recipients:;'],
    ['Joe Q. Public <john.q.public@example.com>', 'Joe Q. Public <john.q.public|example.com>'],
    [
      'Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example',
      'Mary Smith <@node.test:mary|example.net>, <jdoe|test.example>',
    ],
    ['John Doe <jdoe@machine(comment).  example>', 'John Doe <jdoe|machine.example>'],
  ]
  it.each(cases)('%s', (value, expected) => {
    expect(short(value)).toBe(expected)
  })
})

describe('what mail has beside the RFC', () => {
  const cases: [string, string][] = [
    ['jdoe@x.test (John Doe)', 'John Doe <jdoe|x.test>'],
    ['John Doe jdoe@x.test', 'John Doe <jdoe|x.test>'],
    ['John <jdoe@x.test', 'John <jdoe|x.test>'],
    ['=?utf-8?Q?J <j@x.test>, =?utf-8?Q?K?= <k@x.test>', '=?utf-8?Q?J <j|x.test>, =?utf-8?Q?K?= <k|x.test>'],
    [
      '=?utf-8?B?Sg== <j@x.test>, k@x.test, =?utf-8?B?TA==?=',
      '=?utf-8?B?Sg== <j|x.test>, <k|x.test>, =?utf-8?B?TA==?= <|>',
    ],
    ['John <<jdoe@x.test>>', 'John <jdoe|x.test>'],
    ['jdoe@x.test>', '<jdoe|x.test>'],
    ['a@x.test; b@x.test', '<a|x.test>, <b|x.test>'],
    ['a@x.test,,b@x.test,', '<a|x.test>, <b|x.test>'],
    ['John <j@x.test> Jane <k@x.test>', 'John <j|x.test>, Jane <k|x.test>'],
    ['<j@x.test> John', 'John <j|x.test>'],
    ['a..b.@x.test', '<a..b.|x.test>'],
    ['jdoe', '<jdoe|>'],
    ['"John Doe"', 'John Doe <|>'],
    ['<>', '<|>'],
    ['a@b@c.test', '<a@b|c.test>'],
    ['a@x.test <b@y.test>', 'a@x.test <b|y.test>'],
    ['jdoe@[192.0.2.1]', '<jdoe|[192.0.2.1]>'],
    ['"john doe"@x.test', '<john doe|x.test>'],
    ['=?utf-8?Q?Doe,_John?= <jdoe@x.test>', '=?utf-8?Q?Doe,_John?= <jdoe|x.test>'],
    ['=?utf-8?Q?a?= =?utf-8?Q?b?= <jdoe@x.test>', '=?utf-8?Q?a?= =?utf-8?Q?b?= <jdoe|x.test>'],
    ['"unclosed <jdoe@x.test>', 'unclosed <jdoe|x.test>'],
    ['outer: inner: a@x.test; b@x.test', 'outer:<a|x.test>,<b|x.test>;'],
    ['outer: inner: a@x.test;, b@x.test;, c@x.test', 'outer:<a|x.test>,<b|x.test>;, <c|x.test>'],
    ['a@x.test b@x.test', '<a|x.test>, <b|x.test>'],
    ['Ann a@x.test\r\n\tBob b @ x.test behind', 'Ann <a|x.test>, Bob behind <b|x.test>'],
    ['g: a@x.test b@x.test;', 'g:<a|x.test>,<b|x.test>;'],
    ['<mailto:a@x.test>', '<a|x.test>'],
    ['<http://x.test/list>', '<http://x.test/list|>'],
    ['a@x.t\0est, b\x01@x.test', 'est <a|x.t>, <b|x.test>'],
    ['group: a@x.test', 'group:<a|x.test>;'],
    ['John "Jack" Doe <jdoe@x.test>', 'John Jack Doe <jdoe|x.test>'],
    ['', ''],
    [' \r\n ', ''],
  ]
  it.each(cases)('%s', (value, expected) => {
    expect(short(value)).toBe(expected)
  })

  it('comments behind a group are allowed, behind nothing are not, and controls never', () => {
    expect(parseAddressList('undisclosed-recipients:; (no To-header on input)').malformed).toBe(false)
    expect(parseAddressList('a@x.test, (none)').malformed).toBe(true)
    expect(parseAddressList('<a@x\x01.test>').malformed).toBe(true)
  })

  it.each(['a@b@c.test', '<a@b@c.test>', 'a@x.test <b@x.test>', 'a@', '@x.test', '<a>', 'Name <>', 'Name <@x.test>'])(
    '%s is malformed: readers disagree about it',
    (value) => {
      expect(parseAddressList(value).malformed).toBe(true)
    },
  )

  it.each(['"a@b"@c.test', '"a@x.test" <b@x.test>', '<@r.test:a@x.test>', '<"a@b"@c.test>', 'a..b@x.test'])(
    '%s is not',
    (value) => {
      expect(parseAddressList(value).malformed).toBe(false)
    },
  )
})

describe('security row 14: an encoded word never makes an address', () => {
  it.each([
    ['=?utf-8?Q?attacker=40evil.test?= <victim@good.test>', 'victim@good.test'],
    ['=?utf-8?Q?=22_=3Cattacker=40evil.test=3E?= <victim@good.test>', 'victim@good.test'],
    ['"=?utf-8?Q?a=40evil.test=3E=2C?=" <victim@good.test>', 'victim@good.test'],
    ['=?utf-8?Q?attacker=40evil.test?=@good.test', '=?utf-8?Q?attacker=40evil.test?=@good.test'],
    ['=?utf-8?B?YXR0YWNrZXJAZXZpbC50ZXN0?=', ''],
  ])('%s', (value, address) => {
    expect(flatAddresses(readAddresses(value)).map((one) => one.address)).toEqual([address])
  })

  it('a quoted local part stays quoted', () => {
    const [one] = flatAddresses(readAddresses('"a@evil.test,"@good.test'))
    expect(one).toMatchObject({ address: '"a@evil.test,"@good.test', local: 'a@evil.test,', domain: 'good.test' })
  })

  it('a punycode label is shown in Unicode only when it is honest', () => {
    const shown = (domain: string) => flatAddresses(readAddresses(`a@${domain}`))[0]?.unicodeDomain
    expect(shown('xn--mnchen-3ya.example')).toBe('münchen.example')
    expect(shown('xn--0049.example')).toBe('xn--0049.example')
    expect(shown('xn--a-ecp.example')).not.toContain('@')
    expect(shown('xn--.example')).toBe('xn--.example')
  })
})

describe('security row 13: nesting', () => {
  it.each([
    ['groups', 'a:'.repeat(50_000), 1],
    ['comments', '('.repeat(50_000), 0],
    ['closed comments', `${'('.repeat(50_000)}${')'.repeat(50_000)}`, 1],
    ['brackets', '<'.repeat(50_000), 1],
    ['quotes', '"\\'.repeat(50_000), 1],
    ['literals', '['.repeat(50_000), 1],
  ])('of %s makes no more than one entry', (_, value, entries) => {
    expect(parseAddressList(value)).toMatchObject({ entries: { length: entries }, malformed: true })
  })

  it('has a bound on addresses', () => {
    expect(parseAddressList('a@b,'.repeat(500), 100)).toMatchObject({ entries: { length: 100 }, malformed: true })
  })
})

it('a list that was written is read back', () => {
  const atom = fc.stringMatching(/^[a-z0-9]{1,8}$/)
  const name = fc.string({ unit: 'grapheme-ascii', maxLength: 12 }).map((text) => text.trim().replace(/\s+/g, ' '))
  const mailbox = fc.record({ name, local: atom, domain: atom })
  fc.assert(
    fc.property(fc.array(mailbox, { minLength: 1 }), (list) => {
      const quoted = (text: string) => `"${text.replace(/[\\"]/g, '\\$&')}"`
      const written = list.map((one) => `${one.name === '' ? '' : `${quoted(one.name)} `}<${one.local}@${one.domain}>`)
      const read = parseAddressList(written.join(',\r\n ')).entries
      expect(read).toEqual(
        list.map((one) => ({
          name: one.name === '' ? null : one.name,
          route: null,
          mailbox: one.local,
          host: one.domain,
        })),
      )
    }),
  )
})
