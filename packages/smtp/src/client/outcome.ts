import type { ServerReply } from './engine/reply-input.js'
import { type SmtpClientError, withDetails } from './errors.js'

/** What became of a message for one recipient. */
export type RecipientOutcome =
  /** The server is responsible for it now. */
  | { readonly address: string; readonly accepted: true; readonly reply: ServerReply }
  | { readonly address: string; readonly accepted: false; readonly error: SmtpClientError }

/** What `send` came to when somebody has the message. */
export interface SendResult {
  /** One for each recipient of the envelope, in its order. */
  readonly recipients: readonly RecipientOutcome[]
  /** Addresses that have the message. */
  readonly accepted: readonly string[]
  /** The others, with why. */
  readonly rejected: readonly { readonly address: string; readonly error: SmtpClientError }[]
  /**
   * Extensions that the envelope asked for, the server lacks, and the message went without (`DSN`, `MT-PRIORITY`,
   * `DELIVERBY` with `notify`): whoever promised them must see to it (RFC 3461 §5.2.2).
   */
  readonly dropped: readonly string[]
  /** The message was converted because the server lacks 8BITMIME or BINARYMIME. Signatures over it are broken. */
  readonly converted: boolean
}

/** Sorts outcomes. */
export function sendResult(
  recipients: readonly RecipientOutcome[],
  dropped: readonly string[],
  converted: boolean,
): SendResult {
  return {
    recipients,
    accepted: recipients.flatMap((one) => (one.accepted ? [one.address] : [])),
    rejected: recipients.flatMap((one) => (one.accepted ? [] : [{ address: one.address, error: one.error }])),
    dropped,
    converted,
  }
}

/** The error when nobody has the message: one that may have been delivered or may pass speaks for all of them. */
export function sendFailure(recipients: readonly RecipientOutcome[]): SmtpClientError {
  const errors = recipients.flatMap((one) => (one.accepted ? [] : [one.error]))
  const speaker = errors.find((error) => error.mayBeDelivered) ?? errors.find((error) => error.temporary) ?? errors[0]
  return withDetails(speaker, { recipients })
}
