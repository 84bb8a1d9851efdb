import { playTranscriptAtAllCuts } from '@posthouse/wire/testing'
import { expect, test } from 'vitest'
import { requireAuth } from '../src/index.js'
import { checkPassword, collector } from './servers.js'

const EHLO = `
  S: 220 mx.example.org ESMTP
  C: EHLO client.example
  S: 250-mx.example.org
  S: ...
  S: 250 {*}
`

function play(text: string, options: Parameters<typeof collector>[0] = {}, link = {}) {
  return playTranscriptAtAllCuts(() => collector(options).server, text, link)
}

test('RFC 5321 Appendix D.1: a typical transaction', async () => {
  const made = collector({
    handlers: [
      {
        rcpt: (recipient) =>
          recipient.mailbox.localPart === 'Green'
            ? { code: 550, enhanced: '5.1.1', text: 'No such user here' }
            : undefined,
      },
    ],
  })
  await playTranscriptAtAllCuts(
    () => made.server,
    `
    S: 220 mx.example.org ESMTP
    C: EHLO bar.com
    S: 250-mx.example.org
    S: 250-PIPELINING
    S: 250-SIZE 67108864
    S: 250-8BITMIME
    S: 250-SMTPUTF8
    S: 250-CHUNKING
    S: 250-ENHANCEDSTATUSCODES
    S: 250-LIMITS RCPTMAX=1000
    S: 250 STARTTLS
    C: MAIL FROM:<Smith@bar.com>
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<Jones@foo.com>
    S: 250 2.1.5 Recipient OK
    C: RCPT TO:<Green@foo.com>
    S: 550 5.1.1 No such user here
    C: RCPT TO:<Brown@foo.com>
    S: 250 2.1.5 Recipient OK
    C: DATA
    S: 354 Start mail input; end with <CRLF>.<CRLF>
    C: Blah blah blah...
    C: ...etc. etc. etc.
    C: .
    S: 250 2.0.0 Message accepted as 1kdvdna00000000000000
    C: QUIT
    S: 221 2.0.0 mx.example.org closing connection
    -- closed --
  `,
  )
  expect(made.messages).toHaveLength(3)
  for (const message of made.messages) {
    expect(message).toEqual({
      text: 'Blah blah blah...\r\n..etc. etc. etc.\r\n',
      from: 'Smith@bar.com',
      to: ['Jones@foo.com', 'Brown@foo.com'],
    })
  }
})

test('RFC 5321 Appendix D.2: an aborted transaction', () =>
  play(`${EHLO}
    C: MAIL FROM:<Smith@bar.com>
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<Jones@foo.com>
    S: 250 2.1.5 Recipient OK
    C: RSET
    S: 250 2.0.0 Flushed
    C: DATA
    S: 503 5.5.1 Say MAIL and RCPT first
    C: QUIT
    S: 221 2.0.0 mx.example.org closing connection
    -- closed --
  `))

test('RFC 2920 §3.2: a pipelined batch is answered in order', () =>
  play(`${EHLO}
    C: MAIL FROM:<mrose@dbc.mtview.ca.us>
    C: RCPT TO:<ned@innosoft.com>
    C: RCPT TO:<dan@innosoft.com>
    C: DATA
    S: 250 2.1.0 Sender OK
    S: 250 2.1.5 Recipient OK
    S: 250 2.1.5 Recipient OK
    S: 354 Start mail input; end with <CRLF>.<CRLF>
    C: .
    C: QUIT
    S: 250 2.0.0 Message accepted as {*}
    S: 221 2.0.0 mx.example.org closing connection
    -- closed --
  `))

test('RFC 2920 §3.1: DATA pipelined behind refused recipients', () =>
  play(
    `${EHLO}
    C: MAIL FROM:<a@example.org>
    C: RCPT TO:<b@example.org>
    C: DATA
    C: QUIT
    S: 250 2.1.0 Sender OK
    S: 550 5.7.1 no
    S: 503 5.5.1 No valid recipients
    S: 221 2.0.0 mx.example.org closing connection
    -- closed --
  `,
    { handlers: [{ rcpt: () => ({ code: 550, enhanced: '5.7.1', text: 'no' }) }] },
  ))

