/** What is in a queue: messages, and for each of them one job for each destination. */
import type { DsnEnvelope, DsnRecipient } from '@posthouse/smtp'
import type { Source } from '@posthouse/store-api'
import type { ServerGate } from '../delivery/gate.js'

/** Why a recipient does not have the message (yet): what a notice says about it (RFC 3464 §2.3). */
export interface Failure {
  /** Enhanced status code (RFC 3463): `4.4.1`, `5.1.1`. */
  readonly status: string
  /** For people; a server's reply in its own words, with its code. */
  readonly text: string
  /** The reply of a server, code and text, as Diagnostic-Code has it; `null`: no server said it. */
  readonly reply: string | null
  /** Who said it; `null`: nobody but us. */
  readonly remote: string | null
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** A recipient of a job. */
export interface QueuedRecipient extends DsnRecipient {
  /** Where the message goes. */
  readonly address: string
  /** The recipient as it came to us, when aliases have put `address` in its place; else `null`. */
  readonly original: string | null
  /** What the last attempt came to; `null`: there was none. */
  readonly failure: Failure | null
}

/** What all jobs of a message share. */
export interface QueuedEnvelope extends DsnEnvelope {
  /** `null`: `<>`. */
  readonly reversePath: string | null
  readonly smtputf8: boolean
  readonly body: '7BIT' | '8BITMIME' | 'BINARYMIME'
  /** RFC 8689. */
  readonly requireTls: boolean
  /** The header says `TLS-Required: No` (RFC 8689 §3): it is to arrive even where TLS is broken. */
  readonly tlsOptional: boolean
  /** RFC 2852, with the time in milliseconds since the epoch. */
  readonly deliverBy: { readonly at: number; readonly mode: 'return' | 'notify'; readonly trace: boolean } | null
  /** RFC 6710: -9 to 9. */
  readonly priority: number
  /** Who submitted it, by login; `null`: nobody did. */
  readonly submitter: string | null
  /** The client that it came from, as Received-From-MTA has it; `null`: it was made here. */
  readonly receivedFrom: string | null
}

/** A message without its octets. */
export interface QueuedMessage {
  /** The name that the log, the Received field and the reply had. Unique. */
  readonly id: string
  readonly envelope: QueuedEnvelope
  /** Octets. */
  readonly size: number
  /** Milliseconds since the epoch. */
  readonly arrived: number
}

/** A message for one destination that is put into a queue. Times are milliseconds since the epoch. */
export interface NewJob {
  /** See `parseDestination`. */
  readonly destination: string
  /** The local address that forwards the message there; it becomes Delivered-To (RFC 9228). `null`: none. */
  readonly via: string | null
  readonly recipients: readonly QueuedRecipient[]
  /** When to try first. */
  readonly due: number
  /** When to give up. */
  readonly expires: number
  /** When to warn the sender; `null`: never. */
  readonly warnAt: number | null
  /** Waits until somebody releases it. */
  readonly held: boolean
}

/** A message that is put into a queue. */
export interface NewMessage extends Omit<QueuedMessage, 'size'> {
  readonly octets: Source
  readonly jobs: readonly NewJob[]
}

/** `waiting` for its time, `running` while an attempt is made, `held` until somebody releases it. */
export type JobState = 'waiting' | 'running' | 'held'

/** A job as it stands in the queue. */
export interface Job extends Omit<NewJob, 'held'> {
  /** Unique in its queue. */
  readonly id: string
  readonly message: QueuedMessage
  readonly state: JobState
  /** Attempts that were begun. */
  readonly attempts: number
  /** When the last one began; `null`: none did. */
  readonly attempted: number | null
}

/** A job that the caller of `claim` has to do. It is nobody else's until `settle`, or until the process is taken for dead. */
export interface ClaimedJob extends Job {
  /**
   * `deliver`: try it. `overdue`: it is too late, or time for a warning, while the destination cannot be tried: nothing
   * is to be sent. No attempt was counted.
   */
  readonly purpose: 'deliver' | 'overdue'
  /** Attempts of this destination, of whatever message, that have failed as a whole since one went well. */
  readonly failures: number
  /** Why the last of them failed; `null` when there is none. */
  readonly blocked: Failure | null
  /** The message, where it is short; else it has to be read. */
  readonly octets: Uint8Array | null
}

/** How much may go to one destination. */
export interface DestinationLimits {
  /** Jobs at a time; each is a connection. */
  readonly concurrency: number
  /** Jobs a minute; `null`: as many as can be. */
  readonly perMinute: number | null
}

/** What a claim takes. */
export interface ClaimOptions {
  /** Jobs at most. */
  readonly max: number
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly limits: DestinationLimits
  /** Limits of single destinations, by key; `domain:.example.org` is for all domains below. */
  readonly byDestination: ReadonlyMap<string, DestinationLimits>
}

/** What a claim came to. */
export interface Claim {
  readonly jobs: readonly ClaimedJob[]
  /** When there will be something to claim, if nothing else happens; `null`: nobody knows. */
  readonly next: number | null
}

/** What became of a claimed job. */
export interface Settlement {
  readonly job: string
  /** Who still waits; none: the job is done. */
  readonly recipients: readonly QueuedRecipient[]
  /** When to try again. Not looked at when nobody waits. */
  readonly due: number
  /** When to warn the sender; `null`: it was done, or never. */
  readonly warnAt: number | null
  /**
   * What was learned of the destination; `null`: nothing. `failures` is what the claimed job had: an outage that many
   * attempts run into at the same time counts once. `pausedUntil`: its servers have as much as they may for now; nothing
   * is wrong with it.
   */
  readonly destination:
    | 'alive'
    | { readonly blockedUntil: number; readonly failure: Failure; readonly failures: number }
    | { readonly pausedUntil: number }
    | null
  /** The attempt does not count: there was none. */
  readonly postponed: boolean
  /** Notices about this job. They are in the queue, with everything else, when `settle` resolves. */
  readonly notices: readonly NewMessage[]
}

/** Which jobs: all conditions that are there must hold. */
export interface JobSelector {
  readonly job?: string
  /** The name of a message. */
  readonly message?: string
  readonly destination?: string
  readonly state?: JobState
}

/** Which jobs `list` gives, page by page. */
export interface JobQuery extends JobSelector {
  /** Jobs at most. Default: 100. */
  readonly limit?: number
  /** Only jobs behind this one: `id` of the last job of the page before. */
  readonly after?: string
}

/** One destination with work. */
export interface DestinationStatus {
  readonly destination: string
  readonly waiting: number
  readonly running: number
  readonly held: number
  readonly failures: number
  /** It is left alone until then; `null`: it is not. Milliseconds since the epoch. */
  readonly blockedUntil: number | null
}

/** How full a queue is. */
export interface QueueStatus {
  readonly messages: number
  readonly waiting: number
  readonly running: number
  readonly held: number
  /** Those with the most jobs first; 100 at most. */
  readonly destinations: readonly DestinationStatus[]
}

/**
 * Keeps jobs. What a method has resolved for is durable; what it has rejected did not happen. A process that ends
 * at any moment leaves a queue that another one goes on with: jobs that were being done are done again.
 */
export interface JobEngine {
  /** Puts a message and its jobs into the queue, in one step. @throws RelayError */
  enqueue(message: NewMessage): Promise<void>
  /** Begins the work: jobs that an earlier process had in hand are free again. @throws RelayError `busy` */
  start(): Promise<void>
  /**
   * Takes jobs that are due, a fair share for each destination. The attempt is on record when it resolves.
   * @throws RelayError `busy` when another process has taken the queue over.
   */
  claim(options: ClaimOptions): Promise<Claim>
  /** Says what became of a job; of no effect when it is somebody else's by now. */
  settle(settlement: Settlement): Promise<void>
  /** The octets of a message. */
  read(message: string): Source
  /** Keeps jobs back until they are released. Running ones are finished first. Returns how many. */
  hold(which: JobSelector): Promise<number>
  /** Lets held jobs go, and tries waiting ones and their destinations at once. Returns how many jobs it has changed. */
  release(which: JobSelector, now: number): Promise<number>
  /** Removes waiting and held jobs without a word to anybody. Returns how many. */
  cancel(which: JobSelector): Promise<number>
  list(query: JobQuery): Promise<readonly Job[]>
  status(): Promise<QueueStatus>
  /** Limits for servers that hold for all processes on this queue. Without it each process has its own. */
  readonly gate?: ServerGate
  /** Calls `changed` when there may be something to claim that `claim` did not know of. Returns how to stop that. */
  watch(changed: () => void): () => void
  close(): Promise<void>
}
