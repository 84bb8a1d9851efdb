import {
  annotation,
  type BodySink,
  deliverBy,
  dsnEnvelope,
  dsnRecipient,
  type Mailbox,
  prefixOf,
  priority,
  type ReceivedMessage,
  type Recipient,
  type Reply,
  received,
  releaseAt,
  replies,
  reply,
  requireTlsNote,
  type SmtpHandler,
  type SmtpSession,
  type Transaction,
} from '@posthouse/smtp'
import { RelayError } from './errors.js'
import type { QueuedEnvelope } from './queue/types.js'
import type { Relay } from './relay.js'
import { LOCAL } from './routing/destination.js'
import type { Target } from './routing/router.js'
import { behind, type RefusedRecipient, type SubmittedRecipient } from './submission.js'

/** What `relayRecipients` takes; everything has a default. */
export interface RelayRecipientsOptions {
  /** Who may send to other domains. Default: whoever has logged in. */
  readonly allow?: (session: SmtpSession, transaction: Transaction) => boolean
}

/** What `relayTo` takes; everything has a default. */
export interface RelayToOptions {
  /**
   * Takes messages whose recipients are all local, as they come in: `deliverTo(store)`. Default: the handlers behind this
   * one.
   */
  readonly local?: SmtpHandler
}

/** Where the targets of a recipient go. */
const routes = annotation<ReadonlyMap<Mailbox, Target>>('routes')
const queued = annotation<true>('queued')
const localSink = annotation<BodySink>('local sink')

/**
 * Finds where recipients go: aliases and forwards of the relay's table take their place, other domains are taken from
 * those who may (`allow`), addresses here that forward to elsewhere from all. What is local is left to the handlers
 * behind, such as `localRecipients`. `relayTo` goes with it, at the end of the list.
 *
 * ```ts
 * const handlers = [
 *   relayRecipients(relay),
 *   localRecipients(store, { domains }),
 *   dkimSign({ keys }),
 *   relayTo(relay, { local: deliverTo(store) }),
 * ]
 * ```
 */
export function relayRecipients(relay: Relay, options: RelayRecipientsOptions = {}): SmtpHandler {
  const { allow = (session) => session.identity !== null } = options
  return {
    name: 'relay-recipients',
    async rcpt(recipient, transaction, session) {
      if (recipient.accounts !== null) return undefined
      const targets: Target[] = []
      for (const mailbox of recipient.targets) {
        const here = relay.router.isLocal(mailbox.domain)
        if (!here && !allow(session, transaction)) return replies.relayDenied()
        const routing = await relay.route(mailbox)
        if (routing.type === 'refused') return reply(routing.code, routing.status, routing.text)
        targets.push(...routing.targets)
      }
      recipient.targets = targets.map(({ mailbox }) => mailbox)
      recipient.set(routes, new Map(targets.map((target) => [target.mailbox, target])))
      if (targets.every(({ destination }) => destination === LOCAL)) return undefined
      // Decided: nobody behind has to look for accounts.
      recipient.accounts = []
      transaction.set(queued, true)
      return undefined
    },
  }
}

/**
 * Gives messages with recipients elsewhere to a relay: `250` is said when they are in its queue, durably. A message with
 * local and other recipients is taken in one step: the queue delivers all of it, and so it does with one that is to wait or
 * whose sender wants to hear of success, where the relay has `deliver`. Any other message for local recipients only is left to
 * `local`, or to the handlers behind. Put it behind everything that changes messages.
 */
export function relayTo(relay: Relay, options: RelayToOptions = {}): SmtpHandler {
  const { local } = options
  return {
    name: 'relay',
    needs: [...new Set(['octets' as const, ...(local?.needs ?? [])])],
    async body(transaction, session) {
      if (relay.delivers && asksQueue(transaction)) transaction.set(queued, true)
      if (transaction.get(queued)) return undefined
      const sink = await local?.body?.(transaction, session)
      if (sink) transaction.set(localSink, sink)
      return sink
    },
    async message(message, session) {
      const { transaction } = message
      const found = await Promise.all(transaction.recipients.map((recipient) => targetsOf(recipient, relay)))
      const elsewhere = found.some((one) => !('code' in one) && one.some(({ destination }) => destination !== LOCAL))
      // What is queued already did not go into the store as it came in.
      if (!elsewhere && !transaction.get(queued)) return local?.message?.(message, session)
      // A filter has added somebody: what was on its way into the store is not to be there as well.
      transaction.get(localSink)?.abort?.()
      return queue(relay, message, session, found)
    },
  }
}

