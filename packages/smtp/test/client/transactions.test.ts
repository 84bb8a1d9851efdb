/** Dialogues of the client: each block of C lines must have been said before the server says its next line. */
import { type ClientConnection, fromLatin1, fromUtf8 } from '@posthouse/wire'
import { describe, expect, test } from 'vitest'
import {
  type OutgoingMail,
  type SmtpClient,
  SmtpClientError,
  type SmtpClientOptions,
  startSmtpClient,
} from '../../src/index.js'
import { playScript, TEST_TLS } from './script.js'

const OPTIONS: SmtpClientOptions = { host: 'mx.example.org', port: 25, hostname: 'client.example', tls: 'never' }
const TEXT = 'Subject: hi\r\n\r\n.dot\r\n..two\r\n'

function mail(
  more: Partial<OutgoingMail> & { to?: readonly string[]; from?: string | null; text?: string } = {},
): OutgoingMail {
  const { to = ['bob@example.org'], from = 'alice@example.net', text = TEXT, ...rest } = more
  return { envelope: { reversePath: from, recipients: to }, message: fromLatin1(text), ...rest }
}

/** Opens a client, lets it do something, and says goodbye. */
async function play(
  text: string,
  work: (client: SmtpClient) => Promise<void>,
  options: Partial<SmtpClientOptions> = {},
) {
  const open = options.protocol === 'lmtp' ? 'LHLO' : 'EHLO'
  const whole = `S: 220 mx.example.org ESMTP\nC: ${open} client.example\n${text}\nC: QUIT\nS: 221 bye`
  await playScript(whole, async (connection: ClientConnection) => {
    await using client = await startSmtpClient(connection, { ...OPTIONS, ...options })
    await work(client)
  })
}

async function failure(promise: Promise<unknown>): Promise<SmtpClientError> {
  try {
    await promise
  } catch (error) {
    if (error instanceof SmtpClientError) return error
    throw error
  }
  throw new Error('it did not fail')
}

