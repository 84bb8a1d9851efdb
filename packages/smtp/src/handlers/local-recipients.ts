import { isStoreError, type MailStore } from '@posthouse/store-api'
import type { SmtpHandler } from '../session/handler.js'
import type { Mailbox } from '../syntax/address.js'
import { replies } from '../syntax/replies.js'
import { addressForms, domainKey } from './domains.js'

export interface LocalRecipientsOptions {
  /**
   * The domains whose mail is kept here; recipients elsewhere get `550 5.7.1`, and unknown users here `550 5.1.1`.
   * Default: every address that the store resolves is local, and all others get `550 5.1.1`.
   */
  readonly domains?: readonly string[]
}

/**
 * Takes mail for the store's own addresses only: no relaying. Notes the account of each recipient for `deliverTo`.
 * An earlier handler that set `recipient.account` is trusted.
 */
export function localRecipients(store: MailStore, options: LocalRecipientsOptions = {}): SmtpHandler {
  const domains = options.domains ? new Set(options.domains.map(domainKey)) : null
  const first = options.domains?.[0]
  return {
    name: 'local-recipients',
    async rcpt(recipient) {
      if (recipient.account !== null) return undefined
      const { mailbox } = recipient
      // RFC 5321 §4.5.1: "<Postmaster>" without a domain is the postmaster of this server.
      if (mailbox.domain !== '' && domains && !domains.has(domainKey(mailbox.domain))) return replies.relayDenied()
      recipient.account = await resolveAccount(store, mailbox, first)
      return recipient.account === null ? replies.unknownUser(recipient.address) : undefined
    },
  }
}

/** The account for an address, or `null`. `home`: the domain of addresses that have none. */
export async function resolveAccount(store: MailStore, mailbox: Mailbox, home?: string): Promise<string | null> {
  for (const address of addressForms(mailbox, home)) {
    const account = store.resolve ? await store.resolve(address) : await openable(store, address)
    if (account !== null) return account
  }
  return null
}

/** A store that cannot resolve addresses: an account has the name of its address. */
async function openable(store: MailStore, address: string): Promise<string | null> {
  try {
    const account = await store.open(address)
    await account.close?.()
    return address
  } catch (error) {
    if (isStoreError(error) && error.code === 'nonexistent') return null
    throw error
  }
}
