import { concat, type Log } from '@posthouse/wire'
import type { OutgoingMail, SendOptions } from '../client/client.js'
import type { EnvelopeRecipient } from '../client/envelope.js'
import { SmtpClientError } from '../client/errors.js'
import { headerLength } from '../client/message.js'
import type { RecipientOutcome, SendResult } from '../client/outcome.js'
import { deliverBy } from '../session/extensions/deliver-by.js'
import { dsnEnvelope, dsnRecipient } from '../session/extensions/dsn.js'
import { releaseAt } from '../session/extensions/future-release.js'
import { priority } from '../session/extensions/mt-priority.js'
import { requireTlsNote } from '../session/extensions/require-tls.js'
import type { SmtpHandler } from '../session/handler.js'
import type { ReceivedMessage } from '../session/message.js'
import type { Transaction } from '../session/transaction.js'
import { replies } from '../syntax/replies.js'
import { type Reply, reply } from '../syntax/reply.js'
import { worst } from './delivery-outcome.js'
import { domainKey } from './domains.js'
import { prefixOf, received } from './trace-prefix.js'

/** Where messages go: an `SmtpPool`, an `SmtpClient`, or a function that chooses one. */
export interface MailSender {
  send(mail: OutgoingMail, options?: SendOptions): Promise<SendResult>
}

/** What `passOn` takes beside the sender; everything has a default. */
export interface PassOnOptions {
  /** Received fields that a message may have already; one with more goes in circles (RFC 5321 §6.3). Default: 100. */
  readonly maxHops?: number
  /** Adds our own Received field, as everybody must who passes mail on (RFC 5321 §4.4). Default: true. */
  readonly trace?: boolean
}

/** Octets of a header that are read to count its Received fields. */
const MAX_HEADER = 262_144

/**
 * Passes each message on to another server by SMTP or LMTP, while the client waits: `250` is said when the other
 * server has said it. What the envelope asks for (DSN, REQUIRETLS, DELIVERBY, MT-PRIORITY, FUTURERELEASE, SMTPUTF8,
 * BINARYMIME) is asked of that server too. Its refusals are handed back, with LMTP and PRDR for each recipient; to
 * other clients a message that only some of the recipients got is `4yz` or `5yz`, and it is sent to all of them again.
 * A server with a queue of its own avoids that.
 *
 * ```ts
 * const pool = createSmtpPool({ connect: (signal) => connectLmtp({ path: '/run/dovecot/lmtp', signal }) })
 * createSmtpServer({ hostname, handlers: [localRecipients(store, { domains }), passOn(pool)] })
 * ```
 */
export function passOn(sender: MailSender, options: PassOnOptions = {}): SmtpHandler {
  const { maxHops = 100, trace = true } = options
  return {
    name: 'pass-on',
    needs: ['octets'],
    async message(message, session) {
      const { transaction } = message
      if ((await hops(message)) > maxHops) {
        session.log({ level: 'warn', event: 'pass-on.loop', transaction: transaction.id })
        return reply(554, '5.4.6', 'Too many hops: the message goes in circles')
      }
      const prefix = trace
        ? await prefixOf(received(transaction, session, onlyRecipient(transaction)), message)
        : new Uint8Array(0)
      const { sent, own } = envelopeOf(transaction)
      const outcomes = await send(sender, mailOf(message, sent, prefix), session.log.bind(session))
      return own.map((places) =>
        places.length === 0 ? replies.accepted(transaction.id) : worst(places.map((at) => handBack(outcomes[at]))),
      )
    },
  }
}

/** What became of each recipient, also when it was nobody's success. */
async function send(sender: MailSender, mail: OutgoingMail, log: Log): Promise<readonly RecipientOutcome[]> {
  if (mail.envelope.recipients.length === 0) return []
  try {
    const { recipients, dropped } = await sender.send(mail)
    if (dropped.length > 0) log({ level: 'warn', event: 'pass-on.dropped', extensions: dropped })
    return recipients
  } catch (error) {
    if (!(error instanceof SmtpClientError)) throw error
    log({ level: 'warn', event: 'pass-on.failed', message: error.message, code: error.code })
    if (error.recipients.length > 0) return error.recipients
    return mail.envelope.recipients.map((): RecipientOutcome => ({ address: '', accepted: false, error }))
  }
}

