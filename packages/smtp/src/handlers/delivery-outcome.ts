import { isStoreError, type MailStore, type OpResult } from '@posthouse/store-api'
import type { SmtpSession } from '../session/handler.js'
import type { Recipient, Transaction } from '../session/transaction.js'
import { replies } from '../syntax/replies.js'
import { isTemporary, type Reply, reply } from '../syntax/reply.js'
import { resolveAccounts } from './local-recipients.js'

/** A recipient, and the accounts that take its mail; none: there is no such user. */
export interface LocalTarget {
  readonly recipient: Recipient
  readonly accounts: readonly string[]
}

/** The accounts of the recipients; those that no handler looked up are looked up now. */
export function localTargets(store: MailStore, transaction: Transaction): Promise<readonly LocalTarget[]> {
  return Promise.all(
    transaction.recipients.map(async (recipient) => ({
      recipient,
      accounts: recipient.accounts ?? (await resolveAccounts(store, recipient.targets)) ?? [],
    })),
  )
}

/** One reply for a recipient with several accounts: 250 only when all have the message. */
export function worst(answers: readonly Reply[]): Reply {
  return answers.find(isTemporary) ?? answers.find((answer) => answer.code >= 500) ?? answers[0]
}

/** The reply for what a store did with one recipient. */
export function outcome(result: OpResult | Error | undefined, accepted: Reply, session: SmtpSession): Reply {
  if (result === undefined) return storeReply(new Error('the store has no result for a recipient'), session)
  return result instanceof Error ? storeReply(result, session) : accepted
}

/** Why a store refused, in SMTP's words (RFC 3463 §3). Only what will never work is 5yz. */
export function storeReply(error: unknown, session: SmtpSession): Reply {
  if (isStoreError(error)) {
    switch (error.code) {
      case 'overquota':
        return reply(452, '4.2.2', 'Mailbox full')
      case 'toolarge':
        return reply(552, '5.2.3', 'Message too big for this mailbox')
      case 'nonexistent':
        return reply(550, '5.1.1', 'No such mailbox')
      case 'noperm':
      case 'readonly':
        return reply(550, '5.2.1', 'Mailbox takes no mail')
      default:
    }
  }
  session.log({ level: 'error', event: 'delivery.failed', error })
  return replies.localProblem()
}
