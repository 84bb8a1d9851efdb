/** Envelopes: whom a message is from and for, and what the extensions want to know about it. */

import type { TlsInfo } from '@posthouse/wire'
import type { DeliverBy } from '../session/extensions/deliver-by.js'
import type { DsnEnvelope, DsnRecipient } from '../session/extensions/dsn.js'
import { asciiMailbox, type Mailbox, needsUtf8, parseMailbox } from '../syntax/address.js'
import type { SmtpCapabilities } from '../syntax/capabilities.js'
import type { Parameters } from '../syntax/parameters.js'
import { decodeXtext, encodeXtext } from '../syntax/xtext.js'
import { SmtpClientError } from './errors.js'

/** A recipient with what the sender wants to be told about it (DSN, RFC 3461). */
export interface EnvelopeRecipient extends Partial<DsnRecipient> {
  readonly address: string | Mailbox
}

/** The envelope of a message (RFC 5321 §2.3.1). */
export interface Envelope extends Partial<DsnEnvelope> {
  /** `null`: `<>`, from which notices about undeliverable mail come. */
  readonly reversePath: string | Mailbox | null
  readonly recipients: readonly (string | Mailbox | EnvelopeRecipient)[]
  /** The message may only be carried over connections with verified TLS (REQUIRETLS, RFC 8689). Default: false. */
  readonly requireTls?: boolean
  /** When the message is worth nothing any more (DELIVERBY, RFC 2852). */
  readonly deliverBy?: DeliverBy
  /** -9 to 9 (MT-PRIORITY, RFC 6710). */
  readonly priority?: number
  /** The server keeps the message for so many seconds (FUTURERELEASE, RFC 4865). */
  readonly holdFor?: number
  /** The server keeps the message until then: milliseconds since the epoch (FUTURERELEASE). Not with `holdFor`. */
  readonly holdUntil?: number
  /** Who submitted the message first, for servers that trust us (RFC 4954 §5); `null`: unknown. Default: not said. */
  readonly submitter?: string | null
}

/** What a message needs of a server. */
export interface MessageNeeds {
  readonly size: number | null
  readonly body: '7BIT' | '8BITMIME' | 'BINARYMIME'
  readonly smtputf8: boolean
}

/** A recipient that is ready to be sent. */
export interface PlannedRecipient {
  /** Its place in the envelope. */
  readonly index: number
  /** As it is shown. */
  readonly address: string
  readonly mailbox: Mailbox
  readonly parameters: Parameters
}

/** The recipients of an envelope, and what was wrong with the rest. */
export interface ReadEnvelope {
  readonly reversePath: Mailbox | null
  /** Addresses as they are shown, in the order of the envelope. */
  readonly addresses: readonly string[]
  readonly recipients: readonly {
    readonly index: number
    readonly mailbox: Mailbox
    readonly dsn: Partial<DsnRecipient>
  }[]
  readonly errors: ReadonlyMap<number, SmtpClientError>
  /** The sender's address is beyond ASCII. */
  readonly utf8: boolean
}

/** Reads the addresses. @throws SmtpClientError `address` when the sender has none, or there is no recipient. */
export function readEnvelope(envelope: Envelope): ReadEnvelope {
  // Callers without types: what is missing must not be sent as `<>`.
  if (envelope?.reversePath === undefined || !Array.isArray(envelope.recipients)) {
    throw new SmtpClientError('address', 'an envelope is { reversePath, recipients }: an address or null, and a list')
  }
  const { reversePath } = envelope
  const sender = reversePath === null ? null : parse(reversePath)
  if (sender === null && reversePath !== null) {
    throw new SmtpClientError('address', `${JSON.stringify(reversePath)} is no address to send from`, {
      enhanced: '5.1.7',
      command: 'MAIL',
    })
  }
  if (envelope.recipients.length === 0) {
    throw new SmtpClientError('address', 'the envelope has no recipients', { enhanced: '5.1.3' })
  }
  const addresses: string[] = []
  const recipients: ReadEnvelope['recipients'][number][] = []
  const errors = new Map<number, SmtpClientError>()
  for (const [index, one] of envelope.recipients.entries()) {
    const dsn: EnvelopeRecipient = typeof one === 'string' || 'localPart' in one ? { address: one } : one
    const { address } = dsn
    const mailbox = parse(address)
    const shown = typeof address === 'string' ? address : address.address
    addresses.push(mailbox?.address ?? shown)
    if (mailbox) recipients.push({ index, mailbox, dsn })
    else {
      const message = `${JSON.stringify(shown)} is no address`
      errors.set(
        index,
        new SmtpClientError('address', message, { enhanced: '5.1.3', command: 'RCPT', recipient: shown }),
      )
    }
  }
  const utf8 = sender !== null && needsUtf8(sender)
  return { reversePath: sender, addresses, recipients, errors, utf8 }
}

