import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, fromLatin1, fromUtf8, latin1 } from '../../src/bytes.js'
import {
  attachmentPart,
  ComposeError,
  composeBytes,
  composeMessage,
  type MessageContent,
  messagePart,
  multipart,
  type Part,
  textPart,
} from '../../src/compose/index.js'
import { parseMessage } from '../../src/message/index.js'
import { octetsOf } from '../body/cutting.js'
import { checkForm, type ReadPart, readBack } from './read-back.js'

function counter(prefix = 'id'): () => string {
  let count = 0
  return () => `${prefix}${count++}`
}

function settings() {
  return { now: () => new Date('2026-11-23T10:31:13Z'), createId: counter() }
}

async function compose(content: Omit<MessageContent, 'from'>, more: object = {}) {
  return composeBytes({ from: 'a@example.org', ...content }, { ...settings(), ...more })
}

/** `mixed(alternative(plain, html), pdf)` */
function shape(part: ReadPart): string {
  const subtype = part.type.split('/')[1]!
  return part.children.length > 0 ? `${subtype}(${part.children.map(shape).join(', ')})` : subtype
}

test('a message, octet by octet', async () => {
  const message = await compose({
    to: 'b@example.org',
    subject: 'Grüße',
    text: 'Hello\nJane\n',
    attachments: [{ filename: 'a.png', content: fromLatin1('png') }],
  })
  expect(latin1(message)).toBe(
    [
      'From: a@example.org',
      'To: b@example.org',
      'Subject: =?UTF-8?B?R3LDvMOfZQ==?=',
      'Date: Mon, 23 Nov 2026 10:31:13 +0000',
      'Message-ID: <id1@example.org>',
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary="=_id0"',
      '',
      '--=_id0',
      'Content-Type: text/plain; charset=utf-8',
      '',
      'Hello',
      'Jane',
      '',
      '--=_id0',
      'Content-Type: image/png',
      'Content-Transfer-Encoding: base64',
      'Content-Disposition: attachment; filename=a.png',
      '',
      'cG5n',
      '--=_id0--',
      '',
    ].join('\r\n'),
  )
})

describe('structure', () => {
  const image = { content: 'x', filename: 'i.png', contentId: 'i@x' }
  const file = { content: 'x', filename: 'f.pdf' }
  test.each<[string, Omit<MessageContent, 'from'>, string]>([
    ['nothing', {}, 'plain'],
    ['text', { text: 'x' }, 'plain'],
    ['html', { html: 'x' }, 'html'],
    ['text and html', { text: 'x', html: 'x' }, 'alternative(plain, html)'],
    ['an image in html', { html: 'x', attachments: [image] }, 'related(html, png)'],
    ['an image without html', { text: 'x', attachments: [image] }, 'mixed(plain, png)'],
    [
      'everything',
      { text: 'x', html: 'x', attachments: [image, file] },
      'mixed(alternative(plain, related(html, png)), pdf)',
    ],
    ['an attached image', { html: 'x', attachments: [{ ...image, disposition: 'attachment' }] }, 'mixed(html, png)'],
    ['a file alone', { attachments: [file] }, 'mixed(pdf)'],
    [
      'a calendar',
      { text: 'x', alternatives: [textPart('BEGIN:VCALENDAR', 'calendar', { method: 'REQUEST' })] },
      'alternative(plain, calendar)',
    ],
    [
      'a tree',
      { body: multipart('digest', [messagePart(fromLatin1('Content-Type: text/plain\r\n\r\nx\r\n'))]) },
      'digest(rfc822(plain))',
    ],
  ])('%s', async (_name, content, expected) => {
    const message = await compose(content)
    checkForm(message)
    const read = readBack(message)
    expect(shape(read)).toBe(expected)
    expect(read.defects).toEqual([])
  })
})

