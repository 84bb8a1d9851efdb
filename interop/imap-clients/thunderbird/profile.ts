import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ClientServer } from '../server.js'

/** `socketType` of Thunderbird's settings. */
const SOCKET_TYPES = { 'clear text': 0, STARTTLS: 2, TLS: 3 } as const
export type Security = keyof typeof SOCKET_TYPES

/** A profile with one account. */
export function writeProfile(one: ClientServer, security: Security): string {
  const folder = join(one.folder, 'profile')
  mkdirSync(folder, { recursive: true })
  const settings: Record<string, string | number | boolean> = {
    'marionette.port': 0,
    'app.update.enabled': false,
    'datareporting.policy.dataSubmissionEnabled': false,
    'mail.provider.suppress_dialog_on_startup': true,
    'mailnews.start_page.enabled': false,
    'mail.shell.checkDefaultClient': false,
    'network.dns.disableIPv6': true,
    'mail.accountmanager.accounts': 'account1',
    'mail.accountmanager.defaultaccount': 'account1',
    'mail.account.account1.server': 'server1',
    'mail.account.account1.identities': 'id1',
    'mail.identity.id1.useremail': 'alice@example.test',
    'mail.identity.id1.fullName': 'Alice',
    'mail.server.server1.type': 'imap',
    'mail.server.server1.hostname': 'localhost',
    'mail.server.server1.port': security === 'TLS' ? one.imaps : one.imap,
    'mail.server.server1.userName': 'alice',
    'mail.server.server1.name': 'ours',
    'mail.server.server1.socketType': SOCKET_TYPES[security],
    // The password as it is.
    'mail.server.server1.authMethod': 3,
    'mail.server.server1.login_at_startup': false,
    'mail.server.server1.check_new_mail': false,
    'mail.server.server1.using_subscription': false,
    'mail.server.server1.offline_download': false,
    'mail.server.server1.autosync_offline_stores': false,
  }
  const lines = Object.entries(settings).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`,
  )
  writeFileSync(join(folder, 'user.js'), `${lines.join('\n')}\n`)
  return folder
}
