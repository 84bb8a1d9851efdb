import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAddressList } from '../../src/header/address.js'
import { readPlainAddresses } from '../../src/header/plain-addresses.js'

/** What lists are made of, plain ones and others. */
const pieces = fc.constantFrom(
  ...[
    'a@b',
    'mary.smith@example.com',
    '<a@b>',
    ' <a@b>',
    'Mary ',
    'Mary Smith <m@s>',
    '"Smith, Mary" <m@s>',
    '"Mary"',
    '""',
  ],
  ...[',', ', ', ' ', '  ', '\t', '\r\n ', '\r\n\t', '<', '>', '@', '.', ':', ';', '"', '\\', '(x)', '[', ']', '\xe9'],
  ...[
    '=?utf-8?Q?M=C3=A4ry?=',
    '=?utf-8?Q?a@b?=',
    '=?utf-8?B?YQ==?= ',
    '=?utf-8?Q?a,b <c?=',
    '=?',
    '?=',
    'mailto:',
    '\0',
  ],
)

describe('plain address lists', () => {
  it('are read as any list is, or not at all', () => {
    let plain = 0
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (list) => {
        const text = list.join('')
        const read = readPlainAddresses(text, 10)
        if (read === null) return
        plain++
        expect(read).toEqual(parseAddressList(text).entries)
      }),
      { numRuns: 20_000 },
    )
    expect(plain).toBeGreaterThan(1000)
  })

  it.each([
    'joe@example.org',
    'Joe <joe@example.org>, "Q. Public, Mary" <mary@x.test>,\r\n\twho?@one.test',
    '=?iso-8859-1?Q?Andr=E9?= Pirard <PIRARD@vm1.ulg.ac.be>',
    'one@example.org,two@example.org',
  ])('%j is one', (text) => {
    const read = readPlainAddresses(text, 10)
    expect(read).not.toBeNull()
    expect(read).toEqual(parseAddressList(text).entries)
  })

  it.each([
    'A Group: a@b;',
    'a@b (comment)',
    'Joe Q. Public <john.q.public@example.com',
    'a b@c',
    '"a\\"b" <c@d>',
    '@a:b@c',
    'a@b c@d',
  ])('%j is none', (text) => {
    expect(readPlainAddresses(text, 10)).toBeNull()
  })

  // Each of these took minutes: every address looked through all of the rest.
  it('takes linear time', () => {
    const short = 'a@b,'.repeat(9999)
    const rest = '=a'.repeat(400_000)
    expect(readPlainAddresses(`${short}${rest}@b`, 10_000)).toHaveLength(10_000)
    expect(readPlainAddresses(`${'=?a?q?b?= <a@b>,'.repeat(9999)}${rest}@b`, 10_000)).toHaveLength(10_000)
    expect(parseAddressList('a@b '.concat('".c"@d '.repeat(100_000))).entries.length).toBeGreaterThan(0)
  }, 5000)

  it('is left to who keeps the limit when there are more addresses', () => {
    expect(readPlainAddresses('a@b, c@d', 2)).toHaveLength(2)
    expect(readPlainAddresses('a@b, c@d', 1)).toBeNull()
  })
})
