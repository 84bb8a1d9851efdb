import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, fromLatin1, fromUtf8, latin1, utf8 } from '../../src/bytes.js'
import { ComposeError } from '../../src/compose/index.js'
import {
  createHeaderEditor,
  editHeader,
  type HeaderEdit,
  headerEditStream,
  placeInFront,
  prependHeader,
  removeHeader,
  replaceHeader,
} from '../../src/edit/index.js'
import { parseMessage } from '../../src/index.js'
import { cut, feed, octetsOf, places } from '../body/cutting.js'

const MESSAGE =
  'Received: one\r\n\tfolded\r\nSubject: a\r\nX-Tag: 1\r\nsubject: b\r\n more\r\n\r\nSubject: body\r\n\x80\0'

/** Longer than lines are looked at. */
const LONG = 'x'.repeat(5000)

function edit(message: string, ...edits: HeaderEdit[]): string {
  return latin1(editHeader(fromLatin1(message), edits))
}

describe('edits leave all other octets alone', () => {
  test('prepend', () => {
    expect(edit(MESSAGE, { prepend: { name: 'Return-Path', value: '<a@b>' } })).toBe(`Return-Path: <a@b>\r\n${MESSAGE}`)
  })

  test('a field of addresses', () => {
    const addresses = [
      { name: 'Jörg', address: 'a@exämple.org' },
      { group: 'All', members: [{ address: 'b@c.org' }] },
    ]
    expect(edit('\r\n', { prepend: { name: 'To', addresses } })).toBe(
      'To: =?UTF-8?B?SsO2cmc=?= <a@xn--exmple-cua.org>, All: b@c.org;\r\n\r\n',
    )
    expect(utf8(editHeader(fromLatin1('\r\n'), [{ replace: { name: 'To', addresses, smtputf8: true } }]))).toBe(
      'To: Jörg <a@exämple.org>, All: b@c.org;\r\n\r\n',
    )
    expect(() => edit('\r\n', { prepend: { name: 'To', addresses: { address: 'jörg@c.org' } } })).toThrow(ComposeError)
  })

  test('the first of several prepended fields stands on top', () => {
    const edits = ['A', 'B'].map((name) => ({ prepend: { name, value: '1' } }))
    expect(edit('C: 1\r\n\r\n', ...edits)).toBe('A: 1\r\nB: 1\r\nC: 1\r\n\r\n')
  })

  test('replace takes the place of the first and removes the others, folded lines included', () => {
    expect(edit(MESSAGE, { replace: { name: 'SUBJECT', value: 'new' } })).toBe(
      'Received: one\r\n\tfolded\r\nSUBJECT: new\r\nX-Tag: 1\r\n\r\nSubject: body\r\n\x80\0',
    )
  })

  test('replace without such a field adds it at the end of the header', () => {
    expect(edit('A: 1\r\n\r\nbody', { replace: { name: 'B', value: '2' } })).toBe('A: 1\r\nB: 2\r\n\r\nbody')
  })

  test('remove', () => {
    expect(edit(MESSAGE, { remove: 'Subject' })).toBe(
      'Received: one\r\n\tfolded\r\nX-Tag: 1\r\n\r\nSubject: body\r\n\x80\0',
    )
    expect(edit(MESSAGE, { remove: 'X-Other' })).toBe(MESSAGE)
  })

  test('security row 17: names are no properties', () => {
    expect(edit('__proto__: 1\r\nA: 1\r\n\r\n', { remove: '__proto__' })).toBe('A: 1\r\n\r\n')
    expect(edit('constructor: 1\r\n\r\n', { remove: 'toString' })).toBe('constructor: 1\r\n\r\n')
  })
})

