import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createBase64Decoder, decodeBase64 } from '../../src/body/base64.js'
import { createBase64Encoder, encodeBase64 } from '../../src/body/base64-encode.js'
import { fromLatin1, latin1 } from '../../src/bytes.js'
import { cut, feed, octetsOf, places } from './cutting.js'

function decode(text: string): { text: string; damaged: boolean } {
  let damaged = false
  const decoded = decodeBase64(fromLatin1(text), () => {
    damaged = true
  })
  return { text: latin1(decoded), damaged }
}

describe('RFC 4648 §10 test vectors', () => {
  test.each([
    ['', ''],
    ['f', 'Zg=='],
    ['fo', 'Zm8='],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg=='],
    ['fooba', 'Zm9vYmE='],
    ['foobar', 'Zm9vYmFy'],
  ])('%j is %j', (plain, encoded) => {
    expect(latin1(encodeBase64(fromLatin1(plain)))).toBe(encoded)
    expect(decode(encoded)).toEqual({ text: plain, damaged: false })
  })
})

describe('tolerance', () => {
  test.each([
    ['lines with CRLF', 'Zm9v\r\nYmFy\r\n', 'foobar', false],
    ['lines with LF', 'Zm9v\nYmFy\n\n', 'foobar', false],
    ['lines that cut groups', 'Zm9\r\nvYm\r\nFy', 'foobar', false],
    ['blanks and tabs', ' Zm9v\t YmFy ', 'foobar', false],
    ['padding on a line of its own', 'Zm9vYg\r\n==\r\n', 'foob', false],
    ['no padding, two characters', 'Zm9vYg', 'foob', true],
    ['no padding, three characters', 'Zm9vYmE', 'fooba', true],
    ['one pad of two', 'Zm9vYg=', 'foob', true],
    ['a single character at the end', 'Zm9vY', 'foo', true],
    ['junk between', 'Zm!9v*YmFy', 'foobar', true],
    ['8-bit junk', 'Zm9v\xa0YmFy', 'foobar', true],
    ['a NUL', 'Zm9v\0YmFy', 'foobar', true],
    ['a bare CR', 'Zm9v\rYmFy', 'foobar', false],
    ['the URL alphabet is junk', 'Zm9v-_YmFy', 'foobar', true],
    ['concatenated padded blocks', 'Zg==\r\nZm8=\r\nYmFy', 'ffobar', true],
    ['a pad in the middle of a group', 'Zm=9v', 'foo', true],
    ['a pad in front', '=Zm9v', 'foo', true],
    ['more padding than needed', 'Zg====', 'f', true],
    ['only padding', '====', '', true],
    ['only junk', '!!!', '', true],
    ['nothing but line ends', '\r\n\r\n', '', false],
  ])('%s', (_name, encoded, plain, damaged) => {
    expect(decode(encoded)).toEqual({ text: plain, damaged })
  })

  test('junk in one block of a long body costs nothing but the junk', () => {
    const octets = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7919) & 255)
    const encoded = encodeBase64(octets)
    const broken = fromLatin1(`${latin1(encoded, 0, 200_000)}!?${latin1(encoded, 200_000)}`)
    expect(Buffer.compare(decodeBase64(broken), octets)).toBe(0)
  })

  test.each(['\r\n', '\n', ''])('long bodies with line end %j', (lineEnd) => {
    const octets = Uint8Array.from({ length: 500_001 }, (_, i) => (i * 31) & 255)
    const encoded = fromLatin1(latin1(encodeBase64(octets)).replaceAll('\r\n', lineEnd))
    expect(Buffer.compare(decodeBase64(encoded), octets)).toBe(0)
  })
})

describe('encoding', () => {
  test('lines have 76 characters and none is empty', () => {
    const lines = latin1(encodeBase64(new Uint8Array(57 * 3))).split('\r\n')
    expect(lines.map((line) => line.length)).toEqual([76, 76, 76])
    expect(latin1(encodeBase64(new Uint8Array(58))).split('\r\n')).toHaveLength(2)
  })
})

describe('properties', () => {
  test('decode(encode(x)) is x, without damage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (octets) => {
        let damaged = false
        const decoded = decodeBase64(encodeBase64(octets), () => {
          damaged = true
        })
        expect(decoded).toEqual(octets)
        expect(damaged).toBe(false)
      }),
    )
  })

  test('encoding in pieces gives the same octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), places, (octets, at) => {
        expect(feed(createBase64Encoder(), cut(octets, at))).toEqual(encodeBase64(octets))
      }),
    )
  })

  test('decoding in pieces gives the same octets and the same verdict, broken or not', () => {
    fc.assert(
      fc.property(octetsOf('ABab01+/==\r\n\r\n-!'), places, (encoded, at) => {
        let damaged = false
        const whole = decodeBase64(encoded, () => {
          damaged = true
        })
        const decoder = createBase64Decoder()
        expect(feed(decoder, cut(encoded, at))).toEqual(whole)
        expect(decoder.damaged).toBe(damaged)
      }),
      { numRuns: 1000 },
    )
  })

  test('the native path and the table agree: a junk octet in front forces the table', () => {
    fc.assert(
      fc.property(octetsOf('ABab01+/=\r\n-_ .'), (encoded) => {
        const forced = new Uint8Array(encoded.length + 1)
        forced[0] = 0x2a
        forced.set(encoded, 1)
        const table = createBase64Decoder()
        const pieces = [...forced].map((octet) => Uint8Array.of(octet))
        expect(decodeBase64(encoded)).toEqual(feed(table, pieces))
      }),
      { numRuns: 1000 },
    )
  })
})