describe('RFC 5321', () => {
  test('appendix D.1: one command at a time where there is no PIPELINING', () =>
    play(
      `S: 250 mx.example.org
       C: MAIL FROM:<Smith@bar.com>
       S: 250 OK
       C: RCPT TO:<Jones@foo.com>
       S: 250 OK
       C: RCPT TO:<Green@foo.com>
       S: 550 No such user here
       C: RCPT TO:<Brown@foo.com>
       S: 250 OK
       C: DATA
       S: 354 Start mail input; end with <CRLF>.<CRLF>
       C: Blah blah blah...
       C: .
       S: 250 OK`,
      async (client) => {
        const result = await client.send(
          mail({
            from: 'Smith@bar.com',
            to: ['Jones@foo.com', 'Green@foo.com', 'Brown@foo.com'],
            text: 'Blah blah blah...\r\n',
          }),
        )
        expect(result.accepted).toEqual(['Jones@foo.com', 'Brown@foo.com'])
        expect(result.rejected).toMatchObject([
          {
            address: 'Green@foo.com',
            error: {
              code: 'refused',
              command: 'RCPT',
              temporary: false,
              recipient: 'Green@foo.com',
              reply: { code: 550 },
            },
          },
        ])
      },
    ))

  test('§3.2: a server that does not know EHLO', () =>
    play(
      `S: 502 what?
       C: HELO client.example
       S: 250 hello
       C: MAIL FROM:<>
       S: 250 ok
       C: RCPT TO:<bob@example.org>
       S: 250 ok
       C: DATA
       S: 354 go
       C: Subject: hi
       C:${' '}
       C: ..dot
       C: ...two
       C: .
       S: 250 ok`.replace('C: \n', 'C~ \\r\\n\n'),
      async (client) => {
        await client.send(mail({ from: null }))
        expect(client.capabilities).toBeNull()
      },
    ))

  test('§4.1.4: a server that says only once what it can do', () =>
    play(
      `S: 250-mx
       S: 250-AUTH PLAIN
       S: 250 SIZE 100
       C: AUTH PLAIN AHUAcA==
       S: 235 ok
       C: EHLO client.example
       S: 503 5.5.1 EHLO was said`,
      async ({ capabilities }) => expect(capabilities?.size).toBe(100),
      { auth: { user: 'u', password: 'p' } },
    ))

  test('§4.5.2: dots, bare line ends and a missing last line end', () =>
    play(
      `S: 250-mx.example.org
       S: 250 PIPELINING
       C: MAIL FROM:<alice@example.net>
       C: RCPT TO:<bob@example.org>
       C: DATA
       S: 250 ok
       S: 250 ok
       S: 354 go
       C~ ..\\r\\n..\\r\\na\\r\\nb\\r\\n..c\\r\\nd\\r\\n.\\r\\n
       S: 250 ok`,
      async (client) => {
        await client.send(mail({ text: '.\r\n.\na\rb\n.c\0\r\nd' }))
      },
    ))

  test('the next message over the same connection', () =>
    play(
      `S: 250 mx.example.org
       C: MAIL FROM:<alice@example.net>
       S: 550 5.7.1 not you
       C: RSET
       S: 250 ok
       C: MAIL FROM:<alice@example.net>
       S: 250 ok
       C: RCPT TO:<bob@example.org>
       S: 450 4.2.1 busy
       C: RSET
       S: 250 ok
       C: MAIL FROM:<alice@example.net>
       S: 250 ok
       C: RCPT TO:<bob@example.org>
       S: 250 ok
       C: DATA
       S: 354 go
       C: x
       C: .
       S: 250 ok
       C: MAIL FROM:<alice@example.net>
       S: 250 ok
       C: RCPT TO:<bob@example.org>
       S: 250 ok
       C: DATA
       S: 354 go
       C: x
       C: .
       S: 250 ok`,
      async (client) => {
        const one = mail({ text: 'x\r\n' })
        expect(await failure(client.send(one))).toMatchObject({
          command: 'MAIL',
          enhanced: '5.7.1',
          temporary: false,
          recipients: [{ address: 'bob@example.org', accepted: false }],
        })
        expect(await failure(client.send(one))).toMatchObject({ command: 'RCPT', enhanced: '4.2.1', temporary: true })
        await client.send(one)
        await client.send(one)
        expect(client.transactions).toBe(4)
      },
    ))

  test('MAIL that is refused for now is what counts, whatever the server says to the RCPT that came with it', () =>
    play(
      `S: 250-mx.example.org
       S: 250-CHUNKING
       S: 250 PIPELINING
       C: MAIL FROM:<alice@example.net>
       C: RCPT TO:<bob@example.org>
       C: BDAT 3 LAST
       C: x
       S: 452 4.3.1 no room
       S: 503 5.5.1 Say MAIL first
       S: 503 5.5.1 Say MAIL first`,
      async (client) => {
        const error = await failure(client.send(mail({ text: 'x\r\n' })))
        expect(error).toMatchObject({ command: 'MAIL', enhanced: '4.3.1', temporary: true })
        expect(error.recipients).toMatchObject([{ error: { command: 'MAIL', enhanced: '4.3.1', temporary: true } }])
      },
    ))

  test('§4.5.3.1.10: too many recipients', () =>
    play(
      `S: 250-mx.example.org
       S: 250 PIPELINING
       C: MAIL FROM:<alice@example.net>
       C: RCPT TO:<a@example.org>
       C: RCPT TO:<b@example.org>
       C: DATA
       S: 250 ok
       S: 250 ok
       S: 452 4.5.3 too many recipients
       S: 354 go
       C: x
       C: .
       S: 250 ok`,
      async (client) => {
        const { accepted, rejected } = await client.send(
          mail({ to: ['a@example.org', 'b@example.org'], text: 'x\r\n' }),
        )
        expect(accepted).toEqual(['a@example.org'])
        expect(rejected[0].error.temporary).toBe(true)
      },
    ))

  test('addresses that are none stay here', () =>
    play(
      `S: 250 mx.example.org
       C: MAIL FROM:<alice@example.net>
       S: 250 ok
       C: RCPT TO:<b@example.org>
       S: 250 ok
       C: DATA
       S: 354 go
       C: x
       C: .
       S: 250 ok`,
      async (client) => {
        const to = ['a@example.org>\r\nRCPT TO:<x@example.org', 'b@example.org', 'no domain']
        const { recipients } = await client.send(mail({ to, text: 'x\r\n' }))
        expect(recipients.map(({ accepted }) => accepted)).toEqual([false, true, false])
        expect(await failure(client.send(mail({ to: ['x'] })))).toMatchObject({ code: 'address', enhanced: '5.1.3' })
        expect(await failure(client.send(mail({ from: 'x\r\n' })))).toMatchObject({
          code: 'address',
          enhanced: '5.1.7',
        })
        expect(await failure(client.send(mail({ to: [] })))).toMatchObject({ code: 'address' })
      },
    ))
})

