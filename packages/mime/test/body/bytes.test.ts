import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, nativeOperations, portableOperations } from '../../src/bytes.js'

const sets = [
  ['portable', portableOperations],
  ['native', nativeOperations!],
] as const

test('Node has the native operations', () => {
  expect(nativeOperations).toBeDefined()
})

describe.each(sets)('%s byte operations', (_name, bytes) => {
  test('latin1 is one character for each octet', () => {
    const all = Uint8Array.from({ length: 20_000 }, (_, i) => i & 255)
    const text = bytes.latin1(all)
    expect(text.length).toBe(20_000)
    expect([...text].every((character, i) => character.charCodeAt(0) === (i & 255))).toBe(true)
    expect(bytes.latin1(all, 65, 68)).toBe('ABC')
    expect(bytes.fromLatin1(text)).toEqual(all)
  })

  test('utf8 replaces what is malformed and keeps a byte order mark', () => {
    expect(bytes.utf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61, 0xff, 0xc3, 0xa9))).toBe('\uFEFFa\uFFFD\u00e9')
    expect(bytes.utf8(Uint8Array.of(0x61, 0xc3, 0xa9, 0x62), 1, 3)).toBe('\u00e9')
    expect(bytes.fromUtf8('\u20ac')).toEqual(Uint8Array.of(0xe2, 0x82, 0xac))
  })

  test('indexOf finds octets and sequences from an offset on', () => {
    const text = bytes.fromLatin1('abcabcab')
    expect(bytes.indexOf(text, 0x62)).toBe(1)
    expect(bytes.indexOf(text, 0x62, 2)).toBe(4)
    expect(bytes.indexOf(text, 0x78)).toBe(-1)
    expect(bytes.indexOf(text, bytes.fromLatin1('cab'))).toBe(2)
    expect(bytes.indexOf(text, bytes.fromLatin1('cab'), 3)).toBe(5)
    expect(bytes.indexOf(text, bytes.fromLatin1('cabx'))).toBe(-1)
    expect(bytes.indexOf(text, bytes.fromLatin1(''))).toBe(-1)
  })

  test('results are plain Uint8Arrays', () => {
    expect(Object.getPrototypeOf(bytes.fromLatin1('a'))).toBe(Uint8Array.prototype)
    expect(Object.getPrototypeOf(bytes.fromUtf8('a'))).toBe(Uint8Array.prototype)
  })

  test('base64 and back', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (octets) => {
        const target = new Uint8Array(octets.length + 7)
        const text = bytes.toBase64(octets)
        expect(text).toBe(Buffer.from(octets).toString('base64'))
        expect(bytes.writeBase64(target, text, 5)).toBe(octets.length)
        expect(target.subarray(5, 5 + octets.length)).toEqual(octets)
      }),
    )
  })
})

test('both sets agree on any octets', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array({ maxLength: 3 }), fc.nat(20), (octets, needle, from) => {
      expect(portableOperations.utf8(octets)).toBe(nativeOperations!.utf8(octets))
      expect(portableOperations.latin1(octets)).toBe(nativeOperations!.latin1(octets))
      expect(portableOperations.indexOf(octets, needle, from)).toBe(nativeOperations!.indexOf(octets, needle, from))
    }),
  )
})

test('concat joins a list', () => {
  expect(concat([])).toEqual(new Uint8Array(0))
  expect(concat([Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3)])).toEqual(Uint8Array.of(1, 2, 3))
})
