/** So many in so much time. */
export interface Rate {
  readonly limit: number
  readonly seconds: number
}

/** Keys that are remembered at most; the oldest are forgotten first. */
const MAX_KEYS = 100_000

/**
 * Counts events by key over a sliding window: the count of the present interval, and as much of the last one as the
 * window still covers. Two numbers a key, whatever the rate.
 *
 * A library like rate-limiter-flexible has a timer for each key and a promise for each event; it belongs behind
 * `RateLimitOptions.counter`, where it brings its database along.
 */
export class WindowCounter {
  readonly #rate: Rate
  readonly #seen = new Map<string, { interval: number; count: number; before: number }>()

  constructor(rate: Rate) {
    this.#rate = rate
  }

  /** Counts one event; false when it is one too many (and then it is not counted). `now`: ms since the epoch. */
  take(key: string, now: number): boolean {
    const ms = this.#rate.seconds * 1000
    const interval = Math.floor(now / ms)
    let entry = this.#seen.get(key)
    // One far ahead is of a clock that was put right since: it must not count until that time comes.
    if (!entry || Math.abs(entry.interval - interval) > 1) entry = { interval, count: 0, before: 0 }
    else if (entry.interval === interval - 1) entry = { interval, count: 0, before: entry.count }
    const covered = 1 - (now % ms) / ms
    if (entry.count + entry.before * covered >= this.#rate.limit) return false
    entry.count++
    this.#seen.delete(key)
    this.#seen.set(key, entry)
    if (this.#seen.size > MAX_KEYS) this.#seen.delete(this.#seen.keys().next().value as string)
    return true
  }
}