describe('RFC 2920: PIPELINING', () => {
  test('§4: nobody is accepted, and the server takes the message all the same', () =>
    play(
      `S: 250-mx.example.org
       S: 250 PIPELINING
       C: MAIL FROM:<alice@example.net>
       C: RCPT TO:<bob@example.org>
       C: DATA
       S: 250 ok
       S: 550 no
       S: 354 go
       C: .
       S: 554 5.5.1 no valid recipients`,
      async (client) => {
        expect(await failure(client.send(mail()))).toMatchObject({ command: 'RCPT', reply: { code: 550 } })
      },
    ))

  test('DATA is refused', () =>
    play(
      `S: 250-mx.example.org
       S: 250 PIPELINING
       C: MAIL FROM:<alice@example.net>
       C: RCPT TO:<bob@example.org>
       C: DATA
       S: 250 ok
       S: 250 ok
       S: 451 4.3.0 later
       C: RSET
       C: MAIL FROM:<alice@example.net>
       C: RCPT TO:<bob@example.org>
       C: DATA
       S: 250 ok
       S: 250 ok
       S: 250 ok
       S: 354 go
       C: x
       C: .
       S: 552 5.2.2 full`,
      async (client) => {
        expect(await failure(client.send(mail()))).toMatchObject({ command: 'DATA', temporary: true })
        expect(await failure(client.send(mail({ text: 'x\r\n' })))).toMatchObject({
          command: 'message',
          temporary: false,
          enhanced: '5.2.2',
          mayBeDelivered: false,
        })
      },
    ))

  test('a window of commands', () =>
    play(
      `S: 250-mx.example.org
       S: 250 PIPELINING
       C: MAIL FROM:<alice@example.net>
       C: RCPT TO:<a@example.org>
       S: 250 ok
       C: RCPT TO:<b@example.org>
       S: 250 ok
       C: DATA
       S: 250 ok
       S: 354 go
       C: x
       C: .
       S: 250 ok`,
      async (client) => {
        await client.send(mail({ to: ['a@example.org', 'b@example.org'], text: 'x\r\n' }))
      },
      { limits: { pipeline: 2 } },
    ))
})

describe('RFC 3030', () => {
  test('CHUNKING and PIPELINING: a small message leaves in one write', () =>
    play(
      `S: 250-mx.example.org
       S: 250-PIPELINING
       S: 250 CHUNKING
       C: MAIL FROM:<alice@example.net>
       C: RCPT TO:<a@example.org>
       C: RCPT TO:<b@example.org>
       C~ BDAT 28 LAST\\r\\nSubject: hi\\r\\n\\r\\n.dot\\r\\n..two\\r\\n
       S: 250 ok
       S: 250 ok
       S: 550 no
       S: 250 2.0.0 got it`.replace('28', String(TEXT.length)),
      async (client) => {
        const { accepted } = await client.send(mail({ to: ['a@example.org', 'b@example.org'] }))
        expect(accepted).toEqual(['a@example.org'])
      },
    ))

  test('a message in chunks, some of them ahead of the replies', () =>
    play(
      `S: 250-mx.example.org
       S: 250-PIPELINING
       S: 250 CHUNKING
       C: MAIL FROM:<alice@example.net>
       C: RCPT TO:<bob@example.org>
       S: 250 ok
       S: 250 ok
       C~ BDAT 4\\r\\n01\\r\\n
       C~ BDAT 4\\r\\n23\\r\\n
       S: 250 4 octets
       C~ BDAT 4\\r\\n45\\r\\n
       S: 250 8 octets
       C~ BDAT 3 LAST\\r\\n6\\r\\n
       S: 250 12 octets
       S: 250 ok`,
      async (client) => {
        async function* source() {
          for (const text of ['01\r\n', '23\r', '\n', '45\r\n', '6']) yield fromLatin1(text)
        }
        await client.send({ ...mail(), message: source(), body: '7BIT' })
      },
      { limits: { chunk: 4, chunksAhead: 1, lookAhead: 1, eagerMessage: 0 } },
    ))

  test('a chunk is refused', () =>
    play(
      `S: 250-mx.example.org
       S: 250 CHUNKING
       C: MAIL FROM:<alice@example.net>
       S: 250 ok
       C: RCPT TO:<bob@example.org>
       S: 250 ok
       C~ BDAT 4\\r\\n01\\r\\n
       S: 552 5.3.4 too big
       C: RSET
       S: 250 ok
       C: NOOP
       S: 250 ok`,
      async (client) => {
        expect(await failure(client.send(mail({ text: '01\r\n23\r\n' })))).toMatchObject({
          command: 'BDAT',
          enhanced: '5.3.4',
        })
        await client.noop()
      },
      { limits: { chunk: 4 } },
    ))

  test('BINARYMIME: every octet as it is', () =>
    play(
      `S: 250-mx.example.org
       S: 250-PIPELINING
       S: 250-BINARYMIME
       S: 250 CHUNKING
       C: MAIL FROM:<alice@example.net> BODY=BINARYMIME
       C: RCPT TO:<bob@example.org>
       C~ BDAT 8 LAST\\r\\na\\rb\\nc\\0.\\xff
       S: 250 ok
       S: 250 ok
       S: 250 ok`,
      async (client) => {
        await client.send(mail({ text: 'a\rb\nc\0.\xff', body: 'BINARYMIME' }))
      },
    ))
})

