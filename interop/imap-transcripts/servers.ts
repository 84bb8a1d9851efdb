import { createImapServer } from '@posthouse/imap'
import { listen } from '@posthouse/imap/node'
import { createMemoryStore } from '@posthouse/store-api'
import { type Dovecot, startDovecot } from '../dovecot.js'

/** A server of ours where anybody logs in with the password `secret`, each to an empty account, as in `startDovecot`. */
export async function startOurs(): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const store = createMemoryStore()
  const known = new Set<string>()
  const server = createImapServer({
    store,
    authenticate(user, password) {
      if (password !== 'secret') return null
      if (!known.has(user)) store.addAccount(user)
      known.add(user)
      return user
    },
  })
  const listening = await listen(server, { port: 0, host: '127.0.0.1' })
  return { port: listening.port, stop: () => listening.close({ force: true }) }
}

/** Dovecot with the same delimiter, and folders that can have others below them. */
export function startTheirs(): Promise<Dovecot> {
  return startDovecot({
    settings: (folder) => `
mail_location = maildir:${folder}/mail/%u:LAYOUT=fs
namespace inbox {
  inbox = yes
  separator = /
}
`,
  })
}
