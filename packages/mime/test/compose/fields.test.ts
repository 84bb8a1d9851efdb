import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { latin1 } from '../../src/bytes.js'
import { type AddressInput, ComposeError, composeBytes, formatDate } from '../../src/compose/index.js'
import { encodeWords } from '../../src/compose/words.js'
import { decodeWords } from '../../src/header/index.js'
import { checkForm, readBack } from './read-back.js'

const settings = { now: () => new Date('2026-11-23T10:31:13Z'), createId: () => 'id' }

async function field(name: string, content: object, smtputf8 = false): Promise<string> {
  const message = await composeBytes({ from: 'a@example.org', ...content }, { ...settings, smtputf8 })
  const header = checkForm(message, { ascii: !smtputf8 })
  const start = header.indexOf(`${name}:`)
  let end = header.indexOf('\r\n', start)
  while (header[end + 2] === ' ') end = header.indexOf('\r\n', end + 2)
  return header.slice(start, end)
}

async function codeOf(content: object, smtputf8 = false): Promise<string> {
  try {
    await composeBytes({ from: 'a@example.org', ...content }, { ...settings, smtputf8 })
    return 'written'
  } catch (error) {
    return error instanceof ComposeError ? error.code : String(error)
  }
}

describe('addresses', () => {
  test.each<[string, AddressInput, string]>([
    ['bare', 'jane@example.org', 'jane@example.org'],
    ['an empty name', { name: '', address: 'jane@example.org' }, 'jane@example.org'],
    ['atoms', { name: 'Jane Roe', address: 'jane@example.org' }, 'Jane Roe <jane@example.org>'],
    ['quoted', { name: 'Roe, Jane', address: 'jane@example.org' }, '"Roe, Jane" <jane@example.org>'],
    ['escaped', { name: 'J "x" \\', address: 'jane@example.org' }, '"J \\"x\\" \\\\" <jane@example.org>'],
    ['two blanks', { name: 'J  R', address: 'jane@example.org' }, '"J  R" <jane@example.org>'],
    ['encoded', { name: 'Jürgen', address: 'j@example.org' }, '=?UTF-8?Q?J=C3=BCrgen?= <j@example.org>'],
    ['like an encoded word', { name: '=?x?Q?a?=', address: 'j@x.org' }, '=?UTF-8?B?PT94P1E/YT89?= <j@x.org>'],
    ['quoted local part', { address: '"jane roe"@example.org' }, '"jane roe"@example.org'],
    ['quoted without need', { address: '"jane"@example.org' }, '"jane"@example.org'],
    ['at sign in the local part', { address: '"a@b"@example.org' }, '"a@b"@example.org'],
    ['dots side by side', { address: 'a..b.@example.org' }, '"a..b."@example.org'],
    ['literal', { address: 'jane@[192.0.2.1]' }, 'jane@[192.0.2.1]'],
    ['IDN', { address: 'jane@bücher.example' }, 'jane@xn--bcher-kva.example'],
    ['text', 'Jane Roe <jane@example.org>, joe@x.org', 'Jane Roe <jane@example.org>, joe@x.org'],
    ['text in Unicode', 'Jürgen <j@x.org>', '=?UTF-8?Q?J=C3=BCrgen?= <j@x.org>'],
    ['a low octet like a comma', 'Ŭ <j@x.org>', '=?UTF-8?B?xaw=?= <j@x.org>'],
    ['list', ['a@x.org', { address: 'b@x.org' }], 'a@x.org, b@x.org'],
    ['encoded group', { group: 'Grüße', members: [{ address: 'a@x' }] }, '=?UTF-8?B?R3LDvMOfZQ==?= : a@x;'],
    ['empty group', { group: 'undisclosed-recipients', members: [] }, 'undisclosed-recipients:;'],
    ['group', { group: 'A B', members: [{ address: 'a@x' }, { address: 'b@x' }] }, 'A B: a@x, b@x;'],
    ['group as text', 'friends: a@x, b@x;', 'friends: a@x, b@x;'],
  ])('%s', async (_name, to, written) => {
    expect(await field('To', { to })).toBe(`To: ${written}`)
  })

  test.each(['a\x85b@x.org', 'a@x\x85.org', 'a@[1[2]', `a@${'x'.repeat(2000)}`, 'a@\ud800.org', '\udc00@x.org'])(
    'with SMTPUTF8 no more is an address than without: %j',
    async (address) => {
      for (const smtputf8 of [false, true]) {
        const result = composeBytes({ from: 'a@b', to: { address } }, { smtputf8 })
        await expect(result).rejects.toBeInstanceOf(ComposeError)
      }
      await expect(composeBytes({ from: 'a@b', bcc: { address } }, { smtputf8: true })).rejects.toMatchObject({
        code: 'invalid-address',
      })
    },
  )

  test('with SMTPUTF8 they are UTF-8', async () => {
    const to = { name: 'Jürgen', address: 'jürgen@bücher.example' }
    const expected = Buffer.from('To: Jürgen <jürgen@bücher.example>').toString('latin1')
    expect(await field('To', { to }, true)).toBe(expected)
  })

  test.each([
    ['no at sign', 'jane', 'invalid-address'],
    ['no domain', { address: 'jane@' }, 'invalid-address'],
    ['no local part', { address: '@example.org' }, 'invalid-address'],
    ['brackets in it', { address: 'Jane <jane@example.org>' }, 'invalid-address'],
    ['a blank in the domain', { address: 'jane@exa mple.org' }, 'invalid-address'],
    ['a blank in the local part', { address: 'jane roe@example.org' }, 'invalid-address'],
    ['two at signs', { address: 'jane@example.org@x.org' }, 'invalid-address'],
    ['two addresses', { address: 'jane@example.org,joe@x.org' }, 'invalid-address'],
    ['two dots', { address: 'jane@example..org' }, 'invalid-address'],
    ['a URL behind an IDN', { address: 'jane@bücher.example/x' }, 'invalid-address'],
    ['a port behind an IDN', { address: 'jane@bücher.example:25' }, 'invalid-address'],
    ['text that does not follow the grammar', 'Jane <jane@example.org', 'invalid-address'],
    ['a local part outside ASCII', { address: 'jürgen@example.org' }, 'needs-smtputf8'],
    ['a control character', { address: 'ja\x07ne@example.org' }, 'invalid-address'],
    ['half a surrogate pair', { address: 'ja\ud800ne@example.org' }, 'invalid-address'],
    ['endless', { address: `${'x'.repeat(1000)}@example.org` }, 'invalid-address'],
  ])('%s is refused', async (_name, to, code) => {
    expect(await codeOf({ to })).toBe(code)
  })

  test('long lists are folded between addresses', async () => {
    const to = Array.from({ length: 30 }, (_, i) => `person-${i}@department.example.org`)
    const lines = (await field('To', { to })).split('\r\n')
    expect(lines.length).toBeGreaterThan(10)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(76)
    expect(lines.join('').replaceAll(' ', '')).toBe(`To:${to.join(',')}`)
  })

  test.each([false, true])('a name with a word that fits no line is encoded (smtputf8 %s)', async (smtputf8) => {
    const to = [
      { name: `Jane ${'x'.repeat(1000)}`, address: 'a@b' },
      { name: 'ü'.repeat(500), address: 'c@d' },
    ]
    const message = await composeBytes({ from: 'a@b', to }, { ...settings, smtputf8 })
    for (const line of checkForm(message).split('\r\n')) expect(line.length).toBeLessThanOrEqual(76)
    expect(readBack(message).addresses('to')).toEqual(to)
  })

  test('the end of an empty group fits on the line of an encoded word, too', async () => {
    for (let more = 95; more < 115; more++) {
      const lines = (await field('To', { to: { group: `ü${'x'.repeat(more)}`, members: [] } })).split('\r\n')
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(76)
    }
  })
})

