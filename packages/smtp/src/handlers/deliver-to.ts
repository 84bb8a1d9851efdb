import {
  createBlockPool,
  createStageFeed,
  type Delivery,
  type MailStore,
  type OpResult,
  type StageFeed,
} from '@posthouse/store-api'
import { annotation } from '../session/annotations.js'
import type { SmtpHandler, SmtpSession } from '../session/handler.js'
import type { ReceivedMessage } from '../session/message.js'
import type { Recipient, Transaction } from '../session/transaction.js'
import { replies } from '../syntax/replies.js'
import type { Reply } from '../syntax/reply.js'
import { planCopies } from './copies.js'
import { deliverOneByOne } from './deliver-one-by-one.js'
import { localTargets, outcome, storeReply, worst } from './delivery-outcome.js'
import { deliveryPrefix } from './trace-prefix.js'

/** What `deliverTo` takes beside the store; everything has a default. */
export interface DeliverToOptions {
  /** The mailbox that takes the mail, for each recipient. Default: INBOX. A missing one is made. */
  readonly path?: (recipient: Recipient, transaction: Transaction, session: SmtpSession) => readonly string[]
  /**
   * Makes a delivery harmless that is done twice. Default: the transaction's name, which guards against a store that
   * tries again, not against a client that does.
   */
  readonly dedup?: (recipient: Recipient, transaction: Transaction, session: SmtpSession) => string
}

/** A handler at the end of the chain: its `message` stage has a reply for each recipient. */
export interface DeliveryHandler extends SmtpHandler {
  message(message: ReceivedMessage, session: SmtpSession): Promise<readonly Reply[]>
}

const feedKey = annotation<StageFeed>('delivery')

/**
 * Delivers into a store. The octets stream into `store.stage` while they come in; `250` is said when the store has
 * made the message durable, and in LMTP each recipient has a reply of its own. Recipients that come to the same mailbox with the
 * same tag, as an alias and what it stands for do, get one copy, with the Delivered-To of the first of them.
 */
export function deliverTo(store: MailStore, options: DeliverToOptions = {}): DeliveryHandler {
  if (!store.stage || !store.deliver) return deliverOneByOne(store, options)
  const stage = store.stage.bind(store)
  const deliver = store.deliver.bind(store)
  const deliverOctets = store.deliverOctets?.bind(store)
  const pool = deliverOctets && createBlockPool()

  /** How the message gets to the store with what is known of it; octets that stream are staged now. */
  async function ready(feed: StageFeed): Promise<(known: Omit<Delivery, 'staged'>) => ReturnType<typeof deliver>> {
    const octets = deliverOctets && feed.whole()
    if (octets) return (known) => deliverOctets({ octets, ...known })
    const staged = await feed.finish()
    return (known) => deliver({ staged, ...known })
  }

  async function message(received: ReceivedMessage, session: SmtpSession): Promise<readonly Reply[]> {
    const { transaction } = received
    const feed = transaction.get(feedKey) as StageFeed
    let send: Awaited<ReturnType<typeof ready>>
    try {
      send = await ready(feed)
    } catch (error) {
      return refuseAll(error, received, session)
    }
    const targets = await localTargets(store, transaction)
    const { copies, own } = planCopies(targets, options, transaction, session)
    const delivery = {
      summary: received.summary ?? new Uint8Array(0),
      ...(received.header ? { header: received.header } : {}),
      to: copies.map(({ recipient, account, path }) => ({
        account,
        prefix: deliveryPrefix(transaction, recipient, session),
        dedup: options.dedup?.(recipient, transaction, session) ?? `${transaction.id} ${recipient.address}`,
        ...(path && { path }),
      })),
    }
    let results: readonly (OpResult | Error)[] = []
    try {
      if (copies.length > 0) results = await send(delivery)
    } catch (error) {
      return refuseAll(error, received, session)
    } finally {
      feed.release()
    }
    const accepted = replies.accepted(transaction.id)
    return targets.map(({ recipient }, i) => {
      if (recipient.targets.length === 0) return accepted
      if (own[i].length === 0) return replies.unknownUser(recipient.address)
      return worst(own[i].map((copy) => outcome(results[copy], accepted, session)))
    })
  }

  return {
    name: 'deliver-to',
    needs: ['summary'],
    body(transaction) {
      const feed = createStageFeed(stage, transaction.size, pool)
      transaction.set(feedKey, feed)
      return feed
    },
    message,
  }
}

function refuseAll(error: unknown, { transaction }: ReceivedMessage, session: SmtpSession): readonly Reply[] {
  const refusal = storeReply(error, session)
  return transaction.recipients.map(() => refusal)
}
