/** The Authentication-Results field (RFC 8601): whose it is, and that nothing a sender says gets out of its place. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readAuthservId, writeAuthenticationResults } from '../src/index.js'
import { readResults } from '../src/syntax/read-results.js'

describe('whose field it is', () => {
  test.each([
    [' mx.example.org; spf=pass', 'mx.example.org'],
    ['MX.Example.ORG;none', 'mx.example.org'],
    [' mx.example.org 1; none', 'mx.example.org'],
    [' (a (nested \\) comment) ) mx.example.org; none', 'mx.example.org'],
    ['\r\n\tmx.example.org;\r\n\tspf=pass', 'mx.example.org'],
    [' "mx.example.org"; none', 'mx.example.org'],
    [' "mx\\.example.org"; none', 'mx.example.org'],
    [' mx.example.org(comment); none', 'mx.example.org'],
    [' ; spf=pass', null],
    [' (only a comment', null],
    ['', null],
  ])('%j', (value, id) => {
    expect(readAuthservId(value)).toBe(id)
  })
})

describe('writing', () => {
  test('one line for each result', () => {
    const results = [
      { method: 'spf', result: 'pass', properties: [['smtp.mailfrom', 'a@example.org']] },
      { method: 'dkim', result: 'fail', comment: 'bad signature', properties: [['header.d', 'example.org']] },
      { method: 'dmarc', result: 'none', properties: [['header.from', '']] },
    ] as const
    expect(writeAuthenticationResults('mx.test', results)).toBe(
      'mx.test;\r\n\tspf=pass smtp.mailfrom=a@example.org;\r\n\tdkim=fail (bad signature) header.d=example.org;\r\n\tdmarc=none',
    )
    expect(writeAuthenticationResults('mx.test', [])).toBe('mx.test; none')
  })

  test.each([
    ['"><script>', '"\\"><script>"'],
    ['a b', '"a b"'],
    ['a; dmarc=pass', '"a; dmarc=pass"'],
    ['a\r\nEvil: 1', '"aEvil: 1"'],
    ['back\\slash', '"back\\\\slash"'],
    ['café.example', 'café.example'],
  ])('the value %j', (value, written) => {
    const results = [{ method: 'dkim', result: 'pass', properties: [['header.d', value]] }] as const
    expect(writeAuthenticationResults('mx.test', results)).toBe(`mx.test;\r\n\tdkim=pass header.d=${written}`)
  })

  test('no line is longer than it may be (RFC 5322 §2.1.1)', () => {
    const long = '\uffe6'.repeat(2000)
    const properties = [['header.d', long] as const, ['header.s', `${long}"`] as const]
    const value = writeAuthenticationResults('mx.test', [{ method: 'dkim', result: 'fail', comment: long, properties }])
    for (const line of value.split('\r\n')) expect(new TextEncoder().encode(line).length).toBeLessThan(999)
    expect(value).toMatch(/^mx\.test;\r\n\tdkim=fail\r\n\t \(/)
  })

  test('whatever a sender says, there is one field, and as many results as were given', () => {
    const text = fc.string({ unit: 'binary' })
    fc.assert(
      fc.property(text, text, text, (domain, selector, comment) => {
        const results = [
          {
            method: 'dkim',
            result: 'pass',
            comment,
            properties: [
              ['header.d', domain],
              ['header.s', selector],
            ],
          },
          { method: 'dmarc', result: 'fail' },
        ] as const
        const [id, first, second, ...more] = writeAuthenticationResults('mx.test', results).split('\r\n')
        expect([id, second, more]).toEqual(['mx.test;', '\tdmarc=fail', []])
        for (const character of first.slice(1)) expect(character.charCodeAt(0)).toBeGreaterThanOrEqual(32)
        // Outside of quotes and comments there is one result.
        expect(bare(first)).toMatch(/^\tdkim=pass[^;]*;$/)
      }),
    )
  })
})

describe('reading what others wrote', () => {
  test.each([
    ['mx.test; none', []],
    [
      ' i=1; mx.test; dmarc=pass',
      [
        ['i', '1'],
        ['dmarc', 'pass'],
      ],
    ],
    [
      'mx.test;\r\n\tSPF/1 = Pass (a; b (c)) smtp.MailFrom="a b"@example.org',
      [['spf', 'pass', 'smtp.mailfrom=a b@example.org']],
    ],
    [
      'mx.test; dkim=pass header.b="a+/=" header.b=c= reason="x; y=z"',
      [['dkim', 'pass', 'header.b=a+/=', 'header.b=c=', 'reason=x; y=z']],
    ],
    ['mx.test; dkim=fail "; dmarc=pass" why "; spf=pass" ) = ; ;', [['dkim', 'fail', ')=']]],
  ])('%j', (value, expected) => {
    const read = readResults(value).map(({ method, result, properties = [] }) => [
      ...[method, result],
      ...properties.map((pair) => pair.join('=')),
    ])
    expect(read).toEqual(expected)
  })

  test('what was written is read again, and anything is read to its end', () => {
    const text = fc.string({ unit: 'grapheme-ascii', minLength: 1 })
    fc.assert(
      fc.property(text, text, text, (domain, selector, comment) => {
        const properties = [['header.d', domain] as const, ['header.s', selector] as const]
        const written = writeAuthenticationResults('mx.test', [{ method: 'dkim', result: 'pass', comment, properties }])
        expect(readResults(written)).toEqual([{ method: 'dkim', result: 'pass', properties }])
        readResults(domain + selector + comment)
      }),
    )
  })
})

/** What stands outside of quoted strings and comments. */
function bare(line: string): string {
  let out = ''
  let quoted = false
  let comment = false
  for (let i = 0; i < line.length; i++) {
    const character = line[i]
    if ((quoted || comment) && character === '\\') i++
    else if (!comment && character === '"') quoted = !quoted
    else if (!quoted && (character === '(' || character === ')')) comment = character === '('
    else if (!quoted && !comment) out += character
  }
  expect([quoted, comment]).toEqual([false, false])
  return out
}
