/** From what an attempt came to, to what the queue is told and whom we write: no I/O. */
import type { RelayEvent } from '../events.js'
import type { RelayLimits } from '../limits.js'
import { failedRecipient, type NoticeKind, type NoticeRecipient, wants } from '../notices/notice.js'
import type { RetrySchedule } from '../queue/retry.js'
import type { ClaimedJob, Failure, QueuedEnvelope, QueuedRecipient, Settlement } from '../queue/types.js'
import { type Attempt, type Outcome, ownFailure } from './outcome.js'
import { isLost } from './reachability.js'

/** A notice that is to be written. */
export interface NoticeOrder {
  readonly kind: NoticeKind
  readonly recipients: readonly NoticeRecipient[]
}

export interface Conclusion {
  readonly settlement: Omit<Settlement, 'notices'>
  readonly notices: readonly NoticeOrder[]
  readonly events: readonly RelayEvent[]
}

export interface ConcludeOptions {
  readonly now: number
  /** 0 to 1. */
  readonly random: () => number
  readonly retry: RetrySchedule
  readonly limits: RelayLimits
  /** The relay is about to stop: what was not finished has not been tried. */
  readonly stopping: boolean
}

/**
 * ms until a job is tried again whose servers were busy, and any other of its destination: 1 to 2 s. Else a long queue
 * would be walked through for nothing, over and over.
 */
const BUSY_PAUSE = 1_000
const BUSY_SPREAD = 1_000

/** What `overdue` jobs come to: nothing was tried. */
export function untried(job: ClaimedJob, now: number): Attempt {
  const outcomes = job.recipients.map(({ failure }): Outcome => {
    const known = failure ?? job.blocked ?? ownFailure('4.4.7', 'its turn has not come yet', now)
    return { type: 'deferred', failure: known }
  })
  return { outcomes, destination: 'unknown', busy: false }
}

/** Draws the conclusions. */
export function conclude(job: ClaimedJob, attempt: Attempt, options: ConcludeOptions): Conclusion {
  const { now } = options
  const { outcomes } = attempt
  const interrupted =
    options.stopping && outcomes.every(({ type }) => type === 'deferred') && !isLost(attempt.destination)
  const busy = job.purpose === 'deliver' && attempt.busy && !options.stopping
  const postponed = job.purpose === 'deliver' && (attempt.busy || interrupted)
  const expired = now >= job.expires && !postponed
  const due = nextTime(job, options, postponed, busy)
  const left: QueuedRecipient[] = []
  const failed: NoticeRecipient[] = []
  const delayed: NoticeRecipient[] = []
  const delivered: NoticeRecipient[] = []
  const { deliverBy } = job.message.envelope
  const events: RelayEvent[] = []
  const about = { message: job.message.id, destination: job.destination }
  job.recipients.forEach((recipient, i) => {
    const outcome = outcomes[i]
    if (outcome.type === 'delivered') {
      const { reply, remote, action, status } = outcome
      events.push({ type: 'delivered', ...about, recipient: recipient.address, remote, reply })
      const asked = !outcome.notifies && wants(recipient, 'success')
      if (asked || (recipient.notify?.length !== 0 && isTraced(outcome, deliverBy, now))) {
        delivered.push({ recipient, action, status, reply, remote, text: '', at: now })
      }
    } else if (outcome.type === 'failed' || expired) {
      const failure = outcome.type === 'failed' ? outcome.failure : tooLate(outcome.failure)
      events.push({ type: 'failed', ...about, recipient: recipient.address, failure })
      failed.push(failedRecipient(recipient, failure, 'failed'))
    } else {
      const { failure } = outcome
      // Nobody is told about an attempt that was none.
      if (!postponed && job.purpose === 'deliver') {
        events.push({ type: 'deferred', ...about, recipient: recipient.address, failure, next: due })
      }
      left.push(postponed ? recipient : { ...recipient, failure })
      // RFC 2852 §4.1.3: that it is late is what the sender wants to hear.
      const late = deliverBy?.mode === 'notify' && now >= deliverBy.at
      delayed.push(failedRecipient(recipient, late ? { ...failure, status: '4.4.7' } : failure, 'delayed'))
    }
  })
  const warn = left.length > 0 && job.warnAt !== null && now >= job.warnAt && !postponed
  const notices: NoticeOrder[] = []
  const order = (kind: NoticeKind, recipients: readonly NoticeRecipient[]): void => {
    if (recipients.length > 0) notices.push({ kind, recipients })
  }
  const wanted = (kind: NoticeKind, recipients: readonly NoticeRecipient[]): readonly NoticeRecipient[] =>
    recipients.filter(({ recipient }) => wants(recipient, kind))
  order('failure', wanted('failure', failed))
  order('success', delivered)
  if (warn) order('delay', wanted('delay', delayed))
  const dead = isLost(attempt.destination) ? blockedBy(job, attempt, options) : null
  if (dead)
    events.push({
      type: 'destination.blocked',
      destination: job.destination,
      until: dead.blockedUntil,
      failure: dead.failure,
    })
  if (attempt.destination === 'alive' && job.failures > 0) {
    events.push({ type: 'destination.alive', destination: job.destination })
  }
  return {
    settlement: {
      job: job.id,
      recipients: left,
      due,
      warnAt: warn ? null : job.warnAt,
      destination: dead ?? (attempt.destination === 'alive' ? 'alive' : busy ? { pausedUntil: due } : null),
      postponed,
    },
    notices,
    events,
  }
}

/**
 * RFC 2852 §4.1.4: who wants a trace hears of each relay; who wants to hear of delays, of the one behind which nobody knows of
 * the time any more.
 */
function isTraced(
  { action, forgetsTime }: Extract<Outcome, { type: 'delivered' }>,
  by: QueuedEnvelope['deliverBy'],
  now: number,
): boolean {
  return action === 'relayed' && by !== null && (by.trace || (forgetsTime === true && now < by.at))
}

function nextTime(job: ClaimedJob, { now, random, retry }: ConcludeOptions, postponed: boolean, busy: boolean): number {
  if (job.purpose === 'overdue') return job.due
  if (postponed) return busy ? Math.round(now + BUSY_PAUSE + BUSY_SPREAD * random()) : now
  // The last attempt is at the end, not some hours before it.
  return Math.max(now, Math.min(now + retry(job.attempts, random()), job.expires))
}

function blockedBy(
  job: ClaimedJob,
  { outcomes, destination }: Attempt,
  { now, random, retry, limits: { pause } }: ConcludeOptions,
): { readonly blockedUntil: number; readonly failure: Failure; readonly failures: number } | null {
  const first = outcomes.find((outcome) => outcome.type === 'deferred')
  if (first?.type !== 'deferred') return null
  // One that leaves is there all the same, and those behind in the queue may fare better: they do not wait longer and longer.
  const until = now + Math.min(retry(destination === 'dropped' ? 1 : job.failures + 1, random()), pause)
  return { blockedUntil: until, failure: first.failure, failures: job.failures }
}

/** RFC 3463 §3.5: X.4.7 is "delivery time expired"; the last reply stays to be seen. */
function tooLate(failure: Failure): Failure {
  return { ...failure, status: '5.4.7', text: `It was tried for too long. ${failure.text}` }
}
