/**
 * A server that turns one connection away while it talks over another is busy, not dead. So an attempt that reached
 * nobody says nothing about its destination when another one has reached it in the meantime.
 */
import type { Attempt } from './outcome.js'

type Found = Attempt['destination']

export interface Reachability {
  /** An attempt begins; `end` says what it has found, and returns what that means for the destination. */
  begin(destination: string): { end(found: Found): Found }
}

/** Knows destinations with attempts in progress, and forgets all others. */
export function createReachability(): Reachability {
  const known = new Map<string, { running: number; reached: number }>()
  return {
    begin(destination) {
      const entry = known.get(destination) ?? { running: 0, reached: 0 }
      known.set(destination, entry)
      entry.running++
      const before = entry.reached
      return {
        end(found) {
          if (--entry.running === 0) known.delete(destination)
          if (found === 'alive') entry.reached++
          return found === 'dead' && entry.reached > before ? 'unknown' : found
        },
      }
    },
  }
}
