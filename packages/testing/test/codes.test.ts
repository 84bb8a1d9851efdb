/** Mails with one-time codes as products send them, and mails with other numbers: what a reader would say. */
import { beforeAll, describe, expect, test } from 'vitest'
import { type CodeOptions, findCode } from '../src/content/codes.js'
import { loadHtmlParser } from '../src/content/html-parser.js'

beforeAll(loadHtmlParser)

/** Text, HTML, subject, options. */
interface Mail {
  readonly t?: string
  readonly h?: string
  readonly s?: string
  readonly o?: CodeOptions
}

const codeOf = ({ t = '', h = '', s = '', o = {} }: Mail): string => findCode({ html: h, text: t, subject: s }, o)
const boxes = (code: string): string => `<table><tr>${[...code].map((one) => `<td>${one}</td>`).join('')}</tr></table>`
const spans = (code: string, between: string): string =>
  [...code].map((one) => `<span style="font-size:40px;padding:4px">${one}</span>`).join(between)

const CODES: readonly (readonly [string, string, Mail])[] = [
  ['iphone', '482913', { h: '<p>Security alert</p><p>iPhone14</p><p>Your code is 482913.</p>' }],
  ['shortcode', '482913', { t: 'Text STOP to 55555. Your code is 482913' }],
  ['error code', '482913', { t: 'Error code: 0x1234 550123. Your login code: 482913' }],
  ['same code twice', '482913', { h: '<p>Your code</p><h1>482 913</h1>', t: 'Your code: 482-913' }],
  ['case', 'kx9-p2q', { h: '<p>Your code</p><h1>kx9-p2q</h1>', t: 'Your code: kx9-p2q', s: 'Your code kx9-p2q' }],
  ['lower with order', 'kx9-p2q', { t: 'Your code kx9-p2q for order 4711223' }],
  ['subject colon', '482913', { s: 'Your verification code: 482913', h: '<p>Hi</p>' }],
  [
    'address html',
    '482913',
    { h: '<p>Sign in to Acme</p><p><strong>482913</strong></p><p>1015 Howard Street<br>94107<br>San Francisco</p>' },
  ],
  ['app links', '482913', { h: '<p>Code: <a href="tel:482913">482913</a></p>' }],
  ['greeting w/ id', '482913', { t: 'Hello user48291, your verification code is 482913' }],
  ['letters4', 'ABCD', { t: 'Your code: ABCD' }],
  ['after dash', '482913', { t: 'Verification code - 482913' }],
  ['arrow', '482913', { t: 'Verification code → 482913 ←' }],
  ['parens', '482913', { t: 'Verification code (482913)' }],
  ['equals', '482913', { t: 'code=482913' }],
  ['zero lead', '000123', { t: 'Your code is 000123' }],
  ['base32', 'JBSWY3DP', { t: 'Your backup code is JBSWY3DP' }],
  ['8 grp lower', 'a1b2-c3d4', { t: 'Recovery codes:\n\na1b2-c3d4' }],
  [
    'cell label',
    '482913',
    { h: '<table><tr><td>Code</td><td>482913</td></tr><tr><td>Order</td><td>991234</td></tr></table>' },
  ],
  [
    'cell label number',
    '4829',
    { h: '<table><tr><td>Customer number</td><td>991234</td></tr><tr><td>PIN</td><td>4829</td></tr></table>' },
  ],
  ['lead lower', 'kx9-p2q', { t: 'Your code is kx9-p2q' }],
  ['lead lower alone', 'kx9-p2q', { t: 'Your sign-in code:\n\nkx9-p2q\n\nThanks' }],
  [
    'lead lower html',
    'kx9-p2q',
    { h: '<p>Enter this code to sign in</p><h1>kx9-p2q</h1><p>It expires in 10 minutes</p>' },
  ],
  ['lower before is', 'kx9-p2q', { t: 'kx9-p2q is your Example code' }],
  ['enter lower', 'kx9-p2q', { t: 'Enter kx9-p2q to finish your verification.' }],
  ['enter code lower', 'kx9-p2q', { t: 'Enter the code kx9-p2q to finish.' }],
  ['use code lower', 'a1b2c3', { t: 'Use code a1b2c3 to sign in.' }],
  ['mixed case', 'aB3dE9', { t: 'Your verification code: aB3dE9' }],
  ['mixed case is', 'aB3dE9', { t: 'Use aB3dE9 as your one-time code' }],
  [
    'slack',
    'ABC-123',
    {
      s: 'Slack confirmation code: ABC-123',
      t: 'Confirm your email address\n\nThere’s one quick step.\n\nABC-123\n\nQuestions? Email us at feedback@slack.com.\nSlack, 500 Howard Street, San Francisco, CA 94105',
    },
  ],
  [
    'slack letters',
    'QRS-TUV',
    {
      s: 'Slack confirmation code: QRS-TUV',
      h: '<h1>Confirm your email address</h1><p>Your confirmation code is below</p><div style="font-size:30px">QRS-TUV</div><p>Slack Technologies, 50 Fremont St, San Francisco CA 94105</p>',
    },
  ],
  [
    'github',
    '48291375',
    {
      s: '[GitHub] Please verify your device',
      t: 'Hey ada!\n\nA sign in attempt requires further verification because we did not recognize your device. To complete the sign in, enter the verification code on the unrecognized device.\n\nDevice: Chrome on Windows\nVerification code: 48291375\n\nIf you did not attempt to sign in to your account, your password may be compromised. Visit https://github.com/settings/security',
    },
  ],
  [
    'github launch',
    '48291375',
    {
      s: '🚀 Your GitHub launch code',
      h: '<h1>Here\'s your GitHub launch code, @ada!</h1><p>Continue signing up for GitHub by entering the code below:</p><p style="font-size:24px">48291375</p><p>GitHub, Inc. 88 Colin P Kelly Jr Street San Francisco, CA 94107</p>',
    },
  ],
  ['google', 'G-482913', { s: 'Google verification code', t: 'G-482913 is your Google verification code.' }],
  [
    'google html',
    '482913',
    {
      h: '<p>Dear Google User,</p><p>The verification code to verify ada@example.test is:</p><p style="text-align:center;font-size:36px"><strong>482913</strong></p><p>Google LLC, 1600 Amphitheatre Parkway, Mountain View, CA 94043, USA</p>',
    },
  ],
  [
    'microsoft 7',
    '4829137',
    {
      s: 'Microsoft account security code',
      t: "Please use the following security code for the Microsoft account ad**a@example.test.\n\nSecurity code: 4829137\n\nIf you don't recognize the account ad**a@example.test, you can click here",
    },
  ],
  [
    'microsoft single-use',
    '482913',
    {
      s: 'Your single-use code',
      t: 'Hi ada@example.test,\n\nWe received your request for a single-use code to use with your Microsoft account.\n\nYour single-use code is: 482913\n\nOnly enter this code on an official website or app. Microsoft Corporation, One Microsoft Way, Redmond, WA 98052',
    },
  ],
  ['stripe spans', '482913', { h: `<p>Your verification code</p><div>${spans('482913', '')}</div>` }],
  ['stripe spans ws', '482913', { h: `<p>Your verification code</p><div>${spans('482913', '\n')}</div>` }],
  ['td', '482913', { h: `<p>Enter this code</p>${boxes('482913')}<p>20 Main St</p>` }],
  ['td dash', '482-913', { h: `<p>Enter this code</p>${boxes('482-913')}` }],
  ['td letters lower', 'kx9p2q', { h: `<p>Enter this code</p>${boxes('kx9p2q')}` }],
  [
    'nested tables',
    '482913',
    {
      h: `<p>Enter this code</p><table><tr>${[...'482913'].map((d) => `<td><table><tr><td>${d}</td></tr></table></td><td>&nbsp;</td>`).join('')}</tr></table>`,
    },
  ],
  [
    'inline-block divs',
    '482913',
    { h: `<p>Code</p>${[...'482913'].map((d) => `<div style="display:inline-block">${d}</div>`).join('\n')}` },
  ],
  ['nbsp', '482913', { t: 'Your code is 482\u00a0913' }],
  ['thin', '482913', { t: 'Your code is 482\u2009913.' }],
  ['narrow nbsp', '482913', { h: '<p>Your code</p><b>482&#8239;913</b>' }],
  ['digits spaced nbsp', '482913', { h: '<p>Your code</p><b>4&nbsp;8&nbsp;2&nbsp;9&nbsp;1&nbsp;3</b>' }],
  ['double spaces', '482913', { t: 'Your code: 4  8  2  9  1  3' }],
  ['three groups', '482913', { t: 'Your code:\n48 29 13\n' }],
  ['middle dot', '482913', { t: 'Your code: 482·913' }],
  ['nb hyphen', '482-913', { t: 'Your code: 482\u2011913' }],
  [
    'subject only',
    '482913',
    { s: '482913 is your X confirmation code', t: 'Open the app and type the code of the subject.' },
  ],
  ['subject sep', '482-913', { s: 'Your code: 482-913', t: 'See above' }],
  ['hebrew', '482913', { t: 'קוד האימות שלך הוא 482913' }],
  ['hebrew LRM', '482913', { t: 'קוד האימות שלך הוא: \u200e482913\u200e. אל תשתף' }],
  ['arabic bidi iso', '482913', { t: 'رمز التحقق: \u2066482913\u2069' }],
  ['arabic html', '482913', { h: '<div dir="rtl"><p>رمز التحقق الخاص بك</p><p><bdi>482913</bdi></p></div>' }],
  ['cn', '482913', { t: '【示例】您的验证码是482913，5分钟内有效，请勿泄露。' }],
  ['cn2', '482913', { t: '【示例】验证码：482913（5分钟内有效）' }],
  ['cn3', '4829', { t: '您正在登录,动态码4829,请在10分钟内使用' }],
  ['jp', '482913', { t: '認証コードは482913です。' }],
  ['jp2', '482913', { t: 'ワンタイムパスワード\n「482913」\n有効期限：2026年3月10日 10:45' }],
  ['kr', '482913', { t: '인증번호 [482913]를 입력해 주세요.' }],
  ['kr2', '482913', { t: '인증번호는 482913 입니다. 고객센터 1588-1234' }],
  ['ru', '482913', { t: 'Ваш код подтверждения: 482913. Никому не сообщайте. Заказ № 998877' }],
  ['ru2', '482913', { t: '482913 — ваш код для входа' }],
  ['uk', '482913', { t: 'Ваш код підтвердження 482913' }],
  ['gr', '482913', { t: 'Ο κωδικός σας είναι 482913' }],
  ['gr alone', '482913', { t: 'Ο κωδικός επαλήθευσης\n\n482913\n\nΑρ. παραγγελίας 998877' }],
  ['hindi', '482913', { t: 'आपका OTP 482913 है' }],
  ['hindi digits', '482913', { t: 'आपका ओटीपी ४८२९१३ है' }],
  ['bengali', '482913', { t: 'আপনার কোড ৪৮২৯১৩' }],
  ['thai', '482913', { t: 'รหัส OTP ของคุณคือ 482913 (Ref: AB12)' }],
  ['thai digits', '482913', { t: 'รหัสยืนยันของคุณคือ ๔๘๒๙๑๓' }],
  ['vn', '482913', { t: 'Mã xác thực của bạn là 482913. Đơn hàng 998877' }],
  ['fr', '482913', { t: 'Votre code de vérification est 482913. Commande 998877' }],
  ['fr2', '482913', { t: 'Voici votre code : 482 913' }],
  ['nl', '482913', { t: 'Je verificatiecode is 482913' }],
  ['sv', '482913', { t: 'Din verifieringskod är 482913. Ordernummer 998877' }],
  ['da', '482913', { t: 'Din engangskode er 482913' }],
  ['fi', '482913', { t: 'Vahvistuskoodisi on 482913. Tilaus 998877' }],
  ['cz', '482913', { t: 'Váš ověřovací kód je 482913. Objednávka 998877' }],
  ['hu', '482913', { t: 'Az Ön ellenőrző kódja: 482913' }],
  ['pt', '482913', { t: 'O seu código de verificação é 482913. Pedido 998877' }],
  ['ro', '482913', { t: 'Codul tău este 482913' }],
  ['hr', '482913', { t: 'Vaš kod je 482913' }],
  ['id', '482913', { t: 'Kode verifikasi Anda: 482913' }],
  [
    'amazon',
    '482913',
    {
      t: 'To verify your email address, please use the following One Time Password (OTP):\n\n482913\n\nDo not share this OTP with anyone.',
    },
  ],
  [
    'apple',
    '482913',
    {
      h: '<p>Dear Ada,</p><p>To verify, enter the code below on the email verification page:</p><p><b>482913</b></p><p>Case ID: 101122334455</p><p>Apple Park Way Cupertino, CA 95014</p>',
    },
  ],
  [
    'steam',
    'K7X9Q',
    {
      t: 'Here is the Steam Guard code you need to login to account ada:\n\nK7X9Q\n\nThis email was generated because of a login attempt from a computer located at 192.0.2.1 (DE).',
    },
  ],
  [
    'steam5 letters',
    'KXYQW',
    {
      t: 'Here is the Steam Guard code you need to login to account ada:\n\nKXYQW\n\nThis email was generated because of a login attempt.',
    },
  ],
  ['discord', '482913', { t: 'Your Discord verification code is: 482913' }],
  [
    'facebook',
    '48291',
    {
      s: '48291 is your Facebook confirmation code',
      t: 'FB-48291 is your confirmation code. Meta Platforms, Inc., 1 Hacker Way, Menlo Park, CA 94025',
    },
  ],
  [
    'fb',
    '48291375',
    {
      t: 'You may be asked to enter this confirmation code: 48291375\nFacebook, Inc., Attention: Community Support, 1 Facebook Way, Menlo Park, CA 94025',
    },
  ],
  [
    'npm',
    '48291375',
    { t: 'Hi ada!\n\nHere is your one-time password (OTP) you need to authenticate to npm:\n\n48291375\n' },
  ],
  [
    'twitch',
    '482913',
    {
      h: '<h2>Hi ada</h2><p>Please use the following code</p><div style="background:#eee;font-size:24px">482913</div><p>Browser: Chrome 126.0.0.0 OS: Windows 10 IP Address: 192.0.2.33</p>',
    },
  ],
  ['cloudflare', '482913', { t: 'Your Cloudflare Access code: 482913\nThis code expires at 2026-03-10T10:45:00Z' }],
  ['device user code', 'WDJB-MJHT', { t: 'On the device page enter the code:\n\nWDJB-MJHT' }],
  ['device sentence', 'WDJB-MJHT', { t: 'Please enter the code WDJB-MJHT on your TV' }],
  ['big digits 10', '4829137755', { t: 'Your PIN code is 4829137755' }],
  ['brackets', '482913', { t: 'Your code is [482913]' }],
  ['angle', '482913', { t: 'Your code: <482913>' }],
  ['stars', '482913', { t: 'Your code: *482913*' }],
  ['backticks', '482913', { t: 'Your code: `482913`' }],
  ['quotes', '482913', { t: 'Your code: “482913”.' }],
  ['underscores', '482913', { t: 'Your code: __482913__' }],
  ['quote prefix', '482913', { t: '> Your code is 482913' }],
  ['two langs', '482913', { t: 'Your code is 482913\nIhr Code lautet 482913' }],
  ['code in link text', '482913', { h: '<p>Your code</p><a href="https://x.test/482913">482913</a>' }],
  ['input value?', '482913', { h: '<p>Your code</p><h1>482913</h1><p style="color:#999999">#999999</p>' }],
  ['case of 2', '48', { t: 'Number matching: your code is 48', o: { digits: 2 } }],
  ['three digits', '482', { t: 'Your code is 482', o: { digits: 3 } }],
  ['CVC-free', '1999', { t: 'Your PIN is 1999' }],
  ['year-like alone', '2048', { t: 'Your sign-in code\n\n2048\n\n© 2026' }],
  ['digits 8 grouped', '4829-1375', { t: 'Your code is 4829-1375' }],
  ['phone mention', '482913', { t: 'We sent this because someone typed +1 (555) 123-4567.\nYour code is 482913' }],
  ['notion', 'gusty-kite-oven-lamp', { t: 'Login code: gusty-kite-oven-lamp', o: { pattern: /[a-z]+(?:-[a-z]+){3}/ } }],
]

