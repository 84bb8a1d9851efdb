/**
 * Node's own time: a test that replaces timers (vitest, jest, node:test) means its app's, and its waits must end all the
 * same. With vitest and jest they may be replaced before this is loaded (`fakeTimers: { enableGlobally: true }`);
 * node:test replaces Node's own.
 */
const { setTimeout, clearTimeout } = process.getBuiltinModule('node:timers')
const date = Date.now.bind(Date)
const uptime = process.uptime.bind(process)

/** The longest time that a timer takes, in ms. */
const LONGEST = 0x7fffffff

/** Ms that go on whatever a test does to the clock. */
export function elapsed(): number {
  return uptime() * 1000
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
