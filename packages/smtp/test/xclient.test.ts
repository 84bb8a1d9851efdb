/** XCLIENT and XFORWARD: who may say them, and for how long they count. */
import { playTranscript } from '@posthouse/wire/testing'
import { describe, expect, test } from 'vitest'
import {
  annotation,
  forwarded,
  requireAuth,
  type SmtpHandler,
  type Speaker,
  xclientExtension,
  xforwardExtension,
} from '../src/index.js'
import { EHLO } from './dialogues.js'
import { collector } from './servers.js'

const PROXY = { remote: { address: '127.0.0.1', port: 1 }, local: { address: '127.0.0.1', port: 25 } }
const everybody = { trusted: () => true }
const GREETED = `
  C: EHLO client.example
  S: ...
  S: 250 {*}
`
const BANNER = 'S: 220 mx.example.org ESMTP'

function play(text: string, handlers: readonly SmtpHandler[]): Promise<void> {
  return playTranscript(collector({ handlers }).server, text, PROXY)
}

describe('behind XCLIENT the client speaks, not the proxy', () => {
  const trusted = ({ peer }: Speaker): boolean => ['127.0.0.1', '127.0.0.2'].includes(peer.address)
  const units = [xclientExtension({ trusted }), xforwardExtension({ trusted })]

  test('it may not say who it is, and is not told that it could', () => {
    const offers: SmtpHandler = {
      keywords: (session) => [`XOFFERS ${units.flatMap((unit) => unit.keywords?.(session) ?? []).length}`],
    }
    return play(
      `
      ${BANNER}
      C: EHLO proxy
      S: ...
      S: 250 XOFFERS 2
      C: XCLIENT ADDR=198.51.100.66 LOGIN=mallory
      ${BANNER}
      C: EHLO evil.example
      S: ...
      S: 250 XOFFERS 0
      C: XCLIENT ADDR=127.0.0.1 LOGIN=admin
      S: 550 5.7.0 XCLIENT is not for you
      C: XFORWARD ADDR=127.0.0.1
      S: 550 5.7.0 XFORWARD is not for you
      C: STARTTLS
      S: 220 {*}
      -- tls --
      C: EHLO evil.example
      S: ...
      S: 250 XOFFERS 0
      C: XCLIENT ADDR=127.0.0.1 LOGIN=admin
      S: 550 5.7.0 XCLIENT is not for you
    `,
      [...units, offers],
    )
  })

  test('a proxy behind a proxy may, when it is trusted too', () =>
    play(
      `${EHLO}
      C: XCLIENT ADDR=127.0.0.2
      ${BANNER}
      C: XCLIENT ADDR=198.51.100.66
      ${BANNER}
      C: XCLIENT ADDR=198.51.100.67
      S: 550 5.7.0 XCLIENT is not for you
    `,
      units,
    ))

  test.each<[string, (speaker: Speaker) => boolean]>([
    ['TLS', ({ tls }) => tls !== null],
    ['loopback', ({ loopback }) => loopback],
  ])('what is true of the connection of the proxy is not true of the client: %s', (_what, one) =>
    play(
      `${EHLO}
      C: STARTTLS
      S: 220 {*}
      -- tls --
      ${GREETED}
      C: XCLIENT ADDR=198.51.100.66
      ${BANNER}
      C: XCLIENT ADDR=198.51.100.67
      S: 550 5.7.0 XCLIENT is not for you
    `,
      [xclientExtension({ trusted: one })],
    ),
  )
})

describe('one client behind the other', () => {
  const seen: unknown[] = []
  const note = annotation<string>('note')
  const watch: SmtpHandler = {
    connect: (session) => void session.set(note, session.remote.address),
    helo(_name, session) {
      seen.push([session.helo, session.extended, session.remoteName, session.get(note)])
      session.set(note, 'helo')
    },
  }

  test('knows nothing of the one before: name, EHLO, login, notes', async () => {
    seen.length = 0
    await play(
      `${EHLO}
      C: XCLIENT ADDR=198.51.100.1 NAME=one.example HELO=one LOGIN=alice
      ${BANNER}
      ${GREETED}
      C: MAIL FROM:<a@example.org>
      S: 250 2.1.0 Sender OK
      C: RSET
      S: 250 {*}
      C: XCLIENT ADDR=203.0.113.9
      ${BANNER}
      ${GREETED}
      C: MAIL FROM:<a@example.org>
      S: 530 5.7.0 Authentication required
    `,
      [xclientExtension(everybody), requireAuth(), watch],
    )
    expect(seen).toEqual([
      [null, false, null, '127.0.0.1'],
      ['one', false, 'one.example', '198.51.100.1'],
      [null, false, null, '203.0.113.9'],
    ])
  })

  test('its name stays with its address', async () => {
    seen.length = 0
    await play(
      `${EHLO}
      C: XCLIENT ADDR=198.51.100.1 NAME=one.example
      ${BANNER}
      C: XCLIENT LOGIN=alice
      ${BANNER}
      ${GREETED}
    `,
      [xclientExtension(everybody), watch],
    )
    expect(seen[1]).toEqual([null, false, 'one.example', '198.51.100.1'])
  })
})

describe('XFORWARD is about one message', () => {
  const FORWARD = `
    C: XFORWARD ADDR=198.51.100.7
    S: 250 2.0.0 OK
  `
  const MESSAGE = `
    C: MAIL FROM:<a@example.org>
    C: RCPT TO:<b@example.org>
    C~ BDAT 1 LAST\\r\\nx
    S: 250 {*}
    S: 250 {*}
    S: 250 {*}
  `
  test.each([
    ['a message', MESSAGE],
    ['RSET', 'C: RSET\nS: 250 {*}'],
    ['EHLO', GREETED],
    ['XCLIENT', `C: XCLIENT ADDR=127.0.0.2\n${BANNER}\n${GREETED}`],
    ['STARTTLS', `C: STARTTLS\nS: 220 {*}\n-- tls --\n${GREETED}`],
  ])('and is forgotten behind %s', async (_what, text) => {
    const seen: unknown[] = []
    const watch: SmtpHandler = {
      mail: (_tx, session) => void seen.push(session.get(forwarded)?.get('ADDR')),
      message: (_message, session) => void seen.push(session.get(forwarded)?.get('ADDR')),
    }
    await play(`${EHLO}${FORWARD}\n${text}\n${MESSAGE}`, [
      xclientExtension(everybody),
      xforwardExtension(everybody),
      watch,
    ])
    expect(seen.slice(-2)).toEqual([undefined, undefined])
    expect(seen.slice(0, -2)).toEqual(text === MESSAGE ? ['198.51.100.7', '198.51.100.7'] : [])
  })
})

test('an address is one, and an IPv4 address whatever it is mapped into', async () => {
  const seen: string[] = []
  const note: SmtpHandler = { connect: ({ remote }) => void seen.push(remote.address) }
  await play(
    `
    ${BANNER}
    C: EHLO proxy
    S: ...
    S: 250 {*}
    C: XCLIENT ADDR=mail.example
    S: 501 5.5.4 Bad XCLIENT attributes
    C: XCLIENT ADDR=IPV6:2001:db8::x
    S: 501 5.5.4 Bad XCLIENT attributes
    C: XCLIENT ADDR=IPV6:::ffff:192.0.2.1
    ${BANNER}
  `,
    [xclientExtension(everybody), note],
  )
  expect(seen).toEqual(['127.0.0.1', '192.0.2.1'])
})
