/** Connections that are lost around the end of a message: who may have it, and who has it not. */
import { fromLatin1 } from '@posthouse/wire'
import { describe, expect, test } from 'vitest'
import {
  type OutgoingMail,
  type SmtpClient,
  SmtpClientError,
  type SmtpClientOptions,
  startSmtpClient,
  type Timer,
} from '../../src/index.js'
import { playScript } from './script.js'

const OPTIONS: SmtpClientOptions = { host: 'mx.example.org', port: 25, hostname: 'client.example', tls: 'never' }
const MAIL: OutgoingMail = {
  envelope: { reversePath: 'a@example.net', recipients: ['b@example.org', 'c@example.org'] },
  message: fromLatin1('x\r\n'),
}

/** Opens a client and sends a message, which must fail. */
async function lose(
  text: string,
  check: (error: SmtpClientError) => void,
  options: Partial<SmtpClientOptions> = {},
): Promise<void> {
  const open = options.protocol === 'lmtp' ? 'LHLO' : 'EHLO'
  await playScript(`S: 220 mx\nC: ${open} client.example\n${text}`, async (connection) => {
    await using client = await startSmtpClient(connection, { ...OPTIONS, ...options })
    const error = await client.send(MAIL).then(
      () => null,
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(SmtpClientError)
    check(error as SmtpClientError)
  })
}

describe('MAIL, RCPT and the message in one write', () => {
  const EAGER = `S: 250-mx
    S: 250-PIPELINING
    S: 250 CHUNKING
    C: MAIL FROM:<a@example.net>
    C: RCPT TO:<b@example.org>
    C: RCPT TO:<c@example.org>
    C: BDAT 3 LAST
    C: x
    `

  test('RFC 2920 §3.2: a server may have it all before it says a word', () =>
    lose(`${EAGER}-- end --`, ({ recipients }) => {
      const unknown = { accepted: false, error: { code: 'connection', mayBeDelivered: true } }
      expect(recipients).toMatchObject([unknown, unknown])
    }))

  test('whoever was refused does not have it', () =>
    lose(
      `${EAGER}S: 250 ok
       S: 550 5.1.1 unknown
       -- reset --`,
      ({ recipients }) => {
        expect(recipients).toMatchObject([
          { error: { enhanced: '5.1.1', mayBeDelivered: false } },
          { error: { code: 'connection', mayBeDelivered: true } },
        ])
      },
    ))

  test('nobody has it when MAIL was refused', () =>
    lose(
      `${EAGER}S: 550 5.7.1 not you
       -- end --`,
      ({ recipients }) => {
        const refused = { error: { enhanced: '5.7.1', mayBeDelivered: false } }
        expect(recipients).toMatchObject([refused, refused])
      },
    ))

  test('the first reply has as much time as the last one', async () => {
    const limits = { greeting: 1, command: 2, recipient: 3, dataEnd: 4 }
    let late = false
    const timer: Timer = (step, ms) => {
      late = ms === limits.dataEnd
      if (late) queueMicrotask(step)
      return () => {}
    }
    const check = ({ recipients }: SmtpClientError): void => {
      expect(late).toBe(true)
      expect(recipients).toMatchObject([{ error: { mayBeDelivered: true } }, { error: { mayBeDelivered: true } }])
    }
    await lose(EAGER, check, { timer, limits })
  })
})

test('RFC 2033 §4.2: 421 for one recipient says nothing about the next', () =>
  lose(
    `S: 250-mx
     S: 250 PIPELINING
     C: MAIL FROM:<a@example.net>
     C: RCPT TO:<b@example.org>
     C: RCPT TO:<c@example.org>
     C: DATA
     S: 250 ok
     S: 250 ok
     S: 250 ok
     S: 354 go
     C: x
     C: .
     S: 421 4.3.2 going down`,
    ({ recipients }) => {
      expect(recipients).toMatchObject([
        { error: { reply: { code: 421 }, mayBeDelivered: false } },
        { error: { code: 'connection', mayBeDelivered: true } },
      ])
    },
    { protocol: 'lmtp' },
  ))

describe('a server that refuses RSET loses the connection', () => {
  const MAIL: OutgoingMail = {
    envelope: { reversePath: 'a@example.net', recipients: ['b@example.org'] },
    message: fromLatin1('x\r\n'),
  }
  const refuse = (text: string, work: (client: SmtpClient) => Promise<void>): Promise<void> =>
    playScript(`S: 220 mx\nC: EHLO client.example\n${text}`, async (connection) => {
      await using client = await startSmtpClient(connection, OPTIONS)
      await work(client)
      expect(client.usable).toBe(false)
    })

  test('the message is for another connection', () =>
    refuse(
      `S: 250-mx.example.org
       S: 250 PIPELINING
       C: MAIL FROM:<a@example.net>
       C: RCPT TO:<b@example.org>
       C: DATA
       S: 250 ok
       S: 550 5.1.1 unknown
       S: 503 5.5.1 no recipients
       C: RSET
       C: MAIL FROM:<a@example.net>
       C: RCPT TO:<b@example.org>
       C: DATA
       S: 502 5.5.1 what?
       S: 503 5.5.1 nested MAIL
       S: 250 ok
       S: 503 5.5.1 no recipients`,
      async (client) => {
        await expect(client.send(MAIL)).rejects.toMatchObject({ command: 'RCPT' })
        await expect(client.send(MAIL)).rejects.toMatchObject({
          code: 'connection',
          temporary: true,
          mayBeDelivered: false,
        })
      },
    ))

  test('who got the message has it', () =>
    refuse(
      `S: 250 mx.example.org
       C: MAIL FROM:<a@example.net>
       S: 450 4.2.1 busy
       C: RSET
       S: 502 what?
       C: MAIL FROM:<a@example.net>
       S: 250 ok
       C: RCPT TO:<b@example.org>
       S: 250 ok
       C: DATA
       S: 354 go
       C: x
       C: .
       S: 250 ok`,
      async (client) => {
        await expect(client.send(MAIL)).rejects.toMatchObject({ command: 'MAIL' })
        expect((await client.send(MAIL)).accepted).toHaveLength(1)
      },
    ))

  test('in front of another command', () =>
    refuse(
      `S: 250 mx.example.org
       C: MAIL FROM:<a@example.net>
       S: 450 4.2.1 busy
       C: RSET
       S: 502 what?`,
      async (client) => {
        await client.send(MAIL).catch(() => {})
        await expect(client.noop()).rejects.toMatchObject({ command: 'RSET' })
      },
    ))
})
