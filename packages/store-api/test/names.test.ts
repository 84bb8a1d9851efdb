import {
  isBelow,
  isInbox,
  isStoreError,
  mailboxPathKey,
  normaliseAddress,
  normaliseDomain,
  normaliseMailboxPath,
  splitAddress,
  withoutDetail,
} from '@posthouse/store-api'
import { describe, expect, test } from 'vitest'

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return isStoreError(error) ? error.code : String(error)
  }
  return 'accepted'
}

describe('mailbox names', () => {
  test.each([
    [['inbox'], ['INBOX']],
    [
      ['iNbOx', 'inbox'],
      ['INBOX', 'inbox'],
    ],
    [
      ['Archive', 'INBOX'],
      ['Archive', 'INBOX'],
    ],
    [['Cafe\u0301'], ['Caf\u00e9']],
    [
      ['a/b', 'c.d', ' x'],
      ['a/b', 'c.d', ' x'],
    ],
    // The dotless i is another letter, although its upper case is I.
    [['\u0131nbox'], ['\u0131nbox']],
  ])('%j is stored as %j', (path, expected) => {
    expect(normaliseMailboxPath(path)).toEqual(expected)
  })

  test.each([
    [[], 'invalid'],
    [[''], 'invalid'],
    [['a', ''], 'invalid'],
    [['a\0'], 'invalid'],
    [['a\r\nb'], 'invalid'],
    [['\x7f'], 'invalid'],
    [['\u0080'], 'invalid'],
    [['\u2028'], 'invalid'],
    [['\ufffe'], 'invalid'],
    [['\ud83d'], 'invalid'],
    [['\udce8\ud83d'], 'invalid'],
    [['x'.repeat(256)], 'limit'],
    [['é'.repeat(128)], 'limit'],
    [Array.from({ length: 33 }, () => 'x'), 'limit'],
    [Array.from({ length: 5 }, () => 'x'.repeat(250)), 'limit'],
  ])('%j is refused with %s', (path, code) => {
    expect(codeOf(() => normaliseMailboxPath(path))).toBe(code)
  })

  test('255 octets fit, counted in UTF-8', () => {
    for (const name of ['x'.repeat(255), 'é'.repeat(127), '日'.repeat(85), '📬'.repeat(63)]) {
      expect(normaliseMailboxPath([name])).toEqual([name])
    }
  })

  test('different paths have different keys', () => {
    expect(mailboxPathKey(['a/b'])).not.toBe(mailboxPathKey(['a', 'b']))
    expect(isInbox(['Inbox'])).toBe(true)
    expect(isInbox(['Inbox', 'x'])).toBe(false)
    expect(isBelow(['a', 'b', 'c'], ['a', 'b'])).toBe(true)
    expect(isBelow(['a', 'b'], ['a', 'b'])).toBe(false)
    expect(isBelow(['ab', 'c'], ['a'])).toBe(false)
  })
})

describe('addresses', () => {
  test.each([
    ['Ann@Example.ORG', 'ann@example.org'],
    ['ann@example.org.', 'ann@example.org'],
    ['"ann"@example.org', 'ann@example.org'],
    ['"a b"@example.org', 'a b@example.org'],
    ['"a\\"b@c"@example.org', 'a"b@c@example.org'],
    ['ann@BÜCHER.example', 'ann@xn--bcher-kva.example'],
    ['ann@Bu\u0308cher.example', 'ann@xn--bcher-kva.example'],
    ['JOSE\u0301@example.org', 'jos\u00e9@example.org'],
    ['ann@[192.0.2.1]', 'ann@[192.0.2.1]'],
  ])('%s is compared as %s', (address, key) => {
    expect(normaliseAddress(address)).toBe(key)
  })

  test.each([
    'ann',
    '@example.org',
    'ann@',
    'a"b@example.org',
    '"ann@example.org',
    '""@example.org',
    'ann@exam ple.org',
    'ann@a..b',
    'ann@.b',
    'a\r\nb@example.org',
    'ann@ü/x',
    'ann@ü:25',
    'ann@ü@b',
    'ann@１.２',
    `ann@${'x'.repeat(64)}.org`,
  ])('%j is no address', (address) => {
    expect(normaliseAddress(address)).toBeNull()
  })

  test('the case of local parts can matter', () => {
    expect(normaliseAddress('Ann@Example.org', { caseSensitive: true })).toBe('Ann@example.org')
  })

  test('parts and details', () => {
    expect(splitAddress('"a@b"@example.org')).toEqual({ localPart: 'a@b', domain: 'example.org' })
    expect(normaliseDomain('EXAMPLE.org.')).toBe('example.org')
    expect(withoutDetail('ann+lists+x@example.org')).toBe('ann@example.org')
    expect(withoutDetail('ann@example.org')).toBe('ann@example.org')
    expect(withoutDetail('+x@example.org')).toBe('+x@example.org')
    expect(withoutDetail('ann-lists@example.org', '-')).toBe('ann@example.org')
  })
})
