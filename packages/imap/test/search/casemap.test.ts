import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { casemap, collationKey } from '../../src/session/search/casemap.js'

describe('i;unicode-casemap (RFC 5051)', () => {
  test.each([
    ['Hello', 'HELLO'],
    ['naïve', 'NAI\u0308VE'],
    ['NAI\u0308VE', 'NAI\u0308VE'],
    // No simple titlecase: stays as it is.
    ['Straße', 'STRAßE'],
    // Decomposed behind the titlecase, so in lower case.
    ['ﬁne', 'fiNE'],
    ['Ａ', 'A'],
    ['ς', 'Σ'],
    ['ı', 'I'],
    ['ǆ', 'DZ\u030C'.replace('Z', 'z')],
    ['Ǆ', 'Dz\u030C'],
    ['ǉ', 'Lj'],
    ['ǳ', 'Dz'],
    ['თბილისი', 'თბილისი'],
    ['ᾳ', 'Α\u0345'],
    ['ᾀ', 'Α\u0313\u0345'],
    ['𐐨', '𐐀'],
    ['한', '\u1112\u1161\u11ab'],
    ['', ''],
  ])('%s', (text, folded) => expect(casemap(text)).toBe(folded))

  test('is the same for the pieces of a text', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), (pieces) => {
        expect(pieces.map(casemap).join('').normalize('NFKD')).toBe(casemap(pieces.join('')))
      }),
    )
  })

  test('keys compare as octets of UTF-8 do', () => {
    const text = fc.string({ unit: 'binary' })
    fc.assert(
      fc.property(text, text, (a, b) => {
        const [one, other] = [collationKey(a), collationKey(b)]
        const order = one === other ? 0 : one < other ? -1 : 1
        expect(order).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))))
      }),
    )
  })
})