const NONE: readonly (readonly [string, Mail])[] = [
  ['10-digit', { t: 'Enter your 10-digit code below' }],
  ['expiry', { t: 'The code expires in 24hours, or 60min' }],
  ['only iphone', { t: 'Security alert: new sign-in from Pixel7a, Windows11, OAuth2' }],
  ['postal code', { t: 'Postal code 94107' }],
  ['error code only', { t: 'Error code: 550123' }],
  ['bars', { t: 'Barcode: 4006381333931, bar code 40063813' }],
  [
    'verify link only',
    { t: 'Verify your account: https://x.test/verify?code=482913\nAcme Inc, 1000 Main St, Springfield, IL 62704' },
  ],
  [
    'footer',
    { t: 'Confirm your account:\nhttps://x.test/v\n\nSee you soon!\nAcme, 1500 Broadway', s: 'Verify your address' },
  ],
  ['verify link only 2', { t: 'Verify your account within 24 hours. Acme Inc, 1500 Main Street' }],
  ['magic words none', { t: 'Your security phrase: fuzzy-bear-lamp. Click the link https://x.test/a to log in.' }],
  ['order', { t: 'Your order 100234-77 was shipped' }],
  ['order 2', { t: 'Order #AB12-9934 confirmed' }],
  ['order no', { t: 'Order No. 4711223' }],
  ['order html', { h: '<table><tr><td>Order number:</td><td><b>4711223</b></td></tr></table>' }],
  ['order amazon', { t: 'Order 302-1234567-1234567 was placed' }],
  ['zip', { t: 'Acme, 20 Main St, Springfield, IL 62704' }],
  ['zip nocomma', { t: 'Acme, 20 Main St, Springfield IL 62704' }],
  ['zip uk', { t: '10 Downing St, London SW1A 2AA' }],
  ['zip de', { t: 'Beispiel GmbH\nHauptstr. 12\n10115 Berlin' }],
  ['zip jp', { t: '〒100-0001 東京都千代田区' }],
  ['zip nl', { t: 'Keizersgracht 12, 1015 CJ Amsterdam' }],
  ['zip ca', { t: 'Toronto, ON M5V 2T6' }],
  ['phone us', { t: 'Call us: 1-800-555-0199' }],
  ['phone us2', { t: 'Call 800-555-0199' }],
  ['phone intl', { t: 'Tel: +44 20 7946 0958' }],
  ['phone vanity', { t: 'Call 1-800-FLOWERS' }],
  ['phone de', { t: 'Telefon 030 1234567' }],
  ['phone plain', { t: 'Phone: 5551234567' }],
  ['price', { t: 'Total: $1,299.00 - you saved $1200' }],
  ['price eur', { t: 'Summe 1.299,00 EUR' }],
  ['price inr', { t: 'Total ₹ 12999' }],
  ['price rs', { t: 'Total Rs. 12999' }],
  ['price pln', { t: 'Suma 1299 zł' }],
  ['date', { t: 'Meeting on 10.03.2026 at 1045' }],
  ['date2', { t: 'Date 2026/03/10' }],
  ['date3', { t: 'Due: 03-10-26' }],
  ['date4', { t: 'Due: 10-MAR-2026' }],
  ['datec', { t: 'Log of 20260310' }],
  ['year', { t: '© 2024-2026 Example Ltd' }],
  ['year alone', { t: 'Copyright\n2026\nExample' }],
  ['tracking ups', { t: 'Tracking: 1Z999AA10123456784' }],
  ['tracking usps', { t: 'USPS 9400 1000 0000 0000 0000 00' }],
  ['tracking dhl', { t: 'Sendungsnummer 00340434161094042557' }],
  ['tracking fedex', { t: 'FedEx tracking number 123456789012' }],
  ['tracking intl', { t: 'Your parcel RR123456785DE is on its way' }],
  ['hex colour', { t: 'Our new colour is #4F3A2B' }],
  ['uuid', { t: 'Correlation 550e8400-e29b-41d4-a716-446655440000' }],
  ['uuid upper', { t: 'Id 550E8400-E29B-41D4-A716-446655440000' }],
  ['version', { t: 'Version 12.4.1000 is out, build 20260310' }],
  ['version2', { t: 'Node v20.10.0 and TLS1.2' }],
  ['cve', { t: 'Fixes CVE-2026-12345' }],
  ['iso', { t: 'We are ISO-27001 and RFC-5322 certified, UTF-8' }],
  ['flight', { t: 'Flight LH1234 from FRA, seat 12A' }],
  ['iban', { t: 'IBAN DE89 3704 0044 0532 0130 00' }],
  ['vat', { t: 'VAT GB123456789, Company number 08923411' }],
  ['ip', { t: 'From 192.168.10.124' }],
  ['sha', { t: 'Commit 4f3a2b1c is live' }],
  ['card ending', { t: 'Your card ending in 4242 was charged' }],
  ['card mask', { t: 'Visa **** 4242' }],
  ['register of companies', { t: 'Beispiel GmbH, Amtsgericht Berlin, HRB 123456 B, USt-IdNr. DE123456789' }],
  ['sku', { t: 'SKU: ABX-12345' }],
  ['promo', { t: 'Save 20% with SAVE20 at checkout' }],
  ['count', { t: 'You have 1024 new followers' }],
  ['pop', { h: '<p>Reach</p><h1 style="font-size:32px">12,480</h1>' }],
]

