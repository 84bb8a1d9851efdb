/** The milters that people run: rspamd, ClamAV and OpenDKIM from Debian, asked by `milter()`. */
import { generateKeyPairSync } from 'node:crypto'
import { createRequire } from 'node:module'
import { dkimSign, type Resolve, verifyMail } from '@posthouse/mail-auth'
import { type MilterHandler, type MilterHandlerOptions, milter } from '@posthouse/milter'
import { milterAt } from '@posthouse/milter/node'
import { createSmtpServer, onMessage, type SmtpHandler } from '@posthouse/smtp'
import { connectSmtp, type Listening, listen } from '@posthouse/smtp/node'
import { latin1 } from '@posthouse/wire'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { ensureInstalled } from '../tools.js'
import { EICAR, type Filter, GTUBE, startClamav, startOpendkim, startRspamd } from './filters.js'

/** The library of the package, asked by itself. */
const { dkimVerify } = createRequire(new URL('../../packages/mail-auth/package.json', import.meta.url))('mailauth') as {
  dkimVerify(
    message: Buffer,
    options: { readonly resolver: Resolve },
  ): Promise<{ readonly results: readonly { signingDomain: string; status: { result: string } }[] }>
}

const opened: (() => unknown)[] = []
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

interface Filtered {
  readonly passed: string[]
  readonly log: string[]
  send(message: string | Uint8Array, from?: string): Promise<void>
}

/** A server with these handlers. */
async function serverOf(...handlers: readonly SmtpHandler[]): Promise<Filtered> {
  const passed: string[] = []
  const log: string[] = []
  const server = createSmtpServer({
    hostname: 'mx.example.org',
    log: ({ event, message }) => log.push(`${event} ${message}`),
    handlers: [...handlers, onMessage((message) => void passed.push(latin1(message.octets())))],
  })
  const listening: Listening = await listen(server, { port: 0 })
  opened.push(() => listening.close({ force: true }))
  return {
    passed,
    log,
    async send(message, from = 'alice@example.org') {
      await using client = await connectSmtp({ host: '127.0.0.1', port: listening.port, tls: 'never' })
      const octets = typeof message === 'string' ? new TextEncoder().encode(message.replaceAll('\n', '\r\n')) : message
      await client.send({ envelope: { reversePath: from, recipients: ['bob@example.org'] }, message: octets })
    },
  }
}

function filterOf(filter: Filter, options: Partial<MilterHandlerOptions> = {}): MilterHandler {
  const handler = milter({ connect: milterAt(`inet:${filter.port}@127.0.0.1`), ...options })
  opened.push(() => handler.disconnect())
  return handler
}

const HELLO = `From: Alice <alice@example.org>
To: bob@example.org
Subject: Hello
Date: Mon, 23 Nov 2026 10:00:00 +0000
Message-ID: <1@example.org>
MIME-Version: 1.0
Content-Type: text/plain

Hello Bob
`
const HELLO_LINES = HELLO.replaceAll('\n', '\r\n')

describe.skipIf(!ensureInstalled(['clamav-daemon', 'clamav-milter']))('ClamAV', () => {
  let filter: Filter
  beforeAll(async () => {
    filter = await startClamav()
  }, 60_000)
  afterAll(() => filter?.stop())

  test('EICAR is refused, in the body and in an attachment; other mail passes and is marked', async () => {
    const { passed, log, send } = await serverOf(filterOf(filter))
    await send(HELLO)
    expect(passed[0]).toMatch(/^X-Virus-Scanned: /m)
    expect(passed[0].endsWith('\r\n\r\nHello Bob\r\n')).toBe(true)
    const refused = { reply: { code: 550, text: [expect.stringContaining('Infected by Eicar-Test-Signature')] } }
    await expect(send(`${HELLO}\n${EICAR}\n`)).rejects.toMatchObject(refused)
    const attached = HELLO.replace(
      'Content-Type: text/plain\n\nHello Bob\n',
      `Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n${btoa(EICAR)}\n`,
    )
    await expect(send(attached)).rejects.toMatchObject(refused)
    // The next message over another connection is as good as ever.
    await send(HELLO)
    expect(passed).toHaveLength(2)
    expect(log.filter((line) => line.startsWith('milter.'))).toEqual([])
  })

  test('a message of 5 MB, in pieces', async () => {
    const { passed, send } = await serverOf(filterOf(filter))
    const body = `${'x'.repeat(76)}\n`.repeat(68_000)
    await send(`${HELLO}${body}`)
    expect(passed[0].endsWith(body.slice(-200).replaceAll('\n', '\r\n'))).toBe(true)
    await expect(send(`${HELLO}${body}${EICAR}\n${body}`)).rejects.toMatchObject({ reply: { code: 550 } })
  })
})

