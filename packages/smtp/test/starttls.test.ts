/** What a session remembers behind STARTTLS (RFC 3207 §4.2): what the server found out, and nothing that the client said. */
import { connectInMemory, playTranscript } from '@posthouse/wire/testing'
import { describe, expect, test } from 'vitest'
import {
  annotation,
  dnsBlockList,
  reply,
  requireAuth,
  reverseDns,
  type SmtpHandler,
  type SmtpSession,
  xclientExtension,
} from '../src/index.js'
import { EHLO, play } from './dialogues.js'
import { checkPassword, collector } from './servers.js'

const STARTTLS = `
  C: STARTTLS
  S: 220 2.0.0 Ready to start TLS
  -- tls --
`
const GREETED = `
  C: EHLO client.example
  S: ...
  S: 250 {*}
`
const MAIL = `
  C: MAIL FROM:<a@example.org>
  S: 250 2.1.0 Sender OK
`

describe('a STARTTLS that is refused changes nothing', () => {
  const goesOn = (answer: string) => `
    C: STARTTLS
    S: ${answer}
    C: NOOP
    S: 250 2.0.0 OK
    ${MAIL}
  `

  test('where there is no certificate', () =>
    play(`${EHLO} ${goesOn('502 5.5.1 Command not implemented')}`, [], () => {}, {}, { canStartTls: false }))

  test('a second time', () =>
    play(`${EHLO} ${STARTTLS} ${GREETED} ${goesOn('503 5.5.1 TLS is active already')}`, [], () => {}))
})

describe('what is known of the address', () => {
  test('a client on a DNS block list is refused behind STARTTLS too', () => {
    const dns = { resolve4: async () => ['127.0.0.2'] }
    return play(
      `${EHLO} ${STARTTLS} ${GREETED} ${MAIL}
      C: RCPT TO:<b@example.org>
      S: 550 5.7.1 192.0.2.1 is listed in bl.example
    `,
      [dnsBlockList({ dns, zones: ['bl.example'] })],
      () => {},
    )
  })

  test('the name by reverse DNS stays, and is looked up once', async () => {
    let asked = 0
    const dns = {
      reverse: async () => {
        asked++
        return ['honest.example']
      },
      resolve4: async () => ['192.0.2.1'],
      resolve6: async () => [],
    }
    let name: string | null = null
    const watch: SmtpHandler = { mail: (_tx, session) => void (name = session.remoteName) }
    const { server } = collector({ handlers: [reverseDns({ dns }), watch] })
    await playTranscript(server, `${EHLO} ${STARTTLS} ${GREETED} ${MAIL}`)
    expect({ name, asked }).toEqual({ name: 'honest.example', asked: 1 })
  })

  test('the client that a proxy speaks for stays the client', async () => {
    const seen: unknown[] = []
    const watch: SmtpHandler = {
      connect: ({ remote }) => void seen.push(remote.address),
      mail: (_tx, { remote, loopback, tls }) => void seen.push([remote.address, loopback, tls !== null]),
    }
    const proxy = { remote: { address: '127.0.0.1', port: 1 }, local: { address: '127.0.0.1', port: 25 } }
    await playTranscript(
      collector({ handlers: [xclientExtension({ trusted: ({ peer }) => peer.address === '127.0.0.1' }), watch] })
        .server,
      `${EHLO}
      C: XCLIENT ADDR=198.51.100.66 LOGIN=alice
      S: 220 mx.example.org ESMTP
      ${GREETED} ${STARTTLS} ${GREETED} ${MAIL}
    `,
      proxy,
    )
    expect(seen).toEqual(['127.0.0.1', '198.51.100.66', ['198.51.100.66', false, true]])
  })
})

describe('notes', () => {
  const note = annotation<string>('note')
  const later = annotation<string>('later')
  const seen: unknown[] = []
  const take: SmtpHandler = {
    async connect(session) {
      await session.delay(1)
      session.set(note, 'connect')
    },
    helo(_name, session) {
      seen.push([session.get(note), session.get(later)])
      session.set(note, 'helo')
      session.set(later, 'helo')
    },
    mail: (_tx, session) => void seen.push([session.get(note), session.get(later)]),
  }

  test('those of `connect` stay, those of later stages do not', async () => {
    seen.length = 0
    await playTranscript(
      collector({ handlers: [take] }).server,
      `${EHLO} ${MAIL} C: RSET\nS: 250 {*}\n${STARTTLS} ${GREETED}`,
    )
    expect(seen).toEqual([
      ['connect', undefined],
      ['helo', 'helo'],
      ['connect', undefined],
    ])
  })
})

test('what the client said is forgotten: its name and its login', async () => {
  const seen: unknown[] = []
  const watch: SmtpHandler = { helo: (_name, { helo, identity, extended }) => void seen.push(helo, identity, extended) }
  await playTranscript(
    collector({ handlers: [watch, requireAuth()], authenticate: checkPassword, allowInsecureAuth: true }).server,
    `${EHLO}
    C: AUTH PLAIN AGEAc2VjcmV0
    S: 235 {*}
    ${STARTTLS}
    C: MAIL FROM:<a@example.org>
    S: 503 5.5.1 Say EHLO first
    C: HELO client.example
    S: 250 mx.example.org
    C: MAIL FROM:<a@example.org>
    S: 530 5.7.0 Authentication required
  `,
  )
  expect(seen).toEqual([null, null, false, null, null, false])
})

describe('the stages `connect` and `close`', () => {
  function counter() {
    const calls: string[] = []
    const sessions = new Set<SmtpSession>()
    const count: SmtpHandler = {
      connect(session) {
        sessions.add(session)
        calls.push('connect')
      },
      close({ type }, session) {
        sessions.add(session)
        calls.push(`close: ${type} ${session.tls ? 'encrypted' : 'clear'}`)
      },
    }
    return { calls, sessions, server: collector({ handlers: [count] }).server }
  }

  test('are called once for a connection, about one session', async () => {
    const { calls, sessions, server } = counter()
    await playTranscript(server, `${EHLO} ${STARTTLS} ${GREETED}\nC: QUIT\nS: 221 {*}\n-- closed --`)
    expect(calls).toEqual(['connect', 'close: closed encrypted'])
    expect(sessions.size).toBe(1)
  })

  test('a handshake that never comes is an end too', () => {
    const { calls, server } = counter()
    const connection = connectInMemory(server)
    connection.send(new TextEncoder().encode('EHLO x\r\n'))
    connection.send(new TextEncoder().encode('STARTTLS\r\n'))
    expect(connection.pending).toBe('tls')
    connection.driver.lost({ type: 'peer' })
    expect(calls).toEqual(['connect', 'close: peer clear'])
  })

  test('recipients that were refused in clear text count', () =>
    playTranscript(
      collector({
        limits: { refusedRecipients: 1 },
        handlers: [{ rcpt: () => reply(550, '5.1.1', 'No') }],
      }).server,
      `${EHLO} ${MAIL}
      C: RCPT TO:<b@example.org>
      S: 550 5.1.1 No
      C: RSET
      S: 250 {*}
      ${STARTTLS} ${GREETED} ${MAIL}
      C: RCPT TO:<b@example.org>
      S: 421 4.7.0 {*}
      -- closed --
    `,
    ))
})
