import { fromLatin1, latin1 } from '@posthouse/wire'
import { connectInMemory, playTranscript } from '@posthouse/wire/testing'
import { describe, expect, test } from 'vitest'
import { createSmtpServer, discard, earlyTalker, type SmtpHandler } from '../src/index.js'
import { EHLO } from './dialogues.js'
import { checkPassword } from './servers.js'

/** A connection on which time passes when the test says so. */
function connectWithClock(handlers: readonly SmtpHandler[], options: object = {}) {
  const waits: { ms: number; end(): void }[] = []
  const delay = (ms: number): Promise<void> => new Promise((end) => waits.push({ ms, end }))
  const server = createSmtpServer({ hostname: 'mx.example.org', handlers: [...handlers, discard()] })
  return { connection: connectInMemory(server, { delay, ...options }), waits }
}

describe('RFC 5321 §4.3.1: the greeting comes first', () => {
  test('who waits for it is greeted', async () => {
    const { connection, waits } = connectWithClock([earlyTalker({ wait: 500 })])
    expect(waits.map(({ ms }) => ms)).toEqual([500])
    expect(latin1(connection.take())).toBe('')
    waits[0].end()
    await connection.output()
    expect(latin1(connection.take())).toBe('220 mx.example.org ESMTP\r\n')
    connection.send(fromLatin1('NOOP\r\n'))
    expect(latin1(connection.take())).toBe('250 2.0.0 OK\r\n')
  })

  test('who does not is refused, and nothing it said is obeyed', async () => {
    const { connection, waits } = connectWithClock([earlyTalker()])
    connection.send(fromLatin1('EHLO spam.example\r\nMAIL FROM:<a@b>\r\n'))
    waits[0].end()
    await connection.output()
    expect(latin1(connection.take())).toBe('554 5.5.0 You spoke before the greeting\r\n')
    expect(connection.closed).toBe(true)
  })

  test('clients on this machine are greeted at once', () => {
    const end = { address: '127.0.0.1', port: 1 }
    const { connection, waits } = connectWithClock([earlyTalker()], { remote: end, local: end })
    return connection.output().then(() => {
      expect(waits).toEqual([])
      expect(latin1(connection.take())).toBe('220 mx.example.org ESMTP\r\n')
    })
  })
})

test('each failed login waits longer than the one before it', async () => {
  const waits: number[] = []
  const server = createSmtpServer({
    ...{ hostname: 'mx.example.org', handlers: [discard()] },
    ...{ authenticate: checkPassword, allowInsecureAuth: true, limits: { authFailureDelay: 700 } },
  })
  await playTranscript(
    server,
    `${EHLO}
      C: AUTH PLAIN AGEAd3Jvbmc=
      S: 535 5.7.8 {*}
      C: AUTH PLAIN AGEAd3Jvbmc=
      S: 535 5.7.8 {*}
      C: AUTH PLAIN AGEAd3Jvbmc=
      S: 421 4.7.0 {*}
      -- closed --
    `,
    { delay: async (ms) => void waits.push(ms) },
  )
  expect(waits).toEqual([700, 1400, 2100])
})