/** The queue alone can do it: wait (RFC 4865), and tell of success (RFC 3461 §4.1). It finds who is in the relay's table. */
function asksQueue(transaction: Transaction): boolean {
  if (!transaction.recipients.every((recipient) => recipient.get(routes))) return false
  if (transaction.get(releaseAt) !== undefined) return true
  return transaction.recipients.some((recipient) => recipient.get(dsnRecipient)?.notify?.includes('SUCCESS'))
}

/** Where a recipient's mail goes. A filter may have put other targets in the place of those that were looked up. */
async function targetsOf(recipient: Recipient, relay: Relay): Promise<readonly Target[] | Reply> {
  const known = recipient.get(routes)
  const targets: Target[] = []
  for (const mailbox of recipient.targets) {
    const target = known?.get(mailbox)
    if (target) targets.push(target)
    else if (recipient.accounts !== null) targets.push({ mailbox, destination: LOCAL, via: null })
    else {
      const routing = await relay.route(mailbox)
      if (routing.type === 'refused') return reply(routing.code, routing.status, routing.text)
      targets.push(...routing.targets)
    }
  }
  return targets
}

async function queue(
  relay: Relay,
  message: ReceivedMessage,
  session: SmtpSession,
  found: readonly (readonly Target[] | Reply)[],
): Promise<Reply | readonly Reply[]> {
  const { transaction } = message
  const only = transaction.recipients.length === 1 ? transaction.recipients[0].address : null
  const prefix = await prefixOf(received(transaction, session, only), message)
  const until = transaction.get(releaseAt)
  const recipients = transaction.recipients.flatMap((recipient, i): SubmittedRecipient[] => {
    const targets = found[i]
    if ('code' in targets || targets.length === 0) return []
    return [{ address: recipient.mailbox, ...recipient.get(dsnRecipient), targets }]
  })
  const accepted = reply(250, '2.0.0', `Queued as ${transaction.id}`)
  const answers = (refused: readonly RefusedRecipient[]): readonly Reply[] => {
    const reasons = new Map(refused.map((one) => [one.address, reply(one.code, one.status, one.text)]))
    return transaction.recipients.map(({ address }, i) => {
      const targets = found[i]
      return 'code' in targets ? targets : (reasons.get(address) ?? accepted)
    })
  }
  if (recipients.length === 0) return answers([])
  try {
    const { refused } = await relay.submit({
      id: transaction.id,
      envelope: envelopeOf(transaction, session),
      recipients,
      message: behind(prefix, message.read()),
      ...(until !== undefined && { releaseAt: until }),
    })
    return answers(refused)
  } catch (error) {
    return refusal(error, session)
  }
}

function refusal(error: unknown, session: SmtpSession): Reply {
  const code = error instanceof RelayError ? error.code : null
  if (code === 'address') return reply(554, '5.4.6', 'The message cannot be sent: it goes in circles')
  session.log({ level: 'error', event: 'relay.refused', error })
  return code === 'limit' ? reply(552, '5.3.4', 'The message is too big') : replies.insufficientStorage()
}

function envelopeOf(transaction: Transaction, session: SmtpSession): QueuedEnvelope {
  const by = transaction.get(deliverBy)
  return {
    reversePath: transaction.reversePath?.address ?? null,
    ...(transaction.get(dsnEnvelope) ?? { ret: null, envid: null }),
    smtputf8: transaction.smtputf8,
    body: transaction.body,
    requireTls: transaction.get(requireTlsNote) ?? false,
    tlsOptional: false,
    deliverBy: by ? { at: session.now() + by.seconds * 1000, mode: by.mode, trace: by.trace } : null,
    priority: transaction.get(priority) ?? 0,
    submitter: session.identity?.account ?? null,
    receivedFrom: `${session.helo ?? 'unknown'} ([${session.remote.address}])`,
  }
}
