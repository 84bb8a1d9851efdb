/** As `setTimeout`; but to that anything longer than 25 days, `Infinity` too, is a millisecond. */
export function later(step: () => void, ms: number): NodeJS.Timeout {
  return setTimeout(step, Math.min(ms, 0x7fffffff))
}
