import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromLatin1, fromUtf8, latin1, utf8 } from '../../src/bytes.js'
import { ComposeError } from '../../src/compose/index.js'
import {
  createHeaderEditor,
  editHeader,
  type HeaderEdit,
  headerEditStream,
  prependHeader,
  removeHeader,
  replaceHeader,
} from '../../src/edit/index.js'
import { cut, feed, octetsOf, places } from '../body/cutting.js'

const MESSAGE =
  'Received: one\r\n\tfolded\r\nSubject: a\r\nX-Tag: 1\r\nsubject: b\r\n more\r\n\r\nSubject: body\r\n\x80\0'

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
  ])('%s', (_name, message, expected) => {
    const edits = [{ prepend: { name: 'N', value: '1' } }, { replace: { name: 'Z', value: '2' } }]
    expect(edit(message, ...edits)).toBe(expected)
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

  test('a header that ends at its first boundary', () => {
    const message =
      'Content-Type: multipart/mixed;\r\n boundary=b\r\n--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n'
    const edited = editHeader(fromLatin1(message), [
      { replace: { name: 'Content-Type', value: 'x/y' } },
      { replace: { name: 'X', value: 'z' } },
    ])
    expect(latin1(edited)).toBe('Content-Type: x/y\r\nX: z\r\n--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n')
  })

  test('as a TransformStream', async () => {
    const source = new Blob([MESSAGE]).stream()
    const edited = await new Response(source.pipeThrough(headerEditStream([{ remove: 'Received' }]))).text()
    expect(edited).toBe(utf8(removeHeader(fromUtf8(MESSAGE), 'received')))
  })
})