/** RFC 6531 §3.2: domains in A-labels are what a server without SMTPUTF8 can be told. */
export function inAscii(read: ReadEnvelope): ReadEnvelope {
  const reversePath = read.reversePath && asciiMailbox(read.reversePath)
  const recipients = read.recipients.map((one) => ({ ...one, mailbox: asciiMailbox(one.mailbox) }))
  return { ...read, reversePath, recipients, utf8: reversePath !== null && needsUtf8(reversePath) }
}

/** A mailbox that somebody else has made is read again: it goes over the wire. `<Postmaster>` has no domain. */
function parse(address: string | Mailbox): Mailbox | null {
  const text = typeof address === 'string' ? address : address.address
  return parseMailbox(text)
}

/** The parameters of one transaction. */
export interface TransactionPlan {
  readonly reversePath: Mailbox | null
  readonly parameters: Parameters
  readonly recipients: readonly PlannedRecipient[]
  /** Extensions that were asked for and left out. */
  readonly dropped: readonly string[]
}

/** What a plan is made with. */
export interface PlanContext {
  readonly capabilities: SmtpCapabilities | null
  readonly tls: TlsInfo | null
  readonly authenticated: boolean
  /** A reply for each recipient would help. */
  readonly prdr: boolean
}

/** Makes the parameters of MAIL and RCPT. @throws SmtpClientError `unsupported`. */
export function planTransaction(
  envelope: Envelope,
  read: ReadEnvelope,
  needs: MessageNeeds,
  context: PlanContext,
): TransactionPlan {
  const { capabilities } = context
  const has = (keyword: string): boolean => capabilities?.has(keyword) ?? false
  const parameters = new Map<string, string | null>()
  const dropped: string[] = []
  if (needs.size !== null && has('SIZE')) {
    const limit = capabilities?.size ?? null
    if (limit !== null && needs.size > limit) {
      throw unsupported(`the message has ${needs.size} octets, the server takes ${limit}`, '5.3.4')
    }
    parameters.set('SIZE', String(needs.size))
  }
  if (needs.body !== '7BIT') parameters.set('BODY', needs.body)
  if (needs.smtputf8) {
    if (!has('SMTPUTF8')) {
      throw unsupported(`the ${read.utf8 ? 'sender' : 'header'} is ${NO_UTF8}`, read.utf8 ? '5.6.7' : '5.6.9')
    }
    parameters.set('SMTPUTF8', null)
  }
  const dsn = has('DSN')
  if (dsn) {
    if (envelope.ret) parameters.set('RET', envelope.ret)
    if (envelope.envid) parameters.set('ENVID', encodeXtext(envelope.envid))
  } else if (asksDsn(envelope, read)) dropped.push('DSN')
  if (envelope.requireTls) {
    // RFC 8689 §4.2.1: an opportunist takes any certificate, or none, and this message does not.
    if (!context.tls?.peerCertificate?.authorized)
      throw unsupported('REQUIRETLS needs a connection with verified TLS', '5.7.10')
    if (!has('REQUIRETLS')) throw unsupported('the server has no REQUIRETLS', '5.7.30')
    parameters.set('REQUIRETLS', null)
  }
  addDeliverBy(envelope.deliverBy, capabilities, parameters, dropped)
  if (envelope.priority !== undefined && envelope.priority !== 0) {
    if (has('MT-PRIORITY')) parameters.set('MT-PRIORITY', String(envelope.priority))
    else dropped.push('MT-PRIORITY')
  }
  addHold(envelope, has('FUTURERELEASE'), parameters)
  if (envelope.submitter !== undefined && context.authenticated) {
    parameters.set('AUTH', envelope.submitter === null ? '<>' : encodeXtext(envelope.submitter))
  }
  if (context.prdr && has('PRDR') && read.recipients.length > 1) parameters.set('PRDR', null)
  const forgetsTime = dropped.includes('DELIVERBY') && (envelope.deliverBy?.seconds ?? 0) > 0
  const recipients = read.recipients.map(({ index, mailbox, dsn: wishes }) => ({
    index,
    address: read.addresses[index],
    mailbox,
    parameters: dsn ? recipientParameters(forgetsTime ? hearsOfDelay(wishes) : wishes) : NONE,
  }))
  return { reversePath: read.reversePath, parameters, recipients, dropped }
}

