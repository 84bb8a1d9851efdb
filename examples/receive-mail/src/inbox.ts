import { parseMessage } from '@posthouse/mime'
import { createSmtpServer, onMessage, reply, type SmtpHandler } from '@posthouse/smtp'

/** What the application wants to know of a mail. */
export interface Ticket {
  readonly from: string
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
}

/** Takes mail for `support@` only; nobody else's mail gets past RCPT. */
const supportOnly: SmtpHandler = {
  name: 'support-only',
  rcpt({ address }) {
    if (address.toLowerCase() !== 'support@example.test')
      return reply(550, '5.1.1', 'We only read support@example.test')
  },
}

/** An SMTP server that hands each mail to a function. The sender hears `250` when the function has returned. */
export function ticketServer(open: (ticket: Ticket) => Promise<void>) {
  return createSmtpServer({
    hostname: 'mx.example.test',
    handlers: [
      supportOnly,
      onMessage(async ({ transaction, octets }) => {
        const message = parseMessage(octets())
        await open({
          from: transaction.reversePath?.address ?? '',
          to: transaction.recipients.map(({ address }) => address),
          subject: message.subject ?? '',
          text: message.text ?? '',
        })
      }),
    ],
  })
}
