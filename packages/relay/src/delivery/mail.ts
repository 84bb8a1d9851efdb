/** What a queued message is on the wire. */
import { deliveredToField, type Envelope, type OutgoingMail, traceOctets } from '@posthouse/smtp'
import type { Source } from '@posthouse/store-api'
import { concat } from '@posthouse/wire'
import type { ClaimedJob, QueuedRecipient } from '../queue/types.js'
import { isAscii } from '../routing/names.js'

/** Octets of a job's message for its recipients: with Delivered-To where a local address forwards it. */
export interface JobContent {
  readonly size: number
  readonly message: OutgoingMail['message']
  /** May be called again. */
  read(): Source
}

/** `read`: the octets in the queue. */
export function contentOf(job: ClaimedJob, read: (message: string) => Source): JobContent {
  const prefix = job.via === null ? null : traceOctets(deliveredToField(job.via))
  const size = job.message.size + (prefix?.length ?? 0)
  if (job.octets) {
    const whole = prefix ? concat([prefix, job.octets]) : job.octets
    return { size, message: whole, read: () => [whole] }
  }
  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    if (prefix) yield prefix
    yield* read(job.message.id)
  }
  return { size, message: { size, read: pieces }, read: pieces }
}

/** The mail for some of a job's recipients. */
export function mailOf(
  job: ClaimedJob,
  content: JobContent,
  recipients: readonly QueuedRecipient[],
  now: number,
): OutgoingMail {
  const { envelope } = job.message
  const { deliverBy } = envelope
  return {
    envelope: {
      reversePath: envelope.reversePath,
      recipients: recipients.map(({ address, original, notify, orcpt }) => ({
        address,
        notify,
        // RFC 3461 §4.2: whoever is told about it knows the address that the message was for.
        orcpt: orcpt ?? (original !== null && isAscii(original) ? { type: 'rfc822', address: original } : null),
      })),
      ...wishes(envelope),
      ...(envelope.requireTls && { requireTls: true }),
      ...(deliverBy && {
        deliverBy: {
          seconds: Math.floor((deliverBy.at - now) / 1000),
          mode: deliverBy.mode,
          trace: deliverBy.trace,
        },
      }),
      ...(envelope.priority !== 0 && { priority: envelope.priority }),
    },
    message: content.message,
    size: content.size,
    ...(envelope.body === 'BINARYMIME' && { body: envelope.body }),
  }
}

function wishes({ ret, envid }: ClaimedJob['message']['envelope']): Pick<Envelope, 'ret' | 'envid'> {
  return { ...(ret !== null && { ret }), ...(envid !== null && { envid }) }
}
