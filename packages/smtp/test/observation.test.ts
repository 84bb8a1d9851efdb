/** What an operator sees: log events and transcripts, without secrets. */
import type { LogEvent } from '@posthouse/wire'
import { playTranscript } from '@posthouse/wire/testing'
import { expect, test } from 'vitest'
import { reply } from '../src/index.js'
import { checkPassword, collector } from './servers.js'

const DIALOGUE = `
  S: 220 mx.example.org ESMTP
  C: EHLO x
  S: ...
  S: 250 {*}
  C: AUTH PLAIN AGEAc2VjcmV0
  S: 235 {*}
  C: MAIL FROM:<a@example.org>
  C: RCPT TO:<b@example.org>
  C: DATA
  S: 250 {*}
  S: 250 {*}
  S: 354 {*}
  C: text
  C: .
  S: 250 {*}
  C: MAIL FROM:<>
  C: RCPT TO:<refused@example.org>
  C~ BDAT 2 LAST\\r\\nxx
  S: 250 {*}
  S: 250 {*}
  S: 550 5.7.1 no
  C: QUIT
  S: 221 {*}
  -- closed --
`
const options = {
  authenticate: checkPassword,
  allowInsecureAuth: true,
  handlers: [
    {
      message: ({ transaction }: { transaction: { recipients: readonly { address: string }[] } }) =>
        transaction.recipients[0].address.startsWith('refused') ? reply(550, '5.7.1', 'no') : undefined,
    },
  ],
}

test('one event for each message', async () => {
  const events: object[] = []
  await playTranscript(collector({ ...options, log: (event) => events.push(event) }).server, DIALOGUE)
  const id = '1kdvdna00000000000000'
  expect(events.slice(1)).toEqual([
    {
      connection: 'test',
      level: 'info',
      event: 'message.accepted',
      transaction: id,
      from: 'a@example.org',
      to: ['b@example.org'],
      size: 6,
      codes: [250],
    },
    {
      connection: 'test',
      level: 'info',
      event: 'message.refused',
      transaction: id,
      from: '',
      to: ['refused@example.org'],
      size: 2,
      codes: [550],
    },
  ])
})

test.each([
  ['0', '0'],
  ['z', '31'],
  ['10', '32'],
  ['1kdvdna00', '1767225600000'],
  ['1kdvdna00', '1767225600000.7'],
  ['0', '-5'],
])('the name of a message begins with its time: %s for %s', async (digits, time) => {
  const ids: unknown[] = []
  const log = (event: LogEvent & { readonly transaction?: unknown }): void => {
    if (event.transaction !== undefined) ids.push(event.transaction)
  }
  await playTranscript(collector({ ...options, log }).server, DIALOGUE, { now: () => Number(time) })
  expect(ids).toEqual([digits.padStart(9, '0') + '0'.repeat(12), digits.padStart(9, '0') + '0'.repeat(12)])
})

test('a transcript has every line, and no password', async () => {
  const lines: string[] = []
  const transcript = ({ side, text }: { side: string; text: string }, { id }: { id: string }) =>
    lines.push(`${id} ${side === 'client' ? 'C' : 'S'}: ${text}`)
  await playTranscript(collector({ ...options, transcript }).server, DIALOGUE)
  expect(lines.filter((line) => !line.includes('S: 250-'))).toEqual(
    [
      'S: 220 mx.example.org ESMTP',
      'C: EHLO x',
      'S: 250 AUTH PLAIN LOGIN',
      'C: AUTH PLAIN ***',
      'S: 235 2.7.0 Authentication succeeded',
      'C: MAIL FROM:<a@example.org>',
      'S: 250 2.1.0 Sender OK',
      'C: RCPT TO:<b@example.org>',
      'S: 250 2.1.5 Recipient OK',
      'C: DATA',
      'S: 354 Start mail input; end with <CRLF>.<CRLF>',
      'C: (6 octets)',
      'S: 250 2.0.0 Message accepted as 1kdvdna00000000000000',
      'C: MAIL FROM:<>',
      'S: 250 2.1.0 Sender OK',
      'C: RCPT TO:<refused@example.org>',
      'S: 250 2.1.5 Recipient OK',
      'C: BDAT 2 LAST',
      'C: (2 octets so far)',
      'S: 550 5.7.1 no',
      'C: QUIT',
      'S: 221 2.0.0 mx.example.org closing connection',
    ].map((line) => `test ${line}`),
  )
})

test.each([
  ['AUTH LOGIN', true],
  ['auth login YQ==', true],
  ['AUTH  PLAIN AGEAc2VjcmV0', true],
  ['AUTH PLAIN\\tAGEAc2VjcmV0', true],
  ['AUTH\\tPLAIN\\tAGEAc2VjcmV0', true],
  ['AUTH\\tLOGIN', true],
  [' AUTH PLAIN AGEAc2VjcmV0', true],
  ['\\t auth login', true],
  ['AUTH LOGIN', false],
  ['AUTH GSSAPI', true],
])('%s and responses are masked, allowed or not: %s', async (command, allowed) => {
  const lines: string[] = []
  const { server } = collector({
    ...options,
    allowInsecureAuth: allowed,
    transcript: ({ text }) => lines.push(text),
  })
  await playTranscript(
    server,
    `
    S: 220 {*}
    C: EHLO x
    S: ...
    S: 250 {*}
    C~ ${command}\\r\\n
    C: c2VjcmV0
    C: AGEAc2VjcmV0
    C: QUIT
    S: ...
    S: 221 {*}
  `,
  )
  expect(lines.length).toBeGreaterThan(6)
  for (const secret of ['AGEAc2', 'c2VjcmV0', 'YQ==']) expect(lines.join('\n')).not.toContain(secret)
})

test('a transcript that cannot be written costs no message, and the log tells it', async () => {
  const events: LogEvent[] = []
  const { server, messages } = collector({
    ...options,
    transcript: () => {
      throw new Error('disk is full')
    },
    log: (event) => event.level === 'error' && events.push(event),
  })
  await playTranscript(server, DIALOGUE)
  expect(messages).toHaveLength(1)
  expect(events[0]).toMatchObject({
    event: 'transcript.failed',
    connection: 'test',
    error: { message: 'disk is full' },
  })
})
