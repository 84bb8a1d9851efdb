import { describe, expect, it } from 'vitest'
import { iconvCharsets } from '../../src/body/iconv.js'
import { fromUtf8, latin1 } from '../../src/bytes.js'
import { parameterTexts } from '../../src/header/parameter-text.js'
import { parseStructured } from '../../src/header/parameters.js'

function read(value: string) {
  const parsed = parseStructured(value)
  return [parsed.value, Object.fromEntries(parameterTexts(parsed, iconvCharsets))]
}

describe('RFC 2045 and RFC 2231', () => {
  it.each<[string, string, Record<string, string>]>([
    ['text/plain; charset=us-ascii (Plain text)', 'text/plain', { charset: 'us-ascii' }],
    ['text/plain; charset="us-ascii"', 'text/plain', { charset: 'us-ascii' }],
    ['TEXT/Plain;CHARSET=UTF-8', 'text/plain', { charset: 'UTF-8' }],
    [
      'message/external-body; access-type=URL;\r\n URL*0="ftp://";\r\n URL*1="cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar"',
      'message/external-body',
      { 'access-type': 'URL', url: 'ftp://cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar' },
    ],
    [
      "application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A",
      'application/x-stuff',
      { title: 'This is ***fun***' },
    ],
    [
      "application/x-stuff\r\n ; title*0*=us-ascii'en'This%20is%20even%20more%20\r\n ; title*1*=%2A%2A%2Afun%2A%2A%2A%20\r\n ; title*2=\"isn't it!\"",
      'application/x-stuff',
      { title: "This is even more ***fun*** isn't it!" },
    ],
    ["x/y; f*1*=%BC.txt; f*0*=utf-8''%C3", 'x/y', { f: 'ü.txt' }],
    ['x/y; f="a;b=c"; g="quo\\"te\\\\"', 'x/y', { f: 'a;b=c', g: 'quo"te\\' }],
  ])('%s', (value, type, parameters) => {
    expect(read(value)).toEqual([type, parameters])
  })
})

describe('what mail has beside the RFCs', () => {
  it.each<[string, string, Record<string, string>]>([
    ['attachment; filename=two words.txt; size=1', 'attachment', { filename: 'two words.txt', size: '1' }],
    ['attachment; filename="=?utf-8?Q?=C3=BC.txt?="', 'attachment', { filename: 'ü.txt' }],
    ['attachment; filename==?utf-8?Q?=C3=BC.txt?=', 'attachment', { filename: 'ü.txt' }],
    ['attachment; filename="=?utf-8?Q?=C3?=\r\n =?utf-8?Q?=BC.txt?="', 'attachment', { filename: 'ü.txt' }],
    [`attachment; filename="${latin1(fromUtf8('ü.txt'))}"`, 'attachment', { filename: 'ü.txt' }],
    ['attachment; filename=\xfc.txt', 'attachment', { filename: 'ü.txt' }],
    ['attachment; filename="C:\\mail\\new.txt"', 'attachment', { filename: 'C:\\mail\\new.txt' }],
    ['attachment; filename="a\\b.txt"', 'attachment', { filename: 'ab.txt' }],
    ['attachment; filename=a.txt"', 'attachment', { filename: 'a.txt' }],
    ['attachment; filename*00=a; filename*01=b', 'attachment', { filename: 'ab' }],
    ['attachment; filename*1=a; filename*2=b', 'attachment', { filename: 'ab' }],
    ['attachment; filename*0=a; filename*2=b', 'attachment', { filename: 'ab' }],
    ['attachment; filename="unclosed.txt', 'attachment', { filename: 'unclosed.txt' }],
    ['attachment; filename="a.txt" junk; size=1', 'attachment', { filename: 'a.txt', size: '1' }],
    ['attachment; filename="a.txt" size=1', 'attachment', { filename: 'a.txt', size: '1' }],
    ['text/plain charset=utf-8', 'text/plain', { charset: 'utf-8' }],
    ['text/plain; charset=utf-8 format=flowed', 'text/plain', { charset: 'utf-8', format: 'flowed' }],
    ['text/plain;; charset = utf-8 ;', 'text/plain', { charset: 'utf-8' }],
    ['text/plain, charset=utf-8', 'text/plain', { charset: 'utf-8' }],
    ['text/plain; = ; ="x"; charset=utf-8', 'text/plain', { charset: 'utf-8' }],
    ['text/plain; (a) charset (b) = (c) utf-8 (d); x=y', 'text/plain', { charset: 'utf-8', x: 'y' }],
    ['text/plain; charset (a;b) = (c=d) utf-8 (e;f); x(;=)=y', 'text/plain', { charset: 'utf-8', x: 'y' }],
    [`x/y; ${latin1(fromUtf8('näme'))}=x`, 'x/y', { näme: 'x' }],
    ['x/y; n\xe4me=x', 'x/y', { näme: 'x' }],
    ['x/y; name=a,b=c.txt', 'x/y', { name: 'a,b=c.txt' }],
    ['text/plain; charset', 'text/plain', {}],
    ['text/plain; charset; x=y', 'text/plain', { x: 'y' }],
    ['charset=utf-8', '', { charset: 'utf-8' }],
    ["x/y; f=plain; f*=utf-8''%C3%BC", 'x/y', { f: 'ü' }],
    ['x/y; f*=%C3%BC', 'x/y', { f: 'ü' }],
    ["x/y; f*=x-none''%C3%BC", 'x/y', { f: 'ü' }],
    ["x/y; f*=utf-8''100%", 'x/y', { f: '100%' }],
    ['x/y; f=a; f=b', 'x/y', { f: 'a' }],
    ['x/y; __proto__=a; constructor=b', 'x/y', { ['__proto__']: 'a', constructor: 'b' }],
  ])('%s', (value, type, parameters) => {
    const [readType, readParameters] = read(value)
    expect(readType).toBe(type)
    expect(Object.entries(readParameters as object).sort()).toEqual(Object.entries(parameters).sort())
  })
})

describe('security row 12: parameter bombs', () => {
  it('parameters and continuations have one limit', () => {
    const bomb = Array.from({ length: 5000 }, (_, i) => `f*${i}=x`).join(';')
    const parsed = parseStructured(`x/y; ${bomb}`)
    expect(parsed.truncated).toBe(true)
    expect(parsed.parameters).toEqual([{ name: 'f', value: 'x'.repeat(128), extended: false }])
  })
})
