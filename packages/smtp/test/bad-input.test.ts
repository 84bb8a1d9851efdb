/** Bad input: each gets the protocol's own answer, the connection stays sound or is closed, and nothing is guessed. */
import { playTranscript, playTranscriptAtAllCuts } from '@posthouse/wire/testing'
import { describe, expect, test } from 'vitest'
import { replies } from '../src/index.js'
import { checkPassword, collector } from './servers.js'

const EHLO = `
  S: 220 mx.example.org ESMTP
  C: EHLO client.example
  S: ...
  S: 250 {*}
`
const RCPT = `${EHLO}
  C: MAIL FROM:<a@example.org>
  C: RCPT TO:<b@example.org>
  S: 250 2.1.0 Sender OK
  S: 250 2.1.5 Recipient OK
`
const DATA = `${RCPT}
  C: DATA
  S: 354 Start mail input; end with <CRLF>.<CRLF>
`

function play(text: string, options: Parameters<typeof collector>[0] = {}) {
  return playTranscriptAtAllCuts(() => collector(options).server, text)
}

describe('lines', () => {
  const LONG = 'x'.repeat(5_000)
  const HUGE = 'x'.repeat(100_000)

  test('a line over the limit is skipped exactly to its end', () =>
    play(`${EHLO}
      C: ${LONG}
      S: 500 5.5.2 Line too long
      C: MAIL FROM:<${LONG}@example.org>
      C: NOOP
      S: 500 5.5.2 Line too long
      S: 250 2.0.0 OK
    `))

  test('a line of 100 kB', () =>
    play(`${EHLO}
      C: ${HUGE}
      C: NOOP
      S: 500 5.5.2 Line too long
      S: 250 2.0.0 OK
      C~ ${HUGE}\\n${HUGE}\\r${HUGE}\\r\\nNOOP\\r\\n
      S: 500 5.5.2 Line too long
      S: 250 2.0.0 OK
    `))

  test('a line without an end closes the connection', () =>
    playTranscript(
      collector({ limits: { skippedLine: 50_000 } }).server,
      `${EHLO}
      C~ ${HUGE}
      S: 500 5.5.2 Line too long
      -- closed --
    `,
    ))

  test('a bare LF is no line end: the connection closes, and nothing behind it is read', async () => {
    const { server, messages } = collector()
    await playTranscriptAtAllCuts(
      () => server,
      `${EHLO}
      C~ MAIL FROM:<a@example.org>\\nRCPT TO:<b@example.org>\\nDATA\\r\\n.\\r\\n
      S: 500 5.5.2 Bare LF; a command ends with CRLF
      -- closed --
    `,
    )
    expect(messages).toEqual([])
  })

  test('a bare CR and other control characters', () =>
    play(`${EHLO}
      C~ NOOP\\rNOOP\\r\\n
      S: 500 5.5.2 Control character in a command
      C~ NOOP\\0\\r\\n
      S: 500 5.5.2 Control character in a command
      C~ NOOP \\xff\\xfe\\r\\n
      S: 500 5.5.2 A command is ASCII, or UTF-8
      C~ \\r\\n
      S: 500 5.5.1 Command not recognized
    `))

  test('too many errors end the connection', () =>
    play(
      `${EHLO}
      C: A
      C: B
      C: C
      C: NOOP
      S: 500 5.5.1 Command not recognized
      S: 500 5.5.1 Command not recognized
      S: 421 4.7.0 Too many errors; closing connection
      -- closed --
    `,
      { limits: { errors: 2 } },
    ))

  test.each(['EHLO x', 'RSET', 'VRFY x'])('%s for ever', async (command) => {
    const { server } = collector({ limits: { idleCommands: 3 } })
    await playTranscript(
      server,
      `${EHLO}
      C: ${command}
      C: ${command}
      C: ${command}
      S: ...
      S: 421 4.7.0 Too many errors; closing connection
      -- closed --
    `,
    )
  })

  test('MAIL and RSET for ever; a message starts the count anew', () =>
    play(
      `${EHLO}
      C: MAIL FROM:<a@example.org>
      C: RSET
      C: MAIL FROM:<a@example.org>
      C: RCPT TO:<b@example.org>
      C~ BDAT 1 LAST\\r\\nx
      C: MAIL FROM:<a@example.org>
      C: RSET
      C: MAIL FROM:<a@example.org>
      C: RCPT TO:<b@example.org>
      C: RSET
      C: MAIL FROM:<a@example.org>
      S: 250 2.1.0 Sender OK
      S: 250 2.0.0 Flushed
      S: 250 2.1.0 Sender OK
      S: 250 2.1.5 Recipient OK
      S: 250 2.0.0 Message accepted as {*}
      S: 250 2.1.0 Sender OK
      S: 250 2.0.0 Flushed
      S: 250 2.1.0 Sender OK
      S: 250 2.1.5 Recipient OK
      S: 250 2.0.0 Flushed
      S: 421 4.7.0 Too many errors; closing connection
      -- closed --
    `,
      { limits: { idleCommands: 4 } },
    ))

  test.each([
    ['given up', '*', '501 5.7.0 Authentication cancelled'],
    ['not base64', '!', '501 5.5.2 Not base64'],
  ])('logins that are %s for ever', (_what, response, answer) =>
    play(
      `${EHLO}
      C: AUTH PLAIN
      S: 334 
      C: ${response}
      S: ${answer}
      C: AUTH PLAIN
      S: 334 
      C: ${response}
      S: 421 4.7.0 Too many errors; closing connection
      -- closed --
    `,
      { authenticate: checkPassword, allowInsecureAuth: true, limits: { errors: 1 } },
    ),
  )

  test('NOOP for ever', () =>
    play(
      `${EHLO}
      C: NOOP
      C: NOOP
      C: NOOP
      S: 250 2.0.0 OK
      S: 250 2.0.0 OK
      S: 421 4.7.0 Too many errors; closing connection
      -- closed --
    `,
      { limits: { idleCommands: 3 } },
    ))
})

