/** Takes jobs from the queue for as long as there is room, and lets each of them be done. */
import type { Timer } from '@posthouse/smtp'
import { RelayError } from '../errors.js'
import type { RelayLimits } from '../limits.js'
import type { ClaimedJob, DestinationLimits, JobEngine } from '../queue/types.js'

export interface DispatcherOptions {
  readonly engine: JobEngine
  readonly limits: RelayLimits
  readonly byDestination: ReadonlyMap<string, DestinationLimits>
  readonly now: () => number
  readonly timer: Timer
  /** Does a job and tells the queue. Must not reject. */
  readonly work: (job: ClaimedJob) => Promise<void>
  readonly trouble: (error: unknown) => void
  /** Another process has the queue now: no more jobs are taken. */
  readonly lost: (error: RelayError) => void
}

export interface Dispatcher {
  /** Jobs in hand. */
  readonly running: number
  /** Takes no more jobs; resolves when those in hand are done. */
  stop(): Promise<void>
}

/** ms until the queue is asked again after it has failed. */
const AFTER_TROUBLE = 1_000

export function startDispatcher(options: DispatcherOptions): Dispatcher {
  const { engine, limits, byDestination, now, timer, work, trouble, lost } = options
  const running = new Map<string, Promise<void>>()
  let stopping = false
  let asking = false
  /** Something has happened while the queue was being asked. */
  let again = false
  let forget: (() => void) | null = null
  const share = { concurrency: limits.perDestination, perMinute: limits.perMinute }
  const unwatch = engine.watch(wake)

  function wake(): void {
    if (stopping) return
    again = true
    if (!asking) void ask()
  }

  async function ask(): Promise<void> {
    asking = true
    forget?.()
    forget = null
    let next: number | null = null
    let full = false
    while (again && !stopping) {
      again = false
      const max = limits.jobs - running.size
      full = max <= 0
      if (full) break
      try {
        const at = now()
        const claim = await engine.claim({ max, now: at, limits: share, byDestination })
        next = claim.next
        for (const job of claim.jobs) begin(job)
        if (claim.jobs.length === max) again = true
      } catch (error) {
        if (error instanceof RelayError && error.code === 'busy') return lost(error)
        if (stopping) break
        trouble(error)
        next = now() + AFTER_TROUBLE
      }
    }
    asking = false
    // A full house is asked again by the first job that is done.
    if (stopping || full) return
    const wait = next === null ? limits.poll : Math.min(Math.max(next - now(), 1), limits.poll)
    forget = timer(wake, wait)
  }

  function begin(job: ClaimedJob): void {
    const done = work(job).finally(() => {
      running.delete(job.id)
      wake()
    })
    running.set(job.id, done)
  }

  wake()
  return {
    get running() {
      return running.size
    },
    async stop() {
      stopping = true
      unwatch()
      forget?.()
      while (running.size > 0) await Promise.allSettled(running.values())
    },
  }
}
