import type { TestMessage } from '@posthouse/testing'
import { type FixtureName, fixture } from '@posthouse/testing/fixtures'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { findCode } from '../src/content/codes.js'
import { loadHtmlParser } from '../src/content/html-parser.js'
import { findLinks } from '../src/content/links.js'
import { createTestMessage } from '../src/content/message.js'

beforeAll(loadHtmlParser)

const code = (text: string, options = {}, html = '', subject = '') => findCode({ html, text, subject }, options)

function messageOf(raw: string | Uint8Array): TestMessage {
  return createTestMessage({
    ...{ id: '1', sequence: 1, receivedAt: new Date(0), origin: null },
    raw: typeof raw === 'string' ? new TextEncoder().encode(raw.replaceAll('\n', '\r\n')) : raw,
    envelope: { from: '', to: ['ada@mail.test'], body: '7BIT', smtputf8: false, dsn: null },
  })
}

describe('codes in text', () => {
  test.each([
    ['Your code is 482913.', '482913'],
    ['Your code:\n\n482 913\n', '482913'],
    ['Use G-482913 to sign in', 'G-482913'],
    ['G-482913 is your Google verification code.', 'G-482913'],
    ['Enter AB3-9KQ on the page', 'AB3-9KQ'],
    ['Call +49 30 1234567 or use code 731902 until 2026-11-23', '731902'],
    ['Order 100234 of 2026: pay 149.00 EUR. Your PIN: 4821', '4821'],
    ['Ihr Bestätigungscode lautet 77 41 20, gültig 10 Minuten.\n\nIhr Code: 774120', '774120'],
    ['x\n\n@example.test #918273', '918273'],
    ['Verification code 55555 (valid for 10 minutes)', '55555'],
    ['Your PIN is 2048.\n© 2026 Example', '2048'],
    ['Your login code\n\n4 8 2 9 1 3\n\nExpires in 15 minutes', '482913'],
    ['Invoice 20260310 is attached. To open it use the passcode 6612.', '6612'],
    ['Your token\n\nx7k9p2\n', 'x7k9p2'],
    ['Hi,\n\n604211 is your Example code.\n\nIP 192.168.10.24, Chrome 126, 10:45 am', '604211'],
    ['Ticket #4455667 was opened. Confirm with code 9081 within 1440 minutes.', '9081'],
    ['Room 1204, ZIP 94107, phone (415) 555-0123. Access code 551177', '551177'],
    ['See https://example.test/login?code=998877&id=112233 or type 445566 as your code', '445566'],
    ['Card 4111 1111 1111 1111 was charged 12000 USD. One-time password: 303132', '303132'],
    ['Su código es 818283', '818283'],
    ['Il tuo codice è 482913. Ordine 991234', '482913'],
    ['Twój kod weryfikacyjny: 482913\nNumer zamówienia 123456', '482913'],
    ['Doğrulama kodunuz: 482913. Sipariş 883311', '482913'],
    ['رمز التحقق الخاص بك هو 482913. رقم الطلب 12345', '482913'],
    ['Order 7712345 confirmed\nYour verification code:482913', '482913'],
    ['OTP:482913', '482913'],
    ['认证:订单号 99887766,验证码 4829', '4829'],
    ['ご注文番号 20391847\n認証コード：４８２９１３', '482913'],
    ['ご注文番号：20391847\n確認コード：\n4829', '4829'],
    ['Ihre TAN für Auftrag 12345678 lautet 558201.', '558201'],
    ['Your account verification code for account 88112233 is 482913', '482913'],
    ['Your code 4829, issued 12-03-2025', '4829'],
    ['Your code is 482\u2013913', '482-913'],
    ['Your code is 48 29 13', '482913'],
    ['Your code is 482 913 557', '482913557'],
    ['recovery code: a1b2c3d4', 'a1b2c3d4'],
    ['Please confirm your account\n\n482913', '482913'],
    ['Your login code:\n\n4829\n\nQuestions?\n\n555-123-4567', '4829'],
    ['New sign-in from 2001:db8::1234:5678 at 10:4512. Your code: 771200', '771200'],
  ])('%j', (text, wanted) => {
    expect(code(text)).toBe(wanted)
  })

  test('what is none is left out, and the error says why', () => {
    expect(() => code('nothing here')).toThrow('nothing that looks like a code')
    expect(() => code('Order 100234, 12000 EUR, 2026, 1440 minutes, call +49 30 1234567')).toThrow(
      /100234 \(a reference\), 12000 \(a price\), 2026 \(a year\), 1440 \(a number of something\)/,
    )
  })

  test.each([
    'Ihre Kundennummer: 4711223',
    'Ihre Auftragsnummer lautet 4711223',
    'Your order number is 4711223',
    'Order number\n\n4711223',
    'Call 555-123-4567',
    'Tel. 030-901820',
    '0120-123-456',
    'Support pin line: 555-123-4567',
    'Open 0900-1700',
    'Issued 12-03-2025',
    'Summe: 1299,00 €',
    '合計 12800円',
    'Total 1299 kr',
    'Your new A4B5 arrived with HTML5',
    'Deployed commit 4F3A2B1C to production',
  ])('%j holds none', (text) => {
    expect(() => code(text)).toThrow('nothing that looks like a code')
  })

  test('groups without a label are a code where their length is known', () => {
    expect(() => code('4829 1357')).toThrow('nothing that looks like a code')
    expect(code('Use 4829 1357 to log in', { digits: 8 })).toBe('48291357')
  })

  test('two that are as likely are an error with a list; saying more decides', () => {
    const text = 'codes 111222 and 333444'
    expect(() => code(text)).toThrow('111222, 333444; say digits, near or pattern')
    expect(code('Access 12345, code 123456', { digits: 5 })).toBe('12345')
    expect(code('Ref ABC-123\nTAN 998877 code 112233', { pattern: /TAN (\d+)/ })).toBe('998877')
    expect(code('first 111222\nsecond key 333444', { near: /key/ })).toBe('333444')
    expect(code(text, { pattern: /\d{6}$/gy })).toBe('333444')
    expect(() => code(text, { pattern: /\d{9}/ })).toThrow('nothing matches')
    expect(() => code('1 22\n3 44', { pattern: /\d\d/ })).toThrow('matches 22, 44')
    expect(() => code('1111 and 2222', { pattern: /\d{4}/ })).toThrow('matches 1111, 2222')
    expect(() => code('Backup codes:\n1111-2222\n3333-4444')).toThrow('1111-2222, 3333-4444; say')
    expect(code('Number A 1111\nSecret 2222', { near: /secret/gi })).toBe('2222')
    expect(code('Freischaltnummer 4829\nKd 99887', { near: /Freischalt/ })).toBe('4829')
  })

  test('letters only, behind words that introduce them', () => {
    const footer = 'Slack, 500 Howard Street, San Francisco, CA 94105'
    expect(code(`There is one quick step.\n\nXYZ-QRS\n\n${footer}`, {}, '', 'Slack confirmation code: XYZ-QRS')).toBe(
      'XYZ-QRS',
    )
    expect(code('Your one-time code is KQXWTM')).toBe('KQXWTM')
    expect(code('Your verification code is:\n\nKQXWTM')).toBe('KQXWTM')
    expect(code('Promo code: SUMMER\nYour login code is 482913')).toBe('482913')
    expect(() => code(`SCAN THE QR CODE BELOW\n${footer}`)).toThrow('94105 (a postal code)')
  })

  test('small letters behind a verb, Arabic digits, the number of a request', () => {
    expect(code('Your code is ab12cd')).toBe('ab12cd')
    expect(code('رمز التحقق الخاص بك هو ٤٨٢٩١٣')).toBe('482913')
    expect(code('کد تایید شما ۴۸۲۹۱۳ است')).toBe('482913')
    expect(code('Enter 482913 to sign in. Request ID 998877.')).toBe('482913')
  })

  test('the subject counts, and a code that stands in several places is the likelier one', () => {
    expect(code('Welcome', {}, '', '482913 is your code')).toBe('482913')
    expect(code('code 111222, code 333444', {}, '', 'Code 333444')).toBe('333444')
  })
})

