/**
 * The example server with everything that its environment offers: DNS of our own, DKIM, a milter, checks of what comes in,
 * and another domain's server that it finds by MX.
 */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSmtpServer, onMessage } from '@posthouse/smtp'
import { connectSmtp, type Listening, listen } from '@posthouse/smtp/node'
import { latin1 } from '@posthouse/wire'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type MailServerProcess, startMailServerProcess } from '../mail-server.js'
import { type Filter, GTUBE, startRspamd } from '../milter/filters.js'
import { ensureInstalled } from '../tools.js'
import { type DnsServer, startDns } from './dns.js'

const there = ensureInstalled(['dnsmasq-base', 'rspamd'])

interface Arrived {
  readonly from: string | null
  readonly to: readonly string[]
  readonly text: string
}

describe.skipIf(!there)('the example server, by its environment', () => {
  let dns: DnsServer
  let rspamd: Filter
  let far: Listening
  let server: MailServerProcess
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-example-'))
  const arrived: Arrived[] = []
  let wake: () => void = () => {}

  beforeAll(async () => {
    rspamd = await startRspamd()
    const sink = createSmtpServer({
      hostname: 'mx.far.test',
      handlers: [
        onMessage(({ transaction, octets }) => {
          const { reversePath, recipients } = transaction
          const to = recipients.map(({ address }) => address)
          arrived.push({ from: reversePath?.address ?? null, to, text: latin1(octets()) })
          wake()
        }),
      ],
    })
    far = await listen(sink, { host: '127.0.0.2', port: 0 })
    dns = await startDns([
      ...['mx-host=far.test,mx.far.test,10', 'host-record=mx.far.test,127.0.0.2'],
      ...['txt-record=evil.test,v=spf1 -all', 'txt-record=_dmarc.evil.test,v=DMARC1; p=reject'],
    ])
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const key = join(folder, 'dkim.pem')
    writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }))
    server = await startMailServerProcess({
      env: {
        POSTHOUSE_HOSTNAME: 'mail.example.test',
        POSTHOUSE_RESOLVER: dns.address,
        POSTHOUSE_RELAY_PORT: String(far.port),
        POSTHOUSE_RELAY_LOOPBACK: 'on',
        POSTHOUSE_DKIM_KEY: key,
        POSTHOUSE_DKIM_SELECTOR: 'autumn',
        POSTHOUSE_MILTERS: `inet:${rspamd.port}@127.0.0.1`,
        POSTHOUSE_CHECK: 'enforce',
        POSTHOUSE_ALIASES: 'away@example.test=carol@far.test',
      },
    })
  }, 120_000)
  afterAll(async () => {
    await server?.stop()
    server?.remove()
    await far?.close({ force: true })
    await dns?.stop()
    await rspamd?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  async function send(port: number, from: string, to: string, body: string, auth?: { user: string; password: string }) {
    await using client = await connectSmtp({ host: '127.0.0.1', port, tls: 'never', ...(auth && { auth }) })
    const header = `From: <${from}>\nTo: <${to}>\nSubject: Hello\nDate: Mon, 23 Nov 2026 10:00:00 +0000\nMessage-ID: <1@${to}>\n`
    const message = new TextEncoder().encode(`${header}\n${body}\n`.replaceAll('\n', '\r\n'))
    return client.send({ envelope: { reversePath: from, recipients: [to] }, message })
  }
  const alice = { user: 'alice@example.test', password: 'secret' }
  async function next(count: number): Promise<Arrived> {
    while (arrived.length < count) await new Promise<void>((resolve) => (wake = resolve))
    return arrived[count - 1]
  }

  test('mail of a user finds the server that DNS names, signed, by the name of this machine', async () => {
    await send(server.ports.submission, 'alice@example.test', 'carol@far.test', 'Hello', alice)
    const { from, to, text } = await next(1)
    expect([from, to]).toEqual(['alice@example.test', ['carol@far.test']])
    expect(text).toContain(' d=example.test;')
    expect(text).toContain(' s=autumn;')
    expect(text).toContain('by mail.example.test')
  })

  test('an alias for an address elsewhere forwards what comes in', async () => {
    await send(server.ports.smtp, 'dave@far.test', 'away@example.test', 'Hello')
    const { from, to, text } = await next(2)
    expect([from, to]).toEqual(['dave@far.test', ['carol@far.test']])
    expect(text).toMatch(/^Delivered-To: away@example.test\r\n/)
  })

  test('the milter refuses spam, the check what its sender disowns; other mail comes in', async () => {
    await expect(send(server.ports.smtp, 'dave@far.test', 'bob@example.test', GTUBE)).rejects.toMatchObject({
      reply: { code: 554 },
    })
    await expect(send(server.ports.smtp, 'x@evil.test', 'bob@example.test', 'Hello')).rejects.toMatchObject({
      reply: { code: 550, enhanced: '5.7.26' },
    })
    const { accepted } = await send(server.ports.smtp, 'dave@far.test', 'bob@example.test', 'Hello')
    expect(accepted).toEqual(['bob@example.test'])
  })

  test('users send with their own addresses only', async () => {
    const sent = send(server.ports.submission, 'bob@example.test', 'carol@far.test', 'Hello', alice)
    await expect(sent).rejects.toMatchObject({ reply: { code: 550, enhanced: '5.7.1' } })
  })
})