describe('encodings', () => {
  test.each([
    ['ASCII', 'Hello\r\n', false, '7bit'],
    ['a line of 998', `${'x'.repeat(998)}\r\n`, false, '7bit'],
    ['a line of 999', `${'x'.repeat(999)}\r\n`, false, 'quoted-printable'],
    ['a few umlauts', `Hello Jürgen${' how are you'.repeat(5)}\r\n`, false, 'quoted-printable'],
    ['a few umlauts, 8BITMIME', `Hello Jürgen\r\n`, true, '8bit'],
    ['a long line with 8BITMIME', `ü${'x'.repeat(999)}\r\n`, true, 'quoted-printable'],
    ['Japanese', '日本語のテキスト\r\n', false, 'base64'],
    ['Japanese, 8BITMIME', '日本語のテキスト\r\n', true, '8bit'],
    ['a NUL', 'this text has a \0 in it', false, 'quoted-printable'],
    ['From at the start of a line', 'Hello,\r\nFrom here on all is well\r\n', false, 'quoted-printable'],
    ['a lone dot', 'the list of what is left is empty:\r\n.\r\n..\r\n.x\r\n', false, 'quoted-printable'],
    ['a blank at the end of a line', 'a signature follows\r\n-- \r\nname\r\n', false, 'quoted-printable'],
  ])('%s', async (_name, text, eightBit, encoding) => {
    const message = await compose({ text }, { eightBit })
    checkForm(message, { ascii: !eightBit })
    const read = readBack(message)
    expect(read.encoding).toBe(encoding)
    expect(read.text).toBe(text)
    for (const line of latin1(message).split('\r\n')) expect(line.startsWith('From ')).toBe(false)
  })

  test.each([
    ['LF', 'a\nb\n', 'a\r\nb\r\n'],
    ['CR', 'a\rb\r', 'a\r\nb\r\n'],
    ['mixed', 'a\r\nb\nc\rd\n\r\n', 'a\r\nb\r\nc\r\nd\r\n\r\n'],
  ])('RFC 2046 §4.1.1: %s line ends of text become CRLF', async (_name, text, expected) => {
    expect(readBack(await compose({ text })).text).toBe(expected)
  })

  test('attachments keep every octet', async () => {
    const contents = ['a\nb\n', 'a\r\nb\r\n', 'a\rb', '\0', 'From x\n', 'trailing \r\n', 'ü\n', ''].map((text) =>
      fromUtf8(text),
    )
    for (const contentType of ['text/plain', 'text/csv', 'application/json', 'message/x-other']) {
      for (const content of contents) {
        const message = await compose({ text: 'x', attachments: [{ content, contentType }] })
        checkForm(message)
        expect(readBack(message).children[1]!.bytes).toEqual(content)
      }
    }
  })

  test('text without a line end at the end of the message stays so where it is encoded', async () => {
    const text = 'grün und blau und rot und gelb'
    expect(readBack(await compose({ text })).text).toBe(text)
    expect(readBack(await compose({ text: 'last line' })).text).toBe('last line\r\n')
  })
})

