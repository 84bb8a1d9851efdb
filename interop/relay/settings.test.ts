/** Settings of the example server that lead elsewhere: smart hosts with TLS and a login, a catch-all, checks that only note. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectPop3 } from '@posthouse/pop3/node'
import { createSmtpServer, onMessage, requireAuth } from '@posthouse/smtp'
import { connectSmtp, type Listening, listen } from '@posthouse/smtp/node'
import { createTestAuthority } from '@posthouse/testing'
import { latin1 } from '@posthouse/wire'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type MailServerProcess, startMailServerProcess } from '../mail-server.js'
import { ensureInstalled } from '../tools.js'
import { type DnsServer, startDns } from './dns.js'

interface Arrived {
  readonly user: string | null
  readonly encrypted: boolean
  readonly to: readonly string[]
}

const alice = { user: 'alice@example.test', password: 'secret' }

async function send(port: number, from: string, to: string, auth?: typeof alice): Promise<readonly string[]> {
  await using client = await connectSmtp({ host: '127.0.0.1', port, tls: 'never', ...(auth && { auth }) })
  const message = new TextEncoder().encode(`From: <${from}>\r\nTo: <${to}>\r\nSubject: Hello\r\n\r\nHello\r\n`)
  return (await client.send({ envelope: { reversePath: from, recipients: [to] }, message })).accepted
}

describe('a smart host that wants TLS and a login', () => {
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-smart-host-'))
  const authority = createTestAuthority(Date.now())
  const ca = join(folder, 'ca.pem')
  const tls = authority.issue('good', ['localhost'])
  const arrived: Arrived[] = []
  let wake: () => void = () => {}
  const opened: { close(how: { force: boolean }): Promise<void> }[] = []
  let started: MailServerProcess | null = null

  beforeAll(() => writeFileSync(ca, authority.ca))
  afterAll(async () => {
    await started?.stop()
    started?.remove()
    for (const one of opened) await one.close({ force: true })
    rmSync(folder, { recursive: true, force: true })
  })

  async function smartHost(implicitTls: boolean): Promise<Listening> {
    const server = createSmtpServer({
      hostname: 'localhost',
      authenticate: (user, password) => (user === 'shop' && password === 'p@ss:word' ? user : null),
      handlers: [
        requireAuth(),
        onMessage(({ transaction }, { identity, tls: encryption }) => {
          const to = transaction.recipients.map(({ address }) => address)
          arrived.push({ user: identity?.account ?? null, encrypted: encryption !== null, to })
          wake()
        }),
      ],
    })
    const listening = await listen(server, { port: 0, tls, implicitTls })
    opened.push(listening)
    return listening
  }

  test.each([
    ['smtps', true],
    ['smtp', false],
  ])('%s://user:password@host', async (scheme, implicitTls) => {
    const { port } = await smartHost(implicitTls)
    const server = await startMailServerProcess({
      env: {
        NODE_EXTRA_CA_CERTS: ca,
        POSTHOUSE_SMART_HOST: `${scheme}://shop:p%40ss%3Aword@localhost:${port}`,
        POSTHOUSE_RELAY_LOOPBACK: 'on',
      },
    })
    started = server
    const before = arrived.length
    await send(server.ports.submission, 'alice@example.test', 'carol@far.test', alice)
    while (arrived.length === before) await new Promise<void>((resolve) => (wake = resolve))
    expect(arrived.slice(before)).toEqual([{ user: 'shop', encrypted: true, to: ['carol@far.test'] }])
    expect(server.log.join('\n')).not.toContain('p@ss')
    await server.stop()
    server.remove()
    started = null
  })
})

const there = ensureInstalled(['dnsmasq-base'])

describe.skipIf(!there)('mail that comes in', () => {
  let dns: DnsServer
  let server: MailServerProcess

  beforeAll(async () => {
    dns = await startDns(['txt-record=evil.test,v=spf1 -all', 'txt-record=_dmarc.evil.test,v=DMARC1; p=reject'])
    server = await startMailServerProcess({
      env: {
        POSTHOUSE_RESOLVER: dns.address,
        POSTHOUSE_CHECK: 'note',
        POSTHOUSE_ALIASES: '@example.org=bob@example.test',
      },
    })
  }, 60_000)
  afterAll(async () => {
    await server?.stop()
    server?.remove()
    await dns?.stop()
  })

  test('whatever its sender disowns is noted and kept; an address that nobody has leads to the catch-all', async () => {
    expect(await send(server.ports.smtp, 'x@evil.test', 'anything@example.org')).toEqual(['anything@example.org'])
    const credentials = { user: 'bob@example.test', password: 'secret' }
    await using pop3 = await connectPop3({ host: '127.0.0.1', port: server.ports.pop3, tls: 'never', credentials })
    let text = ''
    for await (const octets of pop3.retrieve(1)) text += latin1(octets)
    expect(text).toContain('Delivered-To: anything@example.org')
    expect(text).toMatch(/Authentication-Results: example.test;\s+spf=fail .*\s+dkim=none;\s+dmarc=fail /)
    // The others of the domain have their own mailboxes.
    await send(server.ports.smtp, 'x@evil.test', 'carol@example.org')
    expect(await pop3.stat()).toMatchObject({ messages: 1 })
  })
})
