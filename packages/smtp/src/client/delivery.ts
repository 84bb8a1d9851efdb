/** One message over a connection: looked at, made fit for the server, and sent in as many transactions as it takes. */
import { needsUtf8 } from '../syntax/address.js'
import type { SmtpCapabilities } from '../syntax/capabilities.js'
import type { OutgoingMail } from './client.js'
import type { Conversation } from './conversation.js'
import type { OutgoingContentRule } from './engine/index.js'
import { inAscii, planTransaction, type ReadEnvelope, readEnvelope, unsayable } from './envelope.js'
import { connectionFailure, SmtpClientError, withDetails } from './errors.js'
import type { SmtpClientLimits } from './limits.js'
import { openMessage } from './message.js'
import { type RecipientOutcome, type SendResult, sendFailure, sendResult } from './outcome.js'
import { type PreparedMessage, prepareMessage } from './preparation.js'
import { runTransaction } from './transaction.js'

/** What all messages over one connection share. */
export interface SendSetup {
  readonly conversation: Conversation
  readonly limits: SmtpClientLimits
  readonly content: OutgoingContentRule
  readonly downgrade: 'convert' | 'refuse'
  readonly authenticated: boolean
  readonly progress: {
    transactions: number
    /** Domains of recipients so far, in lower case (RFC 9422 §4.3). */
    readonly domains: Set<string>
    /** The server may think that a transaction is going on. */
    dirty: boolean
  }
}

/** See `SmtpClient.send`. */
export async function sendMail(setup: SendSetup, mail: OutgoingMail): Promise<SendResult> {
  const read = readEnvelope(mail.envelope)
  const outcomes: (RecipientOutcome | null)[] = read.addresses.map((address, index) => {
    const error = read.errors.get(index)
    return error ? { address, accepted: false, error } : null
  })
  let dropped: readonly string[] = []
  let converted = false
  let failure: SmtpClientError | null = null
  if (read.recipients.length > 0) {
    try {
      ;({ dropped, converted } = await deliver(setup, mail, read, outcomes))
    } catch (reason) {
      failure = connectionFailure(reason)
    }
  }
  const known = outcomes.map((outcome, index): RecipientOutcome => {
    if (outcome) return outcome
    const address = read.addresses[index]
    const error = failure ?? new SmtpClientError('protocol', 'nothing became of this recipient')
    return { address, accepted: false, error: withDetails(error, { recipient: address }) }
  })
  if (known.some(({ accepted }) => accepted)) return sendResult(known, dropped, converted)
  throw failure ? withDetails(failure, { recipients: known }) : sendFailure(known)
}

async function deliver(
  setup: SendSetup,
  mail: OutgoingMail,
  envelope: ReadEnvelope,
  outcomes: (RecipientOutcome | null)[],
): Promise<{ dropped: readonly string[]; converted: boolean }> {
  const { conversation, limits, progress } = setup
  if (conversation.failure) throw conversation.failure
  const { capabilities } = conversation.engine
  const read = capabilities?.has('SMTPUTF8') ? envelope : inAscii(envelope)
  const opened = await openMessage(mail.message, mail.size ?? null, limits.lookAhead, conversation.until)
  try {
    const utf8 = read.utf8 || (mail.smtputf8 ?? opened.utf8Header)
    const recipients = utf8 ? read.recipients : sayable(read.recipients, capabilities, outcomes)
    if (recipients.length === 0) return { dropped: [], converted: false }
    const prepared = await prepareMessage(opened, capabilities, {
      body: mail.body,
      smtputf8: utf8 || recipients.some(({ mailbox }) => needsUtf8(mailbox)),
      content: setup.content,
      downgrade: setup.downgrade,
      limit: limits.conversion,
    })
    const { batches, excess } = divide(recipients, capabilities, progress)
    let dropped: readonly string[] = []
    for (const [number, recipients] of batches.entries()) {
      const full = progress.transactions >= (capabilities?.limits.mailMax ?? Number.POSITIVE_INFINITY)
      if (full || (number > 0 && !prepared.message.again) || conversation.failure) {
        excess.push(...recipients)
        continue
      }
      dropped = await transact(setup, mail, { ...read, recipients }, prepared, outcomes)
    }
    for (const { index } of excess) outcomes[index] = noRoom(read.addresses[index], conversation.failure)
    return { dropped, converted: prepared.converted }
  } finally {
    await opened.close()
  }
}

async function transact(
  setup: SendSetup,
  mail: OutgoingMail,
  read: ReadEnvelope,
  { message, needs }: PreparedMessage,
  outcomes: (RecipientOutcome | null)[],
): Promise<readonly string[]> {
  const { conversation, limits, progress } = setup
  const plan = planTransaction(mail.envelope, read, needs, {
    capabilities: conversation.engine.capabilities,
    tls: conversation.connection.tls,
    authenticated: setup.authenticated,
    prdr: true,
  })
  progress.transactions++
  const reset = progress.dirty
  const result = await runTransaction({
    conversation,
    limits,
    reset,
    plan,
    message,
    binary: needs.body === 'BINARYMIME',
  })
  progress.dirty = result.dirty
  for (const [i, { index }] of plan.recipients.entries()) outcomes[index] = result.outcomes[i]
  return plan.dropped
}

type Recipients = ReadEnvelope['recipients']

/** Those whom a message that needs no SMTPUTF8 itself can have; what keeps the others from it is in the outcomes. */
function sayable(
  recipients: Recipients,
  capabilities: SmtpCapabilities | null,
  outcomes: (RecipientOutcome | null)[],
): Recipients {
  if (capabilities?.has('SMTPUTF8')) return recipients
  return recipients.filter(({ index, mailbox }) => {
    const refused = needsUtf8(mailbox)
    if (refused) outcomes[index] = { address: mailbox.address, accepted: false, error: unsayable(mailbox) }
    return !refused
  })
}

/** Recipients in groups that the server's limits allow (RFC 9422 §4), and those that it has no room for. */
function divide(
  recipients: Recipients,
  capabilities: SmtpCapabilities | null,
  { domains }: SendSetup['progress'],
): { batches: Recipients[]; excess: Recipients[number][] } {
  const { rcptMax = null, rcptDomainMax = null } = capabilities?.limits ?? {}
  const excess: Recipients[number][] = []
  const taken = recipients.filter((recipient) => {
    if (rcptDomainMax === null) return true
    const domain = recipient.mailbox.domain.toLowerCase()
    if (!domains.has(domain) && domains.size >= rcptDomainMax) {
      excess.push(recipient)
      return false
    }
    domains.add(domain)
    return true
  })
  const size = rcptMax ?? (taken.length || 1)
  const batches: Recipients[] = []
  for (let at = 0; at < taken.length; at += size) batches.push(taken.slice(at, at + size))
  return { batches, excess }
}

function noRoom(address: string, failure: SmtpClientError | null): RecipientOutcome {
  if (failure)
    return { address, accepted: false, error: withDetails(failure, { recipient: address, mayBeDelivered: false }) }
  const error = new SmtpClientError('limit', 'the server takes no more over this connection', {
    recipient: address,
    enhanced: '4.5.3',
  })
  return { address, accepted: false, error }
}
