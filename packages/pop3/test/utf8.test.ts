/** RFC 6856 §2.1 and RFC 6858: what a client that has not said UTF8 gets of a header in UTF-8. */

import { parseMessage } from '@posthouse/mime'
import { createPop3Server, type Pop3ServerOptions } from '@posthouse/pop3'
import { fromLatin1, fromUtf8, latin1 } from '@posthouse/wire'
import { connectInMemory, playTranscriptAtAllCuts, slices } from '@posthouse/wire/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createHeaderFilter } from '../src/session/header-filter.js'
import { surrogateHeader } from '../src/session/surrogate.js'
import { storeWith } from './stores.js'

const LOOPBACK = {
  remote: { address: '127.0.0.1', port: 40000 },
  local: { address: '127.0.0.1', port: 110 },
}

const surrogate = (header: string): string => latin1(surrogateHeader(fromUtf8(header)))

describe('a header in UTF-8', () => {
  test('fields in ASCII stay octet for octet, whatever stands beside them', () => {
    const before = 'Received: from a\r\n\tby b\r\nDKIM-Signature: v=1;\r\n b=abc\r\nno field\r\n'
    const behind = 'MIME-Version: 1.0\r\nX-Tag:1\r\n\r\n'
    expect(surrogate(`${before}Subject: Grüße\r\n${behind}`)).toBe(
      `${before}Subject: =?UTF-8?B?R3LDvMOfZQ==?=\r\n${behind}`,
    )
  })

  test('text is encoded and reads the same', () => {
    const message = parseMessage(
      fromLatin1(surrogate('Subject: Grüße aus 東京 😀\r\nX-Note: ä\r\nComments: é\r\n\r\n')),
    )
    expect(message.subject).toBe('Grüße aus 東京 😀')
    expect([message.headers.get('x-note'), message.headers.get('comments')]).toEqual(['ä', 'é'])
  })

  test.each<[string, string, string[]]>([
    ['a name', 'Jörg <joerg@example.org>', ['Jörg <joerg@example.org>']],
    ['a domain', 'a@exämple.org', [' <a@xn--exmple-cua.org>']],
    ['an address', 'jörg@example.org', ['jörg@example.org <invalid@internationalized-address.invalid>']],
    [
      'both',
      'Jörg <jörg@exämple.org>, b@example.org',
      ['Jörg <invalid@internationalized-address.invalid>', ' <b@example.org>'],
    ],
    [
      'an encoded name beside it',
      '=?utf-8?q?Zo=C3=A9?= <zoe@example.org>, Jörg <j@example.org>',
      ['Zoé <zoe@example.org>', 'Jörg <j@example.org>'],
    ],
    [
      'a group',
      'Frühstück: a@example.org, jörg@example.org;',
      [' <a@example.org>', 'jörg@example.org <invalid@internationalized-address.invalid>'],
    ],
  ])('RFC 6858 §2.1: %s', (_name, value, wanted) => {
    const header = surrogate(`To: ${value}\r\n\r\n`)
    expect(header).not.toMatch(/[\x80-\xff]/)
    const found = parseMessage(fromLatin1(header)).to.flatMap((entry) => ('members' in entry ? entry.members : [entry]))
    expect(found.map(({ name, address }) => `${name} <${address}>`)).toEqual(wanted)
  })

  test('RFC 6858 §2.2: parameters beyond ASCII are left out', () => {
    expect(
      surrogate(
        'Content-Type: text/plain; charset=utf-8; name="a;ä.txt"\r\nContent-Disposition: attachment;\r\n filename=ü\r\n\r\n',
      ),
    ).toBe('Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: attachment\r\n\r\n')
  })

  test('RFC 6858 §2.4: what cannot be said goes away', () => {
    expect(surrogate('Message-ID: <ä@b>\r\nReceived: from ä\r\nä\r\nFrom: a@example.org\r\n\r\n')).toBe(
      'From: a@example.org\r\n\r\n',
    )
  })

  test('a header of an old charset is no UTF-8, and stays', () => {
    const header = fromLatin1('Subject: Gr\xfc\xdfe\r\n\r\n')
    expect(surrogateHeader(header)).toBe(header)
  })

  test('nothing beyond ASCII is left of any UTF-8 header, and nothing throws', () => {
    const word = fc.constantFrom(
      'ä',
      '"',
      '<',
      '>',
      '@',
      ',',
      ';',
      ':',
      '(',
      '\\',
      '\r\n ',
      'a',
      '=?',
      '?=',
      '東',
      ' ',
      '\0',
      '.',
    )
    const name = fc.constantFrom(
      'Subject',
      'From',
      'To',
      'Content-Type',
      'Content-Disposition',
      'X-A',
      'Message-ID',
      'ä',
      '',
    )
    const field = fc.tuple(name, fc.array(word, { maxLength: 12 }))
    fc.assert(
      fc.property(fc.array(field, { maxLength: 6 }), (fields) => {
        const header = fields.map(([name, words]) => `${name}: ${words.join('')}\r\n`).join('')
        expect(surrogate(`${header}\r\n`)).toMatch(/^[\0-\x7f]*\r\n$/)
      }),
      { numRuns: 500 },
    )
  })
})

