/**
 * Node's own time: a test that replaces timers (vitest, jest, node:test, sinon) means its app's, and its waits must end
 * all the same, also where they were replaced before this is loaded (`fakeTimers: { enableGlobally: true }`).
 */
const { setTimeout, clearTimeout } = process.getBuiltinModule('node:timers')
const uptime = process.uptime.bind(process)
/** node:test and sinon replace those of `node:timers`, too: what they give is no timer of Node's. */
const replaced = !('_idleTimeout' in madeAndCleared())

function madeAndCleared(): object {
  const timer = setTimeout(() => {}, 0)
  clearTimeout(timer)
  return timer
}

/** The longest time that a timer takes, in ms. */
const LONGEST = 0x7fffffff

/** Ms that go on whatever a test does to the clock. */
export function elapsed(): number {
  return uptime() * 1000
}

/** The real date, in milliseconds since the epoch: a new file has it also where a test has replaced `Date`. */
export function today(): number {
  return new (process.getBuiltinModule('node:buffer').File)([], '').lastModified
}

/** Calls once, so many ms from now, until the function it returns is called. */
export function after(ms: number, act: () => void): () => void {
  const due = Math.min(ms, LONGEST)
  if (replaced) {
    // Does not keep the process alive, as the server does that.
    const signal = AbortSignal.timeout(Math.ceil(due))
    signal.addEventListener('abort', act, { once: true })
    return () => signal.removeEventListener('abort', act)
  }
  const timer = setTimeout(act, due)
  return () => clearTimeout(timer)
}

/** Resolves so many ms from now, and at once when the signal aborts: that of a connection that is over. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = (): void => {
      stop()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const stop = after(ms, done)
    signal.addEventListener('abort', done, { once: true })
  })
}
