import { fromLatin1, latin1 } from '@posthouse/wire'
import { connectInMemory } from '@posthouse/wire/testing'
import { describe, expect, test } from 'vitest'
import { HELLO, testServer } from './servers.js'

/** Says all of it at once, half-closes, and gives what the server said behind its greeting. */
async function say(
  text: string,
  options: Parameters<typeof testServer>[0] = {},
): Promise<{ lines: string[]; closed: boolean }> {
  const made = testServer(options)
  await made.deliver(HELLO)
  const connection = connectInMemory(made.server)
  connection.take()
  for (let at = 0; at < text.length; at += 65_536) connection.send(fromLatin1(text.slice(at, at + 65_536)))
  connection.send(fromLatin1('zz NOOP\r\n'))
  let heard = latin1(connection.take())
  while (!connection.closed && !heard.includes('zz ')) {
    await connection.output()
    heard += latin1(connection.take())
  }
  return { lines: heard.split('\r\n').slice(0, -1), closed: connection.closed }
}

const LOGIN = 'aa LOGIN alice secret\r\n'
const INSIDE = `${LOGIN}ab SELECT INBOX\r\n`

describe('before login', () => {
  const table: readonly (readonly [string, string, string | RegExp, 'goes on' | 'ends'])[] = [
    ['an unknown command', 'a FOO\r\n', 'a BAD Unknown command', 'goes on'],
    ['no tag', '* NOOP\r\n', '* BAD A command begins with a tag', 'goes on'],
    ['an empty line', '\r\n', '* BAD A command begins with a tag', 'goes on'],
    ['a tag alone', 'a\r\n', 'a BAD Missing command', 'goes on'],
    ['a bare LF', 'a NOOP\n', 'a BAD Lines end with CRLF', 'goes on'],
    ['a line of 100 kB', `a LOGIN ${'x'.repeat(100_000)}\r\n`, 'a BAD Command line too long', 'ends'],
    ['a line of 20 kB', `a LOGIN ${'x'.repeat(20_000)}\r\n`, 'a BAD Command line too long', 'goes on'],
    ['10,000 parentheses', `a ID ${'('.repeat(10_000)}\r\n`, /^a BAD /, 'goes on'],
    ['two parentheses', 'a ID ((\r\n', /^a BAD /, 'goes on'],
    ['a literal of 4 GB', 'a LOGIN {4294967296}\r\n', 'a BAD Literal too large', 'goes on'],
    ['a literal of 4 GB without waiting', 'a LOGIN {4294967296+}\r\n', 'a BAD Literal too large', 'ends'],
    ['a literal nobody can count', 'a LOGIN {99999999999999999999+}\r\n', 'a BAD Literal too large', 'ends'],
    ['many literals', `a LOGIN ${'{1+}\r\nx '.repeat(5)}x\r\n`, 'a BAD Too many literals', 'goes on'],
    ['octets behind STARTTLS', 'a STARTTLS\r\nb NOOP\r\n', 'a BAD Octets behind STARTTLS', 'ends'],
    ['AUTH with bad base64', 'a AUTHENTICATE PLAIN ***\r\n', /^a BAD/, 'goes on'],
    [
      'AUTH with a response that is no base64',
      'a AUTHENTICATE PLAIN\r\n!!!\r\n',
      'a BAD The response is not base64',
      'goes on',
    ],
    ['a quoted string without end', 'a LOGIN "x\r\n', 'a BAD Quoted string does not end', 'goes on'],
    ['APPEND', 'a APPEND INBOX {3+}\r\nabc\r\n', 'a BAD APPEND is not possible now', 'goes on'],
    ['prototype names', 'a __proto__\r\n', 'a BAD Unknown command', 'goes on'],
  ]
  test.each(table)('%s', async (_, sent, wanted, then) => {
    const { lines, closed } = await say(sent)
    expect(lines.some((line) => (typeof wanted === 'string' ? line === wanted : wanted.test(line)))).toBe(true)
    expect(closed).toBe(then === 'ends')
    if (then === 'goes on') expect(lines[lines.length - 1]).toBe('zz OK NOOP completed')
    else expect(lines[lines.length - 1]).toMatch(/^\* BYE /)
  })
})