/** Who is sent to, each once, as the other server would deliver twice; and which of them each recipient stands for. */
function envelopeOf({ recipients }: Transaction) {
  const sent: EnvelopeRecipient[] = []
  const known = new Map<string, number>()
  const own = recipients.map((recipient) => {
    // RFC 3461 §5.2.1: the wishes of a recipient go with it, whatever its address has become.
    const dsn = recipient.get(dsnRecipient)
    return recipient.targets.map((address) => {
      const key = JSON.stringify([address.localPart, domainKey(address.domain), dsn])
      const at = known.get(key) ?? sent.push({ address, ...dsn }) - 1
      known.set(key, at)
      return at
    })
  })
  return { sent, own }
}

function mailOf(message: ReceivedMessage, recipients: readonly EnvelopeRecipient[], prefix: Uint8Array): OutgoingMail {
  const { transaction } = message
  const by = transaction.get(deliverBy)
  const urgency = transaction.get(priority)
  const until = transaction.get(releaseAt)
  return {
    envelope: {
      reversePath: transaction.reversePath,
      recipients,
      ...transaction.get(dsnEnvelope),
      ...(transaction.get(requireTlsNote) && { requireTls: true }),
      ...(by && { deliverBy: by }),
      ...(urgency !== undefined && { priority: urgency }),
      ...(until !== undefined && { holdUntil: until }),
    },
    smtputf8: transaction.smtputf8,
    ...(transaction.body === 'BINARYMIME' && { body: transaction.body }),
    message: {
      size: prefix.length + message.size,
      async *read() {
        if (prefix.length > 0) yield prefix
        yield* message.read()
      },
    },
  }
}

function onlyRecipient({ recipients }: Transaction): string | null {
  return recipients.length === 1 ? recipients[0].address : null
}

/** The other server's word as ours. */
function handBack(outcome: RecipientOutcome): Reply {
  if (outcome.accepted) return reply(250, '2.0.0', outcome.reply.text)
  const { error } = outcome
  const said = error.reply
  // 421 would close our client's connection, which is as good as ever.
  if (said && said.code !== 421)
    return { code: said.code, enhanced: said.enhanced ?? status(said.code), text: said.text }
  if (error.temporary) return reply(451, temporary(error.enhanced), 'The next server cannot take the message now')
  return reply(
    554,
    error.enhanced?.startsWith('5') ? error.enhanced : '5.0.0',
    'The next server cannot take the message',
  )
}

function temporary(enhanced: string | null): string {
  return enhanced?.startsWith('4') ? enhanced : '4.4.0'
}

function status(code: number): string {
  return code < 500 ? '4.0.0' : '5.0.0'
}

/** Received fields in the header. */
async function hops(message: ReceivedMessage): Promise<number> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of message.read({ start: 0, end: MAX_HEADER })) {
    pieces.push(piece)
    length += piece.length
    // Most headers are in the first piece.
    if (headerLength(piece) < piece.length) break
  }
  return length === 0 ? 0 : countReceived(concat(pieces))
}

const RECEIVED = 'received:'

function countReceived(octets: Uint8Array): number {
  const end = headerLength(octets)
  let count = 0
  for (let at = 0; at < end; ) {
    if (startsWithReceived(octets, at)) count++
    const line = octets.indexOf(10, at)
    if (line === -1) break
    at = line + 1
  }
  return count
}

function startsWithReceived(octets: Uint8Array, at: number): boolean {
  for (let i = 0; i < RECEIVED.length; i++) {
    const octet = octets[at + i]
    const lower = octet >= 65 && octet <= 90 ? octet | 32 : octet
    if (lower !== RECEIVED.charCodeAt(i)) return false
  }
  return true
}
