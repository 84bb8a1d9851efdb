import { describe, expect, it } from 'vitest'
import { parseMessage } from '../../src/index.js'
import { openSummary, summarize } from '../../src/summary/index.js'
import { latin1Bytes } from '../support/messages.js'

/** Privet in the octets of three charsets. */
const KOI8 = '\xf0\xd2\xc9\xd7\xc5\xd4'
const WINDOWS_1251 = '\xcf\xf0\xe8\xe2\xe5\xf2'
const PRIVET = 'Привет'

function read(text: string) {
  return parseMessage(latin1Bytes(text))
}

describe('raw octets above 127 in headers', () => {
  const header = `Subject: ${KOI8} =?utf-8?Q?=C3=BC?=\r\nFrom: ${KOI8} <a@b.test>\r\n`

  it('are in the charset of the text, and a defect says so', () => {
    const message = read(`${header}Content-Type: text/plain; charset=koi8-r\r\n\r\nx`)
    expect(message.subject).toBe(`${PRIVET} ü`)
    expect(message.from[0]?.name).toBe(PRIVET)
    expect(message.defects.map((defect) => defect.code)).toContain('raw-8bit-header')
  })

  it('of a multipart: in that of its first text that names one', () => {
    const parts = '--b\r\n\r\nx\r\n--b\r\nContent-Type: text/html; charset=KOI8-R\r\n\r\nx\r\n--b--\r\n'
    const message = read(`${header}Content-Type: multipart/mixed; boundary=b\r\n\r\n${parts}`)
    expect(message.subject).toBe(`${PRIVET} ü`)
    const summary = openSummary(summarize(message.source).summary)!
    expect(summary.subject).toBe(`${PRIVET} ü`)
    expect(summary.addresses('from')).toEqual([{ name: PRIVET, mailbox: 'a', host: 'b.test' }])
    expect(summary.sortKey('displayfrom')).toBe(PRIVET.normalize('NFKD').toUpperCase())
  })

  it('are UTF-8 where they can be, whatever the text is in', () => {
    expect(read('Subject: \xc3\xbc\r\nContent-Type: text/plain; charset=koi8-r\r\n\r\nx').subject).toBe('ü')
  })

  it.each(['utf-8', 'us-ascii', 'x-nobody-knows', ''])('are windows-1252 when the text is %s', (charset) => {
    expect(read(`Subject: \xfc\r\nContent-Type: text/plain; charset=${charset}\r\n\r\nx`).subject).toBe('ü')
  })

  it('and file names, in the charset of the text', () => {
    const attachment = `Content-Disposition: attachment; filename="${WINDOWS_1251}.txt"\r\n\r\nx`
    const text = 'Content-Type: text/plain; charset=windows-1251\r\n\r\nx'
    const message = read(`Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n${text}\r\n--b\r\n${attachment}`)
    expect(message.attachments[0]?.filename).toBe(`${PRIVET}.txt`)
  })

  it('escape sequences of ISO-2022-JP are read where the text is in it', () => {
    const subject = 'Subject: \x1b$B$3$s$K$A$O\x1b(B\r\n'
    expect(read(`${subject}Content-Type: text/plain; charset=iso-2022-jp\r\n\r\nx`).subject).toBe('こんにちは')
    expect(read(`${subject}\r\nx`).subject).toBe('\x1b$B$3$s$K$A$O\x1b(B')
  })
})

describe('HTML that names its charset', () => {
  const meta = '<html><head><META Content="text/html; charset=windows-1251" http-equiv=Content-Type></head>'

  it.each([
    ['no label', 'text/html'],
    ['a label nobody knows', 'text/html; charset=x-none'],
    ['us-ascii, which it is not', 'text/html; charset=us-ascii'],
    ['UTF-8, which it is not', 'text/html; charset=utf-8'],
  ])('is read in it with %s', (_, type) => {
    const message = read(`Content-Type: ${type}\r\n\r\n${meta}${WINDOWS_1251}`)
    expect(message.html).toBe(`${meta}${PRIVET}`)
    expect(message.defects.length).toBe(1)
  })

  it('is not where the label of the part can be true', () => {
    expect(read(`Content-Type: text/html; charset=koi8-r\r\n\r\n${meta}${KOI8}`).html).toBe(`${meta}${PRIVET}`)
  })

  it('is UTF-8 without a label when it can be', () => {
    expect(read(`Content-Type: text/html\r\n\r\n${meta}\xc3\xbc`).html).toBe(`${meta}ü`)
  })

  it.each([
    ['the short form', '<meta charset="windows-1251">'],
    ['no quotes', '<meta charset = windows-1251/>'],
    ['behind one without', "<meta name=viewport content=x><meta charset='windows-1251'>"],
  ])('in %s', (_, element) => {
    expect(read(`Content-Type: text/html\r\n\r\n${element}${WINDOWS_1251}`).html).toBe(`${element}${PRIVET}`)
  })

  it.each([
    '<meta charset=utf-7>',
    '<meta charset=utf-16>',
    '<meta charset=x-none>',
    '<meta charset',
    '<p charset=koi8-r>',
  ])('is guessed with %s', (element) => {
    expect(read(`Content-Type: text/html\r\n\r\n${element}\xfc`).html).toBe(`${element}ü`)
  })

  it('has a preview in the same charset', () => {
    const { summary } = summarize(latin1Bytes(`Content-Type: text/html\r\n\r\n${meta}<p>${WINDOWS_1251}`))
    expect(openSummary(summary)!.preview).toBe(PRIVET)
  })
})

describe('case and blanks are those of ASCII', () => {
  it('0xA0 is no blank: it may be half of a character', () => {
    // U+00E0 is C3 A0 in UTF-8.
    const message = read(
      'Content-Disposition: attachment; filename=citt\xc3\xa0\r\nContent-Type: x/y; boundary="b\xa0"\r\n\r\n',
    )
    expect(message.root.filename).toBe('città')
    const inner = '--b\xa0\r\n\r\nx\r\n--b\xa0--'
    expect(read(`Content-Type: multipart/mixed; boundary=b\xa0\r\n\r\n${inner}`).root.children).toHaveLength(1)
  })

  it('octets of a parameter name keep their values', () => {
    const part = read('Content-Type: TEXT/X; N\xc4ME=1\r\n\r\n').root
    expect(part.contentType).toBe('text/x')
    expect([...part.parameters.keys()]).toEqual(['n\xc4me'])
  })

  it('a Kelvin sign is no k, a dotted capital I no i', () => {
    const { headers } = read('X-K: 1\r\nX-I: 2\r\n\r\n')
    expect([headers.has('x-\u212a'), headers.has('x-\u0130'), headers.get('x-k')]).toEqual([false, false, '1'])
  })
})
