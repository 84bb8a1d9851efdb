/** Limits that are reached exactly, and passed by one. */
import { fromLatin1, latin1 } from '@posthouse/wire'
import { connectInMemory } from '@posthouse/wire/testing'
import { describe, expect, test, vi } from 'vitest'
import { createSmtpServer, discard, replies, reply, type SmtpHandler, type SmtpLimits } from '../src/index.js'

const MAIL = 'MAIL FROM:<a@b.test>\n'
const RCPT = 'RCPT TO:<c@d.test>\n'
const SENT = `${MAIL}${RCPT}DATA\n.\n`

/** A line of so many octets with its CRLF. */
const line = (start: string, octets: number): string => `${start.padEnd(octets - 2, 'x')}\n`
/** A message of so many octets, and its end. */
const octets = (count: number): string => `${'x'.repeat(count - 2)}\n.\n`
const bdat = (count: number, last = ' LAST'): string => `BDAT ${count}${last}\n${'x'.repeat(count)}`
const twice = (text: string, times: number): string => text.repeat(times)

/** The codes of all replies behind EHLO, and `closed`. */
async function codes(
  limits: Partial<SmtpLimits>,
  said: string,
  handlers: readonly SmtpHandler[] = [],
): Promise<string> {
  const server = createSmtpServer({
    ...{ handlers: [...handlers, discard()], allowInsecureAuth: true },
    authenticate: (user, password) => (password === 'secret' ? user : null),
    limits: { authFailureDelay: 0, ...limits },
  })
  const connection = connectInMemory(server)
  connection.send(fromLatin1('EHLO x\r\n'))
  connection.take()
  connection.send(fromLatin1(said.replaceAll('\n', '\r\n')))
  await vi.waitFor(() => expect(connection.driver.busy).toBe(false))
  const lines = latin1(connection.take()).split('\r\n').slice(0, -1)
  return [...lines.map((text) => text.slice(0, 3)), ...(connection.closed ? ['closed'] : [])].join(' ')
}

const refuse: SmtpHandler = { rcpt: () => replies.relayDenied() }
const noSender: SmtpHandler = { mail: () => reply(553, '5.1.8', 'No') }
const ONE = { recipients: 1 }
const defer: SmtpHandler = { rcpt: () => reply(450, '4.2.1', 'Later') }

describe.each<[keyof SmtpLimits, number, string, string, Partial<SmtpLimits>?, SmtpHandler?]>([
  ['commandLine', 512, line('NOOP ', 512), '250'],
  ['commandLine', 512, line('NOOP ', 513), '500'],
  ['commandLine', 512, line('NOOP ', 512), '250', { authLine: 100 }],
  ['commandLine', 512, line('NOOP ', 513), '500', { authLine: 100 }],
  ['authLine', 600, line('AUTH PLAIN ', 600), '501'],
  ['authLine', 600, line('AUTH PLAIN ', 601), '500'],
  ['authLine', 600, `AUTH PLAIN\n${line('', 600)}`, '334 501'],
  ['authLine', 600, `AUTH PLAIN\n${line('', 601)}NOOP\n`, '334 500 250'],
  ['skippedLine', 20_000, `${line('X', 20_000)}NOOP\n`, '500 250'],
  ['skippedLine', 20_000, `${line('X', 20_001)}NOOP\n`, '500 closed'],
  ['errors', 2, twice('X\n', 2), '500 500'],
  ['errors', 2, twice('X\n', 3), '500 500 421 closed'],
  ['idleCommands', 3, twice('NOOP\n', 2), '250 250'],
  ['idleCommands', 3, twice('NOOP\n', 3), '250 250 421 closed'],
  // A message of four commands, of which RCPT does not count and the end begins anew.
  ['idleCommands', 3, twice(SENT, 3), '250 250 354 250 250 250 354 250 250 250 354 250'],
  ['recipients', 2, MAIL + twice(RCPT, 3), '250 250 250 452'],
  ['refusedRecipients', 2, MAIL + twice(RCPT, 2), '250 550 550', {}, refuse],
  ['refusedRecipients', 2, MAIL + twice(RCPT, 3), '250 550 550 421 closed', {}, refuse],
  ['deferredRecipients', 2, MAIL + twice(RCPT, 2), '250 450 450', {}, defer],
  ['deferredRecipients', 2, MAIL + twice(RCPT, 3), '250 450 450 421 closed', {}, defer],
  // A message begins anew.
  ['deferredRecipients', 1, twice(`${MAIL}${RCPT}${RCPT}DATA\n.\n`, 2), twice(' 250 250 452 354 250', 2).trim(), ONE],
  // Commands behind a MAIL that was refused: so many for each MAIL as there may be errors and recipients.
  ['errors', 1, `${MAIL}${twice(RCPT, 2)}`, '553 503 503', ONE, noSender],
  ['errors', 1, `${MAIL}${twice(RCPT, 3)}`, '553 503 503 421 closed', ONE, noSender],
  ['errors', 1, twice(`${MAIL}${twice(RCPT, 2)}`, 2), '553 503 503 553 503 503', ONE, noSender],
  ['transactions', 2, twice(SENT, 2), '250 250 354 250 250 250 354 250'],
  ['transactions', 2, twice(SENT, 2) + MAIL, '250 250 354 250 250 250 354 250 421 closed'],
  ['messageSize', 99, `${MAIL}${RCPT}DATA\n${octets(99)}`, '250 250 354 250'],
  ['messageSize', 99, `${MAIL}${RCPT}DATA\n${octets(100)}`, '250 250 354 552'],
  ['messageSize', 99, `${MAIL}${RCPT}${bdat(99)}`, '250 250 250'],
  ['messageSize', 99, `${MAIL}${RCPT}${bdat(100)}`, '250 250 552'],
  ['messageSize', 99, `${MAIL}${RCPT}${bdat(50, '')}${bdat(49)}`, '250 250 250 250'],
  ['messageSize', 99, `${MAIL}${RCPT}${bdat(50, '')}${bdat(50)}`, '250 250 250 552'],
  ['messageSize', 99, 'MAIL FROM:<a@b.test> SIZE=99\n', '250'],
  ['messageSize', 99, 'MAIL FROM:<a@b.test> SIZE=100\n', '552'],
  ['discardedMessage', 50, `${MAIL}${RCPT}DATA\n${octets(149)}NOOP\n`, '250 250 354 552 250', { messageSize: 99 }],
  ['discardedMessage', 50, `${MAIL}${RCPT}DATA\n${octets(150)}NOOP\n`, '250 250 354 552 closed', { messageSize: 99 }],
  ['discardedMessage', 50, `${MAIL}${RCPT}${bdat(149)}NOOP\n`, '250 250 552 250', { messageSize: 99 }],
  ['discardedMessage', 50, `${MAIL}${RCPT}${bdat(150)}NOOP\n`, '250 250 552 closed', { messageSize: 99 }],
])('%s: %d', (name, limit, said, expected, more = {}, handler?: SmtpHandler) => {
  const shown = said.length > 60 ? `${said.slice(0, 40)}... (${said.length})` : said
  test(`${JSON.stringify(shown)} is ${expected}`, async () => {
    expect(await codes({ ...more, [name]: limit }, said, handler ? [handler] : [])).toBe(expected)
  })
})
