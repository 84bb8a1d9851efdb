/** From a message and its recipients to jobs. */
import { type DsnRecipient, type Mailbox, parseMailbox, prefixOf } from '@posthouse/smtp'
import type { Source } from '@posthouse/store-api'
import { RelayError } from './errors.js'
import type { RelayLimits } from './limits.js'
import { peekHeader, readTrace } from './notices/header.js'
import type { NewJob, NewMessage, QueuedEnvelope, QueuedRecipient } from './queue/types.js'
import type { Router, Target } from './routing/router.js'

/** A recipient of a submission. */
export interface SubmittedRecipient extends Partial<DsnRecipient> {
  readonly address: string | Mailbox
  /** Where it goes, when that is known already (`relay.route`). Default: what the table says. */
  readonly targets?: readonly Target[]
}

/** A message that is handed to a relay. */
export interface Submission {
  /** Its name: unique, printable ASCII. Default: a random one. */
  readonly id?: string
  readonly envelope: Partial<QueuedEnvelope> & Pick<QueuedEnvelope, 'reversePath'>
  readonly recipients: readonly (string | SubmittedRecipient)[]
  readonly message: Uint8Array | Source
  /** When to try first: milliseconds since the epoch. Default: at once. */
  readonly releaseAt?: number
  /** Waits until somebody releases it. Default: false. */
  readonly held?: boolean
}

/** A recipient that the message cannot be sent to. */
export interface RefusedRecipient {
  readonly address: string
  /** Code of an SMTP reply. */
  readonly code: number
  /** Enhanced status code. */
  readonly status: string
  readonly text: string
}

/** What became of a submission. */
export interface Submitted {
  readonly id: string
  /** The others are in the queue. */
  readonly refused: readonly RefusedRecipient[]
}

export interface PrepareOptions {
  readonly router: Router
  readonly limits: RelayLimits
  readonly now: number
  readonly createId: () => string
}

/** Makes the message and its jobs. @throws RelayError `address` when there is nobody to send it to. */
export async function prepare(
  submission: Submission,
  options: PrepareOptions,
): Promise<{ readonly message: NewMessage; readonly refused: readonly RefusedRecipient[] }> {
  const { limits, now } = options
  const { header, octets } = await readMessage(submission.message, limits)
  const { hops, deliveredTo, tlsOptional } = readTrace(header)
  const { reversePath } = submission.envelope
  if (reversePath !== null && !parseMailbox(reversePath)) {
    throw new RelayError('address', `${reversePath} is no address to send from`)
  }
  const refused: RefusedRecipient[] = []
  const groups = new Map<string, { readonly target: Target; readonly recipients: Map<string, QueuedRecipient> }>()
  for (const recipient of submission.recipients) {
    const one = typeof recipient === 'string' ? { address: recipient } : recipient
    const found = await targetsOf(one, options.router)
    if (!('targets' in found)) {
      refused.push(found)
      continue
    }
    // All of its copies or none: who hears that it was refused tells its sender that nobody got it.
    const loops = found.targets.some(({ via }) => via !== null && deliveredTo.has(via.toLowerCase()))
    if (hops > limits.hops || loops) {
      const text = hops > limits.hops ? `${hops} hops: the message goes in circles` : 'Mail forwarding loop'
      refused.push({ address: found.address, code: 554, status: '5.4.6', text })
    } else for (const target of found.targets) addTo(groups, found.address, one, target)
  }
  if (groups.size === 0) {
    const why = refused.map(({ address, status, text }) => `${address}: ${status} ${text}`).join('; ')
    throw new RelayError('address', why === '' ? 'the message has no recipients' : why)
  }
  // RFC 8689 §4.1: REQUIRETLS counts for more than what the header says.
  const wishes = { ...NO_WISHES, ...submission.envelope }
  const envelope = { ...wishes, tlsOptional: (wishes.tlsOptional || tlsOptional) && !wishes.requireTls }
  const times = timesOf(envelope, submission, limits, now)
  const jobs: NewJob[] = []
  for (const { target, recipients } of groups.values()) {
    const all = [...recipients.values()]
    for (let at = 0; at < all.length; at += limits.recipients) {
      const { destination, via } = target
      jobs.push({ destination, via, recipients: all.slice(at, at + limits.recipients), ...times })
    }
  }
  const id = submission.id ?? options.createId()
  return { message: { id, envelope, arrived: now, octets, jobs }, refused }
}

