import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromUtf8, latin1, utf8 } from '../../src/bytes.js'
import { indexMessage } from '../../src/structure/index.js'
import { createSummarizer, openSummary, summarize } from '../../src/summary/index.js'
import { hostileMessage, latin1Bytes, latin1Text } from '../support/messages.js'

const octets = (text: string) => latin1(fromUtf8(text))
const open = (text: string) => openSummary(summarize(latin1Bytes(text)).summary)!
const envelope = (text: string, asUtf8 = false) => latin1Text(open(text).envelope(asUtf8))
const structure = (text: string, extended = true, asUtf8 = false) =>
  latin1Text(open(text).bodyStructure(extended, asUtf8))

describe('ENVELOPE', () => {
  it('RFC 9051 §8: the example', () => {
    const header = `Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r
From: Terry Gray <gray@cac.washington.edu>\r
Subject: IMAP4rev2 WG mtg summary and minutes\r
To: imap@cac.washington.edu\r
cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\r
Message-Id: <B27397-0100000@cac.washington.edu>\r
MIME-Version: 1.0\r
Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\r
\r
`
    expect(envelope(header)).toBe(
      '("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev2 WG mtg summary and minutes" (("Terry Gray" NIL "gray" "cac.washington.edu")) (("Terry Gray" NIL "gray" "cac.washington.edu")) (("Terry Gray" NIL "gray" "cac.washington.edu")) ((NIL NIL "imap" "cac.washington.edu")) ((NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "MIT.EDU")) NIL NIL "<B27397-0100000@cac.washington.edu>")',
    )
  })

  it.each<[string, string, string]>([
    ['nothing there', '\r\n', '(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)'],
    ['empty fields', 'Subject:\r\nFrom: \r\nMessage-ID:\r\n\r\n', '(NIL "" NIL NIL NIL NIL NIL NIL NIL "")'],
    [
      'sender and reply-to of their own',
      'From: a@b\r\nSender: c@d\r\nReply-To: e@f\r\n\r\n',
      '(NIL NIL ((NIL NIL "a" "b")) ((NIL NIL "c" "d")) ((NIL NIL "e" "f")) NIL NIL NIL NIL NIL)',
    ],
    [
      'an empty sender is from',
      'From: a@b\r\nSender: \r\n\r\n',
      '(NIL NIL ((NIL NIL "a" "b")) ((NIL NIL "a" "b")) ((NIL NIL "a" "b")) NIL NIL NIL NIL NIL)',
    ],
    [
      'a group',
      'To: g: a@b, c@d;\r\n\r\n',
      '(NIL NIL NIL NIL NIL ((NIL NIL "g" NIL)(NIL NIL "a" "b")(NIL NIL "c" "d")(NIL NIL NIL NIL)) NIL NIL NIL NIL)',
    ],
    ['a source route', 'To: <@r:a@b>\r\n\r\n', '(NIL NIL NIL NIL NIL ((NIL "@r" "a" "b")) NIL NIL NIL NIL)'],
    [
      'several To fields',
      'To: a@b\r\nTo: c@d\r\n\r\n',
      '(NIL NIL NIL NIL NIL ((NIL NIL "a" "b")(NIL NIL "c" "d")) NIL NIL NIL NIL)',
    ],
    [
      'several From fields',
      'From: a@b\r\nFrom: c@d\r\n\r\n',
      '(NIL NIL ((NIL NIL "a" "b")) ((NIL NIL "a" "b")) ((NIL NIL "a" "b")) NIL NIL NIL NIL NIL)',
    ],
    ['quotes and backslashes', 'Subject: a"b\\c\r\n\r\n', '(NIL "a\\"b\\\\c" NIL NIL NIL NIL NIL NIL NIL NIL)'],
    [
      'encoded words stay',
      'Subject: =?utf-8?Q?=C3=BC?=\r\n\r\n',
      '(NIL "=?utf-8?Q?=C3=BC?=" NIL NIL NIL NIL NIL NIL NIL NIL)',
    ],
    ['folding goes', 'Subject: a\r\n b\r\n\r\n', '(NIL "a b" NIL NIL NIL NIL NIL NIL NIL NIL)'],
    ['NUL goes', 'Subject: a\0b\r\n\r\n', '(NIL "ab" NIL NIL NIL NIL NIL NIL NIL NIL)'],
  ])('%s', (_, text, expected) => {
    expect(envelope(text)).toBe(expected)
  })

  it('octets above 127: a literal, or UTF-8 in quotes for who speaks it (RFC 6855)', () => {
    const text = octets('Subject: Grüße\r\nFrom: Jörg <jörg@example.org>\r\n\r\n')
    expect(envelope(text)).toContain(octets('(NIL {7}\r\nGrüße (('))
    expect(utf8(open(text).envelope(true))).toContain('(NIL "Grüße" (("Jörg" NIL "jörg" "example.org"))')
    expect(utf8(open('Subject: caf\xe9\r\n\r\n').envelope(true))).toContain('"café"')
  })
})

