/** Commands that are sound, but never lead to a message: each kind of them has its limit. */
import { playTranscript, playTranscriptAtAllCuts } from '@posthouse/wire/testing'
import { describe, expect, test } from 'vitest'
import { reply } from '../src/index.js'
import { EHLO } from './dialogues.js'
import { collector } from './servers.js'

function play(text: string, options: Parameters<typeof collector>[0] = {}) {
  return playTranscriptAtAllCuts(() => collector(options).server, text)
}

describe('recipients that are refused for ever', () => {
  const SENDER = `${EHLO}
    C: MAIL FROM:<a@example.org>
    S: 250 2.1.0 Sender OK
  `
  const over = `
    S: 421 4.7.0 Too many recipients that were refused; closing connection
    -- closed --
  `
  test.each([
    ['a parameter that nobody knows', 'b@example.org> FOO=1', '555 5.5.4 {*}'],
    ['an address that needs SMTPUTF8', 'ü@example.org>', '553 5.6.7 {*}'],
  ])('%s', (_what, recipient, answer) =>
    play(
      `${SENDER}
      C: RCPT TO:<${recipient}
      C: RCPT TO:<${recipient}
      S: ${answer}
      ${over}
    `,
      { limits: { refusedRecipients: 1 } },
    ),
  )

  const later = { rcpt: () => reply(450, '4.7.1', 'Later') }

  test('for now, in one transaction or in several', () =>
    play(
      `${SENDER}
      C: RCPT TO:<b@example.org>
      C: RSET
      C: MAIL FROM:<a@example.org>
      C: RCPT TO:<c@example.org>
      C: RCPT TO:<d@example.org>
      S: 450 4.7.1 Later
      S: 250 2.0.0 Flushed
      S: 250 2.1.0 Sender OK
      S: 450 4.7.1 Later
      ${over}
    `,
      { limits: { deferredRecipients: 2 }, handlers: [later] },
    ))

  test('the rest of a long list counts, until a message has come', () =>
    play(
      `${SENDER}
      C: RCPT TO:<b@example.org>
      C: RCPT TO:<c@example.org>
      C: RCPT TO:<d@example.org>
      C~ BDAT 1 LAST\\r\\nx
      C: MAIL FROM:<a@example.org>
      C: RCPT TO:<c@example.org>
      C: RCPT TO:<d@example.org>
      C: RCPT TO:<e@example.org>
      C: RCPT TO:<f@example.org>
      S: 250 2.1.5 Recipient OK
      S: 452 4.5.3 {*}
      S: 452 4.5.3 {*}
      S: 250 2.0.0 {*}
      S: 250 2.1.0 Sender OK
      S: 250 2.1.5 Recipient OK
      S: 452 4.5.3 {*}
      S: 452 4.5.3 {*}
      ${over}
    `,
      { limits: { recipients: 1, deferredRecipients: 2 } },
    ))

  test('RFC 5321 §4.5.3.1.10: a client may send all of a long list, and still its message', async () => {
    const list = Array.from({ length: 5_000 }, (_, i) => `C: RCPT TO:<u${i}@example.org>`)
    const made = collector()
    await playTranscript(
      made.server,
      `${SENDER}
      ${list.join('\n')}
      C~ BDAT 1 LAST\\r\\nx
      ${'S: 250 2.1.5 {*}\n'.repeat(1_000)}
      ${'S: 452 4.5.3 {*}\n'.repeat(4_000)}
      S: 250 2.0.0 {*}
    `,
    )
    expect(made.messages[0].to).toHaveLength(1_000)
  })
})

test('DATA that is refused for ever', () =>
  play(
    `${EHLO}
    C: MAIL FROM:<a@example.org>
    C: RCPT TO:<b@example.org>
    C: DATA
    C: DATA
    S: 250 2.1.0 Sender OK
    S: 250 2.1.5 Recipient OK
    S: 450 4.7.1 Later
    S: 421 4.7.0 Too many errors; closing connection
    -- closed --
  `,
    { limits: { idleCommands: 3 }, handlers: [{ data: () => reply(450, '4.7.1', 'Later') }] },
  ))
