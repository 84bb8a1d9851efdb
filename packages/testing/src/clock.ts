/**
 * The runner's timers as they were when this was loaded: a test that replaces them (vitest, jest, node:test) means its
 * app's time, and its waits must end all the same.
 */
const { setTimeout, clearTimeout } = globalThis
const date = Date.now.bind(Date)
const now = performance.now.bind(performance)

/** The longest time that a timer takes, in ms. */
const LONGEST = 0x7fffffff

/** Ms that go on whatever a test does to the clock. */
export function elapsed(): number {
  return now()
}

/** The real date, in milliseconds since the epoch. */
export function today(): number {
  return date()
}

/** Calls once, so many ms from now, until the function it returns is called. */
export function after(ms: number, act: () => void): () => void {
  const timer = setTimeout(act, Math.min(ms, LONGEST))
  return () => clearTimeout(timer)
}
