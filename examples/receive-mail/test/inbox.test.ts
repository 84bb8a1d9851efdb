import { listen } from '@posthouse/smtp/node'
import { createTransport } from 'nodemailer'
import { expect, test } from 'vitest'
import { type Ticket, ticketServer } from '../src/inbox.js'

test('a mail becomes a ticket', async () => {
  const tickets: Ticket[] = []
  await using server = await listen(
    ticketServer(async (ticket) => void tickets.push(ticket)),
    { port: 0 },
  )
  const transport = createTransport({ host: '127.0.0.1', port: server.port, ignoreTLS: true })
  await transport.sendMail({
    from: 'Ada <ada@example.test>',
    to: 'support@example.test',
    subject: 'Grüße',
    text: 'The printer is on fire.',
  })
  expect(tickets).toEqual([
    { from: 'ada@example.test', to: ['support@example.test'], subject: 'Grüße', text: 'The printer is on fire.\r\n' },
  ])
})

test('other recipients are refused', async () => {
  await using server = await listen(
    ticketServer(async () => {}),
    { port: 0 },
  )
  const transport = createTransport({ host: '127.0.0.1', port: server.port, ignoreTLS: true })
  const sending = transport.sendMail({ from: 'ada@example.test', to: 'sales@example.test', text: 'Hello' })
  await expect(sending).rejects.toMatchObject({ responseCode: 550 })
})
