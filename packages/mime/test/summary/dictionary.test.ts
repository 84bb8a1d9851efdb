import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, fromLatin1, latin1 } from '../../src/bytes.js'
import { compress, createDictionary, decompress } from '../../src/summary/dictionary.js'
import { ByteWriter } from '../../src/summary/octets.js'
import { previewDictionary } from '../../src/summary/preview-dictionary.js'
import { structureDictionary } from '../../src/summary/structure-dictionary.js'

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
        const packed = compress(dictionary, text)
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
  expect(compress(dictionary, 'abab')).toHaveLength(2)
  expect(compress(dictionary, 'xab')).toHaveLength(2)
  expect(compress(dictionary, 'xyz')).toBeNull()
  expect(compress(dictionary, 'ab\xfc')).toBeNull()
  expect(compress(dictionary, '')).toBeNull()
})
