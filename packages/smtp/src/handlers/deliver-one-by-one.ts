import {
  type Account,
  type CommitResult,
  createStageFeed,
  type MailStore,
  type Staged,
  type StageFeed,
} from '@posthouse/store-api'
import { annotation } from '../session/annotations.js'
import type { BodySink, SmtpSession } from '../session/handler.js'
import type { ReceivedMessage } from '../session/message.js'
import type { Transaction } from '../session/transaction.js'
import { replies } from '../syntax/replies.js'
import type { Reply } from '../syntax/reply.js'
import { type Copy, planCopies } from './copies.js'
import type { DeliverToOptions, DeliveryHandler } from './deliver-to.js'
import { type LocalTarget, localTargets, outcome, storeReply, worst } from './delivery-outcome.js'
import { deliveryPrefix } from './trace-prefix.js'

interface Opened {
  readonly account: Account
  readonly feed: StageFeed
}
type OpenedAccounts = ReadonlyMap<string, Opened | Error>

const openedKey = annotation<{ readonly targets: readonly LocalTarget[]; readonly accounts: OpenedAccounts }>(
  'accounts',
)

/** Delivery into a store without `deliver`: each account stages and commits for itself. */
export function deliverOneByOne(store: MailStore, options: DeliverToOptions): DeliveryHandler {
  return {
    name: 'deliver-to',
    needs: ['summary'],
    async body(transaction, session) {
      const targets = await localTargets(store, transaction)
      const names = new Set(targets.flatMap((target) => target.accounts))
      const accounts = new Map<string, Opened | Error>()
      for (const name of names) accounts.set(name, await openAccount(store, name, transaction.size))
      transaction.set(openedKey, { targets, accounts })
      return fanOut([...accounts.values()], session)
    },
    message: (message, session) => deliverAll(message, session, options),
  }
}

async function openAccount(store: MailStore, name: string, size: number | null): Promise<Opened | Error> {
  try {
    const account = await store.open(name)
    const { stage } = account
    if (!stage || !account.commit) return new Error(`the account ${name} takes no mail: it has no stage and commit`)
    return { account, feed: createStageFeed(stage.bind(account), size) }
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** All accounts get all octets; one that fails tells it when it is asked to finish. */
function fanOut(accounts: readonly (Opened | Error)[], session: SmtpSession): BodySink {
  const feeds = accounts.flatMap((opened) => (opened instanceof Error ? [] : [opened]))
  return {
    async write(octets) {
      await Promise.allSettled(feeds.map(({ feed }) => feed.write(octets)))
    },
    abort() {
      for (const { feed, account } of feeds) {
        feed.abort?.()
        void close(account, session)
      }
    },
  }
}

async function deliverAll(
  message: ReceivedMessage,
  session: SmtpSession,
  options: DeliverToOptions,
): Promise<readonly Reply[]> {
  const { transaction } = message
  const { targets, accounts } = transaction.get(openedKey) ?? { targets: [], accounts: new Map() as OpenedAccounts }
  const staged = new Map<string, Staged | Error>()
  for (const [name, opened] of accounts) {
    staged.set(name, opened instanceof Error ? opened : await opened.feed.finish().catch(asError))
  }
  const answers: Reply[] = []
  try {
    const { copies, own } = planCopies(targets, options, transaction, session)
    for (const copy of copies) {
      const opened = accounts.get(copy.account)
      const octets = staged.get(copy.account)
      if (!opened || opened instanceof Error) answers.push(storeReply(opened, session))
      else if (!octets || octets instanceof Error) answers.push(storeReply(octets, session))
      else answers.push(await commit(copy, opened.account, octets, message, session, options))
    }
    return targets.map(({ recipient }, i) => {
      if (recipient.targets.length === 0) return replies.accepted(transaction.id)
      if (own[i].length === 0) return replies.unknownUser(recipient.address)
      return worst(own[i].map((at) => answers[at]))
    })
  } finally {
    for (const opened of accounts.values()) if (!(opened instanceof Error)) await close(opened.account, session)
  }
}

/** One that does not want to be closed has its mail all the same, or none: that does not change the answer. */
async function close(account: Account, session: SmtpSession): Promise<void> {
  try {
    await account.close?.()
  } catch (error) {
    session.log({ level: 'error', event: 'account.close-failed', error })
  }
}

async function commit(
  { recipient, path = ['INBOX'] }: Copy,
  account: Account,
  staged: Staged,
  message: ReceivedMessage,
  session: SmtpSession,
  options: DeliverToOptions,
): Promise<Reply> {
  const { transaction } = message
  try {
    const mailboxes = await account.mailboxes()
    const mailbox = mailboxes.find((one) => samePath(one.path, path))
    const result = (await account.commit?.([
      ...(mailbox ? [] : [{ op: 'create' as const, path }]),
      {
        op: 'append' as const,
        to: mailbox ? mailbox.id : { made: 0 },
        staged,
        summary: message.summary ?? new Uint8Array(0),
        ...(message.header ? { header: message.header } : {}),
        prefix: deliveryPrefix(transaction, recipient, session),
        flags: 0,
        internalDate: session.now(),
        dedup: options.dedup?.(recipient, transaction, session) ?? deduplicationKey(transaction, recipient.address),
      },
    ])) as CommitResult
    return outcome(result.results.at(-1), replies.accepted(transaction.id), session)
  } catch (error) {
    return storeReply(error, session)
  }
}

function deduplicationKey(transaction: Transaction, address: string): string {
  return `${transaction.id} ${address}`
}

function samePath(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((segment, index) => segment === b[index])
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
