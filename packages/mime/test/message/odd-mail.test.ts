import { describe, expect, it } from 'vitest'
import { flatAddresses, openSummary, parseMessage, summarize } from '../../src/index.js'
import { latin1Bytes } from '../support/messages.js'

const read = (text: string) => parseMessage(latin1Bytes(text))

describe('identifiers as found', () => {
  it('a Message-ID that is none is given whole', () => {
    expect(read('Message-ID: 12345\r\n\r\n').messageId).toBe('12345')
    expect(read('Message-ID:\r\n\r\n').messageId).toBeNull()
  })

  it('octets above 127 in them are text', () => {
    const message = read('Message-ID: <\xc3\xbc@b>\r\nReferences: <\xc3\xbc@b>\r\nContent-ID: <\xc3\xbc>\r\n\r\n')
    expect([message.messageId, message.references, message.root.contentId]).toEqual(['ü@b', ['ü@b'], 'ü'])
    expect(message.byContentId('cid:ü')).toBe(message.root)
  })

  it.each([
    ['a@b', 'cid:a@b', true],
    ['a@b', 'CID:a%40b', true],
    ['a%b@c', 'cid:a%25b@c', true],
    ['a%40b', 'cid:a%40b', true],
    ['a%zz', 'cid:a%zz', true],
    ['\xc3\xbc', 'Cid:%C3%BC', true],
    ['a@b', 'a%40b', false],
    ['a@b', 'cid:<a@b>', false],
  ])('the Content-ID %j by %j: %j', (id, asked, found) => {
    const message = read(`Content-ID: <${id}>\r\n\r\n`)
    expect(message.byContentId(asked)).toBe(found ? message.root : null)
  })

  it('a cid: URL is decoded before it is taken as it stands', () => {
    const part = (id: string) => `--b\r\nContent-ID: <${id}>\r\n\r\n`
    const message = read(`Content-Type: multipart/related; boundary=b\r\n\r\n${part('a%40b')}${part('a@b')}--b--`)
    expect(message.byContentId('cid:a%40b')).toBe(message.root.children[1])
  })
})

describe('charsets in headers that do not fit', () => {
  const codes = (field: string) => read(`${field}\r\n\r\n`).defects.map((one) => one.code)

  it.each([
    ['Subject: =?x-none?Q?a?=', ['unknown-charset']],
    ['Subject: =?cp437?Q?a?=', []],
    ['Subject: =?utf-8?Q?=FC?=', ['wrong-charset']],
    ['Content-Type: x/y; name="=?x-none?Q?a?="', ['unknown-charset']],
    ["Content-Type: x/y; name*=x-none''a", ['unknown-charset']],
    ["Content-Disposition: attachment; filename*0*=utf-8''%FC; filename*1=a", ['wrong-charset']],
    ["Content-Disposition: attachment; filename*=cp437''%81", []],
  ])('%s', (field, expected) => {
    expect(codes(field)).toEqual(expected)
  })
})

describe('several fields of one name', () => {
  it.each([
    ['an open quote', '"Ann <a@x>', '"Bob" <b@x>', ['a@x', 'b@x']],
    ['an open comment', 'a@x (Ann', 'b@x (Bob)', ['a@x', 'b@x']],
    ['an open group', 'g: a@x', 'b@x; c@x', ['a@x', 'b@x', 'c@x']],
    ['an open bracket', 'Ann <a@x', 'b@x>', ['a@x', 'b@x']],
  ])('%s does not reach into the next', (_, first, second, expected) => {
    const text = `To: ${first}\r\nTo: ${second}\r\n\r\n`
    expect(flatAddresses(read(text).to).map((one) => one.address)).toEqual(expected)
    const { summary } = summarize(latin1Bytes(text))
    const addresses = openSummary(summary)!.addresses('to')
    expect(addresses.map(({ mailbox, host }) => `${mailbox}@${host}`)).toEqual(expected)
  })

  it('share one limit', () => {
    const text = 'To: a@x, b@x\r\nTo: c@x, d@x\r\nTo: e@x\r\n\r\n'
    const message = parseMessage(latin1Bytes(text), { limits: { addresses: 3 } })
    expect(flatAddresses(message.to).map((one) => one.local)).toEqual(['a', 'b', 'c'])
  })

  it.each(['Content-Disposition: inline', 'Content-ID: <a>'])('%s twice is a defect', (field) => {
    expect(read(`${field}\r\n${field}\r\n\r\n`).defects.map((one) => one.code)).toEqual(['duplicate-field'])
  })
})

it.each([
  ['From me at noon', ['mbox-from-line']],
  ['>From me at noon', ['mbox-from-line']],
  ['From : a@b', []],
  ['From\t: a@b', []],
])('%j on top', (line, expected) => {
  expect(read(`${line}\r\nA: 1\r\n\r\n`).defects.map((one) => one.code)).toEqual(expected)
})

describe('file names', () => {
  it.each([
    ['filename=""', 'name=a.txt', 'a.txt'],
    ['filename=', 'name=""', null],
    ['x=y', 'name=a.txt', 'a.txt'],
  ])('%s and %s', (disposition, type, expected) => {
    const { root } = read(`Content-Disposition: attachment; ${disposition}\r\nContent-Type: x/y; ${type}\r\n\r\n`)
    expect(root.filename).toBe(expected)
  })
})

describe('what is text and what is attached', () => {
  const image = 'Content-Type: image/png\r\nContent-ID: <i>\r\n\r\nx'
  const html = 'Content-Type: text/html\r\nContent-ID: <h>\r\n\r\n<p>'
  const related = (parameter: string) =>
    read(
      `Content-Type: multipart/related; boundary=b${parameter}\r\n\r\n--b\r\n${image}\r\n--b\r\n${html}\r\n--b--\r\n`,
    )

  it.each(['; start="<h>"', '; start=h'])(
    'the part that start names is the root of a multipart/related (%s)',
    (start) => {
      expect(related(start).html).toBe('<p>')
      expect(related(start).attachments.map((part) => part.contentType)).toEqual(['image/png'])
    },
  )

  it.each(['', '; start="<none>"'])('else the first is (%s)', (start) => {
    expect(related(start).html).toBeNull()
  })

  it('no part is lost: what RFC 8621 §4.1.4 shows in neither form is attached', () => {
    const leaf = (type: string, text: string) => `--c\r\nContent-Type: ${type}\r\n\r\n${text}\r\n`
    const mixed = `${leaf('text/plain', 'p')}${leaf('text/html', 'h')}${leaf('text/plain', 'footer')}--c--\r\n`
    const branch = `--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n${mixed}--b--\r\n`
    const message = read(`Content-Type: multipart/alternative; boundary=b\r\n\r\n${branch}`)
    expect([message.text, message.html, message.attachments.map((part) => part.text())]).toEqual([
      'p',
      null,
      ['h', 'footer'],
    ])
  })

  it('a message/news opens as a message', () => {
    const message = read('Content-Type: message/news\r\n\r\nSubject: inner\r\n\r\nx')
    expect(message.root.message?.subject).toBe('inner')
  })
})

it('a backslash in a boundary quotes', () => {
  const message = read('Content-Type: multipart/mixed; boundary="a\\b"\r\n\r\n--ab\r\n\r\nx\r\n--ab--')
  expect(message.text).toBe('x')
})
