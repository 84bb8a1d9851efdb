/**
 * Three domains on loopback, with a DNS server between them: two Posthouse hosts and a Postfix. Every message arrives
 * exactly once, or a notice says why it does not.
 */
import { writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { reply, type SmtpHandler } from '@posthouse/smtp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Postfix, startPostfix } from '../postfix.js'
import { ensureInstalled } from '../tools.js'
import { type DnsServer, startDns } from './dns.js'
import { type MailNode, startNode } from './node.js'

const there = ensureInstalled(['postfix', 'dnsmasq-base'])
const B = '127.0.0.2'
const C = '127.0.0.3'
const BROKEN = '127.0.0.4'

/** Puts off the first attempt for each recipient `grey…`. */
function grey(): SmtpHandler {
  const seen = new Set<string>()
  return {
    name: 'grey',
    rcpt({ address }) {
      if (!address.startsWith('grey') || seen.has(address)) return undefined
      seen.add(address)
      return reply(451, '4.7.1', 'Greylisted; try again later')
    },
  }
}

/** Offers STARTTLS and ends the handshake; takes mail in clear text. */
function brokenTls(port: number, taken: string[]): Promise<Server> {
  const server = createServer((socket) => {
    let encrypted = false
    let message = false
    let text = ''
    socket.on('error', () => {})
    socket.write('220 broken.test ESMTP\r\n')
    socket.on('data', (chunk) => {
      if (encrypted) return void socket.destroy()
      text += chunk.toString('latin1')
      for (let at = text.indexOf('\r\n'); at !== -1; at = text.indexOf('\r\n')) {
        const line = text.slice(0, at)
        text = text.slice(at + 2)
        if (message) {
          if (line === '.') {
            message = false
            socket.write('250 2.0.0 ok\r\n')
          } else if (line.startsWith('X-Id: ')) taken.push(line.slice(6))
        } else if (line.startsWith('EHLO')) socket.write('250-broken.test\r\n250 STARTTLS\r\n')
        else if (line === 'STARTTLS') {
          encrypted = true
          socket.write('220 2.0.0 go\r\n')
        } else if (line === 'DATA') {
          message = true
          socket.write('354 go\r\n')
        } else if (line === 'QUIT') socket.end('221 2.0.0 bye\r\n')
        else socket.write('250 2.0.0 ok\r\n')
      }
    })
  })
  return new Promise((resolve) => server.listen(port, BROKEN, () => resolve(server)))
}

describe.skipIf(!there)('a small world', () => {
  let dns: DnsServer
  let postfix: Postfix
  let b: MailNode
  let c: MailNode
  let broken: Server
  const taken: string[] = []
  let number = 0

  const mail = (id: string): string => `From: <x@b.test>\nSubject: ${id}\nX-Id: ${id}\n\nHello\n`
  const nextId = (): string => `id-${++number}`
  const idOf = (text: string): string => /X-Id: (\S+)/.exec(text)?.[1] ?? ''
  const countIds = (texts: readonly string[], id: string): number => texts.filter((text) => idOf(text) === id).length

  async function until(what: string, test: () => Promise<boolean> | boolean): Promise<void> {
    for (let wait = 0; wait < 200; wait++) {
      if (await test()) return
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error(`not in time: ${what}`)
  }
  const settled = async (): Promise<void> => {
    await b.relay.idle()
    await c.relay.idle()
  }

  beforeAll(async () => {
    postfix = await startPostfix({ settings: ['transport_maps = texthash:$config_directory/transport'] })
    const { port } = postfix
    const ways = [`b.test smtp:[${B}]:${port}`, `c.test smtp:[${C}]:${port}`]
    writeFileSync(join(postfix.folder, 'etc', 'transport'), `${ways.join('\n')}\n`)
    dns = await startDns([
      'local=/example.org/',
      ...['mx-host=b.test,mx.b.test,10', `host-record=mx.b.test,${B}`],
      // A server that does not answer comes first, and the real one has an alias for a name.
      ...['mx-host=c.test,dead.c.test,5', 'mx-host=c.test,mail.c.test,10', 'host-record=dead.c.test,127.0.0.99'],
      ...['cname=mail.c.test,mx.c.test', `host-record=mx.c.test,${C}`],
      ...['mx-host=example.org,mx.example.org,10', 'host-record=mx.example.org,127.0.0.1'],
      // Without MX: the domain itself is the server.
      `host-record=broken.test,${BROKEN}`,
      'mx-host=null.test,.,0',
      // Leads back to us.
      'mx-host=circle.test,mx.b.test,10',
    ])
    broken = await brokenTls(port, taken)
    b = await startNode({
      ...{ domain: 'b.test', address: B, port, dns: dns.address, users: ['bob', 'full', 'beth'] },
      quota: { full: 1 },
      routing: {
        aliases: new Map<string, string | readonly string[]>([
          ['team@b.test', ['bob@b.test', 'carol@c.test', 'alice@example.org']],
          ['away@b.test', 'carol@c.test'],
          // Forwards to somebody who forwards it back.
          ['ping@b.test', 'pong@c.test'],
        ]),
      },
    })
    c = await startNode({
      ...{ domain: 'c.test', address: C, port, dns: dns.address, users: ['carol', 'grey', 'greyer'] },
      routing: { aliases: new Map([['pong@c.test', 'ping@b.test']]) },
      before: [grey()],
    })
  }, 60_000)
  afterAll(async () => {
    await b?.close()
    await c?.close()
    broken?.close()
    await dns?.stop()
    await postfix?.stop()
  })

  test('messages between all pairs arrive once', async () => {
    const people = ['bob@b.test', 'carol@c.test', 'alice@example.org']
    const sent: { readonly id: string; readonly to: string }[] = []
    for (const from of people) {
      for (const to of people) {
        const id = nextId()
        sent.push({ id, to })
        if (from.endsWith('b.test')) await b.submit('bob', [to], mail(id))
        else if (from.endsWith('c.test')) await c.submit('carol', [to], mail(id))
        else await postfix.submit(from, [to], mail(id))
      }
    }
    const boxes = async (): Promise<ReadonlyMap<string, readonly string[]>> =>
      new Map([
        ['bob@b.test', await b.inbox('bob')],
        ['carol@c.test', await c.inbox('carol')],
        ['alice@example.org', postfix.delivered('alice')],
      ])
    await until('all pairs', async () => {
      const all = await boxes()
      return sent.every(({ id, to }) => countIds(all.get(to) ?? [], id) > 0)
    })
    await settled()
    const all = await boxes()
    for (const { id, to } of sent) expect([id, to, countIds(all.get(to) ?? [], id)]).toEqual([id, to, 1])
    expect(
      [...all.values()]
        .flat()
        .map(idOf)
        .filter((id) => id === ''),
    ).toEqual([])
  })

  test('an alias for three domains, and a forward', async () => {
    const [team, away] = [nextId(), nextId()]
    await c.submit('carol', ['team@b.test'], mail(team))
    await postfix.submit('alice@example.org', ['away@b.test'], mail(away))
    await until('the alias', async () => {
      const carol = await c.inbox('carol')
      return countIds(carol, team) > 0 && countIds(carol, away) > 0 && countIds(postfix.delivered('alice'), team) > 0
    })
    await settled()
    expect(countIds(await b.inbox('bob'), team)).toBe(1)
    expect(countIds(await c.inbox('carol'), team)).toBe(1)
    expect(countIds(await c.inbox('carol'), away)).toBe(1)
    expect(countIds(postfix.delivered('alice'), team)).toBe(1)
  })

  test('unknown users, a null MX, no such domain, a circle: one notice for each', async () => {
    const cases = [
      ['nobody@c.test', '5.1.1'],
      ['nobody@example.org', '5.1.1'],
      ['x@null.test', '5.1.10'],
      ['x@nowhere.test', '5.1.2'],
      ['x@circle.test', '5.4.6'],
    ] as const
    for (const [to] of cases) await b.submit('beth', [to], mail(nextId()))
    await settled()
    const notices = await b.inbox('beth')
    expect(notices).toHaveLength(cases.length)
    for (const [to, status] of cases) {
      const about = notices.filter((text) => text.includes(`Final-Recipient: rfc822; ${to}`))
      expect(about).toHaveLength(1)
      expect(about[0]).toContain(`Status: ${status}`)
      expect(about[0]).toContain('Return-Path: <>')
    }
  })

  test('forwards in a circle end with a notice, not with a storm', async () => {
    await b.empty('beth')
    await b.submit('beth', ['ping@b.test'], mail(nextId()))
    await until('the notice', async () => (await b.inbox('beth')).length > 0)
    await settled()
    const notices = await b.inbox('beth')
    expect(notices).toHaveLength(1)
    expect(notices[0]).toContain('Status: 5.4.6')
  })

  test('a full mailbox: it waits, and arrives when there is room', async () => {
    const [first, second] = [nextId(), nextId()]
    await c.submit('carol', ['full@b.test'], mail(first))
    await until('the first', async () => (await b.inbox('full')).length === 1)
    await c.submit('carol', ['full@b.test'], mail(second))
    await until('an attempt', () =>
      c.events.some((event) => event.type === 'deferred' && event.failure.status === '4.2.2'),
    )
    await b.empty('full')
    await until('the second', async () => countIds(await b.inbox('full'), second) === 1)
    await settled()
    expect(await b.inbox('full')).toHaveLength(1)
  })

  test('greylisting: two recipients, each once', async () => {
    const id = nextId()
    await b.submit('bob', ['grey@c.test', 'greyer@c.test', 'carol@c.test'], mail(id))
    await until('greylisted', async () => (await c.inbox('greyer')).length + (await c.inbox('grey')).length === 2)
    await settled()
    expect(countIds(await c.inbox('carol'), id)).toBe(1)
    expect(countIds(await c.inbox('grey'), id)).toBe(1)
  })

  test('a server that is down for a while', async () => {
    await c.down()
    const ids = Array.from({ length: 20 }, nextId)
    for (const id of ids) await b.submit('bob', ['carol@c.test'], mail(id))
    await until('blocked', () => b.events.some((event) => event.type === 'destination.blocked'))
    await c.up()
    await until('all of them', async () => {
      const carol = await c.inbox('carol')
      return ids.every((id) => countIds(carol, id) > 0)
    })
    await settled()
    const carol = await c.inbox('carol')
    expect(ids.filter((id) => countIds(carol, id) !== 1)).toEqual([])
  })

  test('broken TLS: in clear text, and the report knows', async () => {
    const id = nextId()
    await b.submit('bob', ['x@broken.test'], mail(id))
    await settled()
    expect(taken).toEqual([id])
    const seen = b.events.filter((event) => event.type === 'tls' && event.domain === 'broken.test')
    expect(seen).toMatchObject([{ policy: 'no-policy-found', failure: 'validation-failure', mxHost: 'broken.test' }])
  })
})
