/** When to try again (RFC 5321 §4.5.4.1). */

/** ms until attempt `attempts + 1`, when so many were made. `random`: 0 to 1. */
export type RetrySchedule = (attempts: number, random: number) => number

const MINUTE = 60_000

/**
 * Pauses in minutes. RFC 5321 asks for 30 minutes and more; the first ones are shorter because greylisting servers and
 * restarts are the most frequent reasons to wait.
 */
const PAUSES = [2, 5, 10, 20, 30, 60, 120, 240] as const

/** A part of each pause by which it may be longer: messages that failed together do not come back together. */
const JITTER = 0.25

/** 2, 5, 10, 20, 30 minutes, 1, 2, and then every 4 hours, each up to a quarter longer. */
export const defaultRetrySchedule: RetrySchedule = (attempts, random) => {
  const pause = PAUSES[Math.min(Math.max(attempts, 1), PAUSES.length) - 1] * MINUTE
  return Math.round(pause * (1 + JITTER * random))
}
