import { fromUtf8 } from '@posthouse/wire'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeXtext,
  encodeReply,
  encodeXtext,
  formatDateTime,
  isGreetingName,
  parseCommand,
  parseMailbox,
  parsePath,
  parseReplyLine,
  receivedField,
  reply,
  splitEnhancedCode,
  transmissionType,
} from '../src/index.js'

describe('paths (RFC 5321 §4.1.2)', () => {
  test.each([
    ['<a@b>', 'a@b', 'a', 'b'],
    ['<a.b+c@Sub.Example>', 'a.b+c@Sub.Example', 'a.b+c', 'Sub.Example'],
    ['<"john doe"@example.org>', '"john doe"@example.org', 'john doe', 'example.org'],
    ['<"a"@example.org>', 'a@example.org', 'a', 'example.org'],
    ['<"a\\"\\\\b"@example.org>', '"a\\"\\\\b"@example.org', 'a"\\b', 'example.org'],
    ['<"a@b"@example.org>', '"a@b"@example.org', 'a@b', 'example.org'],
    ['<a@[192.0.2.1]>', 'a@[192.0.2.1]', 'a', '[192.0.2.1]'],
    ['<a@[IPv6:2001:db8::1]>', 'a@[IPv6:2001:db8::1]', 'a', '[IPv6:2001:db8::1]'],
    ['<a@[IPv6:::ffff:192.0.2.1]>', 'a@[IPv6:::ffff:192.0.2.1]', 'a', '[IPv6:::ffff:192.0.2.1]'],
    ['<@hosta.int,@jkl.org:userc@d.bar.org>', 'userc@d.bar.org', 'userc', 'd.bar.org'],
    ['<用户@例子.example>', '用户@例子.example', '用户', '例子.example'],
    ['<postMASTER>', 'postMASTER', 'postMASTER', ''],
    ['<=?utf-8?q?x?=@example.org>', '=?utf-8?q?x?=@example.org', '=?utf-8?q?x?=', 'example.org'],
  ])('%s', (text, address, localPart, domain) => {
    expect(parsePath(text, 0)).toEqual({ type: 'path', mailbox: { address, localPart, domain }, end: text.length })
  })
  test('<>', () => expect(parsePath('<>', 0)).toEqual({ type: 'path', mailbox: null, end: 2 }))
  test.each([
    'a@b',
    '<a>',
    '<@b>',
    '<a@>',
    '<a@b',
    '<.a@b>',
    '<a.@b>',
    '<a..b@c>',
    '<a b@c>',
    '<a@b c>',
    '<a@b@c>',
    '<a@-b>',
    '<a@b->',
    '<a@b..c>',
    '<a@b.>',
    '<a@[192.0.2]>',
    '<a@[192.0.2.256]>',
    '<a@[IPv6:1::2::3]>',
    '<a@[IPv6:1:2:3:4:5:6:7]>',
    '<a@[x]>',
    '<""@b>',
    '<"a@b>',
    '<"a"b@c>',
    '<@a,b@c>',
    '<@a:>',
    '<a\x80@b>',
    '<a@b\x00>',
    `<${'x'.repeat(300)}@b>`,
    `<a@${'x'.repeat(64)}.example>`,
  ])('%j is refused', (text) => expect(parsePath(text, 0).type).toBe('malformed'))

  test('a mailbox is written so that it reads the same', () => {
    const localPart = fc.string({ unit: fc.constantFrom(...'ab."\\@ +<>(),;:é'), minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(localPart, (text) => {
        const quoted = `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"@example.org`
        const mailbox = parseMailbox(quoted)
        expect(mailbox?.localPart).toBe(text)
        expect(parseMailbox(mailbox?.address ?? '')).toEqual(mailbox)
      }),
    )
  })
})

describe('commands', () => {
  const parse = (text: string) => parseCommand(fromUtf8(text))
  test.each([
    ['mail from:<a@b>', 'MAIL'],
    ['MAIL FROM: <a@b>', 'MAIL'],
    ['MAIL  FROM:<a@b> ', 'MAIL'],
    ['rcpt TO:<a@b>', 'RCPT'],
    ['bdat 10 last', 'BDAT'],
    ['Quit ', 'QUIT'],
  ])('%j', (text, verb) => expect(parse(text).verb).toBe(verb))

  test.each(['AUTH', 'auth', 'AUTH ', 'AUTH  ', 'EHLO', 'MAIL', 'RCPT', 'BDAT', 'VRFY', 'ETRN'])(
    '%j with nothing behind it is a fault, never an exception',
    (text) =>
      expect(parse(text)).toMatchObject({ verb: 'FAULT', name: text.trim().toUpperCase(), reply: { code: 501 } }),
  )

  test('any octets are a command or a fault, never an exception', () => {
    const verb = fc.constantFrom('EHLO ', 'MAIL FROM:', 'RCPT TO:<', 'BDAT ', 'AUTH ', 'AUTH PLAIN ', 'VRFY ', 'X ', '')
    fc.assert(
      fc.property(verb, fc.uint8Array({ maxLength: 60 }), (start, rest) => {
        const line = new Uint8Array([...fromUtf8(start), ...rest])
        const command = parseCommand(line)
        if (command.verb === 'FAULT') expect(command.reply.code).toBeGreaterThanOrEqual(500)
      }),
      { numRuns: 2_000 },
    )
  })
  test.each(['example.org', '[192.0.2.1]', '[IPv6:::1]', 'a'])('%s is a name for EHLO', (name) =>
    expect(isGreetingName(name)).toBe(true),
  )
  test.each(['-x', '192.0.2.1]', '[example]', 'a..b', '(x)'])('%s is none', (name) =>
    expect(isGreetingName(name)).toBe(false),
  )
})

describe('xtext (RFC 3461 §4)', () => {
  test('decode(encode(x)) is x', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 50 }), (text) => {
        const encoded = encodeXtext(text)
        expect(decodeXtext(encoded)).toBe(text)
        for (const character of encoded) expect(character > ' ' && character < '\x7f').toBe(true)
      }),
    )
  })
  test('characters that need it', () => expect(encodeXtext('a+b=c d')).toBe('a+2Bb+3Dc+20d'))
  test.each(['a+2', 'a+', 'a+XY', 'a b', 'a=b', 'é'])('%j is no xtext', (text) => expect(decodeXtext(text)).toBeNull())
})