/** Half a minute each, or hours, when each candidate looks at all of its line. */
describe('long lines and many of them take their time once', () => {
  const MANY = 20_000
  test.each([
    ['labels', 'code: abc '.repeat(MANY)],
    ['addresses without an end', 'a@'.repeat(MANY)],
    ['codes in a line', Array.from({ length: MANY }, (_, i) => `code ${100_000 + i}`).join(' ')],
    ['codes, each in a line', '123456\n'.repeat(MANY)],
    ['groups', 'AA-'.repeat(MANY)],
    ['digits', '1'.repeat(4 * MANY)],
    ['brackets behind an address', `http://${'('.repeat(3 * MANY)}${')'.repeat(4 * MANY)}`],
    ['addresses that are opened', '<https://x '.repeat(4 * MANY)],
    ['small letters', 'code a1b2c3 '.repeat(MANY)],
    ['small letters, each in a line', 'code\nx7k9p2\n'.repeat(MANY)],
    ['digits of another script', '٤'.repeat(4 * MANY)],
    ['lines under nothing', '_'.repeat(4 * MANY)],
    ['schemes', 'x+y://'.repeat(MANY)],
    ['words that might be schemes', 'a.b-'.repeat(2 * MANY)],
  ])('%s', (_name, text) => {
    const began = performance.now()
    findLinks('', text)
    try {
      code(text)
    } catch {
      // None, or too many.
    }
    expect(performance.now() - began).toBeLessThan(15_000)
  })

  test('a code behind thousands of words, and one behind a word that is too long', () => {
    expect(code(`${'word '.repeat(5_000)}Your code is 482913 ${'word '.repeat(5_000)}`)).toBe('482913')
    expect(code(`${'x'.repeat(5_000)} Your code is 482913`)).toBe('482913')
  })
})

