import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'

type Bytes = typeof import('../src/bytes.js')

const native = globalThis.Buffer
afterEach(() => {
  globalThis.Buffer = native
})

/** The module as a runtime with or without `Buffer` loads it. */
async function load(kind: 'native' | 'portable'): Promise<Bytes> {
  vi.resetModules()
  if (kind === 'portable') (globalThis as { Buffer?: unknown }).Buffer = undefined
  const loaded = await import('../src/bytes.js')
  globalThis.Buffer = native
  return loaded
}

const few = fc.uint8Array({ max: 3, maxLength: 40 })

describe.each(['native', 'portable'] as const)('%s', (kind) => {
  test('latin1 there and back', async () => {
    const { latin1, fromLatin1 } = await load(kind)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const text = latin1(bytes)
        expect([...text].map((character) => character.charCodeAt(0))).toEqual([...bytes])
        expect([...fromLatin1(text)]).toEqual([...bytes])
        if (bytes.length >= 3) expect(latin1(bytes, 1, 3)).toBe(text.slice(1, 3))
      }),
    )
    expect(latin1(new Uint8Array(20_000).fill(0xe4))).toBe('ä'.repeat(20_000))
  })

  test('UTF-8 there and back; what is none becomes U+FFFD', async () => {
    const { utf8, fromUtf8 } = await load(kind)
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(utf8(fromUtf8(text))).toBe(text)
      }),
    )
    expect(utf8(Uint8Array.of(0x61, 0xff, 0x62))).toBe('a\ufffdb')
    expect(utf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\ufeffa')
  })

  test('sequences are found where they first stand', async () => {
    const { indexOfByte, indexOfOctets } = await load(kind)
    const text = (bytes: Uint8Array): string => bytes.join('')
    fc.assert(
      fc.property(few, fc.uint8Array({ max: 3, minLength: 1, maxLength: 4 }), fc.nat(40), (bytes, sequence, from) => {
        expect(indexOfOctets(bytes, sequence, from)).toBe(
          from > bytes.length ? -1 : text(bytes).indexOf(text(sequence), from),
        )
        expect(indexOfByte(bytes, 2, from)).toBe(text(bytes).indexOf('2', from))
      }),
    )
  })

  test('equal in constant time is equal', async () => {
    const { equalConstantTime } = await load(kind)
    fc.assert(
      fc.property(few, few, (a, b) => {
        expect(equalConstantTime(a, b)).toBe(a.join() === b.join())
        expect(equalConstantTime(a, a.slice())).toBe(true)
      }),
    )
  })
})
