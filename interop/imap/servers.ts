import { createImapServer, type ImapServerOptions } from '@posthouse/imap'
import { listen } from '@posthouse/imap/node'
import { summarize } from '@posthouse/mime/summary'
import { createMemoryStore, type MemoryStore } from '@posthouse/store-api'

/** A server of ours that answers on a port. Any user logs in with the password `secret`. */
export interface OurServer {
  readonly port: number
  readonly store: MemoryStore
  deliver(octets: string, account?: string): Promise<void>
  /** What INBOX holds: `flags` as the store has them. */
  inbox(account?: string): Promise<readonly { readonly uid: number; readonly flags: number }[]>
  stop(): Promise<void>
}

export async function startOurs(
  accounts: readonly string[] = ['alice'],
  options: Partial<ImapServerOptions> = {},
): Promise<OurServer> {
  const store = createMemoryStore()
  for (const account of accounts) store.addAccount(account)
  const server = createImapServer({
    store,
    authenticate: (user, password) => (password === 'secret' ? user : null),
    ...options,
  })
  const listening = await listen(server, { port: 0, host: '127.0.0.1' })
  let delivered = 0
  return {
    port: listening.port,
    store,
    async deliver(octets, account = 'alice') {
      const bytes = Buffer.from(octets, 'latin1')
      const { summary, header } = summarize(bytes)
      const staged = await store.stage([bytes])
      await store.deliver({ staged, summary, header, to: [{ account, dedup: String(++delivered) }] })
    },
    async inbox(account = 'alice') {
      const open = await store.open(account)
      const found = (await open.mailboxes()).find(({ path }) => path.length === 1 && path[0] === 'INBOX')
      const rows: { uid: number; flags: number }[] = []
      if (found) for await (const batch of open.messages(found.id, {})) rows.push(...batch)
      return rows
    },
    stop: () => listening.close({ force: true }),
  }
}