describe('after login', () => {
  const table: readonly (readonly [string, string, string | RegExp])[] = [
    ['a number that no message has', 'a FETCH 7 UID\r\n', 'a BAD There are only 1 messages'],
    ['number 0', 'a FETCH 0 UID\r\n', /^a BAD/],
    ['an item nobody knows', 'a FETCH 1 (UID constructor)\r\n', 'a BAD CONSTRUCTOR cannot be fetched'],
    ['deep parentheses', `a SEARCH ${'('.repeat(10_000)}\r\n`, 'a BAD Too many parentheses within each other'],
    ['deep NOT', `a SEARCH ${'NOT '.repeat(5_000)}ALL\r\n`, 'a BAD Too many keys within each other'],
    ['an empty group', 'a SEARCH ()\r\n', /^a BAD/],
    ['STATUS of nothing', 'a STATUS INBOX ()\r\n', 'a BAD Status item expected'],
    ['STATUS of nothing in LIST', 'a LIST "" * RETURN (STATUS ())\r\n', 'a BAD Status item expected'],
    ['a flag nobody knows', 'a STORE 1 +FLAGS (\\Nonsense)\r\n', 'a BAD \\NONSENSE is no flag'],
    ['a date that does not exist', 'a SEARCH ON 31-Feb-2020\r\n', /^a BAD Date/],
    ['text behind the end', 'a NOOP x\r\n', 'a BAD Unexpected text behind the last argument'],
    ['a message that is too large', 'a APPEND INBOX {99999999}\r\n', /^a NO \[TOOBIG\]/],
    ['a message of 4 GB', 'a APPEND INBOX {4294967296}\r\n', /^a NO \[TOOBIG\]/],
    // RFC 9051 §9: neither `%` nor `*` is an ATOM-CHAR, so such a name would need quotes; LIST could not tell it apart.
    ['a name with a wildcard', 'a CREATE Mine/100%\r\n', /^a BAD /],
    ['a name with the other wildcard', 'a CREATE Mine*\r\n', /^a BAD /],
    ['a name with a wildcard in quotes', 'a CREATE "Mine/100%"\r\n', /^a NO \[CANNOT\] /],
    ['a name that is not modified UTF-7', 'a CREATE a&b\r\n', /^a BAD/],
    // RFC 3501 §5.1.3: no printing character in base64. Where names are UTF-8, it could not be told from two levels.
    ['a name with a delimiter in base64', 'a CREATE a&AC8-b\r\n', 'a BAD Mailbox name is not correctly encoded'],
    ['a new name of that kind', 'a RENAME INBOX a&AC8-b/c\r\n', 'a BAD Mailbox name is not correctly encoded'],
    ['a huge set', 'a UID FETCH 1:4294967295 UID\r\n', 'a OK FETCH completed'],
    ['a section that ends with a dot', 'a FETCH 1 BODY.PEEK[1.]\r\n', 'a BAD "." or "]" expected'],
    ['the same of BINARY', 'a FETCH 1 BINARY.SIZE[1.2.]\r\n', 'a BAD "." or "]" expected'],
    ['a section that does not exist', 'a FETCH 1 BODY.PEEK[7.2.1]\r\n', 'a OK FETCH completed'],
    ['a pattern of many wildcards', `a LIST "" "${'*%'.repeat(400)}x"\r\n`, 'a OK LIST completed'],
  ]
  test.each(table)('%s', async (_, sent, wanted) => {
    const { lines } = await say(`${INSIDE}${sent}`)
    expect(lines.some((line) => (typeof wanted === 'string' ? line === wanted : wanted.test(line)))).toBe(true)
    expect(lines[lines.length - 1]).toBe('zz OK NOOP completed')
  })

  test('a message of 4 GB that is sent without waiting ends the connection', async () => {
    const { lines, closed } = await say(`${LOGIN}a APPEND INBOX {4294967296+}\r\n`)
    expect(lines.slice(-2)).toEqual([expect.stringMatching(/^a NO \[TOOBIG\]/), '* BYE Literal too large'])
    expect(closed).toBe(true)
  })
})

describe('a literal behind a line that ends with LF alone is no command', () => {
  const literal = 'b CREATE Evil\r\n'
  const announced = `{${literal.length}+}\n${literal}\r\n`
  test.each([
    ['of APPEND', `a APPEND INBOX ${announced}`, 'a BAD Lines end with CRLF'],
    ['of another command', `a CREATE ${announced}`, 'a BAD Lines end with CRLF'],
    ['behind a message', `a APPEND INBOX {3+}\r\nabc ${announced}`, 'a BAD Lines end with CRLF'],
    ['behind a literal that is skipped', `a FOO {3+}\r\nabc ${announced}`, 'a BAD Unknown command'],
  ])('%s', async (_, sent, wanted) => {
    const { lines } = await say(`${LOGIN}${sent}`)
    expect(lines.slice(-2)).toEqual([wanted, 'zz OK NOOP completed'])
  })
})

test('somebody who says only nonsense is sent away', async () => {
  const { lines, closed } = await say('a FOO\r\n'.repeat(10))
  expect(closed).toBe(true)
  expect(lines).toContain('* BYE Too many mistakes')
})

test('mistakes before the login are forgiven with it', async () => {
  const { lines, closed } = await say(`a FOO\r\nb FOO\r\n${LOGIN}c FOO\r\nd FOO\r\n`, {
    limits: { loginBadCommands: 2, badCommands: 2 },
  })
  expect(lines[lines.length - 1]).toBe('zz OK NOOP completed')
  expect(closed).toBe(false)
})

test('three failed logins end the connection', async () => {
  const { lines, closed } = await say('a LOGIN alice wrong\r\n'.repeat(5))
  expect(lines.filter((line) => line.startsWith('a NO [AUTHENTICATIONFAILED]'))).toHaveLength(3)
  expect(closed).toBe(true)
})

test('a password does not cross a clear connection that is not loopback', async () => {
  const { lines } = await say('a LOGIN alice secret\r\nb AUTHENTICATE PLAIN\r\n', { allowInsecureAuth: 'loopback' })
  expect(lines[0]).toMatch(/^a NO \[PRIVACYREQUIRED\]/)
  expect(lines[1]).toMatch(/^b NO \[PRIVACYREQUIRED\]/)
})