describe('codes in HTML', () => {
  test.each([
    [
      'large type, not what is hidden, coloured or linked',
      `<html><head><style>.a{color:#123456}</style></head><body>
        <div style="display:none">999999</div><span style="font-size:0px">888888</span><p>Order 100200</p>
        <p style="font-size:32px;letter-spacing:4px">774411</p><a href="https://example.test/?id=445566">open</a></body>`,
      '774411',
    ],
    [
      'a box for each digit',
      `<p>Enter this code</p><table><tr>${[...'482913'].map((digit) => `<td>${digit}</td>`).join('')}</tr></table>`,
      '482913',
    ],
    [
      'in a block of its own',
      '<p>Hello</p><div><b>90 21 33</b></div><p>Your code: <code>902-133</code></p>',
      '902-133',
    ],
    ['with zero-width padding', '<p>Your code is 48&shy;29&#8203;13</p>', '482913'],
    ['entities', '<p>Code:&nbsp;&#52;82913</p>', '482913'],
    ['directly behind a colon', '<p>Your verification code:<b>482913</b></p><p>Sent to device 99887766</p>', '482913'],
    ['below the label of something else', '<h2>Kundennummer 4711223</h2><p>Ihr Code lautet 482913.</p>', '482913'],
    [
      'a label beats a number in a cell of its own',
      '<table><tr><td>Order number</td><td>4711223</td></tr><tr><td>5512345</td></tr></table><p>Your code is 1234.</p>',
      '1234',
    ],
    [
      'spaced by a hair in all of the template',
      '<body style="letter-spacing:.2px"><p>Your code is 4829</p><p>Reg. 99887766 Ltd</p></body>',
      '4829',
    ],
  ])('%s', (_name, html, wanted) => {
    expect(code('', {}, html)).toBe(wanted)
  })
})

