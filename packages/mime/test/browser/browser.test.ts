import { gzipSync } from 'node:zlib'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fromLatin1, fromUtf8 } from '../../src/bytes.js'
import { composeBytes, type MessageContent } from '../../src/compose/index.js'
import { parseMessage } from '../../src/core.js'
import { bundle } from './bundle.js'
import { findChromium } from './chromium.js'

/** Octets, minified and gzipped, that the readers may cost a web page. */
const MAX_CORE = 25_000

const CONTENT: MessageContent = {
  from: 'Jürgen <j@example.org>',
  to: [{ name: '日本', address: 'n@bücher.example' }],
  subject: 'Grüße, 日本語 und ein Betreff, der so lang ist, dass er gefaltet werden muss',
  text: 'Grüße\nFrom here\n日本語\n',
  html: '<p>Grüße <img src="cid:i@x"></p>',
  date: new Date('2026-11-23T10:31:13Z'),
  messageId: 'id@example.org',
}

/** Messages that between them need every decoder of the core. */
async function messages(): Promise<Uint8Array[]> {
  const octets = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 7) & 255)
  const attachments = [
    { filename: 'Übersicht.bin', content: octets },
    { filename: 'i.png', content: octets.subarray(0, 10), contentId: 'i@x' },
  ]
  let count = 0
  const composed = await composeBytes({ ...CONTENT, attachments }, { createId: () => `id${count++}` })
  const simple = (type: string, encoding: string, body: Uint8Array) =>
    Buffer.concat([
      fromLatin1(`Subject: =?utf-8?q?gr=C3=BC=C3=9Fe?=\r\nContent-Type: ${type}\r\n`),
      fromLatin1(`Content-Transfer-Encoding: ${encoding}\r\n\r\n`),
      body,
    ])
  return [
    composed,
    simple('text/plain; charset=iso-8859-1', '8bit', fromLatin1('Gr\xfc\xdfe \x93x\x94\r\n')),
    simple('text/plain; charset=us-ascii', '8bit', fromUtf8('Grüße\r\n')),
    simple('text/plain; charset=iso-2022-jp', '7bit', fromLatin1('\x1b$BF|K\\8l\x1b(B A\r\n')),
    simple('text/plain; charset=shift_jis', 'base64', fromLatin1('k/qWe4zqg2WDWINn\r\n')),
    simple('text/plain; charset=koi8-r', 'quoted-printable', fromLatin1('=F0=D2=C9=D7=C5=D4 =\r\n!=\r\n')),
    simple('text/plain; charset=utf-8', 'base64', fromLatin1('R3LDv!MOfZQ')),
    simple('text/plain; charset=x-unknown', 'x-uuencode', fromLatin1('begin 644 x\r\n#0V%T\r\n`\r\nend\r\n')),
    fromLatin1('Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nno end'),
    new Uint8Array(0),
  ]
}

/** What is compared; runs in the page as well, so it may only use its arguments. */
function view(parse: typeof parseMessage, bytes: Uint8Array) {
  const message = parse(bytes)
  return {
    subject: message.subject,
    from: message.from,
    to: message.to,
    date: message.date?.toISOString() ?? null,
    text: message.text,
    html: message.html,
    attachments: message.attachments.map((part) => ({
      name: part.filename,
      type: part.contentType,
      octets: [...part.bytes()].reduce((sum, octet, at) => (sum * 31 + octet + at) % 1_000_003, 0),
    })),
    defects: message.defects.map((defect) => `${defect.code} at ${defect.offset}`),
  }
}

test('the core needs nothing but the platform and is small', async () => {
  const core = await bundle('core.ts', 'core')
  expect(core.imports).toEqual([])
  expect(core.code).not.toMatch(/\bnode:|\brequire\(/)
  expect(gzipSync(core.code, { level: 9 }).length).toBeLessThan(MAX_CORE)
})

const executablePath = findChromium()

describe.skipIf(executablePath === undefined)('in Chromium (not installed: apt-get install chromium)', () => {
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: executablePath!, args: ['--headless', '--no-sandbox'] })
    page = await browser.newPage()
    for (const [entry, name] of [
      ['core.ts', 'core'],
      ['compose/index.ts', 'compose'],
    ] as const) {
      await page.addScriptTag({ content: (await bundle(entry, name)).code })
    }
    await page.addScriptTag({ content: `globalThis.__name = (value) => value\nglobalThis.view = ${view}` })
  })

  afterAll(async () => {
    await browser?.close()
  })

  test('the page has no Buffer, so that the portable code runs', async () => {
    expect(await page.evaluate(() => typeof (globalThis as { Buffer?: unknown }).Buffer)).toBe('undefined')
  })

  test('messages read the same as in Node', async () => {
    for (const bytes of await messages()) {
      const encoded = Buffer.from(bytes).toString('base64')
      const inPage = await page.evaluate((base64) => {
        const octets = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
        const globals = globalThis as unknown as { core: { parseMessage: typeof parseMessage }; view: typeof view }
        return globals.view(globals.core.parseMessage, octets)
      }, encoded)
      expect(inPage).toEqual(view(parseMessage, bytes))
    }
  })

  test('messages are composed octet by octet as in Node', async () => {
    const inPage = await page.evaluate(
      async (content) => {
        const { compose } = globalThis as unknown as { compose: { composeBytes: typeof composeBytes } }
        const message = await compose.composeBytes(
          { ...content, date: new Date(content.date) },
          { createId: () => 'abc' },
        )
        return Array.from(message)
      },
      { ...CONTENT, date: CONTENT.date!.toISOString() } as unknown as MessageContent & { date: string },
    )
    const inNode = await composeBytes(CONTENT, { createId: () => 'abc' })
    expect(Buffer.from(inPage).toString('latin1')).toBe(Buffer.from(inNode).toString('latin1'))
  })
})
