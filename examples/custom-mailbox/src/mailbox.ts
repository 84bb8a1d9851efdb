import {
  type Account,
  composeText,
  Flag,
  type MailStore,
  type MessageRow,
  pages,
  StoreError,
  sliceOf,
} from '@posthouse/store-api'
import type { Ticket, Tickets } from './application.js'
import { markRead } from './mark-read.js'

/** The tickets of each owner as their INBOX, for IMAP and POP3. */
export function ticketStore(tickets: Tickets): MailStore {
  const page = tickets.db.prepare(
    'SELECT * FROM ticket WHERE owner = ? AND id BETWEEN ? AND ? AND revision > ? ORDER BY id LIMIT ?',
  )
  const counters = tickets.db.prepare(
    `SELECT count(*) AS messages, count(*) - coalesce(sum(read), 0) AS unseen, (SELECT n FROM revision) AS modseq,
       (SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence WHERE name = 'ticket') AS uidNext FROM ticket WHERE owner = ?`,
  )
  const octetsOf = (ticket: Ticket): Uint8Array =>
    composeText({
      from: ticket.sender,
      to: ticket.owner,
      subject: ticket.subject,
      date: ticket.created_at,
      messageId: `${ticket.id}@tickets.example.test`,
      text: ticket.body,
    })
  const rowOf = (ticket: Ticket): MessageRow => ({
    uid: ticket.id,
    modseq: ticket.revision,
    flags: ticket.read ? Flag.Seen : 0,
    size: octetsOf(ticket).length,
    internalDate: ticket.created_at,
    emailId: '',
    blob: String(ticket.id),
  })
  const open = async (owner: string): Promise<Account> => {
    const rows = (from: number, to: number, since: number, limit: number) =>
      page.all(owner, from, to, since, limit) as Ticket[]
    return {
      async mailboxes() {
        const { messages, unseen, modseq, uidNext } = counters.get(owner)
        const rights = 'lrs'
        return [{ id: 'tickets', path: ['INBOX'], rights, uidValidity: 1, messages, unseen, modseq, uidNext }]
      },
      messages: (_mailbox, query) =>
        pages(query, ({ from, to, since, limit }) => rows(from, to, since, limit).map(rowOf)),
      read(blob, range) {
        const [ticket] = rows(Number(blob), Number(blob), 0, 1)
        if (!ticket) throw new StoreError('nonexistent', 'this ticket was deleted')
        return sliceOf(octetsOf(ticket), range)
      },
      commit: markRead(tickets, owner),
    }
  }
  // The database must outlive its statements: whoever holds the store holds it.
  return { open, close: () => tickets.close() }
}
