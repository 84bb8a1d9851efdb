// Runs in an empty folder with the packed packages, under any runtime that has Node's modules: a message goes in by SMTP
// and comes out by IMAP and POP3, over each store. Prints a line for each store.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createImapServer } from '@posthouse/imap'
import { listen as listenImap } from '@posthouse/imap/node'
import { parseMessage } from '@posthouse/mime'
import { composeMessage } from '@posthouse/mime/compose'
import { createPop3Server } from '@posthouse/pop3'
import { connectPop3, listen as listenPop3 } from '@posthouse/pop3/node'
import { createSmtpServer, deliverTo, localRecipients } from '@posthouse/smtp'
import { connectSmtp, listen as listenSmtp } from '@posthouse/smtp/node'
import { createMemoryStore } from '@posthouse/store-api'
import { openSqliteStore } from '@posthouse/store-sqlite'

const address = 'alice@example.test'
const authenticate = (user, password) => (password === 'secret' ? user : null)

async function roundTrip(store) {
  await store.addAccount(address)
  await store.addAddress?.(address, address)
  const handlers = [localRecipients(store, { domains: ['example.test'] }), deliverTo(store)]
  const smtp = await listenSmtp(createSmtpServer({ hostname: 'mx.example.test', handlers }), { port: 0 })
  const imap = await listenImap(createImapServer({ store, authenticate }), { port: 0 })
  const pop3 = await listenPop3(createPop3Server({ store, authenticate }), { port: 0 })
  try {
    await send(smtp.port)
    const message = parseMessage(await readByPop3(pop3.port))
    assert.equal(message.subject, 'Grüße')
    assert.equal(message.text?.trim(), 'Hello, wörld')
    assert.deepEqual([...message.attachments[0].bytes()], [0, 1, 254, 255])
    const answer = await askImap(imap.port)
    assert.match(answer, /\* 1 EXISTS/)
    assert.match(answer, /ENVELOPE \("[^"]+" "=\?utf-8\?/i)
    assert.match(answer, /a3 OK /)
  } finally {
    await Promise.all([smtp, imap, pop3].map((listening) => listening.close({ force: true })))
  }
}

async function send(port) {
  const client = await connectSmtp({ host: '127.0.0.1', port, tls: 'never' })
  const message = composeMessage({
    from: { name: 'Jörg', address: 'joerg@example.org' },
    to: address,
    subject: 'Grüße',
    text: 'Hello, wörld',
    attachments: [{ filename: 'data.bin', content: Uint8Array.of(0, 1, 254, 255) }],
  })
  await client.send({ envelope: { reversePath: 'joerg@example.org', recipients: [address] }, message })
  await client.close()
}

async function readByPop3(port) {
  const client = await connectPop3({
    host: '127.0.0.1',
    port,
    tls: 'never',
    credentials: { user: address, password: 'secret' },
  })
  const pieces = []
  for await (const octets of client.retrieve(1)) pieces.push(octets.slice())
  await client.quit()
  return Buffer.concat(pieces)
}

/** All that the server says until it hangs up. */
async function askImap(port) {
  const socket = connect(port, '127.0.0.1')
  let heard = ''
  socket.on('data', (chunk) => {
    heard += chunk
  })
  socket.write(`a1 LOGIN ${address} secret\r\na2 SELECT INBOX\r\na3 FETCH 1 (ENVELOPE)\r\na4 LOGOUT\r\n`)
  await once(socket, 'close')
  return heard
}

await roundTrip(createMemoryStore())
console.log('memory: ok')
if (!process.argv.includes('--memory')) {
  const folder = await mkdtemp(join(tmpdir(), 'posthouse-packed-'))
  const store = await openSqliteStore({ path: folder })
  await roundTrip(store)
  await store.close()
  await rm(folder, { recursive: true })
  console.log('sqlite: ok')
}