describe('messages', () => {
  test.each([
    ['bare LF', 'a\\nb'],
    ['bare CR', 'a\\rb'],
    ['NUL', 'a\\0b'],
    ['bare CR, bare LF, NUL', 'a\\rb\\nc\\0'],
  ])('%s in a message: refused at its true end', async (what, text) => {
    const { server, messages } = collector()
    await playTranscriptAtAllCuts(
      () => server,
      `${DATA}
      C~ ${text}\\r\\n\\n.\\r\\nMAIL FROM:<x@example.org>\\r\\n.\\r\\n
      S: 550 5.6.0 Message refused: ${what === 'bare LF' ? what : what === 'bare CR, bare LF, NUL' ? what : what === 'NUL' ? 'bare LF, NUL' : 'bare CR, bare LF'} in it
      C: NOOP
      S: 250 2.0.0 OK
    `,
    )
    expect(messages).toEqual([])
  })

  test('normalize and preserve', async () => {
    const text = `${DATA}
      C~ a\\rb\\n.c\\0d\\r\\n.\\r\\n
      S: 250 2.0.0 Message accepted as {*}
    `
    const normalize = collector({ content: 'normalize' })
    await playTranscriptAtAllCuts(() => normalize.server, text)
    expect(normalize.messages.map((message) => message.text)).toEqual(Array(3).fill('a\r\nb\r\n.cd\r\n'))
    const preserve = collector({ content: 'preserve' })
    await playTranscriptAtAllCuts(() => preserve.server, text)
    expect(preserve.messages.map((message) => message.text)).toEqual(Array(3).fill('a\rb\n.c\0d\r\n'))
  })

  test('a message over the limit is read to its end; not one octet of it is a command', async () => {
    const { server, messages } = collector({ limits: { messageSize: 20 } })
    await playTranscriptAtAllCuts(
      () => server,
      `${DATA}
      C: MAIL FROM:<c@example.org>
      C: RCPT TO:<d@example.org>
      C: QUIT
      C: .
      C: NOOP
      S: 552 5.3.4 Message bigger than 20 octets
      S: 250 2.0.0 OK
    `,
    )
    expect(messages).toEqual([])
  })

  test('a message without an end closes the connection', () =>
    playTranscript(
      collector({ limits: { messageSize: 20, discardedMessage: 100 } }).server,
      `${DATA}
      C: ${'x'.repeat(200)}
      S: 552 5.3.4 Message bigger than 20 octets
      -- closed --
    `,
    ))

  test('all 256 octet values but CR, LF and NUL', async () => {
    const all = Array.from({ length: 255 }, (_, i) => i + 1).filter((octet) => octet !== 10 && octet !== 13)
    const { server, messages } = collector()
    await playTranscriptAtAllCuts(
      () => server,
      `${DATA}
      C~ ${all.map((octet) => `\\x${octet.toString(16).padStart(2, '0')}`).join('')}\\r\\n.\\r\\n
      S: 250 {*}
    `,
    )
    expect(messages[0].text).toBe(`${String.fromCharCode(...all)}\r\n`)
  })

  test('a message that takes too long ends the connection at once', async () => {
    let now = 0
    const aborted: string[] = []
    const { server, messages } = collector({
      limits: { message: 60_000 },
      handlers: [{ body: () => ({ write: () => void (now += 40_000), abort: () => aborted.push('aborted') }) }],
    })
    await playTranscript(
      server,
      `${DATA}
      C: one
      C: two
      C: three
      S: 421 4.4.2 The message takes too long; closing connection
      -- closed --
    `,
      { now: () => now, cut: 'octets' },
    )
    expect(aborted).toEqual(['aborted'])
    expect(messages).toEqual([])
  })

  /** A clock that goes on by ten seconds whenever somebody looks at it. */
  const ticking = () => {
    let now = 0
    return { now: () => (now += 10_000), cut: 'octets' as const }
  }

  test('a message that takes too long, of which nothing is taken any more', () =>
    playTranscript(
      collector({ limits: { message: 60_000, messageSize: 2 } }).server,
      `${DATA}
      C: ${'x'.repeat(50)}
      S: 421 4.4.2 The message takes too long; closing connection
      -- closed --
    `,
      ticking(),
    ))

  test('a message of NULs that are left out takes too long', () =>
    playTranscript(
      collector({ content: 'normalize', limits: { message: 60_000 } }).server,
      `${DATA}
      C~ ${'\\0'.repeat(50)}
      S: 421 4.4.2 The message takes too long; closing connection
      -- closed --
    `,
      ticking(),
    ))

  test.each(['greeted', 'failed'])('a refused chunk takes too long: %s', (state) =>
    playTranscript(
      collector({ limits: { message: 300_000, messageSize: 2 } }).server,
      `${state === 'greeted' ? EHLO : `${RCPT}\nC: BDAT 3\nC~ xxx\nS: 552 {*}\n`}
      C: BDAT 100
      C~ ${'x'.repeat(50)}
      S: 421 4.4.2 The message takes too long; closing connection
      -- closed --
    `,
      ticking(),
    ),
  )

  test('two refused chunks have their time each', () =>
    playTranscript(
      collector({ limits: { message: 100_000 } }).server,
      `${EHLO}
      C: BDAT 8
      C~ ${'x'.repeat(8)}
      S: 503 {*}
      C: BDAT 8
      C~ ${'x'.repeat(8)}
      S: 503 {*}
      C: NOOP
      S: 250 2.0.0 OK
    `,
      ticking(),
    ))

  test('a message that takes too long in chunks without octets', () =>
    playTranscript(
      collector({ limits: { message: 60_000 } }).server,
      `${RCPT}
      ${'C: BDAT 0\n'.repeat(20)}
      S: 250 2.0.0 OK
      S: ...
      S: 421 4.4.2 The message takes too long; closing connection
      -- closed --
    `,
      ticking(),
    ))

  test('a message of NULs that are left out has an end all the same', () =>
    playTranscript(
      collector({ content: 'normalize', limits: { messageSize: 20, discardedMessage: 100 } }).server,
      `${DATA}
      C~ ${'x\\0\\0'.repeat(18)}${'\\0'.repeat(100)}
      S: 552 5.3.4 Message bigger than 20 octets
      -- closed --
    `,
    ))

  test('chunks of NULs that are left out are counted', () =>
    play(
      `${RCPT}
      C~ BDAT 8\\r\\n${'\\0'.repeat(8)}BDAT 8\\r\\n${'\\0'.repeat(8)}BDAT 8\\r\\n${'\\0'.repeat(8)}
      S: 250 2.0.0 OK
      S: 250 2.0.0 OK
      S: 552 5.3.4 Message bigger than 20 octets
    `,
      { content: 'normalize', limits: { messageSize: 20 } },
    ))

  test('SIZE beyond the limit is refused at MAIL', () =>
    play(
      `${EHLO}
      C: MAIL FROM:<a@example.org> SIZE=21
      S: 552 5.3.4 Message bigger than 20 octets
      C: MAIL FROM:<a@example.org> SIZE=20
      S: 250 2.1.0 Sender OK
    `,
      { limits: { messageSize: 20 } },
    ))

  test('somebody who guesses addresses is sent away', () =>
    play(
      `${EHLO}
      C: MAIL FROM:<a@example.org>
      S: 250 2.1.0 Sender OK
      C: RCPT TO:<b@example.org>
      C: RCPT TO:<c@example.org>
      S: 550 5.1.1 No such user here: b@example.org
      S: 421 4.7.0 Too many recipients that were refused; closing connection
      -- closed --
    `,
      {
        limits: { refusedRecipients: 1 },
        handlers: [{ rcpt: ({ address }) => replies.unknownUser(address) }],
      },
    ))

  test('too many recipients', () =>
    play(
      `${RCPT}
      C: RCPT TO:<c@example.org>
      S: 452 4.5.3 Too many recipients; send the rest with another message
    `,
      { limits: { recipients: 1 } },
    ))
})