test('commands out of their order', () =>
  play(`
    S: 220 mx.example.org ESMTP
    C: MAIL FROM:<a@example.org>
    S: 503 5.5.1 Say EHLO first
    C: RCPT TO:<a@example.org>
    S: 503 5.5.1 Say MAIL first
    C: AUTH PLAIN
    S: 503 5.5.1 Say EHLO first
    C: STARTTLS
    S: 503 5.5.1 Say EHLO first
    C: NOOP
    S: 250 2.0.0 OK
    C: RSET
    S: 250 2.0.0 Flushed
    C: MAIL FROM:<a@example.org>
    S: 503 5.5.1 Say EHLO first
    C: HELO client.example
    S: 250 mx.example.org
    C: MAIL FROM:<a@example.org>
    S: 250 2.1.0 Sender OK
    C: MAIL FROM:<a@example.org>
    S: 503 5.5.1 A transaction is in progress; say RSET first
    C: DATA
    S: 503 5.5.1 No valid recipients
    C: LHLO client.example
    S: 500 5.5.1 Command not recognized
    C: HELO client.example
    S: 250 mx.example.org
    C: MAIL FROM:<>
    S: 250 2.1.0 Sender OK
    C: QUIT
    S: 221 2.0.0 mx.example.org closing connection
    -- closed --
  `))

test('VRFY, EXPN, HELP, ETRN and verbs that nobody knows', () =>
  play(`
    S: 220 mx.example.org ESMTP
    C: VRFY postmaster
    S: 252 2.5.0 Cannot verify; send mail to try
    C: EXPN staff
    S: 502 5.5.1 Command not implemented
    C: ETRN example.org
    S: 502 5.5.1 Command not implemented
    C: HELP
    S: 214 2.0.0 See RFC 5321
    C: WIZ
    S: 500 5.5.1 Command not recognized
    C: __proto__
    S: 500 5.5.1 Command not recognized
    C: constructor x
    S: 500 5.5.1 Command not recognized
    C: AUTH PLAIN AGFAYi5jAHNlY3JldA==
    S: 503 5.5.1 Say EHLO first
  `))

test.each([
  ['MAIL FROM:', '501 5.1.7 Bad sender address: a path is written in angle brackets'],
  ['MAIL a@b', '501 5.5.2 Syntax: MAIL FROM:<address>'],
  ['MAIL FROM:<a@b', '501 5.1.7 Bad sender address: domain'],
  ['MAIL FROM:<a b@c>', '501 5.1.7 Bad sender address: local part'],
  ['MAIL FROM:<a@b>SIZE=1', '501 5.5.4 Bad parameters: a space goes before each parameter'],
  ['MAIL FROM:<a@b> SIZE=x', '501 5.5.4 SIZE is a number of octets'],
  ['MAIL FROM:<a@b> SIZE=1 SIZE=1', '501 5.5.4 Bad parameters: SIZE is given twice'],
  ['MAIL FROM:<a@b> __PROTO__=1', '555 5.5.4 Parameter __PROTO__ is not supported'],
  ['MAIL FROM:<a@b> XYZZY', '555 5.5.4 Parameter XYZZY is not supported'],
  ['MAIL FROM:<a@b> BODY=8BIT', '501 5.5.4 BODY is 7BIT or 8BITMIME'],
  ['MAIL FROM:<a@b> SIZE=99999999999999999999', '552 5.3.4 Message bigger than 67108864 octets'],
  ['RCPT TO:<>', '501 5.1.3 Bad recipient address: it is empty'],
  ['RCPT TO:<a@b>', '503 5.5.1 Say MAIL first'],
  ['DATA now', '501 5.5.4 DATA takes no parameters'],
  ['EHLO', '501 5.5.4 EHLO needs the name of the client'],
  ['EHLO a b', '501 5.5.4 EHLO takes one name'],
  ['MAIL FROM:<ü@example.org>', '553 5.6.7 This sender address needs SMTPUTF8'],
])('%s is answered %s', (command, answer) =>
  play(`${EHLO}
    C: ${command}
    S: ${answer}
    C: NOOP
    S: 250 2.0.0 OK
  `),
)

