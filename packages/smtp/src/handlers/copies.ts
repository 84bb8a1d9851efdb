import type { SmtpSession } from '../session/handler.js'
import type { Recipient, Transaction } from '../session/transaction.js'
import type { DeliverToOptions } from './deliver-to.js'
import type { LocalTarget } from './delivery-outcome.js'
import { subaddress } from './subaddress.js'

/** One copy of a message in a store. */
export interface Copy {
  /** The first recipient that leads here. */
  readonly recipient: Recipient
  readonly account: string
  /** The mailbox; absent: the account's INBOX. */
  readonly path?: readonly string[] | undefined
}

/** The copies of a message, and for each target in order, which of them are its own. */
export interface CopyPlan {
  readonly copies: readonly Copy[]
  readonly own: readonly (readonly number[])[]
}

/**
 * Which copies there will be. Recipients that come to the same mailbox of an account with the same tag share one: an alias and
 * what it stands for, or an address in other letters (RFC 5321 §3.9 leaves it to us how an alias is expanded).
 */
export function planCopies(
  targets: readonly LocalTarget[],
  { path: pathOf }: DeliverToOptions,
  transaction: Transaction,
  session: SmtpSession,
): CopyPlan {
  const copies: Copy[] = []
  const known = new Map<string, number>()
  const own = targets.map(({ recipient, accounts }) => {
    const path = accounts.length > 0 ? pathOf?.(recipient, transaction, session) : undefined
    return accounts.map((account) => {
      const place = JSON.stringify([account, path ?? null, recipient.get(subaddress) ?? null])
      const at = known.get(place) ?? copies.push({ recipient, account, ...(path && { path }) }) - 1
      known.set(place, at)
      return at
    })
  })
  return { copies, own }
}