describe('STARTTLS and AUTH', () => {
  test('row 3: octets behind STARTTLS close the connection', async () => {
    const logged: string[] = []
    await playTranscript(
      collector({ log: ({ event }) => logged.push(event) }).server,
      `${EHLO}
      C: STARTTLS
      C: MAIL FROM:<evil@example.org>
      S: 503 5.5.1 Octets behind STARTTLS
      -- closed --
    `,
    )
    expect(logged).toEqual(['protocol.violation'])
  })

  test('row 3: STARTTLS takes no parameters', () =>
    play(`${EHLO}
      C: STARTTLS now
      S: 501 5.5.4 STARTTLS takes no parameters
    `))

  const LONG = 'QUFB'.repeat(5_000)
  test('row 21: responses that are too long', () =>
    play(
      `${EHLO}
      C: AUTH PLAIN ${LONG}
      S: 500 5.5.2 Line too long
      C: AUTH PLAIN
      S: 334 
      C: ${LONG}
      S: 500 5.5.6 Authentication line too long
      C: NOOP
      S: 250 2.0.0 OK
    `,
      { authenticate: checkPassword, allowInsecureAuth: true },
    ))

  test('row 21: nothing of a password comes into a log', async () => {
    const logged: unknown[] = []
    await play(
      `${EHLO}
      C: AUTH PLAIN AGFsaWNlAGh1bnRlcjI=
      S: 535 5.7.8 Authentication credentials invalid
      C: AUTH LOGIN
      S: 334 VXNlcm5hbWU6
      C: YWxpY2U=
      S: 334 UGFzc3dvcmQ6
      C: aHVudGVyMg==
      S: 535 5.7.8 Authentication credentials invalid
    `,
      { authenticate: checkPassword, allowInsecureAuth: true, log: (event) => logged.push(event) },
    )
    const text = JSON.stringify(logged)
    expect(text).toContain('alice')
    expect(text).not.toContain('hunter2')
    expect(text).not.toContain('aHVudGVyMg')
  })

  test('a verifier that fails is a temporary failure', () =>
    play(
      `${EHLO}
      C: AUTH PLAIN AGEAc2VjcmV0
      S: 454 4.7.0 Temporary authentication failure
      C: NOOP
      S: 250 2.0.0 OK
    `,
      {
        allowInsecureAuth: true,
        authenticate: () => {
          throw new Error('directory is down')
        },
      },
    ))
})

test('row 25: a reply cannot be split by its text', () =>
  play(
    `${EHLO}
    C: MAIL FROM:<a@example.org>
    S: 550-5.7.1 one
    S: 550-5.7.1 250 OK
    S: 550 5.7.1 t?w?o
    C: NOOP
    S: 250 2.0.0 OK
  `,
    {
      handlers: [{ mail: () => ({ code: 550, enhanced: '5.7.1', text: 'one\r\n250 OK\nt\u00ebw\u2028o' }) }],
    },
  ))