describe('subject and other free text', () => {
  test.each([
    ['plain', 'Hello, world!', 'Hello, world!'],
    ['only words outside ASCII are encoded', 'Grüße an alle', '=?UTF-8?B?R3LDvMOfZQ==?= an alle'],
    ['neighbours in one word', 'für Grüße da', '=?UTF-8?B?ZsO8ciBHcsO8w59l?= da'],
    ['Q where it is shorter', 'a long word withoutmuchtoencodeü', 'a long word =?UTF-8?Q?withoutmuchtoencode=C3=BC?='],
    ['like an encoded word', 'a =?b?= c', 'a =?UTF-8?B?PT9iPz0=?= c'],
    ['blanks at the ends', ' a ', '=?UTF-8?Q?_a_?='],
    ['control characters', 'a\x07b', '=?UTF-8?B?YQdi?='],
    ['empty', '', ''],
  ])('%s', async (_name, subject, written) => {
    expect(await field('Subject', { subject })).toBe(written === '' ? 'Subject:' : `Subject: ${written}`)
  })

  test('every encoded word has whole characters, 75 at most, on lines of 76 at most', async () => {
    const subject = '日本語のとても長い件名'.repeat(20) + '\u{1f600}'.repeat(30)
    const lines = (await field('Subject', { subject })).split('\r\n')
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(76)
    for (const word of lines.join('').split(' ').slice(1)) {
      expect(word.length).toBeLessThanOrEqual(75)
      expect(decodeWords(word).text).not.toContain('\ufffd')
    }
  })

  test('a word that fits no line is encoded', async () => {
    const subject = 'x'.repeat(5000)
    expect(readBack(await composeBytes({ from: 'a@b', subject }, settings)).fields.get('subject')).toBe(subject)
  })

  test('what is read back is what was written', async () => {
    const texts = fc.oneof(
      fc.string({ unit: fc.constantFrom(...'ab =?_ü日\u{1f600}\t"\\,;:<>@()') }),
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: fc.constantFrom('word', ' ', 'ü', '  ', '=?'), maxLength: 60 }),
    )
    const usable = texts.filter((text) => !/[\r\n\0]/.test(text))
    await fc.assert(
      fc.asyncProperty(usable, fc.boolean(), async (subject, smtputf8) => {
        const message = await composeBytes(
          { from: { name: subject, address: 'a@b' }, subject, headers: { 'X-Text': subject } },
          { ...settings, smtputf8 },
        )
        checkForm(message, { ascii: !smtputf8 })
        const read = readBack(message)
        expect(read.fields.get('subject')).toBe(subject)
        expect(read.fields.get('x-text')).toBe(subject)
        expect(read.addresses('from')).toEqual([
          subject === '' ? { address: 'a@b' } : { name: subject, address: 'a@b' },
        ])
      }),
      { numRuns: 500 },
    )
  })

  test('encoded words of any text give the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), fc.nat(75), (text, room) => {
        const words = encodeWords(text, room)
        expect(decodeWords(words.join(' ')).text).toBe(text)
        expect(Math.max(...words.map((word) => word.length))).toBeLessThanOrEqual(75)
      }),
    )
  })
})