describe('RFC 2033: LMTP', () => {
  test('§4.2: a reply for each recipient that was accepted', () =>
    play(
      `S: 250-mx.example.org
       S: 250 PIPELINING
       C: MAIL FROM:<alice@example.net>
       C: RCPT TO:<a@example.org>
       C: RCPT TO:<b@example.org>
       C: RCPT TO:<c@example.org>
       C: DATA
       S: 250 OK
       S: 250 OK
       S: 550 No such user here
       S: 250 OK
       S: 354 Start mail input; end with <CRLF>.<CRLF>
       C: x
       C: .
       S: 250 OK
       S: 452 4.2.2 is full`,
      async (client) => {
        const to = ['a@example.org', 'b@example.org', 'c@example.org']
        const { recipients } = await client.send(mail({ to, text: 'x\r\n' }))
        expect(recipients).toMatchObject([
          { accepted: true },
          { error: { command: 'RCPT', reply: { code: 550 } } },
          { error: { command: 'message', enhanced: '4.2.2', temporary: true, recipient: 'c@example.org' } },
        ])
      },
      { protocol: 'lmtp' },
    ))

  test('with CHUNKING', () =>
    play(
      `S: 250-mx.example.org
       S: 250-PIPELINING
       S: 250 CHUNKING
       C: MAIL FROM:<alice@example.net>
       C: RCPT TO:<a@example.org>
       C: RCPT TO:<b@example.org>
       C~ BDAT 3 LAST\\r\\nx\\r\\n
       S: 250 OK
       S: 250 OK
       S: 250 OK
       S: 250 OK
       S: 550 5.2.1 off
       C: MAIL FROM:<alice@example.net>
       C: RCPT TO:<a@example.org>
       C~ BDAT 3 LAST\\r\\nx\\r\\n
       S: 250 OK
       S: 550 no
       S: 503 no recipients`,
      async (client) => {
        const { accepted } = await client.send(mail({ to: ['a@example.org', 'b@example.org'], text: 'x\r\n' }))
        expect(accepted).toEqual(['a@example.org'])
        expect(await failure(client.send(mail({ to: ['a@example.org'], text: 'x\r\n' })))).toMatchObject({
          command: 'RCPT',
        })
      },
      { protocol: 'lmtp' },
    ))
})

