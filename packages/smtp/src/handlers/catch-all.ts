import type { MailStore } from '@posthouse/store-api'
import type { SmtpHandler } from '../session/handler.js'
import { parseMailbox } from '../syntax/address.js'
import { domainKey } from './domains.js'
import { resolveAccount } from './local-recipients.js'

/**
 * Mail for users that a domain does not have goes to one address of each domain. Put it before `localRecipients`.
 * @throws Error when one of the addresses is none.
 */
export function catchAll(
  store: Pick<MailStore, 'resolve' | 'open'>,
  domains: ReadonlyMap<string, string> | Readonly<Record<string, string>>,
): SmtpHandler {
  const entries = domains instanceof Map ? [...domains] : Object.entries(domains)
  const catchers = new Map(
    entries.map(([domain, address]) => {
      const mailbox = parseMailbox(address)
      if (!mailbox) throw new Error(`${address}, which is to catch all mail of ${domain}, is no address`)
      return [domainKey(domain), mailbox]
    }),
  )
  return {
    name: 'catch-all',
    async rcpt(recipient) {
      recipient.targets = await Promise.all(
        recipient.targets.map(async (mailbox) => {
          const catcher = catchers.get(domainKey(mailbox.domain))
          return catcher && (await resolveAccount(store, mailbox)) === null ? catcher : mailbox
        }),
      )
    },
  }
}