describe('BODYSTRUCTURE', () => {
  it.each<[string, string, string, string]>([
    [
      'a message without anything',
      'Subject: x\r\n\r\none\r\ntwo\r\n',
      '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 10 2 NIL NIL NIL NIL)',
      '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 10 2)',
    ],
    [
      'all extension data',
      'Content-Type: image/PNG; Name="a b.png"\r\nContent-ID: <1@x>\r\nContent-Description: a picture\r\nContent-Transfer-Encoding: BASE64\r\nContent-MD5: abc==\r\nContent-Disposition: Attachment; Filename=x\r\nContent-Language: en, de (German)\r\nContent-Location: http://x/y\r\n\r\nAAAA',
      '("image" "png" ("name" "a b.png") "<1@x>" "a picture" "base64" 4 "abc==" ("attachment" ("filename" "x")) ("en" "de") "http://x/y")',
      '("image" "png" ("name" "a b.png") "<1@x>" "a picture" "base64" 4)',
    ],
    [
      'RFC 2231 parameters as found',
      "Content-Type: a/b; name=x; name*0*=utf-8''%C3; name*1*=%BC\r\n\r\n",
      `("a" "b" ("name" "x" "name*" "utf-8''%C3%BC") NIL NIL "7bit" 0 NIL NIL NIL NIL)`,
      `("a" "b" ("name" "x" "name*" "utf-8''%C3%BC") NIL NIL "7bit" 0)`,
    ],
    [
      'a message in a multipart',
      'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\n1\r\n2\r\n--b--\r\n',
      '(("message" "rfc822" NIL NIL NIL "7bit" 19 (NIL "in" NIL NIL NIL NIL NIL NIL NIL NIL) ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 4 1 NIL NIL NIL NIL) 3 NIL NIL NIL NIL) "mixed" ("boundary" "b") NIL NIL NIL)',
      '(("message" "rfc822" NIL NIL NIL "7bit" 19 (NIL "in" NIL NIL NIL NIL NIL NIL NIL NIL) ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 4 1) 3) "mixed")',
    ],
    [
      'a multipart without parts still has one (the grammar wants it)',
      'Content-Type: multipart/mixed; boundary=b\r\n\r\n',
      '(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0 NIL NIL NIL NIL) "mixed" ("boundary" "b") NIL NIL NIL)',
      '(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0) "mixed")',
    ],
    [
      'a multipart without boundary is one text',
      'Content-Type: multipart/mixed\r\n\r\nall\r\n',
      '(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 5 1 NIL NIL NIL NIL) "mixed" NIL NIL NIL NIL)',
      '(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 5 1) "mixed")',
    ],
    [
      'a base64 message has the form of one',
      'Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nQTogYg==',
      '("message" "rfc822" NIL NIL NIL "base64" 8 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0 NIL NIL NIL NIL) 0 NIL NIL NIL NIL)',
      '("message" "rfc822" NIL NIL NIL "base64" 8 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0) 0)',
    ],
    [
      'parentheses and quotes in strings',
      'Content-Type: a/b; name="(\\"x\\") {3}"\r\nContent-Description: a) (b "c"\r\n\r\n',
      '("a" "b" ("name" "(\\"x\\") {3}") NIL "a) (b \\"c\\"" "7bit" 0 NIL NIL NIL NIL)',
      '("a" "b" ("name" "(\\"x\\") {3}") NIL "a) (b \\"c\\"" "7bit" 0)',
    ],
  ])('%s', (_, text, extended, plain) => {
    expect(structure(text)).toBe(extended)
    expect(structure(text, false)).toBe(plain)
  })

  it('octets above 127 of a part', () => {
    const text = octets(
      'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: a/b; name="ü"\r\n\r\n--b--',
    )
    expect(structure(text)).toContain(octets('("name" {2}\r\nü)'))
    expect(structure(text, false)).toContain(octets('("name" {2}\r\nü) NIL NIL "7bit" 0) "mixed")'))
    expect(structure(text, true, true)).toContain(octets('("name" "ü")'))
  })
})