describe('identifiers, dates, further fields', () => {
  test('Message-ID, In-Reply-To, References', async () => {
    const content = { messageId: 'x@y', inReplyTo: '<a@b>', references: ['<a@b>', 'c@d'] }
    expect(await field('Message-ID', content)).toBe('Message-ID: <x@y>')
    expect(await field('In-Reply-To', content)).toBe('In-Reply-To: <a@b>')
    expect(await field('References', content)).toBe('References: <a@b> <c@d>')
    expect(await field('References', { references: '<a@b>\t<c@d> e@f' })).toBe('References: <a@b> <c@d> <e@f>')
    expect(await field('Message-ID', {})).toBe('Message-ID: <id@example.org>')
    const many = Array.from({ length: 200 }, (_, i) => `${i}.abcdefghijklmnop@mail.example.org`)
    const message = await composeBytes({ from: 'a@b', references: many }, settings)
    checkForm(message)
    expect(readBack(message).messageIds('references')).toEqual(many)
  })

  test.each([
    ['no at sign', { messageId: 'abc' }, 'invalid-message-id'],
    ['a blank', { messageId: 'a b@c' }, 'invalid-message-id'],
    ['brackets inside', { inReplyTo: ['<a@b><c@d>'] }, 'invalid-message-id'],
    ['no date', { date: new Date(Number.NaN) }, 'invalid-date'],
    ['a field with an option', { headers: { 'content-TYPE': 'x' } }, 'reserved-field'],
    ['a field name with a colon', { headers: { 'a:b': 'x' } }, 'invalid-field-name'],
    ['a field name outside ASCII', { headers: { ü: 'x' } }, 'invalid-field-name'],
    ['no from', { from: '' }, 'invalid-address'],
    ['a media type that is none', { attachments: [{ content: '', contentType: 'pdf' }] }, 'invalid-media-type'],
  ])('%s is refused', async (_name, content, code) => {
    expect(await codeOf(content)).toBe(code)
  })

  test('RFC 5322 §3.6.2: several authors need a sender', async () => {
    expect(await field('Sender', { from: ['a@x', 'b@x'] })).toBe('Sender: a@x')
  })

  test.each([
    ['1994-07-07T21:15:49Z', -240, 'Thu, 7 Jul 1994 17:15:49 -0400'],
    ['2026-11-23T10:31:13Z', 0, 'Mon, 23 Nov 2026 10:31:13 +0000'],
    ['2026-12-31T20:00:00Z', 330, 'Fri, 1 Jan 2027 01:30:00 +0530'],
    ['1969-12-31T23:59:59Z', 0, 'Wed, 31 Dec 1969 23:59:59 +0000'],
  ])('date %s, %d', (date, zone, written) => {
    expect(formatDate(new Date(date), zone)).toBe(written)
  })

  test.each([0.5, Number.NaN, 1440, -1440])('a zone of %d minutes is refused', (zone) => {
    expect(() => formatDate(new Date(0), zone)).toThrow(ComposeError)
  })
})

