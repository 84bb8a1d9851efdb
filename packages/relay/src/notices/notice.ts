/** Delivery status notifications (RFC 3461 §6, RFC 3464): what a sender is told. */
import { composeBytes } from '@posthouse/mime/compose'
import { type DeliveryAction, deliveryStatusReport, type RecipientStatus } from '@posthouse/mime/report'
import { formatDateTime } from '@posthouse/smtp'
import type { Failure, QueuedMessage, QueuedRecipient } from '../queue/types.js'
import { isAscii } from '../routing/names.js'

/** What a notice says (RFC 3464 §2.3.3): it has failed, it takes longer, it has arrived. */
export type NoticeKind = 'failure' | 'delay' | 'success'

/** A recipient of a notice's message, and what became of it. */
export interface NoticeRecipient {
  readonly recipient: QueuedRecipient
  readonly action: DeliveryAction
  /** Enhanced status code. */
  readonly status: string
  /** The reply of a server, code and text; `null`: no server said anything. */
  readonly reply: string | null
  readonly remote: string | null
  /** Why, for people. */
  readonly text: string
  /** Milliseconds since the epoch. */
  readonly at: number
}

export interface NoticeOptions {
  readonly kind: NoticeKind
  readonly message: QueuedMessage
  readonly recipients: readonly NoticeRecipient[]
  /** The message, or its header. */
  readonly original: Uint8Array
  /** `original` is all of the message. */
  readonly whole: boolean
  /** The name of this server. */
  readonly hostname: string
  /** When it is given up; for `delay`. Milliseconds since the epoch. */
  readonly until: number
  readonly now: number
  /** A new token of letters and digits each time. */
  readonly createId: () => string
}

/** Does a recipient's NOTIFY ask for it? Failures and delays are told unless it says otherwise (RFC 3461 §4.1). */
export function wants({ notify }: QueuedRecipient, kind: NoticeKind): boolean {
  if (kind === 'failure') return notify === null || notify.includes('FAILURE')
  if (kind === 'delay') return notify === null || notify.includes('DELAY')
  return notify?.includes('SUCCESS') ?? false
}

/** The recipient of a notice from a failure. */
export function failedRecipient(
  recipient: QueuedRecipient,
  failure: Failure,
  action: 'failed' | 'delayed',
): NoticeRecipient {
  const { status, text, reply, remote, at } = failure
  return { recipient, action, status, reply, remote, text, at }
}

/** Writes a notice: in the form of RFC 6533 where the message came by SMTPUTF8 (RFC 6531). */
export function composeNotice(options: NoticeOptions): Promise<Uint8Array> {
  const { kind, message, recipients, hostname, now, createId } = options
  const { envelope } = message
  // A sender who has used SMTPUTF8 can read the form that needs it; its header may be UTF-8 without our knowing.
  const sender = envelope.reversePath ?? ''
  const global = envelope.smtputf8 || !isAscii(sender)
  const body = deliveryStatusReport(
    {
      ...(envelope.envid !== null && { originalEnvelopeId: printable(envelope.envid, global) }),
      reportingMta: { type: 'dns', value: hostname },
      ...(envelope.receivedFrom !== null && {
        receivedFromMta: { type: 'dns', value: printable(envelope.receivedFrom, global) },
      }),
      arrivalDate: new Date(message.arrived),
      // RFC 2852 §5
      ...(envelope.deliverBy && {
        otherFields: [{ name: 'Deliver-By-Date', value: formatDateTime(envelope.deliverBy.at) }],
      }),
      recipients: recipients.map((one) => recipientStatus(one, options, global)),
    },
    { text: textOf(options), original: options.original, include: options.whole ? 'message' : 'headers', global },
  )
  return composeBytes(
    {
      from: { name: 'Mail Delivery System', address: `MAILER-DAEMON@${hostname}` },
      to: { address: sender },
      subject: SUBJECTS[kind],
      date: new Date(now),
      // RFC 3834 §5: nobody is to answer it by machine.
      headers: { 'Auto-Submitted': 'auto-replied' },
      body,
    },
    { smtputf8: global, createId, hostname },
  )
}

const SUBJECTS: Readonly<Record<NoticeKind, string>> = {
  failure: 'Undelivered Mail Returned to Sender',
  delay: 'Delayed Mail (still being retried)',
  success: 'Successful Mail Delivery Report',
}

function recipientStatus(
  one: NoticeRecipient,
  { kind, message, until }: NoticeOptions,
  global: boolean,
): RecipientStatus {
  const { recipient, action, status, reply, remote, at } = one
  const type = (address: string): 'rfc822' | 'utf-8' => (isAscii(address) && !global ? 'rfc822' : 'utf-8')
  const final = recipient.address
  return {
    ...(recipient.orcpt
      ? { originalRecipient: originalRecipient(recipient.orcpt, global) }
      : recipient.original !== null && {
          originalRecipient: { type: type(recipient.original), value: recipient.original },
        }),
    finalRecipient: { type: isAscii(final) ? 'rfc822' : 'utf-8', value: final },
    action,
    status,
    ...(remote !== null && { remoteMta: { type: 'dns', value: printable(remote, global) } }),
    ...(reply !== null && { diagnosticCode: { type: 'smtp', value: printable(reply, global) } }),
    lastAttemptDate: new Date(at),
    finalLogId: message.id,
    ...(kind === 'delay' && { willRetryUntil: new Date(until) }),
  }
}

function textOf({ kind, recipients, hostname, until, whole }: NoticeOptions): string {
  const lines = [`This is the mail system at ${hostname}.`, '']
  if (kind === 'failure') {
    lines.push('Your message could not be delivered to the recipients below, and will not be tried again.')
  } else if (kind === 'delay') {
    lines.push('Your message has not been delivered yet. You do not have to send it again:')
    lines.push(`it will be tried until ${new Date(until).toUTCString()}.`)
  } else lines.push('Your message was delivered to the recipients below, as you wanted to know.')
  lines.push('')
  for (const { recipient, text, remote, reply, action, status } of recipients) {
    const through = recipient.original === null ? '' : ` (for <${recipient.original}>)`
    lines.push(`<${recipient.address}>${through}: ${action} (${status})`)
    if (text !== '') lines.push(`    ${remote === null ? '' : `${remote}${reply === null ? ': ' : ' said: '}`}${text}`)
  }
  lines.push('', `The ${whole ? 'message' : 'header of the message'} is attached.`, '')
  return lines.join('\r\n')
}

/** What a sender has named: the `utf-8` type has a form of its own for what is not ASCII (RFC 6533 §3). */
function originalRecipient({ type, address }: NonNullable<QueuedRecipient['orcpt']>, global: boolean) {
  return { type, value: printable(address, global || type === 'utf-8') }
}

/** Characters of a word at most: in any encoding it fits a line (RFC 5322 §2.1.1). */
const MAX_WORD = 200

/** The words of others, clients and servers, without what a header field cannot hold: no notice must fail for them. */
function printable(text: string, utf8: boolean): string {
  let out = ''
  let word = 0
  for (const character of text) {
    const code = character.codePointAt(0) as number
    word = character === ' ' ? 0 : word + 1
    if (word > MAX_WORD) {
      out += ' '
      word = 1
    }
    out += code >= 32 && code !== 127 && (code < 127 || (utf8 && code > 159)) ? character : '?'
  }
  return out
}
