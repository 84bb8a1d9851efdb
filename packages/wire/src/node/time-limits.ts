import { elapsed, later } from './later.js'

/**
 * How long a connection may be quiet, and how long it may take: one timer for both.
 *
 * A chunk only says that the line is not quiet, because reading the clock for each costs more than an engine does; the
 * timer looks four times in the idle time, so an end comes at most a quarter late. It is not set anew when it would
 * come early enough as it is.
 */
export class TimeLimits {
  #idleMs = 0
  #deadlineAt = 0
  /** No chunk came since `#quietSince`. */
  #quiet = true
  #quietSince = elapsed()
  #timer: NodeJS.Timeout | null = null
  #due = 0
  #over = false
  readonly #late: (why: string) => void
  readonly #hasMoved: () => boolean
  readonly #works: () => boolean

  /**
   * `late` is told once that a limit is reached, in words for the log. `hasMoved`: octets have left for the peer since
   * the last call, which is a sign of life, too: who downloads for an hour says nothing meanwhile. `works`: it is our turn,
   * and the peer can only wait.
   */
  constructor(late: (why: string) => void, hasMoved: () => boolean, works: () => boolean) {
    this.#late = late
    this.#hasMoved = hasMoved
    this.#works = works
  }

  /** A chunk came. */
  touch(): void {
    this.#quiet = false
  }

  /** See `Link.idleTimeout`. */
  idle(ms: number): void {
    this.#idleMs = ms
    this.#quiet = true
    this.#quietSince = elapsed()
    this.#arm(this.#quietSince)
  }

  /** See `Link.deadline`. */
  deadline(ms: number): void {
    const now = elapsed()
    this.#deadlineAt = ms === 0 ? 0 : now + ms
    this.#arm(now)
  }

  /** Nothing is late any more. */
  stop(): void {
    this.#over = true
    this.#clear()
  }

  #clear(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }

  #arm(now: number): void {
    if (this.#over) return
    const idleMs = this.#idleMs
    const idleAt = idleMs > 0 ? Math.min(this.#quietSince + idleMs, now + idleMs / 4) : Number.POSITIVE_INFINITY
    const at = Math.min(idleAt, this.#deadlineAt > 0 ? this.#deadlineAt : Number.POSITIVE_INFINITY)
    if (this.#timer && this.#due <= at) return
    this.#clear()
    if (at === Number.POSITIVE_INFINITY) return
    this.#due = at
    this.#timer = later(() => this.#look(), Math.max(1, Math.ceil(at - now)))
    this.#timer.unref?.()
  }

  #look(): void {
    this.#timer = null
    const now = elapsed()
    const works = this.#works()
    if (this.#hasMoved() || works || !this.#quiet) {
      // Nobody tells when the work ends: the next look counts from itself, too.
      this.#quiet = !works
      this.#quietSince = now
    }
    if (this.#idleMs > 0 && now >= this.#quietSince + this.#idleMs) this.#end('idle for too long')
    else if (this.#deadlineAt > 0 && now >= this.#deadlineAt) this.#end('took too long')
    else this.#arm(now)
  }

  #end(why: string): void {
    this.#over = true
    this.#late(why)
  }
}