describe('draft-hall-prdr', () => {
  const START = `S: 250-mx.example.org
       S: 250-PIPELINING
       S: 250 PRDR
       C: MAIL FROM:<alice@example.net> PRDR
       C: RCPT TO:<a@example.org>
       C: RCPT TO:<b@example.org>
       C: DATA
       S: 250 ok
       S: 250 ok
       S: 250 ok
       S: 354 go
       C: x
       C: .
       `
  const both = mail({ to: ['a@example.org', 'b@example.org'], text: 'x\r\n' })

  test('a reply for each, and one for all', () =>
    play(
      `${START}S: 353 content analysis has started
       S: 250 for a
       S: 550 5.7.1 b dislikes it
       S: 250 all in all`,
      async (client) => {
        const { recipients } = await client.send(both)
        expect(recipients).toMatchObject([{ reply: { text: ['for a'] } }, { error: { enhanced: '5.7.1' } }])
      },
    ))

  test('what was said for each counts only when the reply for all is positive', () =>
    play(
      `${START}S: 353 content analysis has started
       S: 250 for a
       S: 452 4.2.2 b is full
       S: 554 5.7.1 nobody gets it`,
      async (client) => {
        const { recipients } = await failure(client.send(both))
        expect(recipients).toMatchObject([
          { accepted: false, error: { enhanced: '5.7.1', recipient: 'a@example.org', mayBeDelivered: false } },
          { accepted: false, error: { enhanced: '4.2.2', recipient: 'b@example.org' } },
        ])
      },
    ))

  test('a connection that is lost before the reply for all', async () => {
    const text = `S: 220 mx.example.org
       C: EHLO client.example
       ${START}S: 353 content analysis has started
       S: 250 for a
       S: 550 5.7.1 b dislikes it
       -- end --`
    await playScript(text, async (connection) => {
      await using client = await startSmtpClient(connection, OPTIONS)
      const { recipients } = await failure(client.send(both))
      expect(recipients).toMatchObject([
        { accepted: false, error: { code: 'connection', mayBeDelivered: true } },
        { accepted: false, error: { enhanced: '5.7.1', mayBeDelivered: false } },
      ])
    })
  })

  test('one reply for all is allowed too', () =>
    play(`${START}S: 250 all`, async (client) => {
      expect((await client.send(both)).accepted).toHaveLength(2)
    }))
})

