import { type Message, parseMessage } from '@posthouse/mime'
import { createSmtpServer, deliverTo } from '@posthouse/smtp'
import { listen } from '@posthouse/smtp/node'
import { createMemoryStore } from '@posthouse/store-api'

/** A mail server for one test: every address exists, and what arrived can be read. */
export async function startMailbox() {
  const store = createMemoryStore({ autoCreate: true })
  const server = await listen(createSmtpServer({ handlers: [deliverTo(store)] }), { port: 0 })
  return {
    url: `smtp://127.0.0.1:${server.port}`,
    /** The messages of an address, oldest first. A message is here before its sender hears `250`. */
    async messages(address: string): Promise<Message[]> {
      const account = await store.open(address)
      const [inbox] = await account.mailboxes()
      const found: Message[] = []
      for await (const rows of account.messages(inbox.id, {})) {
        for (const row of rows) {
          const pieces: Uint8Array[] = []
          for await (const piece of account.read(row.blob)) pieces.push(piece)
          found.push(parseMessage(Buffer.concat(pieces)))
        }
      }
      return found
    },
    [Symbol.asyncDispose]: () => server.close({ force: true }),
  }
}