const NONE: Parameters = new Map()

function asksDsn(envelope: Envelope, read: ReadEnvelope): boolean {
  return Boolean(envelope.ret || envelope.envid || read.recipients.some(({ dsn }) => dsn.notify || dsn.orcpt))
}

/** RFC 2852 §4.1.4.2: a server that knows nothing of the time is to tell of delays, unless nobody wants to hear anything. */
function hearsOfDelay(wishes: Partial<DsnRecipient>): Partial<DsnRecipient> {
  const { notify } = wishes
  if (!notify) return { ...wishes, notify: ['FAILURE', 'DELAY'] }
  if (notify.length === 0 || notify.includes('DELAY')) return wishes
  return { ...wishes, notify: [...notify, 'DELAY'] }
}

function recipientParameters({ notify, orcpt }: Partial<DsnRecipient>): Parameters {
  if (!notify && !orcpt) return NONE
  const parameters = new Map<string, string | null>()
  if (notify) parameters.set('NOTIFY', notify.length === 0 ? 'NEVER' : notify.join(','))
  if (orcpt) {
    // RFC 6533 §3: addresses of type utf-8 come with escapes of their own.
    const { type, address } = orcpt
    const text = type === 'utf-8' && decodeXtext(address) !== null ? address : encodeXtext(address)
    parameters.set('ORCPT', `${encodeXtext(type)};${text}`)
  }
  return parameters
}

/** RFC 2852 §4.1.4.2: with `return` the time is kept or the message goes back; with `notify` it may go on without. */
function addDeliverBy(
  by: DeliverBy | undefined,
  capabilities: SmtpCapabilities | null,
  parameters: Map<string, string | null>,
  dropped: string[],
): void {
  if (!by) return
  const late = by.mode === 'return' && (by.seconds <= 0 || by.seconds < (capabilities?.deliverByMinimum ?? 0))
  if (late) throw unsupported('there is not enough time left to deliver the message', '5.4.7')
  if (capabilities?.has('DELIVERBY')) {
    parameters.set('BY', `${Math.trunc(by.seconds)};${by.mode === 'return' ? 'R' : 'N'}${by.trace ? 'T' : ''}`)
  } else if (by.mode === 'return') throw unsupported('the server has no DELIVERBY', '5.3.3')
  else dropped.push('DELIVERBY')
}

function addHold(envelope: Envelope, offered: boolean, parameters: Map<string, string | null>): void {
  const { holdFor, holdUntil } = envelope
  if (holdFor === undefined && holdUntil === undefined) return
  if (!offered) throw unsupported('the server has no FUTURERELEASE', '5.3.3')
  if (holdFor !== undefined) parameters.set('HOLDFOR', String(Math.trunc(holdFor)))
  else if (holdUntil !== undefined) parameters.set('HOLDUNTIL', `${new Date(holdUntil).toISOString().slice(0, 19)}Z`)
}

/** RFC 6531 §3.2: why a server without SMTPUTF8 cannot be told about a recipient. */
export function unsayable({ address }: Mailbox): SmtpClientError {
  const details = { enhanced: '5.6.7', command: 'RCPT', recipient: address }
  return new SmtpClientError('unsupported', `the address is ${NO_UTF8}`, details)
}

const NO_UTF8 = 'beyond ASCII, and the server has no SMTPUTF8'

function unsupported(message: string, enhanced: string): SmtpClientError {
  return new SmtpClientError('unsupported', message, { enhanced, command: 'MAIL' })
}
