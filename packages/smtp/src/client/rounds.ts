/** A message over as many connections as it takes: each one carries it to those whom it has room for (RFC 9422). */
import type { OutgoingMail } from './client.js'
import { SmtpClientError, withDetails } from './errors.js'
import { isOctets, isStored } from './message.js'
import { type RecipientOutcome, type SendResult, sendFailure, sendResult } from './outcome.js'

/** What one connection came to. */
export interface Round {
  /** Empty: it came to nothing, and `failure` says why. */
  readonly recipients: readonly RecipientOutcome[]
  readonly dropped: readonly string[]
  readonly converted: boolean
  /** What `send` has thrown; else `null`. */
  readonly failure: unknown
  /** The connection had carried nothing before. */
  readonly fresh: boolean
}

/** Waits for a message over one connection. Never rejects. */
export async function roundOf(sending: Promise<SendResult>, fresh: boolean): Promise<Round> {
  try {
    return { ...(await sending), failure: null, fresh }
  } catch (failure) {
    const recipients = failure instanceof SmtpClientError ? failure.recipients : []
    return { recipients, dropped: [], converted: false, failure, fresh }
  }
}

/** Sends, and sends again to those whom the limits of a connection left out. `once`: over any connection. */
export async function sendInRounds(
  mail: OutgoingMail,
  once: (mail: OutgoingMail) => Promise<Round>,
): Promise<SendResult> {
  let round = await once(mail)
  if (round.recipients.length === 0) throw round.failure
  const { failure } = round
  const outcomes = [...round.recipients]
  let { dropped, converted } = round
  let rounds = 1
  for (; canRepeat(mail); rounds++) {
    const left = outcomes.flatMap((one, index) => (isLimit(one) ? [index] : []))
    // A server without room for even one, over a connection that nobody has used, is not asked for ever.
    if (left.length === 0 || (round.fresh && round.recipients.every(isLimit))) break
    const recipients = left.map((index) => mail.envelope.recipients[index])
    round = await later(once({ ...mail, envelope: { ...mail.envelope, recipients } }))
    for (const [i, index] of left.entries()) {
      outcomes[index] = round.recipients[i] ?? unsent(outcomes[index].address, round.failure) ?? outcomes[index]
    }
    if (round.recipients.length === 0) break
    dropped = [...new Set([...dropped, ...round.dropped])]
    converted ||= round.converted
  }
  if (outcomes.some(({ accepted }) => accepted)) return sendResult(outcomes, dropped, converted)
  throw rounds === 1 ? failure : sendFailure(outcomes)
}

/** Somebody may have the message by now: that there was no other connection must not hide it. */
function later(once: Promise<Round>): Promise<Round> {
  return once.catch((failure: unknown) => ({ recipients: [], dropped: [], converted: false, failure, fresh: true }))
}

/** A recipient for whom no other connection was to be had; `null` where it stays with what is known. */
function unsent(address: string, failure: unknown): RecipientOutcome | null {
  if (!(failure instanceof SmtpClientError)) return null
  return { address, accepted: false, error: withDetails(failure, { recipient: address }) }
}

/** The connection had no room. */
export function isLimit(outcome: RecipientOutcome): boolean {
  return !outcome.accepted && outcome.error.code === 'limit'
}

/** The connection was over, and nobody can have the message: it went away while nobody used it. */
export function isStale({ failure, recipients }: Round): boolean {
  if (!(failure instanceof SmtpClientError) || failure.mayBeDelivered) return false
  const gone = failure.code === 'connection' || failure.code === 'closed' || failure.reply?.code === 421
  return gone && !recipients.some((one) => !one.accepted && one.error.mayBeDelivered)
}

/** The message can be read again. */
export function canRepeat({ message }: OutgoingMail): boolean {
  return isOctets(message) || isStored(message)
}
