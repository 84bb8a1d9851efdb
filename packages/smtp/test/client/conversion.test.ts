/** Messages for servers that carry less. Nothing but encodings changes. */
import { parseMessage } from '@posthouse/mime'
import { fromLatin1, latin1 } from '@posthouse/wire'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { convertNow } from '../../src/client/conversion.js'
import { convertMessage } from '../../src/index.js'

function converted(text: string, target: '7bit' | '8bit' = '7bit'): string | null {
  const octets = convertNow(fromLatin1(text), target)
  return octets && latin1(octets)
}

test('what the package exports answers when what it needs is loaded', async () => {
  const plain = 'Subject: x\r\n\r\nplain\r\n'
  const made = await convertMessage(fromLatin1(plain), '7bit')
  expect(made && latin1(made)).toBe(plain)
  expect(await convertMessage(fromLatin1('Subject: \xe9\r\n\r\n'), '7bit')).toBeNull()
})

describe('RFC 6152 §3', () => {
  test('only the parts that need it are encoded', () => {
    const text = [
      'Subject: x',
      'Content-Type: multipart/mixed; boundary=b',
      'Content-Transfer-Encoding: 8bit',
      '',
      'preamble',
      '--b',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: 8bit',
      '',
      '\xc3\xa9',
      '--b',
      '',
      'plain',
      '--b',
      'Content-Type: image/png',
      'Content-Transfer-Encoding: binary',
      '',
      'a\0\xff',
      '--b',
      'Content-Type: message/rfc822',
      '',
      'Content-Transfer-Encoding: 8bit',
      'MIME-Version: 1.0',
      '',
      '\xe9',
      '--b--',
      '',
    ].join('\r\n')
    const wanted = text
      .replace('boundary=b\r\nContent-Transfer-Encoding: 8bit', 'boundary=b\r\nContent-Transfer-Encoding: 7bit')
      .replace('8bit\r\n\r\n\xc3\xa9', 'quoted-printable\r\n\r\n=C3=A9')
      .replace('binary\r\n\r\na\0\xff', 'base64\r\n\r\nYQD/')
      .replace('8bit\r\nMIME-Version: 1.0\r\n\r\n\xe9', 'quoted-printable\r\nMIME-Version: 1.0\r\n\r\n=E9')
    expect(converted(text)).toBe(wanted)
  })

  test('for a server with 8BITMIME only what is binary', () => {
    const part = (encoding: string, body: string): string =>
      `--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${body}\r\n`
    const whole = (...parts: readonly string[]): string =>
      `Content-Type: multipart/mixed; boundary=b\r\n\r\n${parts.join('')}--b--\r\n`
    expect(converted(whole(part('8bit', '\xe9'), part('binary', 'a\nb')), '8bit')).toBe(
      whole(part('8bit', '\xe9'), part('base64', 'YQpi')),
    )
  })

  test('RFC 1428: text of an unknown kind', () => {
    expect(converted('Subject: x\r\n\r\n\xe9\r\n')).toBe(
      'Subject: x\r\nContent-Transfer-Encoding: quoted-printable\r\nMIME-Version: 1.0\r\n' +
        'Content-Type: text/plain; charset=unknown-8bit\r\n\r\n=E9\r\n',
    )
  })

  test.each([
    ['a comment in front', '(x) 8bit'],
    ['a comment behind', '8BIT(x (y))'],
    ['folded', '\r\n 8bit'],
    ['twice: the first counts', '8bit\r\nContent-Transfer-Encoding: base64'],
    ['nothing that says anything', '"8bit"'],
  ])('8bit is 8bit: %s', (_name, value) => {
    const text = `Content-Type: text/plain\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: ${value}\r\n\r\n\xe9\r\n`
    const made = converted(text) ?? ''
    expect(made).toBe(
      'Content-Type: text/plain\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=E9\r\n',
    )
  })

  test.each([
    ['a header in an old charset', 'Subject: \xe9\r\n\r\nx\r\n'],
    ['a signed part', 'Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n\xe9\r\n--b--\r\n'],
    ['what is encoded already', 'Content-Transfer-Encoding: base64\r\n\r\n\xe9\r\n'],
    ['and says so behind a comment', 'Content-Transfer-Encoding: (8bit) base64\r\n\r\n\xe9\r\n'],
    ['a preamble', 'Content-Type: multipart/mixed; boundary=b\r\n\r\n\xe9\r\n--b\r\n\r\nx\r\n--b--\r\n'],
    ['a piece of a message', 'Content-Type: message/partial; id=x; number=1\r\n\r\n\xe9\r\n'],
  ])('not: %s', (_name, text) => expect(converted(text)).toBeNull())

  test('a message that passes stays as it is', () => {
    for (const text of ['', 'Subject: x\r\n\r\n', 'Subject: x\r\n\r\nx\r\n', '\r\nx'])
      expect(converted(text)).toBe(text)
  })

  test('any body can be read again', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom('text/plain', 'image/png'), (body, type) => {
        const header = `MIME-Version: 1.0\r\nContent-Type: ${type}\r\nContent-Transfer-Encoding: binary\r\n\r\n`
        const made = convertNow(Buffer.concat([fromLatin1(header), body]), '7bit')
        expect(made).not.toBeNull()
        const part = parseMessage(made as Uint8Array)
        expect(latin1(part.root.bytes())).toBe(latin1(body))
      }),
    )
  })
})
