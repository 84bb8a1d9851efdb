import { describe, expect, it } from 'vitest'
import { fromUtf8, latin1 } from '../../src/bytes.js'
import { parseMessage } from '../../src/index.js'
import { parseMessage as parseLean } from '../../src/message/index.js'
import { latin1Bytes, latin1Text } from '../support/messages.js'

const octets = (text: string) => latin1(fromUtf8(text))
const parse = (text: string) => parseMessage(latin1Bytes(text))

const newsletter = parse(`From: =?utf-8?Q?J=C3=B6rg?= <joerg@example.org>\r
To: a@example.org,\r
 Team: b@example.org, "C, D" <c@example.org>;\r
To: late@example.org\r
Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= from\r
 us\r
Date: Tue, 1 Jul 2025 10:00:00 +0200\r
Message-ID: <1@example.org>\r
References: <0@example.org> <00@example.org>\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary=m\r
\r
--m\r
Content-Type: multipart/alternative; boundary=a\r
\r
--a\r
Content-Type: text/plain; charset=utf-8; format=flowed\r
Content-Transfer-Encoding: quoted-printable\r
\r
Gr=C3=BC=C3=9Fe =\r
from=20\r
us\r
--a\r
Content-Type: multipart/related; boundary=r\r
\r
--r\r
Content-Type: text/html; charset=iso-8859-1\r
Content-Transfer-Encoding: quoted-printable\r
\r
<p>Gr=FC=DFe <img src=3D"cid:logo"></p>\r
--r\r
Content-Type: image/png; name=logo.png\r
Content-ID: <logo>\r
Content-Transfer-Encoding: base64\r
\r
iVBORw0KGgo=\r
--r--\r
--a--\r
--m\r
Content-Type: application/octet-stream\r
Content-Disposition: attachment; filename*=utf-8''%C3%BC.bin\r
Content-Transfer-Encoding: base64\r
\r
AAEC\r
--m\r
Content-Type: message/rfc822\r
\r
Subject: inner\r
Content-Type: multipart/mixed; boundary=i\r
\r
--i\r
\r
inside\r
--i--\r
--m--\r
`)

