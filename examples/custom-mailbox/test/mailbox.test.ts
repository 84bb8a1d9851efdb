import { createImapServer } from '@posthouse/imap'
import { listen as listenImap } from '@posthouse/imap/node'
import { createPop3Server } from '@posthouse/pop3'
import { listen as listenPop3 } from '@posthouse/pop3/node'
import { storeChecks } from '@posthouse/store-api/conformance'
import { ImapFlow } from 'imapflow'
import { describe, expect, test } from 'vitest'
import { ensureInstalled, runProgram } from '../../../interop/tools.js'
import { openTickets } from '../src/application.js'
import { ticketStore } from '../src/mailbox.js'

const ann = 'ann@example.test'
const ticket = (n: number) => ({
  owner: ann,
  sender: 'Zoë <zoe@example.test>',
  subject: `Ticket ${n}: Grüße`,
  body: `Line ${n}\n`,
  created_at: 1_700_000_000_000 + n,
})

function fresh(count = 3) {
  const tickets = openTickets()
  for (let n = 1; n <= count; n++) tickets.add(ticket(n))
  return { tickets, store: ticketStore(tickets) }
}

// Three lines to know that an adapter is right.
describe('the contract of a mail store', () => {
  const make = () => {
    const { tickets, store } = fresh()
    const application = { add: () => tickets.add(ticket(99)), removeNewest: () => tickets.removeNewest(ann) }
    return { store, account: ann, application, close: () => tickets.close() }
  }
  for (const check of storeChecks({ make, patience: 4 })) test(check.name, check.run)
})

const authenticate = (user: string, password: string) => (user === ann && password === 'secret' ? user : null)

async function connected(port: number): Promise<ImapFlow> {
  const auth = { user: ann, pass: 'secret' }
  const client = new ImapFlow({ host: '127.0.0.1', port, secure: false, auth, logger: false })
  await client.connect()
  return client
}

test('imapflow reads tickets', async () => {
  const { store } = fresh()
  await using server = await listenImap(createImapServer({ store, authenticate }), { port: 0 })
  const client = await connected(server.port)
  await client.mailboxOpen('INBOX')
  const found: unknown[] = []
  for await (const message of client.fetch('1:*', { envelope: true, source: true, uid: true })) {
    expect(message.source?.toString()).toContain(`Line ${message.uid}\r\n`)
    found.push([message.uid, message.envelope?.subject, message.envelope?.from?.[0]?.name])
  }
  expect(found).toEqual([1, 2, 3].map((n) => [n, `Ticket ${n}: Grüße`, 'Zoë']))
  await client.logout()
})

test('imapflow marks a ticket as read, and nothing else', async () => {
  const { tickets, store } = fresh()
  await using server = await listenImap(createImapServer({ store, authenticate }), { port: 0 })
  const client = await connected(server.port)
  const { permanentFlags } = await client.mailboxOpen('INBOX')
  expect([...(permanentFlags ?? [])]).toEqual(['\\Seen'])
  expect(await client.messageFlagsAdd('2', ['\\Seen'])).toBe(true)
  expect(await client.search({ seen: false })).toEqual([1, 3])
  expect(await client.messageDelete('2')).toBe(false)
  expect(tickets.db.prepare('SELECT id FROM ticket WHERE read = 1').all()).toEqual([{ id: 2 }])
  expect(await client.messageFlagsRemove('1:*', ['\\Seen'])).toBe(true)
  expect(await client.status('INBOX', { unseen: true, messages: true })).toMatchObject({ unseen: 3, messages: 3 })
  await client.logout()
})

test.skipIf(!ensureInstalled(['curl']))('curl reads tickets by POP3 and by IMAP', async () => {
  const { store } = fresh()
  await using pop3 = await listenPop3(createPop3Server({ store, authenticate }), { port: 0 })
  await using imap = await listenImap(createImapServer({ store, authenticate }), { port: 0 })
  const read = async (url: string) => (await runProgram('curl', ['-sS', '-u', `${ann}:secret`, url])).stdout.toString()
  expect(await read(`pop3://127.0.0.1:${pop3.port}/2`)).toContain('Message-ID: <2@tickets.example.test>')
  expect(await read(`imap://127.0.0.1:${imap.port}/INBOX;MAILINDEX=2`)).toContain(
    'Message-ID: <2@tickets.example.test>',
  )
})