describe('sections (RFC 9051 §6.4.5.1: the example)', () => {
  const text = `Subject: top\r
Content-Type: multipart/mixed; boundary=m\r
\r
--m\r
Content-Type: text/plain\r
\r
1\r
--m\r
Content-Type: application/octet-stream\r
\r
2\r
--m\r
Content-Type: message/rfc822\r
\r
Subject: three\r
Content-Type: multipart/mixed; boundary=n\r
\r
--n\r
\r
3.1\r
--n\r
Content-Type: application/octet-stream\r
\r
3.2\r
--n--\r
--m\r
Content-Type: multipart/mixed; boundary=o\r
\r
--o\r
Content-Type: image/gif\r
\r
4.1\r
--o\r
Content-Type: message/rfc822\r
\r
Subject: four\r
\r
4.2.1\r
--o--\r
--m--\r
`
  const summary = open(text)
  const section = (path: number[], part?: 'HEADER' | 'TEXT' | 'MIME') => {
    const range = summary.section(path, part)
    return range && text.slice(range.start, range.end)
  }

  it('name what the RFC says', () => {
    expect(section([])).toBe(text)
    expect(section([], 'HEADER')).toBe('Subject: top\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n')
    expect(section([], 'TEXT')).toBe(text.slice(text.indexOf('--m')))
    expect(section([1])).toBe('1')
    expect(section([2])).toBe('2')
    expect(section([3], 'HEADER')).toBe('Subject: three\r\nContent-Type: multipart/mixed; boundary=n\r\n\r\n')
    expect(section([3], 'TEXT')).toMatch(/^--n[\s\S]*--n--$/)
    expect(section([3, 1])).toBe('3.1')
    expect(section([3, 2], 'MIME')).toBe('Content-Type: application/octet-stream\r\n\r\n')
    expect(section([3, 2])).toBe('3.2')
    expect(section([4, 1], 'MIME')).toBe('Content-Type: image/gif\r\n\r\n')
    expect(section([4, 2], 'HEADER')).toBe('Subject: four\r\n\r\n')
    expect(section([4, 2], 'TEXT')).toBe('4.2.1')
    expect(section([4, 2, 1])).toBe('4.2.1')
  })

  it('and nothing where there is nothing', () => {
    expect(section([5])).toBeNull()
    expect(section([0])).toBeNull()
    expect(section([1, 1])).toBeNull()
    expect(section([1], 'HEADER')).toBeNull()
    expect(section([], 'MIME')).toBeNull()
    expect(section([4], 'TEXT')).toBeNull()
    expect(section([4, 2, 1, 1])).toBeNull()
  })

  it('a message that is no multipart is its part 1', () => {
    const plain = open('Subject: x\r\n\r\nbody')
    expect(plain.section([1])).toEqual({ start: 14, end: 18 })
    expect(plain.section([1], 'MIME')).toEqual({ start: 0, end: 14 })
    expect(plain.section([2])).toBeNull()
  })

  it('part() gives what BINARY and SEARCH need', () => {
    const base64 = open('Content-Type: text/html; charset=UTF-8\r\nContent-Transfer-Encoding: Base64\r\n\r\nAAAA')
    expect(base64.part([1])).toEqual({
      type: 'text',
      subtype: 'html',
      encoding: 'base64',
      charset: 'UTF-8',
      start: 77,
      end: 81,
      headerStart: 0,
      headerEnd: 77,
      decodedSize: 3,
    })
    expect(summary.part([4, 1])).toMatchObject({ type: 'image', subtype: 'gif', charset: null, decodedSize: 3 })
    expect(summary.part([9])).toBeNull()
  })
})

