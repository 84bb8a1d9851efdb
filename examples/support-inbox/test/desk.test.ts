import { parseMessage } from '@posthouse/mime'
import { createSmtpServer, onMessage } from '@posthouse/smtp'
import { connectSmtp, listen } from '@posthouse/smtp/node'
import { createTransport } from 'nodemailer'
import { expect, test } from 'vitest'
import { createDesk } from '../src/desk.js'
import { withoutQuotes } from '../src/quotes.js'

/** A desk, a customer's server that gets the answers, and a way for customers to write. */
async function setUp() {
  const answers: ReturnType<typeof parseMessage>[] = []
  const customers = await listen(
    createSmtpServer({ handlers: [onMessage(async ({ octets }) => void answers.push(parseMessage(octets())))] }),
    { port: 0 },
  )
  const desk = createDesk({
    domain: 'support.example',
    secret: 'of this test',
    outgoing: () => connectSmtp({ host: '127.0.0.1', port: customers.port }),
  })
  const listening = await listen(desk.server, { port: 0 })
  const transport = createTransport({ host: '127.0.0.1', port: listening.port, ignoreTLS: true })
  return {
    desk,
    answers,
    write: (mail: object) => transport.sendMail({ from: 'Ada <ada@example.test>', ...mail }),
    async [Symbol.asyncDispose]() {
      await listening.close()
      await customers.close()
    },
  }
}

test('a conversation of three mails is one ticket', async () => {
  await using at = await setUp()
  await at.write({
    to: 'support@support.example',
    subject: 'Fire',
    text: 'The printer burns.',
    messageId: '<1@example.test>',
  })
  const [ticket] = at.desk.tickets.values()
  await at.desk.answer(ticket, 'Which one?')

  const [answer] = at.answers
  const [from] = answer.from
  if (!from || !('address' in from)) throw new Error('the answer has no sender')
  expect(answer.subject).toBe('Re: Fire')
  expect(answer.references).toEqual(['1@example.test'])

  await at.write({
    to: from.address,
    subject: 'something else',
    text: 'The big one.\n\nOn Monday, Support wrote:\n> Which one?\n',
    inReplyTo: `<${answer.messageId}>`,
  })
  expect(at.desk.tickets.size).toBe(1)
  expect(ticket.texts).toEqual(['The printer burns.', 'Which one?', 'The big one.'])
})

test('an address that nobody was told is refused; automatic mail opens nothing', async () => {
  await using at = await setUp()
  await expect(at.write({ to: 'ticket+1.0123456789abcdef@support.example', text: 'Hi' })).rejects.toMatchObject({
    responseCode: 550,
  })
  await at.write({ to: 'support@support.example', text: 'Away', headers: { 'Auto-Submitted': 'auto-replied' } })
  expect(at.desk.tickets.size).toBe(0)
})

test.each([
  ['Yes.\r\n-- \r\nAda', 'Yes.'],
  ['Yes.\n\n> really?\n> no?\n', 'Yes.'],
  ['> really?\nYes, really.', '> really?\nYes, really.'],
  ['', ''],
])('what was written in %j', (text, written) => expect(withoutQuotes(text)).toBe(written))
