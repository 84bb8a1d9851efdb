import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createQuotedPrintableDecoder, decodeQ, decodeQuotedPrintable } from '../../src/body/quoted-printable.js'
import { createQuotedPrintableEncoder, encodeQuotedPrintable } from '../../src/body/quoted-printable-encode.js'
import { fromLatin1, latin1 } from '../../src/bytes.js'
import { cut, feed, octetsOf, places } from './cutting.js'

function decode(text: string): { text: string; damaged: boolean } {
  let damaged = false
  const decoded = decodeQuotedPrintable(fromLatin1(text), () => {
    damaged = true
  })
  return { text: latin1(decoded), damaged }
}

function encode(text: string, binary = false): string {
  return latin1(encodeQuotedPrintable(fromLatin1(text), { binary }))
}

describe('decoding', () => {
  test('RFC 2045 §6.7: the example of the soft line break', () => {
    expect(decode("Now's the time =\r\nfor all folk to come=\r\n to the aid of their country.").text).toBe(
      "Now's the time for all folk to come to the aid of their country.",
    )
  })

  test.each([
    ['octets', 'a=3Db=E4=00', 'a=b\xe4\0', false],
    ['lower-case digits', '=e4=c3=aF', '\xe4\xc3\xaf', false],
    ['soft break with LF', 'a=\nb', 'ab', false],
    ['soft break behind blanks', 'a= \t\r\nb', 'ab', false],
    ['soft break at the end', 'a=', 'a', false],
    ['soft break at the end, with blanks', 'a= ', 'a', false],
    ['soft break at the end, with a CR', 'a=\r', 'a', false],
    ['blanks at the end of a line', 'a \t \r\nb  \nc ', 'a\r\nb\nc', false],
    ['encoded blanks stay', 'a=20\r\nb=09', 'a \r\nb\t', false],
    ['blanks behind an encoded blank go', 'a=20 \r\n', 'a \r\n', false],
    ['blanks in front of a soft break stay', 'a  =\r\nb', 'a  b', false],
    ['line ends stay as they are', 'a\nb\r\nc\rd', 'a\nb\r\nc\rd', false],
    ['an encoded CR in front of a line end', 'a =0D\nb', 'a \r\nb', false],
    ['not hexadecimal', 'a=XYb', 'a=XYb', true],
    ['half hexadecimal', '=4G', '=4G', true],
    ['cut at the end', 'a=4', 'a=4', true],
    ['two equals signs', '==41', '=A', true],
    ['8-bit octets pass', 'gr\xfc\xdfe', 'gr\xfc\xdfe', false],
    ['NUL passes', 'a\0b', 'a\0b', false],
    ['an equals sign and a bare CR', '=\rx', '=\rx', true],
  ])('%s', (_name, encoded, plain, damaged) => {
    expect(decode(encoded)).toEqual({ text: plain, damaged })
  })

  test('no more than 1024 blanks are looked at', () => {
    const blanks = ' '.repeat(3000)
    expect(decode(`a${blanks}\r\nb`).text).toBe(`a${' '.repeat(3000 - 1024)}\r\nb`)
    const decoder = createQuotedPrintableDecoder()
    expect(latin1(feed(decoder, cut(fromLatin1(`a${blanks}\r\nb`), [500, 1700, 2900])))).toBe(
      `a${' '.repeat(3000 - 1024)}\r\nb`,
    )
  })
})

describe('Q encoding (RFC 2047 §4.2)', () => {
  test.each([
    ['a_b', 'a b'],
    ['=5F=20', '_ '],
    ['Keld_J=F8rn', 'Keld J\xf8rn'],
    ['=4', '=4'],
    ['=', '='],
    ['=zz', '=zz'],
    ['=\u0141\u0131', '=A1'],
  ])('%j', (encoded, plain) => {
    expect(latin1(decodeQ(encoded))).toBe(plain)
  })
})

describe('encoding', () => {
  test.each([
    ['plain text', 'plain text', 'plain text'],
    ['an equals sign', 'a=b', 'a=3Db'],
    ['8-bit octets', 'gr\xfc\xdfe', 'gr=FC=DFe'],
    ['a blank at the end of a line', 'a \r\nb\t', 'a=20\r\nb=09'],
    ['a bare LF and a bare CR are data', 'a\nb\rc', 'a=0Ab=0Dc'],
    ['a dot at the start of a line', '.\r\n.a', '=2E\r\n=2Ea'],
    ['From at the start of a line', 'From me\r\nFrom: me', '=46rom me\r\nFrom: me'],
    ['NUL', '\0', '=00'],
  ])('%s', (_name, plain, encoded) => {
    expect(encode(plain)).toBe(encoded)
  })

  test('binary: line ends are data', () => {
    expect(encode('a\r\nb', true)).toBe('a=0D=0Ab')
  })

  test('lines are no longer than 76 characters and are cut between tokens', () => {
    const lines = encode('\xfc'.repeat(100)).split('\r\n')
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(76)
    for (const line of lines.slice(0, -1)) expect(line.endsWith('=FC=')).toBe(true)
  })

  test('a soft break never puts a dot or From in front of a line', () => {
    const encoded = encode(`${'x'.repeat(75)}.${'y'.repeat(74)}From me`)
    for (const line of encoded.split('\r\n')) {
      expect(line.startsWith('.')).toBe(false)
      expect(line.startsWith('From ')).toBe(false)
    }
  })
})

describe('properties', () => {
  const text = octetsOf('aF.rom =\r\n\t\xfc')

  test('decode(encode(x)) is x, as text and as data', () => {
    fc.assert(
      fc.property(fc.oneof(text, fc.uint8Array()), fc.boolean(), (octets, binary) => {
        const encoded = encodeQuotedPrintable(octets, { binary })
        expect(decodeQuotedPrintable(encoded)).toEqual(octets)
        for (const line of latin1(encoded).split('\r\n')) {
          expect(line.length).toBeLessThanOrEqual(76)
          expect(line).toMatch(/^[\t\x20-\x7e]*$/)
          expect(line).not.toMatch(/[\t ]$/)
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('encoding in pieces gives the same octets', () => {
    fc.assert(
      fc.property(text, places, fc.boolean(), (octets, at, binary) => {
        const whole = encodeQuotedPrintable(octets, { binary })
        expect(feed(createQuotedPrintableEncoder({ binary }), cut(octets, at))).toEqual(whole)
      }),
      { numRuns: 1000 },
    )
  })

  test('decoding in pieces gives the same octets and the same verdict', () => {
    fc.assert(
      fc.property(octetsOf('aA4=== \t\r\n\n'), places, (encoded, at) => {
        let damaged = false
        const whole = decodeQuotedPrintable(encoded, () => {
          damaged = true
        })
        const decoder = createQuotedPrintableDecoder()
        expect(feed(decoder, cut(encoded, at))).toEqual(whole)
        expect(decoder.damaged).toBe(damaged)
      }),
      { numRuns: 2000 },
    )
  })
})