describe('messages in messages (RFC 2046 §5.2.1)', () => {
  test.each([
    ['ASCII', 'Subject: x\r\n\r\nhi\r\n', '7bit', '7bit', 'message/rfc822'],
    ['8bit', 'Subject: x\r\n\r\nh\xfc\r\n', '8bit', '8bit', 'message/rfc822'],
    ['LF line ends', 'Subject: x\n\nhi\n', 'binary', 'binary', 'message/rfc822'],
    ['From line', 'Subject: x\r\n\r\nFrom here\r\n', '7bit', '7bit', 'message/rfc822'],
    ['UTF-8 header', 'Subject: \xc3\xbc\r\n\r\nhi\r\n', '8bit', '8bit', 'message/global'],
    ['UTF-8 header with LF', 'Subject: \xc3\xbc\n\nhi\n', 'binary', 'binary', 'message/global'],
    ['8bit with LF', 'Subject: x\n\nh\xfc\n', 'binary', 'binary', 'message/rfc822'],
    ['8bit with both', 'Subject: x\n\r\nh\xfc\n', 'binary', 'binary', 'message/rfc822'],
    ['8bit without a header', '\r\nh\xfc\r\n', '8bit', '8bit', 'message/rfc822'],
  ])('%s', async (_name, inner, encoding, bodyType, type) => {
    const composed = composeMessage(
      { from: 'a@b', attachments: [{ content: fromLatin1(inner), contentType: 'message/rfc822' }] },
      settings(),
    )
    expect(composed.bodyType).toBe(bodyType)
    const message = await collect(composed)
    expect(latin1(message)).toContain(`\r\n\r\n${inner}\r\n--=_`)
    const part = readBack(message).children[0]!
    expect(part.encoding).toBe(encoding)
    expect(part.type).toBe(type)
  })

  test.each([60, 66])('a boundary of %d characters and two is written in one piece', async (length) => {
    const message = await composeBytes({ from: 'a@b', text: 'x', html: 'y' }, { createId: () => 'i'.repeat(length) })
    expect(latin1(message)).toContain(`boundary="=_${'i'.repeat(length)}"\r\n`)
  })

  test.each([[{ charset: 'iso-8859-1', format: 'flowed' }], [{ Charset: 'iso-8859-1', format: 'flowed' }]])(
    'the charset of a text is what it is written in: %j',
    async (parameters) => {
      const message = await compose({ body: textPart('ü', 'plain', parameters) })
      expect(latin1(message)).toContain('Content-Type: text/plain; charset=utf-8; format=flowed\r\n')
      const octets = await compose({ body: { contentType: 'text/plain', parameters, body: fromLatin1('\xfc') } })
      expect(readBack(octets).text).toBe('ü')
    },
  )

  test.each(['Content-Type', 'content-transfer-encoding', 'Content-Disposition', 'Content-ID', 'content-description'])(
    'a part has one %s',
    async (name) => {
      const attachment = { content: 'x', headers: [{ name, value: 'x' }] }
      await expect(compose({ attachments: [attachment] })).rejects.toMatchObject({ code: 'reserved-field' })
    },
  )

  test.each(['From', 'bcc', 'MIME-Version', 'Content-Description'])(
    'the outermost part brings no %s of its own',
    async (name) => {
      const body = { ...textPart('x'), headers: [{ name, value: 'x@y' }] }
      await expect(compose({ body })).rejects.toMatchObject({ code: 'reserved-field' })
      await expect(compose({ alternatives: [body] })).rejects.toMatchObject({ code: 'reserved-field' })
      const kept = await compose({ body: { ...textPart('x'), headers: [{ name: 'X-A', value: '1' }] } })
      expect(latin1(kept)).toContain('X-A: 1\r\n')
    },
  )

  test('a multipart whose octets are at hand is written as it stands, under the boundary that is given', async () => {
    const octets = fromLatin1('--s\r\n\r\nx\r\n--s\r\nContent-Type: application/pgp-signature\r\n\r\ny\r\n--s--\r\n')
    const body = { contentType: 'multipart/signed', parameters: { boundary: 's', micalg: 'pgp-sha256' }, body: octets }
    const message = parseMessage(await compose({ body }))
    expect([message.root.raw(), message.text, message.defects]).toEqual([octets, 'x', []])
  })

  test('a boundary that is given does not count', async () => {
    const message = await compose({ body: multipart('mixed', [textPart('x')], { Boundary: 'b', x: 'y' }) })
    expect(latin1(message)).toMatch(/Content-Type: multipart\/mixed; boundary="=_id\d"; x=y\r\n/)
  })

  test('a parameter of that name that is not ASCII, of what has no parts, is written as others are (RFC 2231 §4)', async () => {
    const body = { contentType: 'text/plain', body: 'x', parameters: { boundary: 'é' } }
    const message = composeMessage({ from: 'a@example.org', to: 'b@example.org', body })
    expect(message.needsSmtputf8).toBe(false)
    expect(latin1(await composeBytes({ from: 'a@example.org', to: 'b@example.org', body }))).toContain(
      "boundary*=UTF-8''%C3%A9",
    )
  })

  test('a boundary that occurs in a part is not taken', async () => {
    const inner = await compose({ text: 'x', html: 'y' })
    const message = await compose({
      text: '--=_id1\r\n',
      attachments: [{ content: inner, contentType: 'message/rfc822' }],
    })
    expect(shape(readBack(message))).toBe('mixed(plain, rfc822(alternative(plain, html)))')
    const stubborn = composeBytes({ from: 'a@b', text: '--=_id', html: 'x' }, { createId: () => 'id' })
    await expect(stubborn).rejects.toMatchObject({ code: 'invalid-boundary' })
  })
})

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return concat(all)
}

