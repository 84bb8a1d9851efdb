import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, fromLatin1, latin1 } from '../../src/bytes.js'
import { compress, createDictionary, type Dictionary, decompress } from '../../src/summary/dictionary.js'
import { ByteWriter } from '../../src/summary/octets.js'
import { previewDictionary } from '../../src/summary/preview-dictionary.js'
import { structureDictionary } from '../../src/summary/structure-dictionary.js'

/** The text packed behind what stands there already; null when it was not. */
function packedBehind(dictionary: Dictionary, text: string, before: string): Uint8Array | null {
  const writer = new ByteWriter(0)
  writer.latin1(before)
  const packed = compress(dictionary, text, writer)
  expect(latin1(writer.finish()).startsWith(before)).toBe(true)
  if (!packed) expect(writer.length).toBe(before.length)
  return packed ? writer.finish().subarray(before.length) : null
}

describe.each([
  ['structures', structureDictionary],
  ['previews', previewDictionary],
])('the dictionary of %s', (_, dictionary) => {
  const pieces = dictionary.octets.map((octets) => latin1(octets))

  it('leaves a code for octets that are no piece, and has no piece twice', () => {
    expect(pieces.length).toBeLessThanOrEqual(127)
    expect(new Set(pieces).size).toBe(pieces.length)
    for (const piece of pieces) expect(piece).toMatch(/^[\0-\x7f]{2,}$/)
  })

  it('packs what it is made for, and all of it comes back', () => {
    const octet = fc.nat(255).map((code) => String.fromCharCode(code))
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...pieces), octet)), (words) => {
        const text = words.join('')
        const packed = packedBehind(dictionary, text, 'ab')
        if (packed === null) return
        expect(packed.length).toBeLessThan(text.length)
        const octets = concat([fromLatin1('ab'), packed, fromLatin1('cd')])
        const made = new ByteWriter(0)
        decompress(dictionary, octets, 2, octets.length - 2, made)
        expect(latin1(made.finish())).toBe(text)
      }),
    )
  })
})

it('text that would not become shorter is not packed', () => {
  const dictionary = createDictionary(['ab'])
  expect(packedBehind(dictionary, 'abab', '')).toHaveLength(2)
  expect(packedBehind(dictionary, 'xab', '')).toHaveLength(2)
  expect(packedBehind(dictionary, 'xyz', '')).toBeNull()
  expect(packedBehind(dictionary, 'ab\xfc', '')).toBeNull()
  expect(packedBehind(dictionary, '', '')).toBeNull()
})