describe('what SEARCH, SORT and THREAD ask', () => {
  const summary = open(`From: "B, A" <User@example.org>\r
To: =?utf-8?Q?J=C3=B6rg?= <joerg@example.org>, x@y\r
Subject: Re: [list] =?utf-8?Q?Gr=C3=BC=C3=9Fe?= (fwd)\r
Date: Tue, 1 Jul 2025 10:00:00 +0200\r
Message-ID: <"1"@x>\r
In-Reply-To: <0@x> <00@x>\r
\r
`)

  it('dates, subjects, identifiers, addresses', () => {
    expect(summary.sentDate).toBe(Date.UTC(2025, 6, 1, 8))
    expect(summary.sentZone).toBe(120)
    expect(summary.subject).toBe('Re: [list] Grüße (fwd)')
    expect(summary.baseSubject).toBe('Grüße')
    expect(summary.isReply).toBe(true)
    expect(summary.messageId).toBe('1@x')
    expect(summary.references).toEqual(['0@x'])
    expect(summary.addresses('to')).toEqual([
      { name: 'Jörg', mailbox: 'joerg', host: 'example.org' },
      { name: '', mailbox: 'x', host: 'y' },
    ])
    expect(summary.addresses('reply-to')).toEqual(summary.addresses('from'))
    expect(summary.addresses('bcc')).toEqual([])
  })

  it('keys that sort', () => {
    expect(summary.sortKey('from')).toBe('USER')
    expect(summary.sortKey('to')).toBe('JOERG')
    expect(summary.sortKey('cc')).toBe('')
    expect(summary.sortKey('displayfrom')).toBe('B, A')
    expect(summary.sortKey('displayto')).toBe('JÖRG'.normalize('NFKD'))
    expect(summary.sortKey('subject')).toBe('GRÜSSE'.normalize('NFKD'))
  })

  it.each([
    ['<a@x> <b@x>', '<b@x>', ['a@x', 'b@x']],
    ['<a@x> <b@x>', '<b@x> <c@x>', ['a@x', 'b@x']],
    ['<a@x> <b@x>', '<c@x> <b@x>', ['a@x', 'b@x']],
    ['<a@x> <b@x>', '', ['a@x', 'b@x']],
    ['<b@x>', '<b@x>', ['b@x']],
    ['<"b"@x>', '<b@x>', ['b@x']],
    ['', '<b@x> <c@x>', ['b@x']],
    ['none', 'none', []],
  ])('references of %j and in-reply-to %j', (references, inReplyTo, expected) => {
    expect(open(`References: ${references}\r\nIn-Reply-To: ${inReplyTo}\r\n\r\n`).references).toEqual(expected)
  })

  it('References win over In-Reply-To, and long ones keep both ends', () => {
    const ids = Array.from({ length: 300 }, (_, i) => `<${i}@x>`)
    const { references } = open(`References: ${ids.join('\r\n ')}\r\nIn-Reply-To: <y@x>\r\n\r\n`)
    expect(references).toHaveLength(100)
    expect([references[0], references[1], references[99]]).toEqual(['0@x', '201@x', '299@x'])
  })

  it('a message without any of it', () => {
    const empty = open('\r\n')
    expect([
      empty.sentDate,
      empty.subject,
      empty.baseSubject,
      empty.messageId,
      empty.references,
      empty.preview,
    ]).toEqual([null, '', '', null, [], ''])
  })
})