describe('streams', () => {
  const octets = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) & 255)
  async function* pieces() {
    for (let at = 0; at < octets.length; at += 1000) yield octets.subarray(at, at + 1000)
  }

  test.each([
    ['an async iterable', () => pieces()],
    ['a Node stream', () => Readable.from(pieces())],
    ['a ReadableStream', () => new Blob([octets]).stream()],
    ['a function', () => () => pieces()],
    ['a function that gives octets', () => () => octets],
  ])('%s as an attachment', async (_name, make) => {
    const message = await compose({ text: 'x', attachments: [{ content: make() }] })
    checkForm(message)
    expect(Buffer.compare(readBack(message).children[1]!.bytes, octets)).toBe(0)
  })

  test('a stream that fills one Buffer again and again', async () => {
    const inner = Buffer.from(`Subject: x\r\n\r\n${'0123456789\r\n'.repeat(2000)}`)
    async function* refilled() {
      const chunk = Buffer.alloc(1000)
      for (let at = 0; at < inner.length; at += 1000) yield chunk.subarray(0, inner.copy(chunk, 0, at, at + 1000))
    }
    for (const contentType of ['message/rfc822', 'application/octet-stream']) {
      const message = await compose({ body: { contentType, body: refilled() } })
      expect(Buffer.from(readBack(message).bytes).equals(inner)).toBe(true)
    }
  })

  test('the message is never whole in memory: a chunk leaves before the next one is read', async () => {
    let read = 0
    let greatest = 0
    async function* endless() {
      for (let i = 0; i < 200; i++) {
        read++
        yield new Uint8Array(57 * 1000)
      }
    }
    let left = 0
    for await (const chunk of composeMessage({ from: 'a@b', attachments: [{ content: endless() }] }, settings())) {
      left += chunk.length
      greatest = Math.max(greatest, chunk.length, read * 78_000 - left)
    }
    expect(read).toBe(200)
    expect(greatest).toBeLessThan(400_000)
  })

  test('a message of functions and octets can be written again, a stream cannot', async () => {
    const again = composeMessage({ from: 'a@b', text: 'x', attachments: [{ content: () => pieces() }] }, settings())
    expect(Buffer.compare(await collect(again), await collect(again))).toBe(0)
    const once = composeMessage({ from: 'a@b', attachments: [{ content: pieces() }] }, settings())
    await collect(once)
    await expect(collect(once)).rejects.toMatchObject({ code: 'body-used' })
  })

  test('what a stream throws reaches the reader; text chunks are refused', async () => {
    async function* broken() {
      yield octets
      throw new Error('disk gone')
    }
    await expect(compose({ attachments: [{ content: broken() }] })).rejects.toThrow('disk gone')
    const text = Readable.from(['text']) as AsyncIterable<Uint8Array>
    await expect(compose({ attachments: [{ content: text }] })).rejects.toMatchObject({ code: 'invalid-chunk' })
  })

  test('a reader that stops closes the stream', async () => {
    let closed = false
    async function* watched() {
      try {
        for (;;) yield new Uint8Array(100_000)
      } finally {
        closed = true
      }
    }
    for await (const _ of composeMessage({ from: 'a@b', attachments: [{ content: watched() }] }, settings())) break
    expect(closed).toBe(true)
  })
})

describe('what the transport has to know', () => {
  test('the envelope has every recipient once', () => {
    const { envelope } = composeMessage({
      from: 'A <a@x>',
      sender: 's@x',
      to: ['b@x', { group: 'g', members: [{ address: 'c@bücher.example' }] }],
      cc: 'b@x',
      bcc: 'd@x',
    })
    expect(envelope).toEqual({ from: 's@x', to: ['b@x', 'c@xn--bcher-kva.example', 'd@x'] })
  })

  test('bcc is in no field', async () => {
    expect(latin1(await compose({ to: 'b@x', bcc: 'hidden@x' }))).not.toContain('hidden')
  })

  test('SMTPUTF8 is needed only when a field has UTF-8', () => {
    const plain = composeMessage({ from: 'a@b', subject: 'x' }, { smtputf8: true })
    expect([plain.needsSmtputf8, plain.bodyType]).toEqual([false, '7bit'])
    const utf8 = composeMessage({ from: 'a@b', subject: 'ü' }, { smtputf8: true })
    expect([utf8.needsSmtputf8, utf8.bodyType]).toEqual([true, '8bit'])
    const inPart = composeMessage(
      { from: 'a@b', attachments: [{ content: 'x', description: 'ü' }] },
      { smtputf8: true },
    )
    expect(inPart.needsSmtputf8).toBe(true)
  })

  test('mistakes show before anything is written', () => {
    expect(() => composeMessage({ from: 'a@b', attachments: [{ content: 'x', description: 'a\r\nb' }] })).toThrow(
      ComposeError,
    )
  })

  test('defaults: the present time and random identifiers', async () => {
    const [one, two] = [composeMessage({ from: 'a@b' }), composeMessage({ from: 'a@b' })]
    expect(one.messageId).toMatch(/^<[a-z2-7]{26}@b>$/)
    expect(one.messageId).not.toBe(two.messageId)
    const date = Date.parse(readBack(await collect(one)).fields.get('date')!)
    expect(Math.abs(date - Date.now())).toBeLessThan(60_000)
  })
})

