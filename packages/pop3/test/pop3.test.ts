import { createDotStuffer, createPop3Server } from '@posthouse/pop3'
import { concat, fromLatin1, latin1, type Protocol } from '@posthouse/wire'
import { playTranscriptAtAllCuts, slices } from '@posthouse/wire/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type StoreKind, storeWith, type TestStore } from './stores.js'

const LOOPBACK = {
  remote: { address: '127.0.0.1', port: 40000 },
  local: { address: '127.0.0.1', port: 110 },
}

function server(store: TestStore): Protocol {
  const authenticate = (user: string, password: string) => (password === 'secret' ? user : null)
  return createPop3Server({ store, authenticate, hostname: 'pop.example' })
}

const LOGIN = `
  S: +OK pop.example POP3 server ready
  C: USER mrose
  C: PASS secret
  S: +OK {*}
  S: +OK {*}`

const FIRST = 'Subject: one\r\n\r\nHello\r\n.\r\n..dots\r\n'
const SECOND = 'Subject: two\r\n\r\n1\r\n2\r\n3\r\n'

describe.each<StoreKind>(['memory', 'SQLite'])('POP3 over %s', (kind) => {
  /** Plays against a store made anew for each cutting, because a session may change it. */
  async function play(messages: readonly string[], transcript: string, options: object = LOOPBACK): Promise<void> {
    const stores = await Promise.all([1, 2, 3].map(() => storeWith(messages, kind)))
    await playTranscriptAtAllCuts(() => server(stores.shift() as TestStore), transcript, options)
  }

  test('RFC 1939 §10: a session', () =>
    play(
      [FIRST, SECOND],
      `${LOGIN}
      C: STAT
      S: +OK 2 ${FIRST.length + SECOND.length}
      C: LIST
      S: +OK {*}
      S: 1 ${FIRST.length}
      S: 2 ${SECOND.length}
      S: .
      C: RETR 1
      S: +OK ${FIRST.length} octets
      S: Subject: one
      S: 
      S: Hello
      S: ..
      S: ...dots
      S: .
      C: DELE 1
      S: +OK {*}
      C: RETR 1
      S: -ERR no such message
      C: LIST
      S: +OK {*}
      S: 2 ${SECOND.length}
      S: .
      C: UIDL 2
      S: +OK 2 1.2
      C: QUIT
      S: +OK goodbye
      -- closed --`,
    ))

  test('RFC 1939 §7: TOP gives the header and so many lines', () =>
    play(
      [SECOND],
      `${LOGIN}
      C: TOP 1 0
      S: +OK {*}
      S: Subject: two
      S: 
      S: .
      C: TOP 1 2
      S: +OK {*}
      S: Subject: two
      S: 
      S: 1
      S: 2
      S: .
      C: TOP 1 99
      S: +OK {*}
      S: Subject: two
      S: 
      S: 1
      S: 2
      S: 3
      S: .
      C: TOP 1
      S: -ERR {*}`,
    ))

  test('QUIT removes what DELE marked; RSET and a lost connection remove nothing', async () => {
    const store = await storeWith([FIRST, SECOND], kind)
    const count = async () => (await (await store.open('mrose')).mailboxes())[0].messages
    const once = (transcript: string) => playTranscriptAtAllCuts(() => server(store), transcript, LOOPBACK)
    await once(`${LOGIN}
      C: DELE 1
      C: RSET
      C: QUIT
      S: +OK {*}
      S: +OK {*}
      S: +OK {*}
      -- closed --`)
    expect(await count()).toBe(2)
    await once(`${LOGIN}
      C: DELE 1
      S: +OK {*}
      -- end --`)
    expect(await count()).toBe(2)
    await play([FIRST], `${LOGIN}\nC: QUIT\nS: +OK {*}\n-- closed --`)
  })

  test('the same reply for unknown users and wrong passwords', () =>
    play(
      [],
      `
      S: +OK {*}
      C: USER nobody
      C: PASS wrong
      S: +OK send PASS
      S: -ERR [AUTH] user name or password is wrong
      C: USER mrose
      C: PASS wrong
      S: +OK send PASS
      S: -ERR [AUTH] user name or password is wrong`,
    ))

  test('no password in clear text beyond this machine', () =>
    play(
      [],
      `
      S: +OK {*}
      C: CAPA
      S: +OK {*}
      S: TOP
      S: UIDL
      S: STLS
      S: UTF8 USER
      S: LANG
      S: PIPELINING
      S: RESP-CODES
      S: AUTH-RESP-CODE
      S: EXPIRE NEVER
      S: IMPLEMENTATION Posthouse
      S: .
      C: USER mrose
      S: -ERR [AUTH] {*}
      C: STLS
      S: +OK begin TLS
      -- tls --
      C: USER mrose
      C: PASS secret
      S: +OK {*}
      S: +OK {*}`,
      {},
    ))

  test('RFC 5034: AUTH PLAIN with and without an initial response, and cancelled', () =>
    play(
      [],
      `
      S: +OK {*}
      C: AUTH PLAIN AG1yb3NlAHdyb25n
      S: -ERR [AUTH] {*}
      C: AUTH PLAIN
      S: +{*}
      C: *
      S: -ERR authentication cancelled
      C: AUTH PLAIN
      S: +{*}
      C: AG1yb3NlAHNlY3JldA==
      S: +OK {*}`,
    ))

  test('RFC 2595 §4: octets behind STLS end the connection, however they come', () =>
    play(
      [],
      `
      S: +OK {*}
      C: STLS
      C: USER mrose
      S: +OK begin TLS
      -- closed --`,
      {},
    ))

  test('where STLS is refused, what stands behind it is obeyed', () =>
    play(
      [],
      `
      S: +OK {*}
      C: STLS
      C: CAPX
      S: -ERR TLS is not available
      S: -ERR unknown command`,
      { canStartTls: false },
    ))
})

describe('dot-stuffing', () => {
  const unstuff = (text: string): string => text.slice(0, -3).replaceAll('\n.', '\n').replace(/^\./, '')

  test('any message at any cutting comes back', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('.', '\r\n', 'a', '\r\n.', '\n', '\r'), { maxLength: 20 }),
        fc.integer({ min: 1, max: 5 }),
        (parts, size) => {
          const message = parts.join('')
          const stuffer = createDotStuffer()
          const pieces = slices(fromLatin1(message), size).flatMap((piece) => [...stuffer.write(piece)])
          const sent = latin1(concat([...pieces, stuffer.end()]))
          expect(sent.endsWith('\r\n.\r\n') || sent === '.\r\n').toBe(true)
          expect(unstuff(sent).startsWith(message)).toBe(true)
          // The end is found at the end and nowhere before.
          expect(`\r\n${sent}`.indexOf('\r\n.\r\n')).toBe(sent.length - 3)
        },
      ),
    )
  })
})