describe('PREVIEW (RFC 8970)', () => {
  const preview = (head: string, body: string) => open(`${head}\r\n\r\n${octets(body)}`).preview

  it.each<[string, string, string, string]>([
    ['text', 'Subject: x', 'Hello\r\n\r\n  there,\tyou', 'Hello there, you'],
    ['quoted text comes last', 'Subject: x', '> you wrote\r\nmy answer', 'my answer'],
    ['unless there is nothing else', 'Subject: x', '> you wrote', '> you wrote'],
    ['a charset in the form of RFC 2231', "Content-Type: text/plain; charset*=us-ascii'en'utf-16", '\0G\0r', 'Gr'],
    [
      'quoted-printable',
      'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable',
      'Gr=C3=BC=C3=9F=\r\ne',
      'Grüße',
    ],
    [
      'HTML',
      'Content-Type: text/html; charset=utf-8',
      '<html><head><title>t</title><style>p{}</style></head><body><p>Grüße &amp; <b>Kü</b>sse</p><script>x</script><p>du</p>',
      'Grüße & Küsse du',
    ],
    ['an attachment is not shown', 'Content-Type: text/plain\r\nContent-Disposition: attachment', 'secret', ''],
    [
      'invisible padding',
      'Subject: x\r\nContent-Type: text/plain; charset=utf-8',
      'a\u200c \u00a0\u034f\u200c b',
      'a b',
    ],
  ])('%s', (_, head, body, expected) => {
    expect(preview(head, body)).toBe(expected)
  })

  it('takes the plain alternative, or the HTML when that is empty', () => {
    const alternative = (plain: string) =>
      `Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\n${plain}\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>html</p>\r\n--b--`
    expect(open(alternative('plain')).preview).toBe('plain')
    expect(open(alternative(' \r\n')).preview).toBe('html')
    const upsideDown = ['text/html', '<p>html</p>', 'text/plain', 'plain', 'text/html', '<p>other</p>']
    const parts = upsideDown.map((piece, i) => (i % 2 ? `${piece}\r\n` : `--b\r\nContent-Type: ${piece}\r\n\r\n`))
    expect(open(`Content-Type: multipart/mixed; boundary=b\r\n\r\n${parts.join('')}--b--\r\n`).preview).toBe('plain')
  })

  it('has 200 characters at most and never half of one', () => {
    const long = preview('Content-Type: text/plain; charset=utf-8', `${'a'.repeat(199)}${'😀'.repeat(1000)}`)
    expect(long).toBe(`${'a'.repeat(199)}😀`)
    expect(preview('Content-Type: text/plain; charset=utf-8', 'word '.repeat(2000))).toHaveLength(199)
  })
})