describe('messages of all kinds', () => {
  test.each([
    ['lines end with LF', 'A: 1\n\nbody\r\n', 'N: 1\nA: 1\nZ: 2\n\nbody\r\n'],
    ['an mbox line stays on top', 'From me\r\nA: 1\r\n\r\nx', 'From me\r\nN: 1\r\nA: 1\r\nZ: 2\r\n\r\nx'],
    ['no header, body only', 'hello world\r\nA: 1\r\n', 'N: 1\r\nZ: 2\r\n\r\nhello world\r\nA: 1\r\n'],
    ['an empty header', '\r\nbody', 'N: 1\r\nZ: 2\r\n\r\nbody'],
    ['nothing at all', '', 'N: 1\r\nZ: 2\r\n'],
    ['no empty line', 'A: 1\r\n', 'N: 1\r\nA: 1\r\nZ: 2\r\n'],
    ['the last line is cut', 'A: 1', 'N: 1\r\nA: 1\r\nZ: 2\r\n'],
    ['a line that is no field', 'A: 1\r\njunk\r\nB: 2\r\n\r\n', 'N: 1\r\nA: 1\r\njunk\r\nB: 2\r\nZ: 2\r\n\r\n'],
    ['a blank before the colon', 'z : old\r\n\r\n', 'N: 1\r\nZ: 2\r\n\r\n'],
    ['a From field with a blank before its colon', 'From : a\r\n\r\n', 'N: 1\r\nFrom : a\r\nZ: 2\r\n\r\n'],
    ['a quoted one', '>From\t: a\r\n\r\n', 'N: 1\r\n>From\t: a\r\nZ: 2\r\n\r\n'],
    [
      'no field behind an mbox line',
      'From me\r\njunk\r\nA: 1\r\n\r\n',
      'From me\r\nN: 1\r\njunk\r\nA: 1\r\nZ: 2\r\n\r\n',
    ],
    ['two mbox lines', 'From me\r\nFrom you\r\nA: 1\r\n\r\n', 'From me\r\nN: 1\r\nFrom you\r\nA: 1\r\nZ: 2\r\n\r\n'],
    ['an mbox line and no more', 'From me', 'From me\r\nN: 1\r\nZ: 2\r\n'],
    ['LF behind a very long first line', `A: ${LONG}\nB: 1\n\n`, `N: 1\r\nA: ${LONG}\nB: 1\nZ: 2\r\n\n`],
  ])('%s', (_name, message, expected) => {
    const edits = [{ prepend: { name: 'N', value: '1' } }, { replace: { name: 'Z', value: '2' } }]
    expect(edit(message, ...edits)).toBe(expected)
  })
})

describe('a field in front never takes what follows as its own', () => {
  const forged = ' dkim=pass\r\nFrom: a@b\r\n\r\nbody'
  test.each([
    ['a continuation line on top', forged, `N: 1\r\n\r\n${forged}`],
    ['a tab', '\tx\r\n\r\n', 'N: 1\r\n\r\n\tx\r\n\r\n'],
    ['a line of a blank', ' \r\nA: 1\r\n\r\n', 'N: 1\r\n\r\n \r\nA: 1\r\n\r\n'],
    ['behind an mbox line', `From me\r\n${forged}`, `From me\r\nN: 1\r\n\r\n${forged}`],
    ['lines end with LF', ' x\nA: 1\n\n', 'N: 1\n\n x\nA: 1\n\n'],
    ['only a continuation line', ' x', 'N: 1\r\n\r\n x'],
  ])('%s', (_name, message, expected) => {
    const added = { prepend: { name: 'N', value: '1' } }
    expect(edit(message, added)).toBe(expected)
    expect(edit(message, added, { remove: 'From' })).toBe(expected)
    expect(edit(message, added, { replace: { name: 'A', value: '2' } })).toBe(
      expected.replace(/N: 1(\r?\n)/, 'N: 1$1A: 2$1'),
    )
  })

  test.each([
    'A: 1\r\n\r\nbody',
    forged,
    `From me\n${forged}`,
    'From : a\n\n',
    'From me\r\nA: 1\r\n',
    'From me',
    'hello\r\n',
    '',
  ])('in pieces: %j', (message) => {
    const fields = ['N', 'M'].map((name) => ({ name, folded: '1;\r\n\t2' }))
    const { at, bytes } = placeInFront(fromLatin1(message), fields)
    expect(message.slice(0, at) + latin1(bytes) + message.slice(at)).toBe(
      edit(message, ...fields.map((prepend) => ({ prepend }))),
    )
  })

  test('without such a field the header stays one', () => {
    expect(edit(' x\r\nA: 1\r\n\r\n', { replace: { name: 'B', value: '2' } })).toBe(' x\r\nA: 1\r\nB: 2\r\n\r\n')
  })
})

describe('new fields', () => {
  test('free text is encoded and folded', () => {
    const value = 'Grüße aus Köln'
    expect(utf8(prependHeader(fromLatin1('\r\n'), { name: 'X', value }))).toMatch(/^X: =\?UTF-8\?.*\?=\r\n\r\n$/s)
    expect(utf8(prependHeader(fromLatin1('\r\n'), { name: 'X', value, smtputf8: true }))).toBe(`X: ${value}\r\n\r\n`)
  })

  test('a folded value is written as it stands', () => {
    const folded = 'v=1; a=rsa-sha256;\r\n\tb=abc'
    expect(latin1(replaceHeader(fromLatin1('A: 1\n\n'), { name: 'DKIM-Signature', folded }))).toBe(
      'A: 1\nDKIM-Signature: v=1; a=rsa-sha256;\n\tb=abc\n\n',
    )
  })

  test.each([
    [{ name: 'A', value: 'x\r\nBcc: me' }],
    [{ name: 'A', value: 'x\ny' }],
    [{ name: 'A', value: 'x\0' }],
    [{ name: 'A\r\nB', value: 'x' }],
    [{ name: 'A:', value: 'x' }],
    [{ name: '', value: 'x' }],
    [{ name: 'A', folded: 'x\r\ny' }],
    [{ name: 'A', folded: 'x\n y' }],
    [{ name: 'A', folded: 'x\r\n \r\n y' }],
    [{ name: 'A', folded: 'x\r\n' }],
    [{ name: 'A', folded: `x\r\n ${'y'.repeat(998)}` }],
    [{ name: 'A', folded: `x\r\n ${'ü'.repeat(499)}` }],
  ])('security row 15: %j is refused', (field) => {
    expect(() => createHeaderEditor([{ prepend: field }])).toThrow(ComposeError)
  })
})