describe('a message with everything', () => {
  it('has its header decoded', () => {
    expect(newsletter.subject).toBe('Grüße from us')
    expect(newsletter.from).toEqual([
      {
        name: 'Jörg',
        address: 'joerg@example.org',
        local: 'joerg',
        domain: 'example.org',
        unicodeDomain: 'example.org',
      },
    ])
    expect(
      newsletter.to.map((entry) => ('members' in entry ? entry.members.map((one) => one.name) : entry.address)),
    ).toEqual(['a@example.org', ['', 'C, D'], 'late@example.org'])
    expect(newsletter.date?.toISOString()).toBe('2025-07-01T08:00:00.000Z')
    expect(newsletter.messageId).toBe('1@example.org')
    expect(newsletter.references).toEqual(['0@example.org', '00@example.org'])
    expect(newsletter.headers.all('to')).toHaveLength(2)
    expect([...newsletter.headers].map((field) => field.name)).toContain('MIME-Version')
    expect(newsletter.headers.get('__proto__')).toBeUndefined()
  })

  it('has text, HTML and attachments', () => {
    expect(newsletter.text).toBe('Grüße from us\n')
    expect(newsletter.html).toBe('<p>Grüße <img src="cid:logo"></p>')
    expect(newsletter.attachments.map((part) => [part.number, part.contentType, part.filename])).toEqual([
      ['1.2.2', 'image/png', 'logo.png'],
      ['2', 'application/octet-stream', 'ü.bin'],
      ['3', 'message/rfc822', null],
    ])
    expect([...newsletter.attachments[1]!.bytes()]).toEqual([0, 1, 2])
    expect(newsletter.byContentId('cid:logo')?.contentType).toBe('image/png')
    expect(newsletter.byContentId('<logo>')?.number).toBe('1.2.2')
    expect(newsletter.byContentId('none')).toBeNull()
  })

  it('gives parts by their IMAP numbers, also inside messages', () => {
    expect([...newsletter.walk()].map((part) => part.number)).toEqual([
      '',
      '1',
      '1.1',
      '1.2',
      '1.2.1',
      '1.2.2',
      '2',
      '3',
    ])
    expect(newsletter.part('1.2.2')?.filename).toBe('logo.png')
    expect(newsletter.part('3')?.message?.subject).toBe('inner')
    expect(newsletter.part('3.1')?.text()).toBe('inside')
    expect(newsletter.part('3')?.message?.text).toBe('inside')
    expect(newsletter.part('4')).toBeNull()
    expect(newsletter.part('1.1.1')).toBeNull()
    expect(newsletter.part('x')).toBeNull()
    expect(latin1Text(newsletter.part('3')!.message!.bytes())).toMatch(/^Subject: inner\r\n[\s\S]*--i--$/)
  })

  it('streams what it decodes', async () => {
    const pieces: number[] = []
    for await (const piece of newsletter.part('2')!.stream(1) as unknown as AsyncIterable<Uint8Array>)
      pieces.push(...piece)
    expect(pieces).toEqual([0, 1, 2])
  })

  it('gives octets that no later text overwrites', () => {
    const message = parse('Content-Transfer-Encoding: quoted-printable\r\n\r\none=\r\n')
    const other = parse('Content-Transfer-Encoding: quoted-printable\r\n\r\nother=\r\n')
    expect(message.text).toBe('one')
    const bytes = message.root.bytes()
    expect(other.text).toBe('other')
    expect(latin1(bytes)).toBe('one')
    expect(message.text).toBe('one')
  })

  it('says where each field lies', () => {
    const fields = [...newsletter.headers]
    expect(fields.map((field) => latin1(field.bytes)).join('')).toBe(
      latin1Text(newsletter.source.subarray(0, newsletter.root.entity.bodyStart - 2)),
    )
  })

  it('has no defect but the second To', () => {
    expect(newsletter.defects.map((one) => one.code)).toEqual(['duplicate-field'])
  })
})

describe('charsets', () => {
  it.each([
    ['utf-8', octets('Grüße'), 'Grüße', []],
    ['iso-8859-1', 'Gr\xfc\xdfe', 'Grüße', []],
    ['x-unknown', octets('Grüße'), 'Grüße', ['unknown-charset']],
    ['us-ascii', 'Gr\xfc\xdfe', 'Grüße', ['wrong-charset']],
    ['cp437', 'Gr\x81\xe1e', 'Grüße', []],
    ['utf-7', 'Gr+APwA3w-e', 'Grüße', []],
  ])('%s', (charset, body, text, defects) => {
    const message = parse(`Content-Type: text/plain; charset=${charset}\r\n\r\n${body}`)
    expect(message.text).toBe(text)
    expect(message.defects.map((one) => one.code)).toEqual(defects)
  })

  it('in the form of RFC 2231, too', () => {
    const message = parse("Content-Type: text/plain; charset*=us-ascii'en'iso-8859-2\r\n\r\n\xb1")
    expect([message.root.charset, message.text, message.defects]).toEqual(['iso-8859-2', 'ą', []])
  })

  it('without iconv-lite, what TextDecoder lacks is guessed', () => {
    const message = parseLean(latin1Bytes('Content-Type: text/plain; charset=cp437\r\n\r\nGr\x81\xe1e'))
    expect(message.text).not.toBe('Grüße')
    expect(message.defects.map((one) => one.code)).toEqual(['unknown-charset'])
  })
})

