import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createUuDecoder, decodeUuencoded, findUuencoded } from '../../src/body/uuencode.js'
import { fromLatin1, latin1 } from '../../src/bytes.js'
import { cut, feed, octetsOf, places } from './cutting.js'

/** As POSIX describes it, for round trips. */
function uuencode(octets: Uint8Array, zero: string): string {
  const character = (bits: number) => (bits === 0 ? zero : String.fromCharCode(bits + 32))
  let text = ''
  for (let at = 0; at < octets.length; at += 45) {
    const line = octets.subarray(at, at + 45)
    text += character(line.length)
    for (let i = 0; i < line.length; i += 3) {
      const group = (line[i]! << 16) | ((line[i + 1] ?? 0) << 8) | (line[i + 2] ?? 0)
      for (const shift of [18, 12, 6, 0]) text += character((group >> shift) & 63)
    }
    text += '\r\n'
  }
  return `${text}${zero}\r\n`
}

const MESSAGE = [
  'See the file below.',
  'begin reading here, it is not a file',
  'begin 644 cat.txt',
  '#0V%T',
  '`',
  'end',
  'And another one:',
  'begin 0755 a long name.bin',
  '*0V%T0V%T0V%T0P``',
  '`',
  'end',
  'Bye.',
  '',
].join('\r\n')

describe('files in a text', () => {
  test('are found with their names and places', () => {
    const text = fromLatin1(MESSAGE)
    const files = findUuencoded(text)
    expect(files.map(({ name, mode }) => [name, mode])).toEqual([
      ['cat.txt', 0o644],
      ['a long name.bin', 0o755],
    ])
    expect(files.map((file) => latin1(decodeUuencoded(text.subarray(file.bodyStart, file.bodyEnd))))).toEqual([
      'Cat',
      'CatCatCatC',
    ])
    expect(latin1(text, files[0]!.start, files[0]!.start + 17)).toBe('begin 644 cat.txt')
    expect(latin1(text, files[0]!.end, files[1]!.start)).toBe('And another one:\r\n')
    expect(latin1(text, files[1]!.end)).toBe('Bye.\r\n')
  })

  test.each([
    [
      'prose',
      'begin 644 is how it starts\r\nand nobody would take this long line of prose for one of uuencode, would they?\r\n',
    ],
    ['no name', 'begin 644 \r\n#0V%T\r\nend\r\n'],
    ['no mode', 'begin cat.txt\r\n#0V%T\r\nend\r\n'],
    ['not at the start of a line', ' begin 644 cat.txt\r\n#0V%T\r\nend\r\n'],
    ['nothing follows', 'begin 644 cat.txt'],
  ])('%s is no file', (_name, text) => {
    expect(findUuencoded(fromLatin1(text))).toEqual([])
  })

  test('its lines may be filled with blanks', () => {
    const record = (line: string) => `${line.padEnd(80)}\r\n`
    const text = fromLatin1(`${['begin 644 a', '#0V%T', '#0V%T', ' '].map(record).join('')}end\r\n`)
    const [file] = findUuencoded(text)
    expect(file).toMatchObject({ end: text.length })
    expect(latin1(decodeUuencoded(text.subarray(file!.bodyStart, file!.bodyEnd)))).toBe('CatCat')
  })

  test('a file without its end goes to the end of the text', () => {
    const text = fromLatin1('begin 644 cat.txt\n#0V%T\n')
    const [file] = findUuencoded(text)
    expect(file).toMatchObject({ name: 'cat.txt', bodyEnd: text.length, end: text.length })
  })
})

describe('decoding', () => {
  test.each([
    ['whole part with its frame', 'begin 644 cat.txt\r\n#0V%T\r\n`\r\nend\r\n', 'Cat'],
    ['blanks lost at the end of a line', '#\r\n', '\0\0\0'],
    ['a blank for zero', '#    \r\n', '\0\0\0'],
    ['a check character behind the line', '#0V%TX\r\n', 'Cat'],
    ['blanks that fill a line to the length of others', `#0V%T${' '.repeat(75)}\r\n`, 'Cat'],
    ['more blanks than any line has', `#0V%T${' '.repeat(600)}\r\n`, ''],
    ['lines that do not fit are skipped', `#0V%T\r\n${'x'.repeat(90)}\r\n#0V%T`, 'CatCat'],
  ])('%s', (_name, encoded, plain) => {
    expect(latin1(decodeUuencoded(fromLatin1(encoded)))).toBe(plain)
  })

  test('lost blanks give no more than there is room for: 1 MiB, and four octets for each', () => {
    const zeros = fromLatin1('_\n'.repeat(100_000))
    expect(decodeUuencoded(zeros).length).toBe((1 << 20) + 400_000)
    expect(feed(createUuDecoder(), cut(zeros, [1, 70_000, 70_001])).length).toBe((1 << 20) + 400_000)
    const file = uuencode(new Uint8Array(1 << 20), ' ').replaceAll(/ +\r/g, '\r')
    expect(decodeUuencoded(fromLatin1(file)).length).toBe(1 << 20)
  })

  test('decode(encode(x)) is x', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom('`', ' '), (octets, zero) => {
        expect(decodeUuencoded(fromLatin1(uuencode(octets, zero)))).toEqual(octets)
      }),
    )
  })

  test('in pieces it gives the same octets', () => {
    // As long as what is kept of a line that is cut, and longer.
    const LONG = [700, 505, 506, 507, 508].flatMap((length) => [
      fromLatin1('x'.repeat(length)),
      fromLatin1(`#0V%T${' '.repeat(length - 1)}\r\r`),
      fromLatin1(`#0V%T${' '.repeat(length)}\r`),
    ])
    const lines = fc
      .array(fc.oneof(octetsOf('#0V%T` \r\nbegin 644x', 60), fc.constantFrom(...LONG)), {
        maxLength: 6,
      })
      .map((parts) => fromLatin1(parts.map((part) => latin1(part)).join('\n')))
    fc.assert(
      fc.property(lines, places, (encoded, at) => {
        expect(feed(createUuDecoder(), cut(encoded, at))).toEqual(decodeUuencoded(encoded))
      }),
      { numRuns: 1000 },
    )
  })
})
