import { StoreError } from '@posthouse/store-api'
import { playTranscriptAtAllCuts } from '@posthouse/wire/testing'
import { expect, test } from 'vitest'
import { createLmtpServer, createSmtpServer, deliverTo, localRecipients, replies } from '../src/index.js'
import { collector, fakeStore, zeros } from './servers.js'

const LHLO = `
  S: 220 mx.example.org LMTP
  C: LHLO foo.edu
  S: 250-mx.example.org
  S: ...
  S: 250 {*}
`

test.each(['MAIL FROM:<a@example.org>', 'AUTH PLAIN', 'STARTTLS'])(
  '%s: the greeting that is missing is LHLO',
  (command) =>
    playTranscriptAtAllCuts(
      () => collector({}, 'lmtp').server,
      `
    S: 220 mx.example.org LMTP
    C: ${command}
    S: 503 5.5.1 Say LHLO first
  `,
    ),
)

test('RFC 2033 §4.2: one reply for each recipient that was accepted', async () => {
  const store = fakeStore(['pat@example.org', 'green@example.org', 'jones@example.org'])
  store.failing.set('green@example.org', new StoreError('overquota', 'full'))
  const server = () =>
    createLmtpServer({
      hostname: 'mx.example.org',
      random: zeros,
      handlers: [localRecipients(store, { domains: ['Example.ORG'] }), deliverTo(store)],
    })
  await playTranscriptAtAllCuts(
    server,
    `${LHLO}
    C: MAIL FROM:<chris@bar.com>
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<pat@example.org>
    S: 250 2.1.5 Recipient OK
    C: RCPT TO:<jones@elsewhere.example>
    S: 550 5.7.1 Relaying denied
    C: RCPT TO:<nobody@example.org>
    S: 550 5.1.1 No such user here: nobody@example.org
    C: RCPT TO:<green@example.org>
    S: 250 2.1.5 Recipient OK
    C: RCPT TO:<JONES@EXAMPLE.org>
    S: 250 2.1.5 Recipient OK
    C: DATA
    S: 354 Start mail input; end with <CRLF>.<CRLF>
    C: Subject: hello
    C: 
    C: ..Blah
    C: .
    S: 250 2.0.0 Message accepted as 1kdvdna00000000000000
    S: 452 4.2.2 Mailbox full
    S: 250 2.0.0 Message accepted as 1kdvdna00000000000000
    C: QUIT
    S: 221 2.0.0 mx.example.org closing connection
    -- closed --
  `,
    { remote: { address: '192.0.2.1', port: 1234 } },
  )
  expect(store.delivered).toHaveLength(6)
  expect(store.delivered[0]).toEqual({
    account: 'pat@example.org',
    dedup: '1kdvdna00000000000000 pat@example.org',
    text: [
      'Return-Path: <chris@bar.com>',
      'Delivered-To: pat@example.org',
      'Received: from foo.edu ([192.0.2.1])',
      '\tby mx.example.org with LMTP id 1kdvdna00000000000000',
      '\tfor <pat@example.org>;',
      '\tThu, 1 Jan 2026 00:00:00 +0000',
      'Subject: hello',
      '',
      '.Blah',
      '',
    ].join('\r\n'),
  })
  expect(store.delivered[1].account).toBe('jones@example.org')
})

test('RFC 2033 §4.1: EHLO and HELO are not LMTP', () =>
  playTranscriptAtAllCuts(
    () => collector({}, 'lmtp').server,
    `
    S: 220 mx.example.org LMTP
    C: EHLO foo.edu
    S: 500 5.5.1 Command not recognized
    C: HELO foo.edu
    S: 500 5.5.1 Command not recognized
  `,
  ))

test('a refusal of the whole message is said once for each recipient', () =>
  playTranscriptAtAllCuts(
    () => collector({ limits: { messageSize: 10 } }, 'lmtp').server,
    `${LHLO}
    C: MAIL FROM:<>
    C: RCPT TO:<a@example.org>
    C: RCPT TO:<b@example.org>
    C: DATA
    S: 250 2.1.0 Sender OK
    S: 250 2.1.5 Recipient OK
    S: 250 2.1.5 Recipient OK
    S: 354 Start mail input; end with <CRLF>.<CRLF>
    C: more than ten octets
    C: .
    S: 552 5.3.4 Message bigger than 10 octets
    S: 552 5.3.4 Message bigger than 10 octets
    C: NOOP
    S: 250 2.0.0 OK
  `,
  ))

test('SMTP has one reply: a temporary failure for one recipient is one for all', async () => {
  const store = fakeStore(['a@example.org', 'b@example.org'])
  store.failing.set('b@example.org', new Error('disk'))
  const logged: string[] = []
  await playTranscriptAtAllCuts(
    () =>
      createSmtpServer({
        hostname: 'mx.example.org',
        handlers: [localRecipients(store), deliverTo(store)],
        log: ({ event, error }) => error && logged.push(`${event} ${error}`),
      }),
    `
    S: 220 mx.example.org ESMTP
    C: EHLO x
    S: ...
    S: 250 {*}
    C: MAIL FROM:<>
    C: RCPT TO:<a@example.org>
    C: RCPT TO:<b@example.org>
    C: DATA
    S: 250 2.1.0 Sender OK
    S: 250 2.1.5 Recipient OK
    S: 250 2.1.5 Recipient OK
    S: 354 {*}
    C: text
    C: .
    S: 451 4.3.0 Local problem; try again later
  `,
  )
  expect(logged).toEqual(Array(3).fill('delivery.failed Error: disk'))
})

test('the store cannot take the octets: 451, and the connection goes on', async () => {
  const store = fakeStore(['a@example.org'])
  store.stageError = new StoreError('unavailable', 'no disk')
  await playTranscriptAtAllCuts(
    () => createLmtpServer({ hostname: 'mx.example.org', handlers: [localRecipients(store), deliverTo(store)] }),
    `${LHLO}
    C: MAIL FROM:<>
    C: RCPT TO:<a@example.org>
    C: DATA
    S: 250 2.1.0 Sender OK
    S: 250 2.1.5 Recipient OK
    S: 354 {*}
    C: text
    C: .
    S: 451 4.3.0 Local problem; try again later
    C: NOOP
    S: 250 2.0.0 OK
  `,
  )
})

test('a handler with replies for other recipients than there are: 451 for each, logged', async () => {
  const logged: string[] = []
  await playTranscriptAtAllCuts(
    () =>
      createLmtpServer({
        hostname: 'mx.example.org',
        handlers: [{ message: () => [replies.accepted()] }],
        log: ({ error }) => error && logged.push(String(error)),
      }),
    `${LHLO}
    C: MAIL FROM:<>
    C: RCPT TO:<a@example.org>
    C: RCPT TO:<b@example.org>
    C: DATA
    S: 250 2.1.0 Sender OK
    S: 250 2.1.5 Recipient OK
    S: 250 2.1.5 Recipient OK
    S: 354 {*}
    C: .
    S: 451 4.3.0 Local problem; try again later
    S: 451 4.3.0 Local problem; try again later
  `,
  )
  expect(logged[0]).toBe('Error: a handler has 1 replies for 2 recipients')
})
