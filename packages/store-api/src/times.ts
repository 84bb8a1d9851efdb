import { StoreError } from './errors.js'

/** What a `Date` can have, in both directions. */
const farthest = 8.64e15

/**
 * A time as a store keeps it: whole milliseconds since the epoch. Times of files (`mtimeMs`) and of some clocks have
 * fractions, which are left out, as a `Date` does.
 * @throws StoreError `invalid` for what no `Date` can have
 */
export function wholeTime(ms: number): number {
  if (!(Math.abs(ms) <= farthest)) throw new StoreError('invalid', `this is no time in milliseconds: ${ms}`)
  // Not -0.
  return Math.trunc(ms) + 0
}