describe('which parts are text (RFC 8621 §4.1.4)', () => {
  const mixed = (...parts: string[]) =>
    parse(`Content-Type: multipart/mixed; boundary=m\r\n\r\n${parts.map((part) => `--m\r\n${part}\r\n`).join('')}--m--`)
  const summary = (message: ReturnType<typeof parse>) => [
    message.text,
    message.html,
    message.attachments.map((part) => part.number),
  ]

  it.each([
    ['a message without a type', parse('Subject: x\r\n\r\nbody'), ['body', null, []]],
    ['only HTML', parse('Content-Type: text/html\r\n\r\n<b>'), [null, '<b>', []]],
    ['only a picture', parse('Content-Type: image/png\r\n\r\nx'), [null, null, ['1']]],
    [
      'only an attachment',
      parse('Content-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nx'),
      [null, null, ['1']],
    ],
    ['two texts', mixed('\r\none', '\r\ntwo'), ['one\ntwo', null, []]],
    ['a text with a name', mixed('\r\none', 'Content-Type: text/plain; name=a.txt\r\n\r\ntwo'), ['one', null, ['2']]],
    ['another kind of text', mixed('\r\none', 'Content-Type: text/calendar\r\n\r\ntwo'), ['one', null, ['2']]],
    ['HTML and a footer', mixed('Content-Type: text/html\r\n\r\n<b>', '\r\nfooter'), ['footer', '<b>', []]],
    [
      'an attached message',
      mixed('\r\none', 'Content-Type: message/rfc822\r\n\r\nA: b\r\n\r\nx'),
      ['one', null, ['2']],
    ],
    ['a multipart without boundary', parse('Content-Type: multipart/mixed\r\n\r\nall of it'), ['all of it', null, []]],
  ])('%s', (_, message, expected) => {
    expect(summary(message)).toEqual(expected)
  })

  it('of an alternative without plain text, the HTML is for all', () => {
    const message = parse(
      'Content-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\nContent-Type: text/html\r\n\r\n<b>\r\n--a--',
    )
    expect(message.bodies.text).toEqual(message.bodies.html)
    expect(summary(message)).toEqual([null, '<b>', []])
  })
})

describe('messages inside', () => {
  it('in base64 open like others', () => {
    const message = parse(
      'Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogeA0KDQpib2R5',
    )
    expect(message.part('1')?.message?.subject).toBe('x')
    expect(message.part('1')?.message?.text).toBe('body')
    expect(message.defects.map((one) => one.code)).toEqual(['encoded-message'])
  })

  it('a leaf has none', () => {
    expect(parse('Subject: x\r\n\r\nbody').part('1')?.message).toBeNull()
  })
})

describe('defects of decoding come when the part was decoded', () => {
  it('damaged base64', () => {
    const message = parse('Content-Transfer-Encoding: base64\r\n\r\nQU*JD')
    expect(message.defects).toEqual([])
    expect(message.text).toBe('ABC')
    expect(message.defects.map((one) => one.code)).toEqual(['damaged-base64'])
  })

  it('an unknown transfer encoding', () => {
    const message = parse('Content-Transfer-Encoding: x-secret\r\n\r\ntext')
    expect(message.text).toBe('text')
    expect(message.defects.map((one) => one.code)).toEqual(['unknown-transfer-encoding'])
  })
})

it('files in uuencode are found in the text', () => {
  const message = parse('Subject: x\r\n\r\nhere:\r\nbegin 644 a.txt\r\n#0V%T\r\n`\r\nend\r\nbye')
  expect(message.part('1')!.uuencodedFiles()).toEqual([{ filename: 'a.txt', bytes: latin1Bytes('Cat') }])
  expect(message.text).toContain('bye')
})

it('an invalid date is null, with a defect (never the present time)', () => {
  const message = parse('Date: yesterday\r\n\r\n')
  expect(message.date).toBeNull()
  expect(message.defects.map((one) => one.code)).toEqual(['malformed-date'])
})

it('line ends in an attached message stay as they are', () => {
  const inner = 'Subject: signed\nX: y\r\n\r\nbody\nwith\r\nboth\n'
  const message = parse(
    `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n${inner}\r\n--b--`,
  )
  expect(latin1Text(message.part('1')!.bytes())).toBe(inner)
})