describe('what the server lacks', () => {
  const SEND = (parameters: string, text: string) => `C: MAIL FROM:<alice@example.net>${parameters}
       S: 250 ok
       C: RCPT TO:<bob@example.org>
       S: 250 ok
       C: DATA
       S: 354 go
       C~ ${text}.\\r\\n
       S: 250 ok`

  test('RFC 6152: 8BITMIME is said when it is needed', () =>
    play(
      `S: 250-mx
       S: 250 8BITMIME
       ${SEND(' BODY=8BITMIME', '\\r\\n\\xe9\\r\\n')}
       ${SEND('', '\\r\\na\\r\\n')}`,
      async (client) => {
        await client.send(mail({ text: '\r\n\xe9\r\n' }))
        await client.send(mail({ text: '\r\na\r\n' }))
      },
    ))

  test('RFC 6152 §3: without it the message is converted', () =>
    play(
      `S: 250 mx
       ${SEND('', 'Content-Type: text/plain\\r\\nMIME-Version: 1.0\\r\\nContent-Transfer-Encoding: quoted-printable\\r\\n\\r\\n=E9\\r\\n')}`,
      async (client) => {
        const text = 'Content-Type: text/plain\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xe9\r\n'
        expect((await client.send(mail({ text }))).converted).toBe(true)
      },
    ))

  test('or refused', () =>
    play(
      'S: 250 mx',
      async (client) => {
        const wanted = { code: 'unsupported', enhanced: '5.6.3', temporary: false }
        expect(await failure(client.send(mail({ text: '\r\n\xe9\r\n' })))).toMatchObject(wanted)
      },
      { downgrade: 'refuse' },
    ))

  test('what can be read again is looked at without keeping it: without 8-bit octets its length does not matter', () => {
    const limits = { lookAhead: 4, conversion: 20 }
    const stored = (text: string) => ({
      read: () => Array.from(text, (_, at) => text.slice(at, at + 1)).map((one) => fromLatin1(one)),
    })
    const long = 'x'.repeat(30)
    return play(
      `S: 250 mx
       ${SEND('', `${long}\\r\\n`)}
       ${SEND('', 'Content-Transfer-Encoding: quoted-printable\\r\\nMIME-Version: 1.0\\r\\nContent-Type: text/plain; charset=unknown-8bit\\r\\n\\r\\n12345=E9\\r\\n')}`,
      async (client) => {
        expect((await client.send({ ...mail(), message: stored(`${long}\r\n`) })).converted).toBe(false)
        expect((await client.send({ ...mail(), message: stored('\r\n12345\xe9\r\n') })).converted).toBe(true)
        const tooLong = client.send({ ...mail(), message: stored(`${long}\xe9\r\n`) })
        expect(await failure(tooLong)).toMatchObject({ code: 'unsupported', enhanced: '5.6.3' })
        // What can be read only once must be kept while it is looked at.
        const once = client.send({ ...mail(), message: stored(`${long}\r\n`).read().values() })
        expect(await failure(once)).toMatchObject({ code: 'unsupported', enhanced: '5.6.3' })
      },
      { limits },
    )
  })

  test('RFC 6531: SMTPUTF8 for addresses and headers', () =>
    play(
      `S: 250-mx
       S: 250-8BITMIME
       S: 250 SMTPUTF8
       C~ MAIL FROM:<j\\xc3\\xb6rg@example.net> SMTPUTF8\\r\\n
       S: 250 ok
       C: RCPT TO:<bob@example.org>
       S: 250 ok
       C: DATA
       S: 354 go
       C: x
       C: .
       S: 250 ok
       ${SEND(' BODY=8BITMIME SMTPUTF8', 'Subject: \\xc3\\xb6\\r\\n')}`,
      async (client) => {
        await client.send(mail({ from: 'jörg@example.net', text: 'x\r\n' }))
        await client.send({ ...mail(), message: fromUtf8('Subject: ö\r\n') })
      },
    ))

  test('RFC 6531: without it the message is refused', () =>
    play(
      `S: 250-mx
       S: 250 8BITMIME`,
      async (client) => {
        expect(await failure(client.send(mail({ from: 'jörg@example.net' })))).toMatchObject({ enhanced: '5.6.7' })
        expect(await failure(client.send({ ...mail(), message: fromUtf8('Subject: ö\r\n\r\n') }))).toMatchObject({
          code: 'unsupported',
          enhanced: '5.6.9',
        })
      },
    ))

  test('RFC 6531: without it only those whose addresses are beyond ASCII are left out', () =>
    play(
      `S: 250-mx
       S: 250 8BITMIME
       ${SEND('', 'x\\r\\n')}`,
      async (client) => {
        // The third would be another domain; the fourth, an address.
        const to = ['jürgen@bücher.example', 'bob@example.org', 'bob@\uff45xample.org', 'bob@\uff11.2.3.4']
        const { accepted, rejected } = await client.send(mail({ to, text: 'x\r\n' }))
        expect(accepted).toEqual(['bob@example.org'])
        const error = { code: 'unsupported', enhanced: '5.6.7', temporary: false }
        expect(rejected).toMatchObject([
          { address: to[0], error: { ...error, recipient: to[0] } },
          { address: to[2], error: { ...error, recipient: to[2] } },
          { address: to[3], error: { ...error, recipient: to[3] } },
        ])
        expect(await failure(client.send(mail({ to: [to[0]] })))).toMatchObject(error)
        expect(client.transactions).toBe(1)
      },
    ))

  test('RFC 6531 §3.2: without it a domain goes in A-labels, and the outcomes are about the addresses that were given', () =>
    play(
      `S: 250-mx
       S: 250-PIPELINING
       S: 250 8BITMIME
       C: MAIL FROM:<alice@xn--bcher-kva.example>
       C: RCPT TO:<"a b"@xn--bcher-kva.example>
       C: RCPT TO:<bob@xn--mnchen-3ya.example>
       C: DATA
       S: 250 ok
       S: 250 ok
       S: 550 5.1.1 nobody
       S: 354 go
       C: x
       C: .
       S: 250 ok`,
      async (client) => {
        const to = ['"a b"@BÜCHER.example', 'bob@münchen.example']
        const { accepted, rejected } = await client.send(mail({ from: 'alice@bücher.example', to, text: 'x\r\n' }))
        expect(accepted).toEqual([to[0]])
        expect(rejected).toMatchObject([{ address: to[1], error: { recipient: to[1] } }])
      },
    ))

  test('RFC 6531: with it one such recipient is enough', () =>
    play(
      `S: 250-mx
       S: 250 SMTPUTF8
       C: MAIL FROM:<alice@example.net> SMTPUTF8
       S: 250 ok
       C: RCPT TO:<bob@example.org>
       S: 250 ok
       C~ RCPT TO:<j\\xc3\\xb6rg@example.org>\\r\\n
       S: 250 ok
       C: DATA
       S: 354 go
       C: x
       C: .
       S: 250 ok`,
      async (client) => {
        const to = ['bob@example.org', 'jörg@example.org']
        expect((await client.send(mail({ to, text: 'x\r\n' }))).accepted).toEqual(to)
      },
    ))

  test('RFC 1870: a message that is too big is not even announced', () =>
    play(
      `S: 250-mx
       S: 250 SIZE 20
       ${SEND(' SIZE=3', 'x\\r\\n')}`,
      async (client) => {
        await client.send(mail({ text: 'x\r\n' }))
        expect(await failure(client.send(mail()))).toMatchObject({ code: 'unsupported', enhanced: '5.3.4' })
      },
    ))
})

