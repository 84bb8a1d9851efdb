import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalCharset, createCharsetDecoder, decodeCharset } from '../../src/body/charset.js'
import { iconvCharsets } from '../../src/body/iconv.js'
import { fromUtf8 } from '../../src/bytes.js'
import { cut, feedText, octetsOf, places } from './cutting.js'

function hex(digits: string): Uint8Array {
  return Uint8Array.from(digits.replaceAll(' ', '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

/** Octets as Python's codecs write them. */
const SAMPLES: readonly [label: string, octets: string, text: string][] = [
  ['utf8', 'c3a9 e282ac', '\u00e9\u20ac'],
  ['iso-8859-1', '93 61 94 e9 80', '\u201ca\u201d\u00e9\u20ac'],
  ['windows-1252', '81 8d 9f', '\x81\x8d\u0178'],
  ['latin-9', 'a4 bc', '\u20ac\u0152'],
  ['koi8-r', 'f0d2c9d7c5d4', 'Привет'],
  ['cp1251', 'cff0e8e2e5f2', 'Привет'],
  ['iso-8859-8-i', 'f9ece5ed', 'שלום'],
  ['x-sjis', '93fa967b8cea b1b2 5c7e', '日本語ｱｲ\\~'],
  ['euc-jp', 'c6fccbdcb8ec 8eb1', '日本語ｱ'],
  ['iso-2022-jp', '1b2442 467c 4b5c 386c 1b2842 20 41', '日本語 A'],
  ['iso-2022-jp', '1b2849 31 32 1b2842', 'ｱｲ'],
  ['iso-2022-jp-1', '1b242844 3021 1b2842', '丂'],
  ['iso-2022-jp-2', '1b2441 5650 1b242843 3c76 1b2842 1b2e41 1b4e69', '中수é'],
  ['iso-2022-kr', '1b242943 0e 4751 3139 0f 0a 61', '한국\na'],
  ['iso-2022-cn', '1b242941 0e 5650 0f', '中'],
  ['hz-gb-2312', '7e7b 5650 367e 7e7d 7e7e 61', '中二~a'],
  ['gb2312', 'd6d0cec4 a2e3 8139ee39', '中文€\u3400'],
  ['ks_c_5601-1987', 'c7d1b1b9 8141', '한국갂'],
  ['big5', 'a4a4a4e5', '中文'],
  // As Python's email package names it.
  ['big5_tw', 'a4a4a4e5', '中文'],
  ['eucgb2312_cn', 'd6d0cec4', '中文'],
  ['big5-hkscs', '8740', '\u43f0'],
  ['utf-7', '2b 5a 65 55 74 2d 20 2b 2d', '\u65e5 +'],
  ['utf-16', 'feff 00e9', '\u00e9'],
  ['utf-16', 'fffe e900', '\u00e9'],
  ['utf-16', '0061 00e9', 'a\u00e9'],
  ['utf-16', '6100 e900', 'a\u00e9'],
  ['utf-32be', '000000e9 0001f600', '\u00e9\u{1f600}'],
  ['utf-32', 'fffe0000 e9000000', '\u00e9'],
  ['utf-32', '000000e9', '\u00e9'],
  ['utf-16le', 'e900 3dd8 00de', '\u00e9\u{1f600}'],
]

const WITH_ICONV: readonly [label: string, octets: string, text: string][] = [
  ['cp437', '82858b e1', 'éàïß'],
  ['IBM850', 'd1', 'Ð'],
  ['ibm852', 'a5', 'ą'],
  ['dos-862', '998c858d', 'שלום'],
  ['x-mac-ce', '8888 ab', 'ąąę'],
  ['koi8-t', 'f0d2', 'Пр'],
  ['iso-8859-16', 'e3 ba a4', 'ăș€'],
  ['mac-latin2', '8888 ab', 'ąąę'],
  ['x-mac-greek', 'b0', 'Α'],
  ['csPTCP154', '8deff0', 'Қпр'],
  ['roman8', 'c5', 'é'],
  ['cyrillic-asian', '8deff0', 'Қпр'],
  ['kz1048', '8d', 'Қ'],
  ['ruscii', '8fe0 f8', 'ПрЇ'],
  ['ptcp154', '8deff0', 'Қпр'],
  ['cp1125', '8fe0 f8', 'ПрЇ'],
]

function inPlatform(label: string): boolean {
  try {
    return new TextDecoder(label) !== null
  } catch {
    return false
  }
}

describe('octets of each charset', () => {
  test.each(SAMPLES)('%s', (label, octets, text) => {
    expect(decodeCharset(hex(octets), label, iconvCharsets)).toEqual({ text })
  })

  test.each(WITH_ICONV)('%s, by iconv-lite', (label, octets, text) => {
    expect(decodeCharset(hex(octets), label, iconvCharsets)).toEqual({ text })
    // Node's TextDecoder has more of them from version to version.
    expect(decodeCharset(hex(octets), label).defect).toBe(inPlatform(label) ? undefined : 'unknown-charset')
  })

  test.each([...SAMPLES, ...WITH_ICONV])('%s, octet by octet', (label, octets, text) => {
    const bytes = hex(octets)
    const pieces = [...bytes].map((octet) => Uint8Array.of(octet))
    const decoder = createCharsetDecoder(label, iconvCharsets)
    expect(feedText(decoder, pieces)).toBe(text)
    expect(decoder.defect).toBeUndefined()
  })
})

describe('labels as they are met', () => {
  test.each([
    ['UTF8', 'utf-8'],
    ['"utf-8"', 'utf-8'],
    ["'UTF-8'", 'utf-8'],
    [' utf-8 ', 'utf-8'],
    ['utf-8*en', 'utf-8'],
    ['unicode-1-1-utf-7', 'utf-7'],
    ['x-unicode-2-0-utf-7', 'utf-7'],
    ['ISO_8859-1:1987', 'windows-1252'],
    ['ISO8859-1', 'windows-1252'],
    ['latin1', 'windows-1252'],
    ['cp-1252', 'windows-1252'],
    ['windows-1252http-equivcontent-type', 'windows-1252http-equivcontent-type'],
    ['iso-8859-9', 'windows-1254'],
    ['ansi_x3.4-1968', 'us-ascii'],
    ['ansi_x3.110-1983', 'ansi_x3.110-1983'],
    ['x-sjis', 'shift_jis'],
    ['csShiftJIS', 'shift_jis'],
    ['MS_Kanji', 'shift_jis'],
    ['windows-31j', 'shift_jis'],
    ['cp932', 'shift_jis'],
    ['x-euc-jp', 'euc-jp'],
    ['ks_c_5601-1987', 'euc-kr'],
    ['cp949', 'euc-kr'],
    ['gb2312', 'gbk'],
    ['x-gbk', 'gbk'],
    ['euc-cn', 'gbk'],
    ['cp936', 'gbk'],
    ['cn-big5', 'big5'],
    ['x-windows-949', 'euc-kr'],
    ['cskoi8r', 'koi8-r'],
    ['cp65001', 'utf-8'],
    ['IBM437', 'cp437'],
    ['DOS-862', 'cp862'],
    ['tis-620', 'windows-874'],
    ['x-mac-roman', 'macintosh'],
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
  ])('%s is %s', (label, name) => {
    expect(canonicalCharset(label)).toBe(name)
  })

  test('a label may be of any length', () => {
    expect(canonicalCharset('x'.repeat(1_000_000)).length).toBeLessThanOrEqual(40)
  })
})

describe('labels that lie', () => {
  test.each([
    ['us-ascii with UTF-8', 'us-ascii', 'c3a9', '\u00e9', 'wrong-charset'],
    ['us-ascii with windows-1252', 'us-ascii', '93e9', '\u201c\u00e9', 'wrong-charset'],
    ['no label, UTF-8', undefined, 'c3a9', '\u00e9', 'wrong-charset'],
    ['no label, ASCII', '', '6162', 'ab', undefined],
    ['utf-8 with windows-1252', 'utf-8', '63 6166 e9', 'caf\u00e9', 'wrong-charset'],
    ['utf-8 with damage', 'utf-8', 'c3a9 ff 61', '\u00e9\ufffda', 'wrong-charset'],
    ['utf-8 cut at the end', 'utf-8', 'c3a9 c3', '\u00e9\ufffd', 'wrong-charset'],
    ['overlong', 'utf-8', 'c080', '\u00c0\u20ac', 'wrong-charset'],
    ['nobody knows it, UTF-8', 'x-unheard-of', 'c3a9', '\u00e9', 'unknown-charset'],
    ['nobody knows it, 8-bit', 'unknown-8bit', 'e9', '\u00e9', 'unknown-charset'],
    ['nobody knows it, ASCII', 'x-unheard-of', '6162', 'ab', 'unknown-charset'],
    ['a transfer encoding is no charset', 'base64', '6162', 'ab', 'unknown-charset'],
    ['hex is no charset', 'hex', '6162', 'ab', 'unknown-charset'],
    ['malformed euc-jp', 'euc-jp', 'a4 a2 a4', '\u3042\ufffd', 'wrong-charset'],
    ['half a character in iso-2022-jp', 'iso-2022-jp', '1b2442 467c 46 1b2842 61', '日\ufffda', 'wrong-charset'],
    ['8-bit octets in iso-2022-jp', 'iso-2022-jp', '61 ff', 'a\ufffd', 'wrong-charset'],
  ] as const)('%s', (_name, label, octets, text, defect) => {
    const expected = defect === undefined ? { text } : { text, defect }
    expect(decodeCharset(hex(octets), label, iconvCharsets)).toEqual(expected)
  })
})

describe('byte order marks', () => {
  test('are not text at the start, and are text elsewhere', () => {
    expect(decodeCharset(hex('efbbbf 61 efbbbf'), 'utf-8')).toEqual({ text: 'a\ufeff' })
    for (const at of [0, 1, 2, 3, 4, 5]) {
      expect(feedText(createCharsetDecoder('utf-8'), cut(hex('efbbbf 61 efbbbf'), [at]))).toBe('a\ufeff')
      expect(feedText(createCharsetDecoder('utf-8'), cut(hex('61 efbbbf 62'), [at]))).toBe('a\ufeffb')
    }
  })
})

describe('properties', () => {
  const labels = fc.constantFrom(
    'utf-8',
    'us-ascii',
    'x-unknown',
    'iso-8859-1',
    'windows-1251',
    'shift_jis',
    'euc-jp',
    'gb2312',
    'gb18030',
    'big5',
    'euc-kr',
    'iso-2022-jp',
    'iso-2022-kr',
    'iso-2022-cn',
    'hz-gb-2312',
    'utf-7',
    'utf-16',
    'utf-16be',
    'utf-32',
    'cp437',
  )
  const octets = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    octetsOf('a\x1b$()BACN\x0e\x0f\n!~{}+-A\xe9\xc3\xa9\xa4\xa2', 40),
    fc.string({ unit: 'binary', maxLength: 20 }).map((text) => fromUtf8(text)),
  )

  test('text in pieces is the same text with the same verdict', () => {
    fc.assert(
      fc.property(labels, octets, places, (label, bytes, at) => {
        const whole = decodeCharset(bytes, label, iconvCharsets)
        const decoder = createCharsetDecoder(label, iconvCharsets)
        expect(feedText(decoder, cut(bytes, at))).toBe(whole.text)
        expect(decoder.defect).toBe(whole.defect)
      }),
      { numRuns: 3000 },
    )
  })

  test('valid UTF-8 comes back whatever ASCII-compatible label it had not', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(decodeCharset(fromUtf8(text), 'utf-8').text).toBe(text)
        expect(decodeCharset(fromUtf8(text), undefined).text).toBe(text)
      }),
    )
  })
})