test('the filter gives the same at any cutting', () => {
  const part = fc.constantFrom(
    'Subject: ä\r\n',
    'Subject: a\r\n',
    ' ä\r\n',
    'X: \xe4'.normalize(),
    '\r\n',
    '\n',
    'body\r\n',
    '\r',
    'ü',
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 10 }), fc.integer({ min: 1, max: 9 }), (parts, size) => {
      const message = fromUtf8(parts.join(''))
      const through = (pieces: readonly Uint8Array[]): string => {
        const filter = createHeaderFilter()
        return [...pieces.flatMap((piece) => [...filter.write(piece)]), ...filter.end()]
          .map((piece) => latin1(piece))
          .join('')
      }
      expect(through(slices(message, size))).toBe(through(message.length > 0 ? [message] : []))
    }),
    { numRuns: 500 },
  )
})

const MESSAGE = 'From: Jörg <j@example.org>\r\nSubject: é\r\n\r\nbödy\r\n.\r\n'
const LOGIN = 'S: +OK {*}\nC: USER mrose\nC: PASS x\nS: +OK {*}\nS: +OK {*}'

async function play(transcript: string, options: Partial<Pop3ServerOptions> = {}): Promise<void> {
  const store = await storeWith([Buffer.from(MESSAGE).toString('latin1')], 'SQLite')
  const server = () => createPop3Server({ store, authenticate: (user) => user, ...options })
  await playTranscriptAtAllCuts(server, transcript, LOOPBACK)
}

const AS_STORED = `
  C: TOP 1 1
  S: +OK {*}
  S: From: Jörg <j@example.org>
  S: Subject: é
  S: 
  S: bödy
  S: .`

test('before UTF8 the header is in ASCII, behind it everything is as stored', async () => {
  await play(`${LOGIN}
    C: RETR 1
    S: +OK ${Buffer.byteLength(MESSAGE)} octets
    S: From: =?UTF-8?B?SsO2cmc=?= <j@example.org>
    S: Subject: =?UTF-8?B?w6k=?=
    S: 
    S: bödy
    S: ..
    S: .
    C: TOP 1 0
    S: +OK {*}
    S: From: =?UTF-8?B?SsO2cmc=?= <j@example.org>
    S: Subject: =?UTF-8?B?w6k=?=
    S: 
    S: .`)
  await play(LOGIN.replace('C: USER', 'C: UTF8\nS: +OK {*}\nC: USER') + AS_STORED)
})

test('as stored for everybody, where that is asked for', () => play(LOGIN + AS_STORED, { utf8Headers: 'as-stored' }))

test('a message without a body', async () => {
  const store = await storeWith([Buffer.from('Subject: é').toString('latin1')])
  const connection = connectInMemory(createPop3Server({ store, authenticate: (user) => user }), LOOPBACK)
  connection.send(fromLatin1('USER mrose\r\nPASS x\r\nRETR 1\r\nQUIT\r\n'))
  let heard = ''
  while (!connection.closed) {
    await connection.output()
    heard += latin1(connection.take())
  }
  expect(heard).toContain('octets\r\nSubject: =?UTF-8?B?w6k=?=\r\n.\r\n')
})
