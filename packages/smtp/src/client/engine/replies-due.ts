/** The replies that a server owes, in the order in which they will come. */
import type { Replied } from './events.js'
import type { ServerReply } from './reply-input.js'

/** What the client knows of its transaction. */
export interface TransactionProgress {
  /** For each RCPT that was said: whether it was accepted; `null` while nobody knows. */
  readonly recipients: (boolean | null)[]
  /** MAIL had PRDR: the message may be answered for each recipient. */
  readonly prdr: boolean
  /** A chunk was refused: what follows is refused as one. */
  failed: boolean
}

/** A command that is not answered yet. */
export interface Due {
  readonly command: Replied
  readonly transaction: TransactionProgress | null
  /** RCPT: its place in the transaction. */
  readonly recipient: number
  /** The recipients whose replies to the message still come. */
  queue: number[] | null
  /** The last reply, for all, follows those for each (PRDR). */
  summary: boolean
}

/** Makes the entry of a command. */
export function due(command: Replied, transaction: TransactionProgress | null = null, recipient = -1): Due {
  return { command, transaction, recipient, queue: null, summary: false }
}

/** Whom a reply to a message is about, and whether it is the last one. */
export interface MessageReply {
  readonly recipient: number | null
  readonly done: boolean
}

/** Takes one of the replies to a message. LMTP: one for each recipient that was accepted (RFC 2033 §4.2). */
export function takeMessageReply(entry: Due, reply: ServerReply, lmtp: boolean): MessageReply {
  const transaction = entry.transaction as TransactionProgress
  if (entry.queue === null) {
    const accepted = transaction.recipients.flatMap((yes, index) => (yes ? [index] : []))
    if (lmtp && !transaction.failed && accepted.length > 0) entry.queue = accepted
    else if (transaction.prdr && reply.code === 353) {
      // draft-hall-prdr: the replies for each come next, and behind them one for all.
      entry.queue = accepted
      entry.summary = true
      return { recipient: null, done: false }
    } else return { recipient: null, done: true }
  }
  const recipient = entry.queue.shift() ?? null
  return { recipient, done: recipient === null || (entry.queue.length === 0 && !entry.summary) }
}

/** True when a reply of this code can answer a command at all. */
export function fits(command: Replied, code: number, prdr: boolean): boolean {
  if (code >= 400) return true
  if (command === 'DATA') return code >= 300
  if (command === 'AUTH') return code < 300 || code === 334
  if (command === 'message' && code === 353) return prdr
  return code < 300
}