describe.skipIf(!ensureInstalled(['rspamd']))('rspamd', () => {
  let filter: Filter
  beforeAll(async () => {
    filter = await startRspamd()
  }, 60_000)
  afterAll(() => filter?.stop())

  test('GTUBE is refused; other mail passes, octet for octet', async () => {
    const { passed, log, send } = await serverOf(filterOf(filter))
    await send(HELLO)
    expect(passed[0].endsWith(HELLO_LINES.slice(HELLO_LINES.indexOf('\r\n\r\n')))).toBe(true)
    await expect(send(`${HELLO}\n${GTUBE}\n`)).rejects.toMatchObject({ reply: { code: 554, enhanced: '5.7.1' } })
    expect(passed).toHaveLength(1)
    expect(log.filter((line) => line.startsWith('milter.failed'))).toEqual([])
  })

  test('mail that is signed or encrypted passes as it is', async () => {
    const { passed, send } = await serverOf(filterOf(filter, { actions: [] }))
    const octets = Uint8Array.from({ length: 5_000 }, (_, i) => (i % 200) + 33)
    const message = new Uint8Array([...new TextEncoder().encode('Subject: sealed\r\n\r\n'), ...octets, 13, 10])
    await send(message)
    expect(passed[0]).toBe(latin1(message))
  })
})

describe.skipIf(!ensureInstalled(['opendkim']))('OpenDKIM', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const record = `v=DKIM1; k=rsa; p=${publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`
  const resolver = (async (name: string, type: string) => {
    if (type === 'TXT' && name === 'test._domainkey.example.org') return [[record]]
    throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
  }) as Resolve
  const publicKeys = `test._domainkey.example.org ${record}\n`
  const verdict = async (text: string): Promise<unknown> => {
    const { results } = await dkimVerify(Buffer.from(text, 'latin1'), { resolver })
    return results.map(({ signingDomain, status }) => [signingDomain, status.result])
  }
  let signer: Filter
  let verifier: Filter
  beforeAll(async () => {
    signer = await startOpendkim({ key })
    // A verifier does not sign: nobody is internal to it.
    verifier = await startOpendkim({ key, publicKeys, internal: '192.0.2.1' })
  }, 60_000)
  afterAll(async () => {
    await signer?.stop()
    await verifier?.stop()
  })

  test('its signature is accepted by mailauth, and by OpenDKIM', async () => {
    const { passed, send } = await serverOf(filterOf(signer))
    await send(HELLO)
    expect(passed[0]).toContain('DKIM-Signature: v=1;')
    expect(passed[0].endsWith(HELLO_LINES.slice(HELLO_LINES.indexOf('\r\n\r\n')))).toBe(true)
    expect(await verdict(passed[0])).toEqual([['example.org', 'pass']])
    const next = await serverOf(filterOf(verifier))
    await next.send(new TextEncoder().encode(passed[0]))
    expect(next.passed[0]).toMatch(/^Authentication-Results: mx\.example\.org;\r\n\tdkim=pass /m)
  })

  test('ours is accepted by OpenDKIM and by mailauth, and a changed message by neither', async () => {
    const keys = new Map([['example.org', { selector: 'test', privateKey: key }]])
    const { passed, send } = await serverOf(dkimSign({ keys, when: () => true }))
    await send(HELLO)
    expect(await verdict(passed[0])).toEqual([['example.org', 'pass']])
    const next = await serverOf(filterOf(verifier))
    await next.send(new TextEncoder().encode(passed[0]))
    await next.send(new TextEncoder().encode(passed[0].replace('Hello Bob', 'Hello Bot')))
    const results = next.passed.map((text) => /dkim=(\w+)/.exec(text)?.[1])
    expect(results).toEqual(['pass', 'fail'])
  })

  test('both in one chain: what the milter has signed is what our check reads', async () => {
    const { passed, send } = await serverOf(filterOf(signer), verifyMail({ resolver }))
    await send(HELLO)
    expect(passed[0]).toMatch(
      /^Authentication-Results: mx\.example\.org;\r\n(\t.*\r\n)*?\tdkim=pass header\.d=example\.org/,
    )
  })
})
