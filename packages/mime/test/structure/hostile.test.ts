import { describe, expect, it } from 'vitest'
import { type Entity, indexMessage, isAmbiguous, MessageScanner, ranges } from '../../src/structure/index.js'
import { latin1Bytes } from '../support/messages.js'

/** `type(part, part)` with the bodies of leaves, so that a test reads as what a reader sees. */
function shape(text: string, entity: Entity = indexMessage(latin1Bytes(text)).root): string {
  const name = entity.subtype
  if (entity.children.length > 0) return `${name}(${entity.children.map((child) => shape(text, child)).join(' ')})`
  return `${name}[${text.slice(entity.bodyStart, entity.bodyEnd)}]`
}

const codes = (text: string) => indexMessage(latin1Bytes(text)).defects.map((one) => one.code)
const mixed = (body: string, type = 'multipart/mixed; boundary=b') => `Content-Type: ${type}\r\n\r\n${body}`

describe('well-formed messages', () => {
  it('RFC 2046 §5.1.1: preamble, typed and untyped parts, epilogue', () => {
    const text = `From: Nathaniel Borenstein <nsb@bellcore.com>\r
To: Ned Freed <ned@innosoft.com>\r
Date: Sun, 21 Mar 1993 23:56:48 -0800 (PST)\r
Subject: Sample message\r
MIME-Version: 1.0\r
Content-type: multipart/mixed; boundary="simple boundary"\r
\r
This is the preamble.  It is to be ignored.\r
\r
--simple boundary\r
\r
This is implicitly typed plain US-ASCII text.\r
It does NOT end with a linebreak.\r
--simple boundary\r
Content-type: text/plain; charset=us-ascii\r
\r
This is explicitly typed plain US-ASCII text.\r
It DOES end with a linebreak.\r
\r
--simple boundary--\r
\r
This is the epilogue.  It is also to be ignored.\r
`
    const { root, defects } = indexMessage(latin1Bytes(text))
    expect(defects).toEqual([])
    expect(root.children.map((part) => text.slice(part.bodyStart, part.bodyEnd))).toEqual([
      'This is implicitly typed plain US-ASCII text.\r\nIt does NOT end with a linebreak.',
      'This is explicitly typed plain US-ASCII text.\r\nIt DOES end with a linebreak.\r\n',
    ])
    expect(text.slice(root.bodyStart, root.preambleEnd)).toBe('This is the preamble.  It is to be ignored.\r\n')
    expect(text.slice(root.epilogueStart)).toBe('\r\nThis is the epilogue.  It is also to be ignored.\r\n')
    expect([...ranges(root)].map((range) => range.kind)).toEqual([
      'header',
      'preamble',
      'boundary',
      'header',
      'body',
      'boundary',
      'header',
      'body',
      'boundary',
      'epilogue',
    ])
  })

  it('RFC 2046 §5.1.5: parts of a digest are messages', () => {
    const text = mixed(
      '--b\r\n\r\nSubject: one\r\n\r\n1\r\n--b\r\n\r\nSubject: two\r\n\r\n2\r\n--b--\r\n',
      'multipart/digest; boundary=b',
    )
    expect(shape(text)).toBe('digest(rfc822(plain[1]) rfc822(plain[2]))')
  })

  it('LF and CRLF give the same tree', () => {
    const text = mixed(
      '--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\n1\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n2\r\n--b--\r\n',
    )
    expect(shape(text)).toBe('mixed(rfc822(plain[1\r\n]) html[2])')
    expect(shape(text.replaceAll('\r\n', '\n'))).toBe('mixed(rfc822(plain[1\n]) html[2])')
  })
})

describe('no empty line between a header block and the first boundary', () => {
  const body = '--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n'
  const head = 'Content-Type: multipart/mixed; boundary=b\r\n'

  it.each([
    ['nothing between', `Subject: x\r\n${head}${body}`],
    ['a blank line that is not empty', `${head}Subject: x\r\n \r\n${body}`],
    ['text', `${head}This is a message in MIME format.\r\n${body}`],
    ['another line with dashes', `${head}--c\r\n${body}`],
    ['inside another multipart', mixed(`--a\r\n${head}${body}--a--\r\n`, 'multipart/mixed; boundary=a')],
  ])('%s: the parts are found', (what, text) => {
    const inner = 'mixed(plain[one] plain[two])'
    expect(shape(text)).toBe(what === 'inside another multipart' ? `mixed(${inner})` : inner)
    expect(codes(text)).toEqual(['missing-empty-line'])
    expect(
      [...ranges(indexMessage(latin1Bytes(text)).root)].reduce((at, range) => {
        expect(range.start).toBe(at)
        return range.end
      }, 0),
    ).toBe(text.length)
  })

  it.each([
    ['of a boundary that is given later', `--b\r\n${head}\r\n${body}`.replace('--b', 'X: y\r\n--b')],
    ['of a type that has no parts', 'Content-Type: text/plain; boundary=b\r\n--b\r\n\r\nx'],
    ['of another boundary', `${head}--bb\r\n\r\n${body}`],
    ['that closes', `${head}--b--\r\n\r\n${body}`],
  ])('but not by a line %s', (_, text) => {
    expect(codes(text)).not.toContain('missing-empty-line')
  })
})