describe('envelopes', () => {
  test('RFC 3461, 8689, 2852, 6710, 4865: parameters', async () => {
    const peerCertificate = { authorized: true, subject: '', altNames: [], fingerprint256: '' }
    const TLS = { protocol: 'TLSv1.3', cipher: '', servername: null, peerCertificate, channelBinding: () => null }
    await playScript(
      `S: 220 mx
       C: EHLO client.example
       S: 250-mx
       S: 250-DSN
       S: 250-REQUIRETLS
       S: 250-DELIVERBY 60
       S: 250-MT-PRIORITY MIXER
       S: 250-FUTURERELEASE 3600 2026-01-01T00:00:00Z
       S: 250 PIPELINING
       C: MAIL FROM:<alice@example.net> RET=HDRS ENVID=a+2Bb REQUIRETLS BY=120;RT MT-PRIORITY=-3 HOLDFOR=60
       C: RCPT TO:<a@example.org> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+2Bx@example.com
       C: RCPT TO:<b@example.org> NOTIFY=NEVER
       C: RCPT TO:<c@example.org>
       C: DATA
       S: 250 ok
       S: 250 ok
       S: 250 ok
       S: 250 ok
       S: 354 go
       C: x
       C: .
       S: 250 ok
       C: MAIL FROM:<> HOLDUNTIL=2026-01-02T03:04:05Z
       C: RCPT TO:<a@example.org>
       C: DATA
       S: 250 ok
       S: 250 ok
       S: 354 go
       C: x
       C: .
       S: 250 ok`,
      async (connection) => {
        const client = await startSmtpClient(connection, OPTIONS)
        const message = fromLatin1('x\r\n')
        await client.send({
          envelope: {
            reversePath: 'alice@example.net',
            ret: 'HDRS',
            envid: 'a+b',
            requireTls: true,
            deliverBy: { seconds: 120, mode: 'return', trace: true },
            priority: -3,
            holdFor: 60,
            recipients: [
              {
                address: 'a@example.org',
                notify: ['SUCCESS', 'DELAY'],
                orcpt: { type: 'rfc822', address: 'a+x@example.com' },
              },
              { address: 'b@example.org', notify: [] },
              'c@example.org',
            ],
          },
          message,
        })
        await client.send({
          envelope: { reversePath: null, holdUntil: Date.UTC(2026, 0, 2, 3, 4, 5), recipients: ['a@example.org'] },
          message,
        })
        const late = { seconds: 30, mode: 'return', trace: false } as const
        const envelope = { reversePath: null, recipients: ['a@example.org'], deliverBy: late }
        expect(await failure(client.send({ envelope, message }))).toMatchObject({ enhanced: '5.4.7' })
        client.destroy()
      },
      { tls: TLS },
    )
  })

  test('RFC 8689 §4.2.1: who shows no certificate is not verified', () =>
    playScript(
      `S: 220 mx
       C: EHLO client.example
       S: 250-mx
       S: 250 REQUIRETLS`,
      async (connection) => {
        const client = await startSmtpClient(connection, OPTIONS)
        const envelope = { reversePath: null, recipients: ['a@example.org'], requireTls: true }
        const sent = client.send({ envelope, message: fromLatin1('x\r\n') })
        expect(await failure(sent)).toMatchObject({ enhanced: '5.7.10' })
        client.destroy()
      },
      { tls: TEST_TLS },
    ))

  test('what the server lacks of them is dropped and said, or refused', () =>
    play(
      `S: 250 mx
       C: MAIL FROM:<>
       S: 250 ok
       C: RCPT TO:<a@example.org>
       S: 250 ok
       C: DATA
       S: 354 go
       C: x
       C: .
       S: 250 ok`,
      async (client) => {
        const message = fromLatin1('x\r\n')
        const notify = { address: 'a@example.org', notify: ['SUCCESS'] } as const
        const by = { seconds: 30, trace: false } as const
        const envelope = { reversePath: null, recipients: [notify] }
        const { dropped } = await client.send({
          envelope: { ...envelope, priority: 2, deliverBy: { ...by, mode: 'notify' } },
          message,
        })
        expect(dropped).toEqual(['DSN', 'DELIVERBY', 'MT-PRIORITY'])
        for (const [more, enhanced] of [
          [{ requireTls: true }, '5.7.10'],
          [{ deliverBy: { ...by, mode: 'return' } }, '5.3.3'],
          [{ holdFor: 3 }, '5.3.3'],
        ] as const) {
          expect(await failure(client.send({ envelope: { ...envelope, ...more }, message }))).toMatchObject({
            enhanced,
          })
        }
      },
    ))
})