describe('mails with a code', () => {
  test.each(CODES)('%s: %s', (_name, wanted, mail) => {
    expect(codeOf(mail)).toBe(wanted)
  })
})

describe('mails with numbers that are no codes', () => {
  test.each(NONE)('%s', (_name, mail) => {
    expect(() => codeOf(mail)).toThrow('holds nothing that looks like a code')
  })
})

test('the error says what was left out, and how to have it', () => {
  expect(() => codeOf({ t: 'You have 1024 new followers' })).toThrow(
    /left out: 1024 \(nothing calls it a code\); say near or pattern for one of them$/,
  )
  expect(codeOf({ t: 'You have 1024 new followers', o: { pattern: /\d{4}/ } })).toBe('1024')
  expect(codeOf({ t: 'Nambari yako 4829', o: { near: /nambari/i } })).toBe('4829')
})

test('what is no option of code() is refused', () => {
  const withOptions = (o: unknown) => () => codeOf({ t: 'Your code is 482913', o: o as CodeOptions })
  expect(withOptions(/\d+/)).toThrow('code(): /\\d+/ is not what it can be: { pattern: /TAN (.+)/ }')
  expect(withOptions(6)).toThrow('6 is no object of code() options: digits, pattern, near')
  expect(withOptions({ length: 6 })).toThrow('there is no code() option length; there are digits, pattern, near')
  expect(withOptions({ digits: '6' })).toThrow('code(): 6 is not what it can be: digits: a number, 1 or more')
  expect(withOptions({ near: 'code' })).toThrow('code(): code is not what it can be: near, pattern: /.../')
  expect(withOptions({ digits: undefined })()).toBe('482913')
})