describe('security row 16: broken and ambiguous structure has one reading, and a defect that says so', () => {
  it.each<[string, string, string, string[]]>([
    [
      'no boundary parameter',
      mixed('--b\r\n\r\n1\r\n--b--', 'multipart/mixed'),
      'mixed[--b\r\n\r\n1\r\n--b--]',
      ['missing-boundary'],
    ],
    [
      'an empty boundary',
      mixed('--\r\n\r\n1\r\n----', 'multipart/mixed; boundary=""'),
      'mixed[--\r\n\r\n1\r\n----]',
      ['missing-boundary'],
    ],
    ['a boundary that never occurs', mixed('text\r\n'), 'mixed[text\r\n]', ['no-parts']],
    [
      'no final boundary',
      mixed('--b\r\n\r\n1\r\n--b\r\n\r\n2\r\n'),
      'mixed(plain[1] plain[2\r\n])',
      ['missing-close-delimiter'],
    ],
    [
      'no final boundary inside',
      mixed('--b\r\nContent-Type: multipart/x; boundary=c\r\n\r\n--c\r\n\r\n1\r\n--b\r\n\r\n2\r\n--b--'),
      'mixed(x(plain[1]) plain[2])',
      ['missing-close-delimiter'],
    ],
    [
      'equal boundaries inside each other',
      mixed(
        '--b\r\nContent-Type: multipart/x; boundary=b\r\n\r\n--b\r\n\r\n1\r\n--b--\r\n\r\n--b\r\n\r\n2\r\n--b--\r\n',
      ),
      'mixed(x(plain[1]) plain[2])',
      ['repeated-boundary'],
    ],
    [
      'parts behind the final boundary',
      mixed('--b\r\n\r\n1\r\n--b--\r\n--b\r\n\r\n2\r\n--b--\r\n'),
      'mixed(plain[1])',
      [],
    ],
    ['blanks behind a boundary', mixed('--b \t\r\n\r\n1\r\n--b--  \r\n'), 'mixed(plain[1])', []],
    [
      'blanks at the end of the parameter',
      mixed('--b\r\n\r\n1\r\n--b--', 'multipart/mixed; boundary="b "'),
      'mixed(plain[1])',
      ['boundary-with-blanks'],
    ],
    [
      'text behind a boundary',
      mixed('--b\r\n\r\n1\r\n--bc\r\n--b x\r\n--b--c\r\n--b--'),
      'mixed(plain[1\r\n--bc\r\n--b x\r\n--b--c])',
      [],
    ],
    ['a boundary inside a line', mixed('--b\r\n\r\n1 --b\r\n --b\r\n--b--'), 'mixed(plain[1 --b\r\n --b])', []],
    [
      'a prefix of another boundary',
      mixed('--b\r\nContent-Type: multipart/x; boundary=bb\r\n\r\n--bb\r\n\r\n1\r\n--bb--\r\n--b--'),
      'mixed(x(plain[1]))',
      [],
    ],
    [
      'a boundary that ends with dashes',
      mixed('--b--\r\n\r\n1\r\n--b----', 'multipart/mixed; boundary=b--'),
      'mixed(plain[1])',
      [],
    ],
    [
      'a boundary in a header block',
      mixed('--b\r\nSubject: x\r\n--b\r\n\r\n2\r\n--b--'),
      'mixed(plain[] plain[2])',
      ['header-cut-by-boundary'],
    ],
    [
      'a part without header and empty line',
      mixed('--b\r\njust text\r\nmore\r\n--b--'),
      'mixed(plain[just text\r\nmore])',
      ['missing-header'],
    ],
    ['an empty part', mixed('--b\r\n\r\n--b\r\n--b--'), 'mixed(plain[] plain[])', ['header-cut-by-boundary']],
    [
      'two Content-Types',
      'Content-Type: text/html\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n1\r\n--b--',
      'html[--b\r\n\r\n1\r\n--b--]',
      ['duplicate-content-type'],
    ],
    [
      'two boundaries',
      mixed('--b\r\n\r\n1\r\n--b--', 'multipart/mixed; boundary=b; boundary=c'),
      'mixed(plain[1])',
      ['duplicate-boundary'],
    ],
    [
      'a boundary in RFC 2231 pieces',
      mixed('--bc\r\n\r\n1\r\n--bc--', 'multipart/mixed; boundary*0=b; boundary*1=c'),
      'mixed(plain[1])',
      [],
    ],
    [
      'a percent-encoded boundary',
      mixed('--b\r\n\r\n1\r\n--b--', "multipart/mixed; boundary*=utf-8''%62"),
      'mixed(plain[1])',
      [],
    ],
    [
      'an encoded word as boundary is no boundary but itself',
      mixed('--=?utf-8?Q?b?=\r\n\r\n1\r\n--=?utf-8?Q?b?=--', 'multipart/mixed; boundary="=?utf-8?Q?b?="'),
      'mixed(plain[1])',
      [],
    ],
    [
      'a comment behind the boundary',
      mixed('--b\r\n\r\n1\r\n--b--', 'multipart/mixed; boundary=b (c)'),
      'mixed(plain[1])',
      [],
    ],
    [
      'a base64 multipart',
      `Content-Transfer-Encoding: base64\r\n${mixed('--b\r\n\r\n1\r\n--b--')}`,
      'mixed(plain[1])',
      ['encoded-multipart'],
    ],
    [
      'a base64 message',
      'Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nQTogYg==',
      'rfc822[QTogYg==]',
      ['encoded-message'],
    ],
    ['a type that is none', 'Content-Type: nonsense\r\n\r\n1', 'plain[1]', ['malformed-content-type']],
    [
      'body without header',
      'just text\r\nand more: of it\r\n\r\nend',
      'plain[just text\r\nand more: of it\r\n\r\nend]',
      ['missing-header'],
    ],
    ['header without body', 'Subject: x\r\nTo: y', 'plain[]', []],
    ['nothing', '', 'plain[]', []],
    ['only an empty line', '\r\nbody', 'plain[body]', []],
    ['an mbox line on top', 'From me at noon\r\nContent-Type: text/html\r\n\r\n1', 'html[1]', []],
    ['NUL octets', 'Content-Type: text/html\r\nX: \0\r\n\r\n\0', 'html[\0]', []],
    ['bare CR', 'X: a\rContent-Type: text/html\r\n\r\na\rb', 'plain[a\rb]', []],
    ['__proto__ as a type', 'Content-Type: __proto__/constructor\r\n\r\n1', 'constructor[1]', []],
  ])('%s', (_, text, expected, defects) => {
    expect(shape(text)).toBe(expected)
    expect(codes(text)).toEqual(defects)
  })

  it('each defect says where, and whether another reader may see another message', () => {
    const text = mixed('--b\r\n\r\n1\r\n--b--', 'multipart/mixed; boundary=b; boundary=c')
    const [defect] = indexMessage(latin1Bytes(`A: b\r\n${text}`)).defects
    expect(defect).toMatchObject({ code: 'duplicate-boundary', offset: 0 })
    expect(defect!.message).toContain('first counts')
    expect(isAmbiguous('duplicate-boundary')).toBe(true)
    expect(isAmbiguous('missing-close-delimiter')).toBe(false)
  })
})

