import { createImapServer } from '@posthouse/imap'
import { listen } from '@posthouse/imap/node'
import { createMemoryStore } from '@posthouse/store-api'
import { type LineClient, typeTo } from '../line-client.js'
import type { GeneratedMessage } from './generate.js'

/** A server of ours that answers on a port. */
export async function startOurs(): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const store = createMemoryStore()
  store.addAccount('oracle')
  const server = createImapServer({ store, authenticate: (user, password) => (password === 'secret' ? user : null) })
  const listening = await listen(server, { port: 0, host: '127.0.0.1' })
  return { port: listening.port, stop: () => listening.close({ force: true }) }
}

/** A client with the messages in its INBOX, selected. */
export async function fill(port: number, messages: readonly GeneratedMessage[]): Promise<LineClient> {
  const client = await typeTo(port)
  await client.until('* OK')
  client.write('a LOGIN oracle secret\r\n')
  await client.until('a OK')
  for (const { octets, flags, internalDate } of messages) {
    client.write(Buffer.from(`b APPEND INBOX ${flags} ${internalDate} {${octets.length}+}\r\n${octets}\r\n`, 'latin1'))
  }
  for (const _ of messages) await client.until('b OK')
  client.write('c SELECT INBOX\r\n')
  await client.until('c OK')
  return client
}

/** The untagged answer of a search, or its refusal. */
export async function ask(client: LineClient, command: string): Promise<string> {
  client.write(Buffer.from(`d ${command}\r\n`, 'latin1'))
  const lines = await client.until('d ')
  const status = lines[lines.length - 1].split(' ')[1]
  if (status !== 'OK') return lines[lines.length - 1]
  return lines
    .filter((line) => /^\* (SEARCH|SORT|THREAD|ESEARCH)/.test(line))
    .join('\n')
    .trimEnd()
}
