/** What handlers may answer at a stage, and what one of them does to the others. */
import { playTranscript } from '@posthouse/wire/testing'
import { describe, expect, test } from 'vitest'
import { annotation, type Reply, reply, type SmtpHandler } from '../src/index.js'
import { EHLO } from './dialogues.js'
import { checkPassword, collector } from './servers.js'

describe.each<[string, Reply]>([
  ['2yz', reply(250, '2.0.0', 'Fine')],
  ['354', reply(354, null, 'Go on')],
])('a data stage that says %s refuses nothing', (_what, said) => {
  const RCPT = `${EHLO}
    C: MAIL FROM:<a@example.org>
    C: RCPT TO:<b@example.org>
    S: 250 2.1.0 Sender OK
    S: 250 2.1.5 Recipient OK
  `
  test.each([
    ['DATA', 'C: DATA\nS: 354 Start mail input{*}\nC: x\nC: .\n', 'x\r\n'],
    ['BDAT LAST', 'C~ BDAT 1 LAST\\r\\nx\n', 'x'],
    ['BDAT', 'C~ BDAT 1\\r\\nx\nS: 250 {*}\nC: BDAT 0 LAST\n', 'x'],
  ])('%s', async (_verb, text, wanted) => {
    const made = collector({ handlers: [{ data: () => said }] })
    await playTranscript(made.server, `${RCPT}${text}S: 250 2.0.0 Message accepted as {*}`)
    expect(made.messages.map((message) => message.text)).toEqual([wanted])
  })
})

describe('a close stage that fails', () => {
  test.each<[string, () => void | Promise<void>]>([
    [
      'at once',
      () => {
        throw new Error('no')
      },
    ],
    ['later', () => Promise.reject(new Error('no'))],
  ])('%s is logged, and the others are called', async (_when, close) => {
    const closed: string[] = []
    const logged: unknown[] = []
    const { server } = collector({
      handlers: [{ close }, { close: ({ type }) => void closed.push(type) }],
      log: ({ event, stage }) => logged.push([event, stage]),
    })
    await playTranscript(server, `${EHLO}\nC: QUIT\nS: 221 {*}\n-- closed --`)
    expect(closed).toEqual(['closed'])
    expect(logged).toEqual([['handler.failed', 'close']])
  })
})

test('a note about the next message goes with its transaction, one about the session stays', async () => {
  const passing = annotation<string>('passing', { until: 'transaction' })
  const lasting = annotation<string>('lasting')
  const seen: unknown[] = []
  const handler: SmtpHandler = {
    connect: (session) => session.set(passing, 'from connect'),
    mail: (_transaction, session) => void seen.push([session.get(passing), session.get(lasting)]),
    commands: new Map([
      [
        'XNOTE',
        (text, session) => {
          session.set(passing, text)
          session.set(lasting, text)
          return reply(250, null, 'OK')
        },
      ],
    ]),
  }
  await playTranscript(
    collector({ handlers: [handler] }).server,
    `${EHLO}
    C: XNOTE 1
    C: MAIL FROM:<>
    C: RCPT TO:<b@example.org>
    C: BDAT 0 LAST
    C: MAIL FROM:<>
    C: RSET
    C: XNOTE 2
    C: MAIL FROM:<>
    C: RSET
    C: MAIL FROM:<>
    S: 250 {*}
    ${'S: 250 {*}\n'.repeat(9)}
  `,
  )
  expect(seen).toEqual([
    ['1', '1'],
    [undefined, '1'],
    ['2', '2'],
    [undefined, '2'],
  ])
})

test('an answer of 2yz at authenticated lets in', () =>
  playTranscript(
    collector({
      handlers: [{ authenticated: () => reply(250, '2.0.0', 'Welcome') }],
      ...{ authenticate: checkPassword, allowInsecureAuth: true },
    }).server,
    `${EHLO}
    C: AUTH PLAIN AGEAc2VjcmV0
    S: 235 2.7.0 Authentication succeeded
    C: AUTH PLAIN AGEAc2VjcmV0
    S: 503 5.5.1 Already authenticated
  `,
  ))

test('a refused BDAT is the end of the transaction for handlers, too', () => {
  const asked: SmtpHandler = {
    data: () => reply(451, '4.7.1', 'Later'),
    commands: new Map([['XSTATE', (_argument, { transaction }) => reply(250, null, String(transaction))]]),
  }
  return playTranscript(
    collector({ handlers: [asked] }).server,
    `${EHLO}
    C: MAIL FROM:<a@example.org>
    S: 250 {*}
    C: RCPT TO:<b@example.org>
    S: 250 {*}
    C: BDAT 0
    S: 451 4.7.1 Later
    C: XSTATE
    S: 250 null
    C: RSET
    S: 250 {*}
  `,
  )
})