describe('security row 10: depth and number of parts', () => {
  it('multiparts deeper than the limit are opaque', () => {
    const levels = 300
    let text = ''
    for (let i = 0; i < levels; i++) text += `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`
    const { root, defects } = indexMessage(latin1Bytes(`${text}\r\nend`))
    let depth = 0
    for (let entity: Entity | undefined = root; entity; entity = entity.children[0]) depth++
    expect(depth).toBe(100)
    expect(defects.map((one) => one.code)).toContain('too-deep')
  })

  it('messages in messages deeper than the limit are opaque', () => {
    const { root, defects } = indexMessage(latin1Bytes(`${'Content-Type: message/rfc822\r\n\r\n'.repeat(5000)}x`))
    let depth = 0
    for (let entity: Entity | undefined = root; entity; entity = entity.children[0]) depth++
    expect(depth).toBe(100)
    expect(defects.map((one) => one.code)).toEqual(['too-deep'])
  })

  it('the last part allowed takes the rest', () => {
    const text = mixed(`${'--b\r\n\r\nx\r\n'.repeat(20_000)}--b--`)
    const { root, defects } = indexMessage(latin1Bytes(text))
    expect(root.children).toHaveLength(9_999)
    expect(root.children.at(-1)!.bodyEnd).toBe(text.length)
    expect(defects.map((one) => one.code)).toEqual(['too-many-parts', 'missing-close-delimiter'])
    expect([...ranges(root)].at(-1)!.end).toBe(text.length)
  })
})

describe('security row 11: memory and time do not depend on what a header holds', () => {
  it('a header line of 10 MB', () => {
    const bytes = new Uint8Array(10_000_000).fill(0x61)
    bytes.set(latin1Bytes('Subject: '))
    bytes.set(latin1Bytes('\r\nContent-Type: text/html\r\n\r\nbody'), bytes.length - 33)
    const scanner = new MessageScanner()
    for (let at = 0; at < bytes.length; at += 1000) scanner.write(bytes.subarray(at, at + 1000))
    const { root, defects } = scanner.end()
    expect(root).toMatchObject({ bodyStart: bytes.length - 4, bodyEnd: bytes.length, subtype: 'plain' })
    expect(defects.map((one) => one.code)).toEqual(['header-too-large'])
    expect(indexMessage(bytes)).toEqual({ root, defects })
  })
})
