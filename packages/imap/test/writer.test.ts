import { latin1 } from '@posthouse/wire'
import { expect, test } from 'vitest'
import { Cursor, decodeSegment, encodeSegment, matchesPattern, patternMatcher, ResponseWriter } from '../src/index.js'

const text = (write: (out: ResponseWriter) => unknown, utf8 = false): string => {
  const out = new ResponseWriter()
  out.utf8 = utf8
  write(out)
  return latin1(out.take())
}

test('protocol text refuses what could end a line', () => {
  for (const bad of ['a\r\nb', 'a\nb', 'a\0b', 'a\tb', 'ä']) {
    expect(() => new ResponseWriter().text(bad)).toThrow('a response must not hold the character')
  }
})

test('strings are quoted where they can be, and literals where not', () => {
  expect(text((out) => out.string('a "b" \\c'))).toBe('"a \\"b\\" \\\\c"')
  expect(text((out) => out.string('a\r\nb'))).toBe('{4}\r\na\r\nb')
  expect(text((out) => out.string('ä'))).toBe('{2}\r\n\xc3\xa4')
  expect(text((out) => out.string('ä'), true)).toBe('"\xc3\xa4"')
  expect(() => new ResponseWriter().string('a\0')).toThrow('NUL')
})

test('what a writer wrote, a cursor reads', () => {
  for (const value of ['', 'a', 'NIL', '"\\', 'a\r\nb', '{3}', 'grün', 'x'.repeat(3000)]) {
    for (const utf8 of [false, true]) {
      const out = new ResponseWriter()
      out.utf8 = utf8
      expect(new Cursor(out.string(value).take(), 0, { depth: 1, items: 1 }).text()).toBe(value)
    }
  }
})

test('a response that was begun can be taken back, as long as no part of it is gone', () => {
  const out = new ResponseWriter()
  out.line('* 1 EXISTS').text('* 1 FETCH (BODY[] ').literalHead(3)
  expect(out.discardLine()).toBe(true)
  expect(latin1(out.take())).toBe('* 1 EXISTS\r\n')
  out.text('* 1 FETCH (')
  out.take()
  expect(out.discardLine()).toBe(false)
})

test('RFC 3501 §5.1.3: modified UTF-7', () => {
  const table = [
    ['~peter', '~peter'],
    ['台北', '&U,BTFw-'],
    ['日本語', '&ZeVnLIqe-'],
    ['a & b', 'a &- b'],
    ['a/b', 'a&AC8-b'],
    ['😀', '&2D3eAA-'],
  ] as const
  for (const [name, wire] of table) {
    expect(encodeSegment(name)).toBe(wire)
    expect(decodeSegment(wire)).toBe(name)
  }
  // One name has one spelling: what could be said directly must be, and nothing may be left over.
  for (const bad of ['&AGE-', '&Jjo', '&', '&U,BTFw-&ZeVnLIqe-', '&ZeVnLIqf-x\xff'])
    expect(decodeSegment(bad)).toBe(null)
})

test('LIST patterns', () => {
  const table: readonly (readonly [string, string, boolean])[] = [
    ['INBOX', '*', true],
    ['a/b', '%', false],
    ['a/b', '%/%', true],
    ['a/b', 'a*', true],
    ['a/b/c', 'a/%', false],
    ['ab', 'a%b', true],
    ['', '%', true],
    ['abc', 'ab', false],
  ]
  for (const [name, pattern, fits] of table) expect(matchesPattern(name, pattern), `${name} ${pattern}`).toBe(fits)
  // All patterns of these characters, against a look at every way to read them.
  const fits = (name: string, pattern: string): boolean => {
    const [first] = pattern
    if (first === undefined) return name === ''
    if (first !== '*' && first !== '%') return name[0] === first && fits(name.slice(1), pattern.slice(1))
    if (fits(name, pattern.slice(1))) return true
    return name !== '' && (first === '*' || name[0] !== '/') && fits(name.slice(1), pattern)
  }
  const texts = (alphabet: string, length: number): string[] =>
    length === 0 ? [''] : ['', ...[...alphabet].flatMap((one) => texts(alphabet, length - 1).map((more) => one + more))]
  const names = [...new Set(texts('a/', 4))]
  const wrong: string[] = []
  for (const pattern of new Set(texts('a/*%', 4))) {
    // Also where the places in the pattern are more than one word.
    for (const before of ['', 'b'.repeat(29), 'b'.repeat(62)]) {
      const matches = patternMatcher(before + pattern)
      for (const name of names) if (matches(before + name) !== fits(name, pattern)) wrong.push(`${name} ${pattern}`)
    }
  }
  expect(wrong).toEqual([])
  // Where it takes more than linear time for each star, this has no end.
  expect(matchesPattern('a'.repeat(1000), `${'*a%'.repeat(300)}b`)).toBe(false)
})
