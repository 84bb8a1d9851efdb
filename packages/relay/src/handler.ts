import {
  annotation,
  deliverBy,
  dsnEnvelope,
  dsnRecipient,
  priority,
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
  traceOctets,
} from '@posthouse/smtp'
import { RelayError } from './errors.js'
import type { QueuedEnvelope } from './queue/types.js'
import type { Relay } from './relay.js'
import { LOCAL } from './routing/destination.js'
import type { Target } from './routing/router.js'
import type { SubmittedRecipient } from './submission.js'

export interface RelayToOptions {
  /**
   * Takes messages whose recipients are all local, as they come in: `deliverTo(store)`. Default: the handlers behind this
   * one.
   */
  readonly local?: SmtpHandler
  /** Who may send to other domains. Default: whoever has logged in. */
  readonly allow?: (session: SmtpSession, transaction: Transaction) => boolean
}

const route = annotation<readonly Target[]>('route')
const queued = annotation<true>('queued')

/**
 * Gives messages to a relay: `250` is said when they are in its queue, durably. Recipients of other domains are taken
 * from those who may (`allow`); addresses here that forward to elsewhere are taken from all. A message with local and
 * other recipients is taken in one step: the queue delivers all of it. A message for local recipients only is left to
 * `local`, or to the handlers behind.
 *
 * ```ts
 * const local = deliverTo(store)
 * const handlers = [requireAuth(), relayTo(relay, { local }), localRecipients(store, { domains })]
 * ```
 */
export function relayTo(relay: Relay, options: RelayToOptions = {}): SmtpHandler {
  const { local, allow = (session) => session.identity !== null } = options
  return {
    name: 'relay',
    needs: [...new Set(['octets' as const, ...(local?.needs ?? [])])],
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
      if (targets.every(({ destination }) => destination === LOCAL)) {
        recipient.targets = targets.map(({ mailbox }) => mailbox)
        return undefined
      }
      recipient.set(route, targets)
      transaction.set(queued, true)
      return replies.recipientOk()
    },
    body(transaction, session) {
      return transaction.get(queued) ? undefined : local?.body?.(transaction, session)
    },
    async message(message, session) {
      const { transaction } = message
      if (!transaction.recipients.some((recipient) => recipient.get(route))) {
        return local?.message?.(message, session)
      }
      const only = transaction.recipients.length === 1 ? transaction.recipients[0].address : null
      const prefix = traceOctets(received(transaction, session, only))
      try {
        const until = transaction.get(releaseAt)
        const { refused } = await relay.submit({
          id: transaction.id,
          envelope: envelopeOf(transaction, session),
          recipients: transaction.recipients.map(recipientOf),
          message: behind(prefix, message.read()),
          ...(until !== undefined && { releaseAt: until }),
        })
        const accepted = reply(250, '2.0.0', `Queued as ${transaction.id}`)
        if (refused.length === 0) return transaction.recipients.map(() => accepted)
        const reasons = new Map(refused.map((one) => [one.address, reply(one.code, one.status, one.text)]))
        return transaction.recipients.map(({ address }) => reasons.get(address) ?? accepted)
      } catch (error) {
        return refusal(error, session)
      }
    },
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

function recipientOf(recipient: Recipient): SubmittedRecipient {
  const targets = recipient.get(route)
  return {
    address: recipient.mailbox,
    ...recipient.get(dsnRecipient),
    targets: targets ?? recipient.targets.map((mailbox) => ({ mailbox, destination: LOCAL, via: null })),
  }
}

async function* behind(prefix: Uint8Array, octets: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
  yield prefix
  yield* octets
}