describe('streams', () => {
  const edits: HeaderEdit[] = [
    { prepend: { name: 'N', value: '1' } },
    { replace: { name: 'A', value: '2' } },
    { remove: 'B' },
  ]

  test('any cutting gives the same octets', () => {
    const message = fc.oneof(octetsOf('AB: \r\n\r\n\n\tx', 60), octetsOf('AB:\n', 60))
    fc.assert(
      fc.property(message, places, (octets, at) => {
        expect(feed(createHeaderEditor(edits), cut(octets, at))).toEqual(editHeader(octets, edits))
      }),
      { numRuns: 2000 },
    )
  })

  test('any message: the field in front is read as it was written, whole and in pieces', () => {
    const type = 'Content-Type: multipart/mixed; boundary=b'
    const piece = fc.constantFrom(
      'From ',
      '>From',
      ' ',
      '\t',
      ':',
      '\r\n',
      '\n',
      '\r',
      '--',
      'b',
      type,
      'A: 1',
      'N: 2',
      LONG,
    )
    const message = fc.array(piece, { maxLength: 14 }).map((list) => fromLatin1(list.join('')))
    const prepend = { name: 'N', value: '1' }
    fc.assert(
      fc.property(message, places, (octets, at) => {
        const edited = editHeader(octets, [{ prepend }, { remove: 'A' }])
        expect(parseMessage(edited).headers.all('n')[0]).toBe('1')
        const streamed = feed(createHeaderEditor([{ prepend }, { remove: 'A' }]), cut(octets, at))
        expect(latin1(streamed)).toBe(latin1(edited))
        const place = placeInFront(octets, [prepend])
        const together = concat([octets.subarray(0, place.at), place.bytes, octets.subarray(place.at)])
        expect(latin1(together)).toBe(latin1(prependHeader(octets, prepend)))
      }),
      { numRuns: 1000 },
    )
  })

  test('a header that ends at its first boundary', () => {
    const message =
      'Content-Type: multipart/mixed;\r\n boundary=b\r\n--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n'
    const edited = editHeader(fromLatin1(message), [
      { replace: { name: 'Content-Type', value: 'x/y' } },
      { replace: { name: 'X', value: 'z' } },
    ])
    expect(latin1(edited)).toBe('Content-Type: x/y\r\nX: z\r\n--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n')
  })

  test.each([16_000, 17_000, 100_000])('a Content-Type field of %d octets', (length) => {
    const type = `Content-Type: multipart/mixed;\r\n x=${'y'.repeat(length)};\r\n boundary=b\r\n`
    const message = fromLatin1(`${type}--b\r\nX: 1\r\n\r\n--b--\r\n`)
    for (const size of [1000, 4096, 20_000, 200_000]) {
      const places = Array.from({ length: Math.floor(message.length / size) }, (_, i) => (i + 1) * size)
      expect(latin1(feed(createHeaderEditor([{ remove: 'X' }]), cut(message, places)))).toBe(latin1(message))
    }
  })

  test('lines with dashes are compared with the boundary as often as the scanner does', () => {
    const type = 'Content-Type:\r\nContent-Type: multipart/mixed; boundary=b\r\n'
    for (const [dashes, isBoundary] of [
      [7, true],
      [8, false],
      [50_000, false],
    ] as const) {
      const message = `${type}${'--c\r\n'.repeat(dashes)}--b\r\nX: 1\r\n\r\n--b--\r\n`
      expect(parseMessage(fromLatin1(message)).headers.has('x')).toBe(!isBoundary)
      expect(edit(message, { remove: 'X' })).toBe(isBoundary ? message : message.replace('X: 1\r\n', ''))
    }
  })

  test('as a TransformStream', async () => {
    const source = new Blob([MESSAGE]).stream()
    const edited = await new Response(source.pipeThrough(headerEditStream([{ remove: 'Received' }]))).text()
    expect(edited).toBe(utf8(removeHeader(fromUtf8(MESSAGE), 'received')))
  })
})
