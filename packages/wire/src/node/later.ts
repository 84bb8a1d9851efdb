/** As `setTimeout`; but to that anything longer than 25 days, `Infinity` too, is a millisecond. */
export function later(step: () => void, ms: number): NodeJS.Timeout {
  return setTimeout(step, Math.min(ms, 0x7fffffff))
}

/**
 * Milliseconds by a clock that only goes forward: the time of day may be set. Not `performance`, which Node 20 loads for the
 * first who asks, and takes 1.5 ms for it; whatever replaces timers in a test replaces both.
 */
export function elapsed(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1000 + nanoseconds / 1e6
}
