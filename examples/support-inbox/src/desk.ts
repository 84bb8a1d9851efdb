import { parseMessage } from '@posthouse/mime'
import { composeMessage } from '@posthouse/mime/compose'
import { createSmtpServer, onMessage, reply, type SmtpClient, type SmtpHandler } from '@posthouse/smtp'
import { withoutQuotes } from './quotes.js'
import { replyAddresses } from './reply-address.js'

export interface Ticket {
  readonly number: number
  readonly customer: string
  readonly subject: string
  /** Message-IDs of the conversation, oldest first: what mail programs sort threads by. */
  readonly messageIds: string[]
  readonly texts: string[]
}

export interface DeskOptions {
  readonly domain: string
  /** Keeps reply addresses from being guessed. */
  readonly secret: string
  /** Brings answers to the customers: a server of your own, or the one of your provider. */
  readonly outgoing: () => Promise<SmtpClient>
}

/** A help desk: mail to `support@` opens a ticket, answers go out by mail, and replies come back to the ticket. */
export function createDesk({ domain, secret, outgoing }: DeskOptions) {
  const tickets = new Map<number, Ticket>()
  const addresses = replyAddresses(domain, secret)

  const known: SmtpHandler = {
    name: 'known-addresses',
    rcpt({ address }) {
      if (address.toLowerCase() === `support@${domain}` || tickets.has(addresses.read(address) ?? 0)) return
      return reply(550, '5.1.1', 'No such ticket')
    },
  }

  const server = createSmtpServer({
    hostname: domain,
    handlers: [
      known,
      onMessage(async ({ transaction, octets }) => {
        const { autoSubmitted, from, messageId, subject, text } = read(octets())
        // Vacation notices and bounces open no tickets: two robots would write to each other for ever.
        if (autoSubmitted || !transaction.reversePath) return
        for (const { address } of transaction.recipients) {
          const ticket = tickets.get(addresses.read(address) ?? 0) ?? open(from, subject)
          ticket.texts.push(withoutQuotes(text))
          if (messageId) ticket.messageIds.push(messageId)
        }
      }),
    ],
  })

  function open(customer: string, subject: string): Ticket {
    const ticket = { number: tickets.size + 1, customer, subject, messageIds: [], texts: [] }
    tickets.set(ticket.number, ticket)
    return ticket
  }

  async function answer(ticket: Ticket, text: string): Promise<void> {
    const message = composeMessage({
      from: { name: 'Support', address: addresses.write(ticket.number) },
      to: ticket.customer,
      subject: `Re: ${ticket.subject}`,
      text,
      inReplyTo: ticket.messageIds.slice(-1),
      references: ticket.messageIds,
    })
    await using client = await outgoing()
    await client.send({
      envelope: { reversePath: message.envelope.from, recipients: message.envelope.to },
      message,
    })
    ticket.messageIds.push(message.messageId)
    ticket.texts.push(text)
  }

  return { server, tickets, answer }
}

function read(octets: Uint8Array) {
  const message = parseMessage(octets)
  const [from] = message.from
  return {
    from: from && 'address' in from ? from.address : '',
    subject: message.subject ?? '(no subject)',
    text: message.text ?? '',
    messageId: message.messageId,
    // RFC 3834 §5: anything but "no" was not written by a person.
    autoSubmitted: (message.headers.get('auto-submitted') ?? 'no').toLowerCase() !== 'no',
  }
}