const NOTHING = new Uint8Array(0)

/**
 * The header, and the octets. Fields are going to stand in front (Delivered-To, Return-Path): what does not begin with a field
 * is all body, and an empty line says so (RFC 5322 §2.1), as it does where mail comes by SMTP.
 */
async function readMessage(
  message: Uint8Array | Source,
  limits: RelayLimits,
): Promise<{ readonly header: Uint8Array; readonly octets: Source }> {
  const read = await peekHeader(sourceOf(message), limits.header)
  const { header, octets } = read
  if (header.length === 0) return read
  const front = await prefixOf('', { read: () => [header] })
  return front.length === 0 ? read : { header: NOTHING, octets: behind(front, octets) }
}

/** Octets with others in front. */
export async function* behind(front: Uint8Array, octets: Source): AsyncGenerator<Uint8Array> {
  yield front
  yield* octets
}

/** Octets of another realm, which tests run in, are no instance of this one's `Uint8Array`. */
function sourceOf(message: Uint8Array | Source): Source {
  return ArrayBuffer.isView(message) ? [message] : message
}

const NO_WISHES: QueuedEnvelope = {
  reversePath: null,
  ret: null,
  envid: null,
  smtputf8: false,
  body: '7BIT',
  requireTls: false,
  tlsOptional: false,
  deliverBy: null,
  priority: 0,
  submitter: null,
  receivedFrom: null,
}

async function targetsOf(
  { address, targets }: SubmittedRecipient,
  router: Router,
): Promise<{ readonly address: string; readonly targets: readonly Target[] } | RefusedRecipient> {
  const mailbox = typeof address === 'string' ? parseMailbox(address) : address
  if (!mailbox) return { address: String(address), code: 553, status: '5.1.3', text: 'This is no address' }
  if (targets) return { address: mailbox.address, targets }
  const routing = await router.route(mailbox)
  if (routing.type === 'targets') return { address: mailbox.address, targets: routing.targets }
  return { address: mailbox.address, code: routing.code, status: routing.status, text: routing.text }
}

function addTo(
  groups: Map<string, { readonly target: Target; readonly recipients: Map<string, QueuedRecipient> }>,
  original: string,
  { notify = null, orcpt = null }: SubmittedRecipient,
  target: Target,
): void {
  const { mailbox, destination, via } = target
  const key = `${destination} ${via ?? ''}`
  const group = groups.get(key) ?? { target, recipients: new Map() }
  groups.set(key, group)
  const known = group.recipients.get(mailbox.address)
  // Who is reached by two ways gets one copy, and the sender hears what either of them asks for.
  if (known && known.notify?.length !== 0) {
    group.recipients.set(mailbox.address, { ...known, notify: eitherOf(known.notify, notify) })
    return
  }
  group.recipients.set(mailbox.address, {
    address: mailbox.address,
    original: original === mailbox.address ? null : original,
    notify,
    orcpt,
    failure: null,
  })
}

type Notify = QueuedRecipient['notify']

/** What NOTIFY is taken for where it was not said (RFC 3461 §4.1). */
const UNSAID = ['FAILURE', 'DELAY'] as const

function eitherOf(one: Notify, other: Notify): Notify {
  return one === null && other === null ? null : [...new Set([...(one ?? UNSAID), ...(other ?? UNSAID)])]
}

function timesOf(
  { deliverBy }: QueuedEnvelope,
  { releaseAt, held = false }: Submission,
  { lifetime, warnAfter }: RelayLimits,
  now: number,
): Pick<NewJob, 'due' | 'expires' | 'warnAt' | 'held'> {
  const due = Math.max(releaseAt ?? now, now)
  const end = due + lifetime
  const warn = warnAfter === 0 ? null : due + warnAfter
  // RFC 2852 §4.1.4: with R it goes back when the time is over, with N the sender is told.
  const expires = deliverBy?.mode === 'return' ? Math.min(end, deliverBy.at) : end
  const warnAt = deliverBy?.mode === 'notify' ? Math.min(warn ?? deliverBy.at, deliverBy.at) : warn
  return { due, expires, warnAt: warnAt !== null && warnAt < expires ? warnAt : null, held }
}
