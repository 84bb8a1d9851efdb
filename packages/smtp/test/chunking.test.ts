import { playTranscriptAtAllCuts } from '@posthouse/wire/testing'
import { describe, expect, test } from 'vitest'
import { binaryMimeExtension, reply } from '../src/index.js'
import { EHLO, play, refused } from './dialogues.js'
import { collector } from './servers.js'

describe('CHUNKING (RFC 3030)', () => {
  test('§4.1: a message in one chunk', async () => {
    const made = collector()
    await playTranscriptAtAllCuts(
      () => made.server,
      `${EHLO}
      C: MAIL FROM:<Sam@random.com>
      S: 250 2.1.0 Sender OK
      C: RCPT TO:<Susan@random.com>
      S: 250 2.1.5 Recipient OK
      C~ BDAT 6 LAST\\r\\n.\\r\\n.\\r\\n
      S: 250 2.0.0 Message accepted as {*}
      C: QUIT
      S: 221 {*}
      -- closed --
    `,
    )
    expect(made.messages.map(({ text }) => text)).toEqual(Array(3).fill('.\r\n.\r\n'))
  })

  test('§4.2: pipelined chunks, the last one empty', async () => {
    const made = collector()
    await playTranscriptAtAllCuts(
      () => made.server,
      `${EHLO}
      C: MAIL FROM:<ned@ymir.claremont.edu>
      C: RCPT TO:<gvaudre@cnri.reston.va.us>
      C: RCPT TO:<jstewart@cnri.reston.va.us>
      C~ BDAT 7\\r\\nhello\\r\\nBDAT 5\\r\\n.wo\\r\\nBDAT 0 LAST\\r\\n
      S: 250 2.1.0 Sender OK
      S: 250 2.1.5 Recipient OK
      S: 250 2.1.5 Recipient OK
      S: 250 2.0.0 OK
      S: 250 2.0.0 OK
      S: 250 2.0.0 Message accepted as {*}
    `,
    )
    expect(made.messages.map(({ text }) => text)).toEqual(Array(3).fill('hello\r\n.wo\r\n'))
  })

  test('§2: a chunk that is not allowed is read all the same; DATA and RCPT do not mix with it', () =>
    play(
      `${EHLO}
      C~ BDAT 6\\r\\nQUIT\\r\\n
      S: 503 5.5.1 Say MAIL and RCPT first
      C: MAIL FROM:<a@example.org>
      C~ BDAT 6 LAST\\r\\nQUIT\\r\\n
      S: 250 2.1.0 Sender OK
      S: 503 5.5.1 No valid recipients
      C: RCPT TO:<b@example.org>
      C~ BDAT 6\\r\\nQUIT\\r\\n
      C: DATA
      C: RCPT TO:<c@example.org>
      C: MAIL FROM:<c@example.org>
      S: 250 2.1.5 Recipient OK
      S: 250 2.0.0 OK
      S: 503 5.5.1 The message goes on with BDAT
      S: 503 5.5.1 The message has begun
      S: 503 5.5.1 A transaction is in progress; say RSET first
      C: RSET
      S: 250 2.0.0 Flushed
      C: BDAT 0 LAST
      S: 503 5.5.1 Say MAIL and RCPT first
    `,
      [],
      () => {},
    ))

  test('§2: after a refused chunk all further ones are refused, until RSET', () =>
    play(
      `${EHLO}
      C: MAIL FROM:<a@example.org>
      C: RCPT TO:<b@example.org>
      C~ BDAT 9\\r\\n123456789BDAT 9\\r\\n123456789BDAT 6 LAST\\r\\nQUIT\\r\\nBDAT 6\\r\\nQUIT\\r\\nRSET\\r\\n
      S: 250 2.1.0 Sender OK
      S: 250 2.1.5 Recipient OK
      S: 250 2.0.0 OK
      S: 552 5.3.4 Message bigger than 10 octets
      S: 503 5.5.1 The message was refused; say RSET
      S: 503 5.5.1 The message was refused; say RSET
      S: 250 2.0.0 Flushed
    `,
      [],
      () => {},
      { limits: { messageSize: 10 } },
    ))

  test('a handler refuses the message: said when the chunk is read', () =>
    play(
      `${EHLO}
      C: MAIL FROM:<a@example.org>
      C: RCPT TO:<b@example.org>
      C~ BDAT 6 LAST\\r\\nQUIT\\r\\n
      S: 250 2.1.0 Sender OK
      S: 250 2.1.5 Recipient OK
      S: 450 4.7.1 later
      C: NOOP
      S: 250 2.0.0 OK
    `,
      [{ data: () => reply(450, '4.7.1', 'later') }],
      () => {},
    ))

  test('bare line ends are refused in BDAT as in DATA', () =>
    play(
      `${EHLO}
      C: MAIL FROM:<a@example.org>
      C: RCPT TO:<b@example.org>
      C~ BDAT 2\\r\\na\\rBDAT 1 LAST\\r\\nb
      S: 250 2.1.0 Sender OK
      S: 250 2.1.5 Recipient OK
      S: 250 2.0.0 OK
      S: 550 5.6.0 Message refused: bare CR in it
    `,
      [],
      () => {},
    ))

  test.each(['BDAT', 'BDAT x', 'BDAT 5 FIRST', 'BDAT 5 LAST now', 'BDAT -1', 'BDAT 99999999999999999999'])(
    '%s: nobody knows where the next command begins',
    (command) =>
      play(
        `${EHLO}
        C: ${command}
        C: NOOP
        S: 501 5.5.4 Syntax: BDAT size [LAST]
        -- closed --
      `,
        [],
        () => {},
      ),
  )

  test('BINARYMIME: any octets, and no DATA', async () => {
    const made = collector({ handlers: [binaryMimeExtension()] })
    await playTranscriptAtAllCuts(
      () => made.server,
      `${EHLO}
      C: MAIL FROM:<a@example.org> BODY=BINARYMIME
      C: RCPT TO:<b@example.org>
      C: DATA
      C~ BDAT 6 LAST\\r\\n\\r\\0\\n\\xff.\\r
      S: 250 2.1.0 Sender OK
      S: 250 2.1.5 Recipient OK
      S: 503 5.5.1 BINARYMIME goes with BDAT
      S: 250 2.0.0 Message accepted as {*}
    `,
    )
    expect(made.messages.map(({ text }) => text)).toEqual(Array(3).fill('\r\0\n\xff.\r'))
  })

  test('BINARYMIME is refused where it is not offered', () =>
    play(refused('MAIL FROM:<a@b> BODY=BINARYMIME', '501 5.5.4 BODY is 7BIT or 8BITMIME'), [], () => {}))
})
