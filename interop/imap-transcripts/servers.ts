import { createImapServer } from '@posthouse/imap'
import { listen } from '@posthouse/imap/node'
import { createMemoryStore } from '@posthouse/store-api'
import { type Dovecot, NO_PENALTY, startDovecot } from '../dovecot.js'

/** A server of ours where anybody logs in with the password `secret`, each to an empty account, as in `startDovecot`. */
export async function startOurs(): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const store = createMemoryStore()
  const known = new Set<string>()
  const server = createImapServer({
    store,
    limits: { authFailureDelay: 0 },
    authenticate(user, password) {
      if (password !== 'secret') return null
      if (!known.has(user)) {
        store.addAccount(user)
        store.setQuota(user, { bytes: 50 * 1024, messages: 20 })
      }
      known.add(user)
      return user
    },
  })
  const listening = await listen(server, { port: 0, host: '127.0.0.1' })
  return { port: listening.port, stop: () => listening.close({ force: true }) }
}

/**
 * Dovecot with the same delimiter, folders that can have others below them, and all its plugins and settings that add
 * to IMAP.
 */
export function startTheirs(): Promise<Dovecot> {
  return startDovecot({
    settings: (folder) => `
mail_location = maildir:${folder}/mail/%u:LAYOUT=fs
mail_plugins = acl quota zlib
mail_attribute_dict = file:%h/attributes
mailbox_list_index = yes
imap_metadata = yes
imap_literal_minus = no
auth_mechanisms = plain login
${NO_PENALTY}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Sent {
    special_use = \\Sent
  }
  mailbox Drafts {
    special_use = \\Drafts
  }
}
protocol imap {
  mail_plugins = $mail_plugins imap_acl imap_quota imap_zlib
}
plugin {
  acl = vfile
  acl_anyone = allow
  quota = count
  quota_rule = *:storage=50k:messages=20
  quota_vsizes = yes
}
`,
  })
}
