import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { iconvCharsets } from '../../src/body/iconv.js'
import { fromUtf8, latin1 } from '../../src/bytes.js'
import { decodeWords } from '../../src/header/words.js'

/** What a header holds when someone types UTF-8 into it. */
const octets = (text: string) => latin1(fromUtf8(text))

describe('RFC 2047 §8: the examples', () => {
  const cases: [string, string][] = [
    ['=?US-ASCII?Q?Keith_Moore?=', 'Keith Moore'],
    ['=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?=', 'Keld Jørn Simonsen'],
    ['=?ISO-8859-1?Q?Andr=E9?= Pirard', 'André Pirard'],
    [
      '=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?= =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=',
      'If you can read this you understand the example.',
    ],
    ['=?ISO-8859-8?b?7eXs+SDv4SDs6Oj08A==?=', 'םולש ןב לטטפנ'],
    ['=?ISO-8859-1?Q?a?=', 'a'],
    ['=?ISO-8859-1?Q?a?= b', 'a b'],
    ['=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=', 'ab'],
    ['=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=', 'ab'],
    ['=?ISO-8859-1?Q?a_b?=', 'a b'],
    ['=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=', 'a b'],
  ]
  it.each(cases)('%s', (encoded, text) => {
    expect(decodeWords(encoded)).toEqual({ text })
  })
})

describe('what mail has beside the RFC', () => {
  const cases: [string, string, string][] = [
    ['a character split between two words', '=?utf-8?Q?caf=C3?= =?utf-8?Q?=A9?=', 'café'],
    ['base64 cut inside a group of four', '=?utf-8?B?w6TDt?= =?UTF-8?B?sO8?=', 'äöü'],
    [
      'base64 cut in a charset in which all octets mean something',
      '=?iso-8859-1?B?SGVsb?= =?iso-8859-1?B?G8=?=',
      'Hello',
    ],
    ['base64 of several words without padding', '=?utf-8?b?w7zDvA?= =?utf-8?b?w7w?= =?utf-8?b?YQ?=', 'üüüa'],
    ['padding in the middle', '=?utf-8?b?w7w=w7w=?=', 'üü'],
    ['blanks around the charset', '=? utf-8 ?Q?=C3=BC?=', 'ü'],
    ['a language behind the charset (RFC 2231 §5)', '=?utf-8*de?Q?=C3=BC?=', 'ü'],
    ['blanks inside a word', '=?utf-8?Q?two words?=', 'two words'],
    ['no blanks around a word', 'a=?utf-8?Q?=C3=BC?=b', 'aüb'],
    ['a lower case encoding', '=?utf-8?q?=c3=bc?=', 'ü'],
    ['base64 without padding', '=?utf-8?B?w7w?=', 'ü'],
    ['a word inside quotes', '"=?utf-8?Q?=C3=BC?="', '"ü"'],
    ['an empty word', 'a =?utf-8?Q??= b', 'a  b'],
    ['raw UTF-8 (RFC 6532)', octets('Grüße =?utf-8?Q?=C3=BC?='), 'Grüße ü'],
    [
      'a word that lost its end before another',
      '=?utf-8?Q?abc =?utf-8?Q?=C3=BC?= =?utf-8?B?w7w=?=',
      '=?utf-8?Q?abc üü',
    ],
    [
      'a bare =? in a word',
      '=?utf-8?Q?http://x.test/?a=1&b=?_=C3=BC?= =?utf-8?Q?2+2=?q?=',
      'http://x.test/?a=1&b=? ü2+2=?q',
    ],
    ['a word that ends with what begins one', '=?utf-8?Q?a=?==?utf-8?Q?=C3=BC?=', 'a=ü'],
    ['iso-2022-jp', '=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?=', '日本'],
  ]
  it.each(cases)('%s', (_, encoded, text) => {
    expect(decodeWords(encoded, iconvCharsets).text).toBe(text)
  })

  it('raw octets that are not UTF-8 are windows-1252, with a defect', () => {
    expect(decodeWords('caf\xe9 \x80')).toEqual({ text: 'café €', defect: 'raw-8bit-header' })
    expect(decodeWords(`\xfc ${octets('ü')} \xfc`)).toEqual({ text: 'ü ü ü', defect: 'raw-8bit-header' })
  })

  it('an unknown charset is guessed, with a defect', () => {
    expect(decodeWords('=?x-none?Q?=C3=BC?=')).toEqual({ text: 'ü', defect: 'unknown-charset' })
  })

  it.each(['=?utf-8?Q?no end', '=?utf-8?X?text?=', '=?utf-8?Q', '=?', '=??Q?a?=', '=?a b?Q?c?='])(
    '%s stays as it is',
    (text) => {
      expect(decodeWords(text)).toEqual({ text, defect: 'malformed-encoded-word' })
    },
  )
})

it('text without words or high octets is itself', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme-ascii' }), (text) => {
      fc.pre(!text.includes('=?'))
      expect(decodeWords(text)).toEqual({ text })
    }),
  )
})