describe('the summary', () => {
  it('does not depend on how the message was cut', () => {
    fc.assert(
      fc.property(hostileMessage, fc.array(fc.nat(4000), { maxLength: 8 }), (text, places) => {
        const bytes = latin1Bytes(text)
        const summarizer = createSummarizer()
        let from = 0
        for (const cut of places.map((place) => place % (bytes.length + 1)).sort((one, other) => one - other)) {
          summarizer.write(bytes.subarray(from, cut))
          from = cut
        }
        summarizer.write(bytes.subarray(from))
        expect(summarizer.end()).toEqual(summarize(bytes))
      }),
      { numRuns: 500 },
    )
  })

  it('keeps to its limits where a part was read without them before', () => {
    const part = 'Content-Type: text/plain; a=1; b=2\r\n\r\nx\r\n'
    const message = latin1Bytes(`Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n${part}--b--\r\n`)
    const structureOf = (parameters: number) =>
      latin1Text(openSummary(summarize(message, { limits: { parameters } }).summary)!.bodyStructure(true))
    expect(structureOf(128)).toContain('("a" "1" "b" "2" ')
    expect(structureOf(1)).toContain('("a" "1" "charset"')
  })

  it('keeps nothing of a chunk, not even of a Buffer that is filled again', () => {
    const whole = latin1Bytes('Subject: one\r\nTo: a@b\r\n\r\nHello you\r\n')
    for (let cut = 0; cut <= whole.length; cut++) {
      const summarizer = createSummarizer()
      for (const piece of [whole.subarray(0, cut), whole.subarray(cut)]) {
        const chunk = Buffer.from(piece)
        summarizer.write(chunk)
        chunk.fill(0)
      }
      expect(summarizer.end()).toEqual(summarize(whole))
    }
  })

  it('has the sizes of the message, its header block, and sections inside it', () => {
    fc.assert(
      fc.property(hostileMessage, (text) => {
        const bytes = latin1Bytes(text)
        const { summary, header, size } = summarize(bytes)
        const opened = openSummary(summary)!
        expect([opened.size, size]).toEqual([bytes.length, bytes.length])
        expect(header).toEqual(bytes.subarray(0, opened.headerSize))
        expect(opened.headerSize).toBe(indexMessage(bytes).root.bodyStart)
        for (const path of [[1], [2], [1, 1]]) {
          const part = opened.part(path)
          if (!part) continue
          expect(part.headerStart).toBeLessThanOrEqual(part.start)
          expect(part.start).toBeLessThanOrEqual(part.end)
          expect(part.end).toBeLessThanOrEqual(size)
        }
        expect(balanced(latin1Text(opened.bodyStructure(true)))).toBe(true)
        expect(balanced(latin1Text(opened.bodyStructure(false)))).toBe(true)
        expect(balanced(latin1Text(opened.envelope()))).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('of another version or cut short is refused', () => {
    const { summary } = summarize(latin1Bytes('Subject: x\r\n\r\nbody'))
    expect(openSummary(new Uint8Array(0))).toBeNull()
    expect(openSummary(summary.subarray(0, summary.length - 1))).toBeNull()
    const other = summary.slice()
    other[0] = 1
    expect(openSummary(other)).toBeNull()
  })

  it.each([
    ['a message', ''],
    [
      'a reply',
      'In-Reply-To: <CAHk-=wi0987654321zyxwvutsrqponm@mail.example.com>\r\n' +
        'References: <b1a2c3d4-e5f6-4711-8899-aabbccddeeff@example.org>\r\n' +
        ' <CAHk-=wi0987654321zyxwvutsrqponm@mail.example.com>\r\n',
    ],
  ])('of %s has less than 600 octets', (_, fields) => {
    const words = 'Thank you for the minutes. I have two remarks about the second item, which we did not finish. '
    const text = `From: "John Q. Sender" <john.sender@example.com>\r
To: Mary Reader <mary.reader@example.org>\r
Subject: Minutes of the meeting on Thursday and what comes next\r
Date: Tue, 1 Jul 2025 10:00:00 +0200\r
Message-ID: <CAHk-=wi1234567890abcdefghijklmnop@mail.example.com>\r
${fields}MIME-Version: 1.0\r
Content-Type: multipart/alternative; boundary="000000000000abcdef0123456789"\r
\r
--000000000000abcdef0123456789\r
Content-Type: text/plain; charset="UTF-8"\r
\r
${words.repeat(4)}\r
--000000000000abcdef0123456789\r
Content-Type: text/html; charset="UTF-8"\r
Content-Transfer-Encoding: quoted-printable\r
\r
<p>${words.repeat(4)}</p>\r
--000000000000abcdef0123456789--\r
`
    const { summary } = summarize(latin1Bytes(text))
    expect(summary.length).toBeLessThan(600)
    expect(openSummary(summary)?.preview).toBe(words.repeat(4).slice(0, 200).trim())
  })

  it('stays small whatever a header holds', () => {
    const { summary } = summarize(
      latin1Bytes(`Subject: ${'x'.repeat(500_000)}\r\nReferences: ${'<a@b>'.repeat(90_000)}\r\n\r\n`),
    )
    expect(summary.length).toBeLessThan(20_000)
  })
})

/** Strings closed and parentheses in pairs: a client can read it. */
function balanced(text: string): boolean {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '"') {
      for (at++; text[at] !== '"'; at++) {
        if (text[at] === '\\') at++
        if (at >= text.length || text[at] === '\n') return false
      }
    } else if (character === '{') {
      const close = text.indexOf('}', at)
      at = close + 2 + Number(text.slice(at + 1, close))
    } else if (character === '(') depth++
    else if (character === ')' && --depth < 0) return false
  }
  return depth === 0
}