describe('replies', () => {
  test('several lines', () => expect(encodeReply(reply(250, null, ['a', 'b']))).toBe('250-a\r\n250 b\r\n'))
  test('the enhanced code is on every line (RFC 2034 §4)', () =>
    expect(encodeReply(reply(550, '5.1.1', 'a\nb'))).toBe('550-5.1.1 a\r\n550 5.1.1 b\r\n'))
  test('a challenge of AUTH is one line, however long it is (RFC 4954 §4)', () => {
    const challenge = 'QUJD'.repeat(2_000)
    expect(encodeReply(reply(334, null, challenge))).toBe(`334 ${challenge}\r\n`)
  })
  test('whatever the text, each line is a reply line of at most 512 octets', () => {
    const anything = fc.string({ unit: 'binary', maxLength: 2_000 })
    fc.assert(
      fc.property(anything, fc.boolean(), (text, utf8) => {
        const wire = encodeReply(reply(550, '5.7.1', text), utf8)
        const lines = wire.split('\r\n')
        expect(lines.pop()).toBe('')
        for (const [i, line] of lines.entries()) {
          expect(fromUtf8(line).length).toBeLessThanOrEqual(510)
          const read = parseReplyLine(line)
          expect(read).toMatchObject({ code: 550, last: i === lines.length - 1 })
          expect(splitEnhancedCode(read?.text ?? '', 550).enhanced).toBe('5.7.1')
          for (const character of line) expect(character >= ' ' && character !== '\x7f').toBe(true)
        }
      }),
    )
  })
  test.each([
    [199, null],
    [600, null],
    [250, '5.0.0'],
    [550, '5.1'],
    [550, '5.1.1.1'],
    [550, '5.1.1234'],
    [550, '5.1.'],
  ])('%i %s cannot be made', (code, enhanced) => expect(() => reply(code, enhanced, 'x')).toThrow(RangeError))

  test.each([
    ['250 ok', { code: 250, last: true, text: 'ok' }],
    ['250-ok', { code: 250, last: false, text: 'ok' }],
    ['250', { code: 250, last: true, text: '' }],
    ['250x', null],
    ['25', null],
    ['150 x', null],
    ['abc', null],
  ])('%j', (line, wanted) => expect(parseReplyLine(line)).toEqual(wanted))
  test.each([
    ['2.1.0 OK', 250, '2.1.0', 'OK'],
    ['2.1.0', 250, '2.1.0', ''],
    ['5.1.1 no', 250, null, '5.1.1 no'],
    ['2.1 x', 250, null, '2.1 x'],
    ['2.1.0x', 250, null, '2.1.0x'],
    ['10.1.2 x', 250, null, '10.1.2 x'],
  ])('%j behind %i', (text, code, enhanced, rest) =>
    expect(splitEnhancedCode(text, code)).toEqual({ enhanced, text: rest }),
  )
})

