import { createImapServer } from '@posthouse/imap'
import { type Listening, listen as listenImap } from '@posthouse/imap/node'
import { createLmtpServer, deliverTo, localRecipients, subaddressing } from '@posthouse/smtp'
import { listen as listenLmtp } from '@posthouse/smtp/node'
import { openSqliteStore } from '@posthouse/store-sqlite'

export interface MailStorageOptions {
  /** A folder. */
  readonly data: string
  readonly domains: readonly string[]
  /** Passwords by address. */
  readonly users: ReadonlyMap<string, string>
  readonly lmtpPort: number
  readonly imapPort: number
}

/** Where Postfix puts the mail of its domains, and where people read it. */
export async function startMailStorage({ data, domains, users, lmtpPort, imapPort }: MailStorageOptions) {
  const store = await openSqliteStore({ path: data })
  for (const address of users.keys()) {
    await store.addAccount(address)
    await store.addAddress(address, address)
  }
  // Each recipient has a reply of its own: one full mailbox delays nobody else's mail.
  const lmtp = createLmtpServer({ handlers: [subaddressing(), localRecipients(store, { domains }), deliverTo(store)] })
  const imap = createImapServer({
    store,
    authenticate: (user, password) => (users.get(user) === password ? user : null),
  })
  const listeners: Listening[] = [
    await listenLmtp(lmtp, { port: lmtpPort }),
    await listenImap(imap, { port: imapPort }),
  ]
  return {
    lmtpPort: listeners[0].port,
    imapPort: listeners[1].port,
    async close(): Promise<void> {
      await Promise.all(listeners.map((listener) => listener.close()))
      await store.close()
    },
  }
}