test('AUTH PLAIN with and without an initial response, cancelled, wrong, twice', () =>
  play(
    `${EHLO}
    C: MAIL FROM:<a@example.org>
    S: 530 5.7.0 Authentication required
    C: AUTH PLAIN
    S: 334 
    C: *
    S: 501 5.7.0 Authentication cancelled
    C: AUTH PLAIN !!!!
    S: 501 5.5.2 Not base64
    C: AUTH PLAIN
    S: 334 
    C: AGEAc2VjcmV0=
    S: 501 5.5.2 Not base64
    C: AUTH GSSAPI
    S: 504 5.5.4 Authentication mechanism not supported
    C: AUTH PLAIN AGEAd3Jvbmc=
    S: 535 5.7.8 Authentication credentials invalid
    C: AUTH PLAIN =
    S: 535 5.7.8 Authentication credentials invalid
    C: AUTH PLAIN AGEAc2VjcmV0
    S: 235 2.7.0 Authentication succeeded
    C: AUTH PLAIN AGEAc2VjcmV0
    S: 503 5.5.1 Already authenticated
    C: MAIL FROM:<a@example.org> AUTH=<>
    S: 250 2.1.0 Sender OK
  `,
    { authenticate: checkPassword, allowInsecureAuth: true, handlers: [requireAuth()] },
  ))

test('AUTH LOGIN', () =>
  play(
    `${EHLO}
    C: AUTH LOGIN
    S: 334 VXNlcm5hbWU6
    C: YQ==
    S: 334 UGFzc3dvcmQ6
    C: c2VjcmV0
    S: 235 2.7.0 Authentication succeeded
  `,
    { authenticate: checkPassword, allowInsecureAuth: true },
  ))

test('three failed logins end the connection', () =>
  play(
    `${EHLO}
    C: AUTH PLAIN AGEAd3Jvbmc=
    S: 535 5.7.8 Authentication credentials invalid
    C: AUTH PLAIN AGEAd3Jvbmc=
    S: 535 5.7.8 Authentication credentials invalid
    C: AUTH PLAIN AGEAd3Jvbmc=
    S: 421 4.7.0 Too many errors; closing connection
    -- closed --
  `,
    { authenticate: checkPassword, allowInsecureAuth: true },
  ))

test('RFC 3207 §4: passwords wait for TLS, and STARTTLS forgets everything said before', () =>
  play(
    `
    S: 220 mx.example.org ESMTP
    C: EHLO client.example
    S: 250-mx.example.org
    S: ...
    S: 250 STARTTLS
    C: AUTH PLAIN AGEAc2VjcmV0
    S: 538 5.7.11 Encryption is required for this mechanism
    C: STARTTLS
    S: 220 2.0.0 Ready to start TLS
    -- tls --
    C: MAIL FROM:<a@example.org>
    S: 503 5.5.1 Say EHLO first
    C: EHLO client.example
    S: 250-mx.example.org
    S: ...
    S: 250 AUTH PLAIN LOGIN
    C: AUTH PLAIN AGEAc2VjcmV0
    S: 235 2.7.0 Authentication succeeded
    C: STARTTLS
    S: 503 5.5.1 TLS is active already
  `,
    { authenticate: checkPassword },
  ))

test('a handler that throws is answered 451 and logged, and the connection goes on', async () => {
  const logged: unknown[] = []
  await play(
    `${EHLO}
    C: MAIL FROM:<a@example.org>
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<throw@example.org>
    S: 451 4.3.0 Local problem; try again later
    C: RCPT TO:<reject@example.org>
    S: 451 4.3.0 Local problem; try again later
    C: RCPT TO:<fine@example.org>
    S: 250 2.1.5 Recipient OK
  `,
    {
      log: (event) => logged.push(event.error),
      handlers: [
        {
          rcpt({ mailbox }) {
            if (mailbox.localPart === 'throw') throw new Error('thrown')
            if (mailbox.localPart === 'reject') return Promise.reject(new Error('rejected'))
            return undefined
          },
        },
      ],
    },
  )
  expect(logged.map(String)).toEqual(
    ['thrown', 'rejected', 'thrown', 'rejected', 'thrown', 'rejected'].map((text) => `Error: ${text}`),
  )
})

test('the greeting may be a refusal', () =>
  play(
    `
    S: 554 5.7.1 not you
    -- closed --
  `,
    { handlers: [{ connect: () => ({ code: 554, enhanced: '5.7.1', text: 'not you' }) }] },
  ))