describe('RFC 2852 §4.1.4.2: a server without DELIVERBY, but with DSN, is asked to tell of delays', () => {
  test.each([
    [undefined, 30, ' NOTIFY=FAILURE,DELAY'],
    [['SUCCESS'], 30, ' NOTIFY=SUCCESS,DELAY'],
    [['DELAY', 'FAILURE'], 30, ' NOTIFY=DELAY,FAILURE'],
    [[], 30, ' NOTIFY=NEVER'],
    [undefined, -30, ''],
  ] as const)('NOTIFY %j, %i s left', (notify, seconds, parameters) =>
    play(
      `S: 250-mx
       S: 250 DSN
       C: MAIL FROM:<>
       S: 250 ok
       C: RCPT TO:<a@example.org>${parameters}
       S: 250 ok
       C: DATA
       S: 354 go
       C: x
       C: .
       S: 250 ok`,
      async (client) => {
        const recipients = [{ address: 'a@example.org', ...(notify && { notify }) }]
        const deliverBy = { seconds, mode: 'notify', trace: false } as const
        await client.send({ envelope: { reversePath: null, recipients, deliverBy }, message: fromLatin1('x\r\n') })
      },
    ),
  )
})

describe('RFC 9422: LIMITS', () => {
  const one = (address: string) => `C: MAIL FROM:<alice@example.net>
       C: RCPT TO:<${address}>
       C~ BDAT 3 LAST\\r\\nx\\r\\n
       S: 250 ok
       S: 250 ok
       S: 250 ok`
  const text = 'x\r\n'

  test('RCPTMAX: several transactions', () =>
    play(
      `S: 250-mx
       S: 250-PIPELINING
       S: 250-CHUNKING
       S: 250 LIMITS RCPTMAX=1 NONSENSE RCPTDOMAINMAX=x
       ${one('a@example.org')}
       ${one('b@example.org')}`,
      async (client) => {
        const { accepted } = await client.send(mail({ to: ['a@example.org', 'b@example.org'], text }))
        expect(accepted).toHaveLength(2)
      },
    ))

  test('MAILMAX and RCPTDOMAINMAX: the rest needs another connection', () =>
    play(
      `S: 250-mx
       S: 250-PIPELINING
       S: 250-CHUNKING
       S: 250 LIMITS MAILMAX=2 RCPTDOMAINMAX=1
       ${one('a@example.org')}
       ${one('b@EXAMPLE.org')}`,
      async (client) => {
        const to = ['a@example.org', 'c@example.com']
        const { rejected } = await client.send(mail({ to, text }))
        expect(rejected).toMatchObject([{ address: 'c@example.com', error: { code: 'limit', temporary: true } }])
        expect(client.usable).toBe(true)
        await client.send(mail({ to: ['b@EXAMPLE.org'], text }))
        expect(client.usable).toBe(false)
        expect(await failure(client.send(mail({ text })))).toMatchObject({ code: 'limit' })
      },
    ))
})
