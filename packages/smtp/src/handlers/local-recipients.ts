import { isStoreError, type MailStore } from '@posthouse/store-api'
import type { SmtpHandler } from '../session/handler.js'
import type { Mailbox } from '../syntax/address.js'
import { replies } from '../syntax/replies.js'
import { addressForms, domainKey } from './domains.js'

/** What `localRecipients` takes beside the store. */
export interface LocalRecipientsOptions {
  /**
   * The domains whose mail is kept here; recipients elsewhere get `550 5.7.1`, and unknown users here `550 5.1.1`.
   * Default: every address that the store resolves is local, and all others get `550 5.1.1`.
   */
  readonly domains?: readonly string[]
}

/**
 * Takes mail for the store's own addresses only: no relaying. Notes the accounts of each recipient for `deliverTo`.
 * An earlier handler that set `recipient.accounts` is trusted.
 * Put `subaddressing`, `aliases` and `catchAll` before it, in this order.
 */
export function localRecipients(store: MailStore, options: LocalRecipientsOptions = {}): SmtpHandler {
  const domains = options.domains ? new Set(options.domains.map(domainKey)) : null
  const first = options.domains?.[0]
  return {
    name: 'local-recipients',
    async rcpt(recipient) {
      if (recipient.accounts !== null) return undefined
      for (const { domain } of recipient.targets) {
        // RFC 5321 §4.5.1: "<Postmaster>" without a domain is the postmaster of this server.
        if (domain !== '' && domains && !domains.has(domainKey(domain))) return replies.relayDenied()
      }
      const accounts = await resolveAccounts(store, recipient.targets, first)
      if (accounts === null) return replies.unknownUser(recipient.address)
      recipient.accounts = accounts
      return undefined
    },
  }
}

/** The accounts of several addresses, each once; `null` when one of them has none. */
export async function resolveAccounts(
  store: Pick<MailStore, 'resolve' | 'open'>,
  mailboxes: readonly Mailbox[],
  home?: string,
): Promise<readonly string[] | null> {
  if (mailboxes.length === 1) {
    const account = await resolveAccount(store, mailboxes[0], home)
    return account === null ? null : [account]
  }
  const accounts = new Set<string>()
  for (const mailbox of mailboxes) {
    const account = await resolveAccount(store, mailbox, home)
    if (account === null) return null
    accounts.add(account)
  }
  return [...accounts]
}

/** The account for an address, or `null`. `home`: the domain of addresses that have none. */
export async function resolveAccount(
  store: Pick<MailStore, 'resolve' | 'open'>,
  mailbox: Mailbox,
  home?: string,
): Promise<string | null> {
  for (const address of addressForms(mailbox, home)) {
    const account = store.resolve ? await store.resolve(address) : await openable(store, address)
    if (account !== null) return account
  }
  return null
}

/** A store that cannot resolve addresses: an account has the name of its address. */
async function openable(store: Pick<MailStore, 'open'>, address: string): Promise<string | null> {
  try {
    const account = await store.open(address)
    await account.close?.()
    return address
  } catch (error) {
    if (isStoreError(error) && error.code === 'nonexistent') return null
    throw error
  }
}