describe('parameters (RFC 2231)', () => {
  test.each([
    ['token', 'a.pdf', 'filename=a.pdf'],
    ['quoted', 'my "file".pdf', 'filename="my \\"file\\".pdf"'],
    ['extended', 'Grüße.pdf', "filename*=UTF-8''Gr%C3%BC%C3%9Fe.pdf"],
    ['like an encoded word', '=?x?', "filename*=UTF-8''%3D%3Fx%3F"],
    [
      'long: no character is cut',
      `x${'日'.repeat(8)}`,
      "\r\n filename*0*=UTF-8''x%E6%97%A5%E6%97%A5%E6%97%A5%E6%97%A5%E6%97%A5;\r\n filename*1*=%E6%97%A5%E6%97%A5%E6%97%A5",
    ],
  ])('%s', async (_name, filename, written) => {
    const message = latin1(await compose({ attachments: [{ content: 'x', filename }] }))
    expect(message).toContain(`Content-Disposition: attachment;${written.startsWith('\r\n') ? '' : ' '}${written}\r\n`)
  })

  test('any file name comes back', async () => {
    const names = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 300 }),
      fc.string({ unit: fc.constantFrom(...'ab "\\%*\'=?;/.ü日'), maxLength: 200 }),
    )
    const usable = names.filter((name) => name !== '' && !/[\r\n\0]/.test(name))
    await fc.assert(
      fc.asyncProperty(usable, async (filename) => {
        const message = await compose({ attachments: [{ content: 'x', filename }] })
        for (const line of checkForm(message).split('\r\n')) expect(line.length).toBeLessThanOrEqual(78)
        const [part] = readBack(message).children
        expect(part!.filename).toBe(filename)
        expect(part!.disposition).toBe('attachment')
      }),
      { numRuns: 300 },
    )
  })
})

describe('Parse(build(x)) equals x', () => {
  const text = fc.string({ unit: fc.constantFrom(...'aF.rom \n\tü日=-'), maxLength: 80 }).map((value) => `${value}\n`)
  const octets = fc.oneof(fc.uint8Array({ maxLength: 200 }), octetsOf('a.-=_id0 \r\n\n\0\xff', 80))
  const leaf = fc.oneof(
    text.map((value) => textPart(value)),
    text.map((value) => textPart(value, 'html')),
    octets.map((value) => attachmentPart({ content: value, contentType: 'application/octet-stream', filename: 'x y' })),
    octets.map((value) => attachmentPart({ content: value, contentType: 'text/x-data' })),
  )
  const { tree } = fc.letrec<{ tree: Part }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      leaf,
      fc
        .tuple(fc.constantFrom('mixed', 'related', 'x-y'), fc.array(tie('tree'), { minLength: 1, maxLength: 4 }))
        .map(([subtype, children]) => multipart(subtype, children)),
    ),
  }))

  function expectSame(part: Part, read: ReadPart): void {
    expect(read.type).toBe(part.contentType)
    expect(read.filename).toBe(part.filename)
    if ('children' in part) {
      expect(read.children).toHaveLength(part.children.length)
      part.children.forEach((child, index) => {
        expectSame(child, read.children[index]!)
      })
    } else if (typeof part.body === 'string') {
      expect(read.text).toBe(part.body.replaceAll('\n', '\r\n'))
    } else {
      expect(read.bytes).toEqual(part.body)
    }
  }

  test('for any tree, in ASCII and with 8BITMIME', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(tree, { minLength: 1, maxLength: 3 }), fc.boolean(), async (children, eightBit) => {
        const body = multipart('mixed', children)
        const message = await compose({ body }, { eightBit })
        checkForm(message, { ascii: !eightBit })
        const read = readBack(message)
        expect(read.defects).toEqual([])
        expectSame(body, read)
      }),
      { numRuns: 300 },
    )
  })
})