describe('trace fields (RFC 5321 §4.4)', () => {
  const trace = {
    helo: 'client.example',
    remoteAddress: '2001:db8::1',
    remoteName: 'host.example',
    by: 'mx.example.org',
    with: 'ESMTPS',
    tls: 'TLSv1.3 TLS_AES_128_GCM_SHA256',
    id: 'x',
    for: 'a@b',
    date: Date.UTC(2026, 10, 3, 4, 5, 6),
  }
  test('Received', () =>
    expect(receivedField(trace)).toBe(
      'Received: from client.example (host.example [IPv6:2001:db8::1])\r\n' +
        '\tby mx.example.org with ESMTPS id x\r\n' +
        '\t(TLSv1.3 TLS_AES_128_GCM_SHA256)\r\n' +
        '\tfor <a@b>;\r\n' +
        '\tTue, 3 Nov 2026 04:05:06 +0000\r\n',
    ))
  test('row 15: nothing a client says makes a line or a comment of its own', () => {
    const field = receivedField({ ...trace, helo: 'x\r\nBcc: y', remoteName: 'a) by evil (b', for: 'a\n@b' })
    expect(field.split('\r\n')).toHaveLength(6)
    expect(field).toContain('from x??Bcc:?y (a??by?evil??b [')
  })
  test('what is not ASCII is for messages of SMTPUTF8 alone', () => {
    const names = { ...trace, helo: 'bücher.example', remoteName: 'ü.example' }
    expect(receivedField(names)).toContain('from b?cher.example (?.example [')
    expect(receivedField({ ...names, with: 'UTF8SMTPS' })).toContain('from bücher.example (ü.example [')
  })
  test.each([
    [{ extended: false, tls: false, authenticated: false, utf8: false }, 'SMTP', 'SMTP'],
    [{ extended: true, tls: false, authenticated: false, utf8: false }, 'ESMTP', 'LMTP'],
    [{ extended: true, tls: true, authenticated: false, utf8: false }, 'ESMTPS', 'LMTPS'],
    [{ extended: true, tls: true, authenticated: true, utf8: false }, 'ESMTPSA', 'LMTPSA'],
    [{ extended: true, tls: false, authenticated: true, utf8: true }, 'UTF8SMTPA', 'UTF8LMTPA'],
  ])('RFC 3848: %j', (session, smtp, lmtp) => {
    expect(transmissionType({ protocol: 'smtp', ...session })).toBe(smtp)
    if (session.extended) expect(transmissionType({ protocol: 'lmtp', ...session })).toBe(lmtp)
  })
  test('a date before 1970', () => expect(formatDateTime(-1000)).toBe('Wed, 31 Dec 1969 23:59:59 +0000'))
})
