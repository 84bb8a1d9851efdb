import { createImapServer } from '@posthouse/imap'
import { listen } from '@posthouse/imap/node'
import { createPop3Server } from '@posthouse/pop3'
import { openTickets } from './application.js'
import { ticketStore } from './mailbox.js'

const owner = 'ann@example.test'
const tickets = openTickets()
for (const subject of ['The printer is out of paper', 'Grüße aus dem Lager'])
  tickets.add({ owner, sender: 'Zoë <zoe@example.test>', subject, body: 'Please help.\n', created_at: Date.now() })

const store = ticketStore(tickets)
const authenticate = (user: string, password: string) => (user === owner && password === 'secret' ? user : null)
const imap = await listen(createImapServer({ store, authenticate }), { port: Number(process.env.PORT ?? 2143) })
const pop3 = await listen(createPop3Server({ store, authenticate }), { port: Number(process.env.POP3_PORT ?? 2110) })
console.log(`${owner}, password secret: IMAP at 127.0.0.1:${imap.port}, POP3 at 127.0.0.1:${pop3.port}`)