describe('security row 15: nothing can end a line that must not', () => {
  const evil = ['x\r\nBcc: me@evil.example', 'x\nBcc: me', 'x\rBcc: me', 'x\0y']
  const places: [string, (text: string) => object][] = [
    ['subject', (text) => ({ subject: text })],
    ['display name', (text) => ({ to: { name: text, address: 'a@b' } })],
    ['group name', (text) => ({ to: { group: text, members: [] } })],
    ['address', (text) => ({ to: { address: `${text}@b` } })],
    ['quoted local part', (text) => ({ to: { address: `"${text}"@b` } })],
    ['domain', (text) => ({ to: { address: `a@b${text}` } })],
    ['address text', (text) => ({ to: `${text} <a@b>` })],
    ['bcc', (text) => ({ bcc: { address: `${text}@b` } })],
    ['field name', (text) => ({ headers: { [text]: 'x' } })],
    ['field value', (text) => ({ headers: { 'X-A': text } })],
    ['message id', (text) => ({ messageId: `${text}@b` })],
    ['reference', (text) => ({ references: [`${text}@b`] })],
    ['filename', (text) => ({ attachments: [{ content: '', filename: text }] })],
    ['content id', (text) => ({ attachments: [{ content: '', contentId: `${text}@b` }] })],
    ['content type', (text) => ({ attachments: [{ content: '', contentType: `a/${text}` }] })],
    ['description', (text) => ({ attachments: [{ content: '', description: text }] })],
    ['part field', (text) => ({ attachments: [{ content: '', headers: [{ name: 'X-A', value: text }] }] })],
    ['parameter', (text) => ({ body: { contentType: 'text/plain', body: '', parameters: { x: text } } })],
    ['parameter name', (text) => ({ body: { contentType: 'text/plain', body: '', parameters: { [text]: 'x' } } })],
    ['boundary', (text) => ({ html: '', text: '', hostile: text })],
  ]
  test.each(places)('%s', async (name, content) => {
    for (const text of evil) {
      for (const smtputf8 of [false, true]) {
        const createId = name === 'boundary' ? () => text : () => 'id'
        const result = composeBytes({ from: 'a@b', ...content(text) }, { ...settings, createId, smtputf8 })
        await expect(result).rejects.toBeInstanceOf(ComposeError)
      }
    }
  })

  test('any text in any place: refused, or the fields are those that were asked for', async () => {
    const text = fc.string({
      unit: fc.constantFrom('\r', '\n', '\0', ' ', ':', 'a', 'ü', '"', '\\', '@', ';', '\u2028', '\x85'),
    })
    await fc.assert(
      fc.asyncProperty(text, fc.constantFrom(...places.slice(0, -1)), async (value, [, content]) => {
        let message: Uint8Array
        try {
          message = await composeBytes({ from: 'a@b', ...content(value) }, settings)
        } catch (error) {
          expect(error).toBeInstanceOf(ComposeError)
          return
        }
        checkForm(message)
        const known = /^(from|to|subject|date|message-id|references|mime-version|content-.*|x-a)$/
        const { fields } = readBack(message)
        const asked = Object.keys((content(value) as { headers?: object }).headers ?? {})
        for (const name of fields.keys()) {
          expect(known.test(name) || asked.some((item) => item.toLowerCase() === name)).toBe(true)
        }
        expect(latin1(message)).not.toMatch(/^bcc:/im)
      }),
      { numRuns: 1000 },
    )
  })
})
