/** What an attempt came to, and how replies and errors are read. */
import type { ServerReply, SmtpClientError } from '@posthouse/smtp'
import type { Failure, QueuedRecipient } from '../queue/types.js'

/** What became of one recipient. */
export type Outcome =
  | {
      readonly type: 'delivered'
      /** In a mailbox, or with the next server. */
      readonly action: 'delivered' | 'relayed'
      /** Enhanced status code: `2.0.0`. */
      readonly status: string
      readonly reply: string | null
      readonly remote: string | null
      /** The next server has been told what the sender wants to know, and will see to it (RFC 3461 §5.2.2). */
      readonly notifies: boolean
      /** The next server is not told that the message is urgent, as it has no DELIVERBY (RFC 2852). Default: false. */
      readonly forgetsTime?: boolean
    }
  | { readonly type: 'deferred' | 'failed'; readonly failure: Failure }

/** What an attempt came to. */
export interface Attempt {
  /** One for each recipient of the job, in its order. */
  readonly outcomes: readonly Outcome[]
  /**
   * `alive`: a server has talked about the message. `dead`: none could be reached. `dropped`: one was there, and left in the
   * middle of the message (of several, where all that is known of the destination was asked). `unknown`: nothing was learned.
   */
  readonly destination: 'alive' | 'dead' | 'dropped' | 'unknown'
  /** All servers are as busy as they may be: nothing was tried. */
  readonly busy: boolean
}

/** The same for all recipients. */
export function forAll(recipients: readonly QueuedRecipient[], outcome: Outcome): readonly Outcome[] {
  return recipients.map(() => outcome)
}

/** A failure that no server has to do with. */
export function ownFailure(status: string, text: string, at: number): Failure {
  return { status, text, reply: null, remote: null, at }
}

/** `550 5.1.1 No such user`, as Diagnostic-Code has it. */
export function replyText({ code, enhanced, text }: ServerReply): string {
  return `${code} ${enhanced === null ? '' : `${enhanced} `}${text.join(' ')}`.trim()
}

/** Reads a client's error. `remote`: the server that it was about. */
export function outcomeOfError(error: SmtpClientError, remote: string | null, at: number): Outcome {
  const permanent = isPermanent(error)
  const status = statusOf(error, permanent)
  const reply = error.reply ? replyText(error.reply) : null
  return {
    type: permanent ? 'failed' : 'deferred',
    failure: { status, text: reply ?? error.message, reply, remote, at },
  }
}

/** Is another try of no use? */
function isPermanent(error: SmtpClientError): boolean {
  // The login of a smart host is our business, not the sender's: somebody will put it right.
  if (error.code === 'auth') return false
  // RFC 5321 §4.5.3.1.10: 552 was once the reply to too many recipients.
  if (error.reply?.code === 552 && error.command === 'RCPT' && !isAboutMailbox(error.reply.enhanced)) return false
  return !error.temporary
}

function isAboutMailbox(enhanced: string | null): boolean {
  return enhanced !== null && enhanced !== '5.5.3' && enhanced !== '5.0.0'
}

/** The class of a status says whether it is for good, whatever else a server put there. */
function statusOf(error: SmtpClientError, permanent: boolean): string {
  const digit = permanent ? '5' : '4'
  const { enhanced } = error
  if (enhanced !== null && enhanced.length > 2) return `${digit}${enhanced.slice(1)}`
  return error.code === 'connection' ? `${digit}.4.2` : `${digit}.0.0`
}