describe('links', () => {
  test('of HTML and of text, each once, decoded once', () => {
    const html = `<a href="https://example.test/a?x=1&amp;y=%2520">Confirm <b>address</b></a>
      <a href="mailto:help@example.test">help</a><area href="https://example.test/map" alt="map">
      <form action="https://example.test/form"></form><a href="not a url">bad</a>
      <button formaction="https://example.test/button">Go</button>`
    const text = [
      'See <https://example.test/wrap',
      'ped/path>, (https://example.test/b_(c)), https://example.test/a?x=1&y=%2520.',
      '"https://example.test/quoted", https://example.test/?next=https://other.test/; *https://example.test/bold*',
    ].join('\n')
    expect(findLinks(html, text).map(({ href, text, source }) => [href, text, source])).toEqual([
      ['https://example.test/a?x=1&y=%2520', 'Confirm address', 'html'],
      ['mailto:help@example.test', 'help', 'html'],
      ['https://example.test/map', 'map', 'html'],
      ['https://example.test/form', '', 'html'],
      ['https://example.test/button', '', 'html'],
      ['https://example.test/wrapped/path', 'https://example.test/wrapped/path', 'text'],
      ['https://example.test/b_(c)', 'https://example.test/b_(c)', 'text'],
      ['https://example.test/quoted', 'https://example.test/quoted', 'text'],
      ['https://example.test/?next=https://other.test/', 'https://example.test/?next=https://other.test/', 'text'],
      ['https://example.test/bold', 'https://example.test/bold', 'text'],
    ])
  })

  test.each([
    ['こちら:https://a.test/verify?t=1。よろしく', 'https://a.test/verify?t=1'],
    ['リンクhttps://a.test/verify?t=1をクリック', 'https://a.test/verify?t=1'],
    ['「https://a.test/verify?t=1」をクリック', 'https://a.test/verify?t=1'],
    ['確認（https://a.test/verify?t=1）してください', 'https://a.test/verify?t=1'],
    ['Klicken Sie auf „https://a.test/verify?t=1“ jetzt', 'https://a.test/verify?t=1'],
    ['{https://a.test/v}', 'https://a.test/v'],
    ['https://ja.example.test/wiki/日本 です', 'https://ja.example.test/wiki/日本'],
    ['链接：https://a.test/v！谢谢', 'https://a.test/v'],
    ['https://a.test/v？', 'https://a.test/v'],
    ['https://a.test/v، ثم', 'https://a.test/v'],
    ['https://a.test/v؟', 'https://a.test/v'],
    ['https://a.test/v।', 'https://a.test/v'],
    ['\u2067https://a.test/v\u2069 ثم', 'https://a.test/v'],
    ['https://a.test/v\u200f.', 'https://a.test/v'],
    ['https://a.test/v…', 'https://a.test/v'],
    ['‘https://a.test/v’', 'https://a.test/v'],
    ['‹https://a.test/v›', 'https://a.test/v'],
    ['`https://a.test/v`', 'https://a.test/v'],
    ['| https://a.test/v|', 'https://a.test/v'],
    ['_https://a.test/v_', 'https://a.test/v'],
    ['https://a.test/v_ is a token', 'https://a.test/v_'],
    ['[https://a.test/v](https://a.test/v)', 'https://a.test/v'],
    ['[Confirm](https://a.test/v).', 'https://a.test/v'],
    ['Sign in here.https://a.test/v', 'https://a.test/v'],
    ['go http://[::1]:3000/v.', 'http://[::1]:3000/v'],
    ['Open myapp://reset?t=1.', 'myapp://reset?t=1'],
    ['<com.example.app://reset>', 'com.example.app://reset'],
  ])('%j ends where its address ends', (text, href) => {
    expect(findLinks('', text).map((link) => link.href)).toEqual([href])
  })

  test('its text is what is shown', () => {
    const html = `<a href="https://a.test/1">Confirm<br>your account</a>
      <a href="https://a.test/2"><div>Re&shy;set</div><div>password</div></a>
      <a href="https://a.test/3" aria-label="Open app"><img src="x.png"></a>`
    expect(findLinks(html, '').map(({ text }) => text)).toEqual(['Confirm your account', 'Reset password', 'Open app'])
  })

  test('a picture, a button and the address in full are one link with several texts', () => {
    const html = `<base href="https://example.test/mail/"><a href="/yes"><img src="cid:1" alt="logo"></a>
      <a href="https://example.test/yes">Confirm</a><a href="https://example.test/yes"></a>`
    const [link, ...more] = findLinks(html, 'or open https://example.test/yes')
    expect(more).toEqual([])
    expect(link).toMatchObject({ text: 'logo', texts: ['logo', 'Confirm', 'https://example.test/yes'] })
  })

  test('two spellings of one address are one link', () => {
    const html = '<a href="https://A.test">Home</a><a href="https://bücher.test/x">Books</a>'
    expect(findLinks(html, 'https://a.test/ https://xn--bcher-kva.test/x').map(({ href }) => href)).toEqual([
      'https://A.test',
      'https://bücher.test/x',
    ])
  })

  test('addresses of apps in text count where they are asked for', () => {
    const message = messageOf('\nOpen myapp://reset?t=1 or https://a.test/reset')
    expect(message.link().href).toBe('https://a.test/reset')
    expect(message.link(/^myapp:/).href).toBe('myapp://reset?t=1')
  })

  test('one is asked for by its text or address; the error lists what there is', () => {
    const message = messageOf(`Content-Type: text/html

<a href="https://example.test/yes">Confirm address</a> <a href="https://example.test/no">Not me</a>
<a href="mailto:help@example.test">help</a>`)
    expect(message.link('Confirm').pathname).toBe('/yes')
    expect(message.link(/\/no$/).pathname).toBe('/no')
    expect(message.link((text) => text === 'help').protocol).toBe('mailto:')
    expect(() => message.link()).toThrow('2 links fit; say which of:\n  "Confirm address" https://example.test/yes')
    expect(() => message.link('Other')).toThrow('no such link; the message has:\n  "Confirm address"')
    expect(() => messageOf('\n').link()).toThrow('the message has: none')
  })

  test('of several that hold the words the exact one; only those that fit are listed, and what cannot be followed is', () => {
    const message = messageOf(`Content-Type: text/html

<a href="https://example.test/yes">Confirm</a> <a href="https://example.test/why">Why do I have to Confirm?</a>
<a href="https://example.test/a">Help one</a> <a href="https://example.test/b">Help two</a>
<a href="/verify?x=1">Verify</a> <a href="{{url}}">Template</a>`)
    expect(message.link('Confirm').pathname).toBe('/yes')
    expect(() => message.link('Help')).toThrow(
      /^2 links fit; say which of:\n {2}"Help one" https:\S+a\n {2}"Help two" https:\S+b$/,
    )
    expect(() => message.link('Verify')).toThrow('"Verify" /verify?x=1 (no address of its own)')
    expect(() => message.link('Verify')).toThrow('"Template" {{url}} (no address of its own)')
  })
})

