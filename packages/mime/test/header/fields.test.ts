import { describe, expect, it } from 'vitest'
import { fieldName, fieldValue, filterHeader, scanFields } from '../../src/header/fields.js'
import { normalMessageId, parseMessageIds } from '../../src/header/message-ids.js'
import { latin1Bytes, latin1Text } from '../support/messages.js'

function fields(text: string): [string, string][] {
  const table = scanFields(latin1Bytes(text))
  return Array.from({ length: table.count }, (_, index) => [fieldName(table, index), fieldValue(table, index)])
}

describe('header blocks', () => {
  it.each<[string, string, [string, string][]]>([
    [
      'CRLF',
      'A: 1\r\nB: 2\r\n\r\nC: 3\r\n',
      [
        ['A', '1'],
        ['B', '2'],
      ],
    ],
    [
      'LF',
      'A: 1\nB: 2\n\nC: 3\n',
      [
        ['A', '1'],
        ['B', '2'],
      ],
    ],
    ['folding', 'A: 1\r\n 2\r\n\t3\r\n\r\n', [['A', '1 2\t3']]],
    ['a folded line of blanks', 'A: 1\r\n \r\n 2\r\n\r\n', [['A', '1  2']]],
    ['blanks before the colon', 'A : 1\r\n\r\n', [['A', '1']]],
    ['no blank behind the colon', 'A:1\r\n\r\n', [['A', '1']]],
    [
      'an empty value',
      'A:\r\nB: 2\r\n\r\n',
      [
        ['A', ''],
        ['B', '2'],
      ],
    ],
    ['a value on the next line', 'A:\r\n 1\r\n\r\n', [['A', '1']]],
    [
      'a line that is no field',
      'A: 1\r\nnonsense\r\n more\r\nB: 2\r\n\r\n',
      [
        ['A', '1'],
        ['B', '2'],
      ],
    ],
    ['an mbox line on top', 'From me at noon\r\nA: 1\r\n\r\n', [['A', '1']]],
    ['a continuation on top', ' lost\r\nA: 1\r\n\r\n', [['A', '1']]],
    [
      'no empty line',
      'A: 1\r\nB: 2',
      [
        ['A', '1'],
        ['B', '2'],
      ],
    ],
    ['a bare CR', 'A: 1\r2\r\n\r\n', [['A', '1 2']]],
    [
      'lines that end with CR CR LF',
      'A: 1\r\r\nB: 2\r\r\n\r\r\nC: 3\r\n',
      [
        ['A', '1'],
        ['B', '2'],
      ],
    ],
    [
      'names of object members',
      '__proto__: 1\r\nconstructor: 2\r\n\r\n',
      [
        ['__proto__', '1'],
        ['constructor', '2'],
      ],
    ],
    ['nothing', '', []],
  ])('%s', (_, text, expected) => {
    expect(fields(text)).toEqual(expected)
  })
})

describe('HEADER.FIELDS and HEADER.FIELDS.NOT', () => {
  const header = latin1Bytes('Subject: a\r\n b\r\nFrom: x\r\nTO: y\r\nsubject : c\r\n\r\n')
  const filter = (names: string[], not: boolean) => latin1Text(filterHeader(header, names, not))

  it('keep the octets and the order of the message', () => {
    expect(filter(['to', 'SUBJECT'], false)).toBe('Subject: a\r\n b\r\nTO: y\r\nsubject : c\r\n\r\n')
    expect(filter(['to', 'SUBJECT'], true)).toBe('From: x\r\n\r\n')
    expect(filter(['none'], false)).toBe('\r\n')
    expect(filter(['none'], true)).toBe(latin1Text(header))
  })

  it('end a last line that has no line break', () => {
    expect(latin1Text(filterHeader(latin1Bytes('A: 1\r\nB: 2'), ['b'], false))).toBe('B: 2\r\n\r\n')
  })
})

describe('message identifiers', () => {
  it.each<[string, string[]]>([
    ['<a@b>', ['a@b']],
    ['<a@b>\r\n <c@d>', ['a@b', 'c@d']],
    ['<a@b><c@d>', ['a@b', 'c@d']],
    ['John wrote <a@b> (x) <c@d>', ['a@b', 'c@d']],
    ['<a@b\r\n c>', ['a@bc']],
    ['<a@b <c@d>', ['a@b', 'c@d']],
    ['<"a b"@c>', ['"a b"@c']],
    ['< a b@c >', ['a b@c']],
    ['<a\r\n @\r\n\tb>', ['a@b']],
    ['a@b c@d', ['a@b', 'c@d']],
    ['nothing here', []],
    ['<>', []],
  ])('%s', (value, ids) => {
    expect(parseMessageIds(value)).toEqual(ids)
  })

  it('compare without needless quotes (RFC 5256 §3)', () => {
    expect(normalMessageId('"01KF8JCEOCBS0045PS"@xxx.yyy.com')).toBe('01KF8JCEOCBS0045PS@xxx.yyy.com')
    expect(normalMessageId('a b@c')).toBe('ab@c')
  })
})