test('what a reader of HTML sees', () => {
  const message = messageOf(`Content-Type: text/html; charset=utf-8

<!doctype html><title>not seen</title><div style="display: none">preview &zwnj;&nbsp;</div>
<h1>Hello&nbsp;Ada</h1><ul><li>one<li>two</ul><p hidden>no</p><p>a<br>b <script>c</script><b>d</b></p>
<!-- no --><p style="opacity:0.9">e &lt;f&gt;</p>`)
  expect(message.visibleText).toBe('Hello Ada\none\ntwo\na\nb d\ne <f>')
})

describe('fixtures are what they are called', () => {
  const of = (name: FixtureName): TestMessage => messageOf(fixture(name))

  test('everyday mail', () => {
    expect(of('plain').text).toContain('..dots at the beginning')
    const alternative = of('alternative')
    expect(alternative.code()).toBe('482913')
    expect(alternative.link('Confirm address').searchParams.get('token')).toBe('abc/def')
    expect(alternative.links).toHaveLength(1)
    expect(of('inline-image').attachments).toMatchObject([
      { contentId: 'pixel@example.test', contentType: 'image/png' },
    ])
    expect(of('attachments').attachment('data.json').json()).toEqual({ total: 12 })
    expect(of('attachments').attachment(/März/).text()).toMatch(/^%PDF/)
    expect(() => of('attachments').attachment('x')).toThrow('there are: data.json, Rechnung März.pdf')
    expect(() => of('plain').attachment('x')).toThrow('there are: none')
    expect(of('list').headers.get('List-Id')).toBe('Compilers <compilers.lists.example.test>')
    expect(of('bounce-dsn').headers.get('Content-Type')).toMatch(/^multipart\/report; report-type=delivery-status/)
    expect(of('auto-reply').headers.get('Auto-Submitted')).toBe('auto-replied')
    expect(new TextDecoder().decode(of('calendar').raw)).toContain('method=REQUEST')
    expect(of('forwarded').subject).toBe('Fwd: Lunch')
  })

  test('awkward mail', () => {
    expect(of('8bit')).toMatchObject({ subject: 'Grüße', text: 'Grüße aus Zürich – 12 €\n' })
    expect(of('undeclared').text).toMatch(/^d.j. vu\n$/)
    expect(of('iso-2022-jp')).toMatchObject({ subject: 'こんにちは', text: 'こんにちは\n' })
    expect(of('smtputf8')).toMatchObject({ subject: 'Привет 👋', from: [{ address: 'jürgen@müller.example.test' }] })
    expect(of('winmail').attachments).toMatchObject([{ contentType: 'application/ms-tnef', filename: 'winmail.dat' }])
    expect(of('flowed').links.map(({ href }) => href)).toEqual([
      'https://app.example.test/confirm?token=abcdefghijklmnopqrstuvwxyz',
    ])
    expect(of('encoded-words').subject).toMatch(/^A long subject €/)
    expect(of('long-lines').text.length).toBe(5_003)
    expect(of('signed').attachments.map(({ filename }) => filename)).toContain('signature.asc')
    expect(of('broken').subject).toBe('Broken')
    expect(of('broken').mime.defects.length).toBeGreaterThan(0)
    expect(of('deep').subject).toBe('Deep')
    expect(of('no-header').text).toBe('Only a body.\n')
    expect(of('empty')).toMatchObject({ subject: '', text: '', html: '', from: [], date: null, messageId: null })
  })

  test('20 MB', () => {
    const large = of('large')
    expect(large.raw.length).toBeGreaterThan(20_000_000)
    expect(large.attachment('large.bin').bytes.length).toBe(14_820_000)
  })

  test('one that there is not', () => {
    expect(() => fixture('toString' as FixtureName)).toThrow('there is no fixture toString; there are plain,')
  })
})

test('the HTML parser is loaded for the first message that may have HTML', async () => {
  vi.resetModules()
  const { htmlParser, loadHtmlParserFor } = await import('../src/content/html-parser.js')
  const octets = (text: string): Uint8Array => new TextEncoder().encode(text)
  await loadHtmlParserFor(octets('Content-Type: text/plain\r\n\r\nYour code is 4829\r\n'))
  expect(() => htmlParser({})).toThrow('not loaded')
  await loadHtmlParserFor(octets('Content-Type: TEXT/HTML\r\n\r\n<p>4829\r\n'))
  expect(htmlParser({})).toBeDefined()
})

test('a message as JSON', () => {
  const message = messageOf('From: a@b.test\nSubject: Hello\n\nx\n')
  expect(JSON.parse(JSON.stringify(message))).toMatchObject({
    subject: 'Hello',
    text: 'x\n',
    from: [{ address: 'a@b.test' }],
  })
  expect(message.mime.subject).toBe('Hello')
  expect(Object.keys(message)).not.toContain('mime')
})
