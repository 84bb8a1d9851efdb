/**
 * What attempts at the same destination say together.
 *
 * A server that turns one connection away while it talks over another is busy, not dead. So an attempt that reached
 * nobody says nothing about its destination when another one has reached it in the meantime.
 *
 * A server that leaves in the middle of a message may do so because of that message. When it leaves in the middle of several,
 * and takes none, it is left alone for a while; then it is given as many others, for they may all have been of one kind.
 */
import type { Attempt } from './outcome.js'

type Found = Attempt['destination']

export interface Reachability {
  /** An attempt at a message begins; `end` says what it has found, and returns what that means for the destination. */
  begin(destination: string, message: string): { end(found: Found): Found }
}

/** So many messages in a row that were dropped are the server's doing. */
const DROPS = 3
/** Destinations at most of which drops are remembered. */
const MAX_DROPPERS = 10_000

/** There is no use in more attempts for now. */
export function isLost(found: Found): boolean {
  return found === 'dead' || found === 'dropped'
}

/** Knows destinations with attempts in progress and those that drop messages, and forgets all others. */
export function createReachability(): Reachability {
  const known = new Map<string, { running: number; reached: number }>()
  /** Messages that were dropped since one was not. */
  const drops = new Map<string, Set<string>>()

  function dropped(destination: string, message: string): Found {
    const messages = drops.get(destination) ?? new Set()
    messages.add(message)
    // The latest is the last one.
    drops.delete(destination)
    if (messages.size >= DROPS) return 'dropped'
    drops.set(destination, messages)
    if (drops.size > MAX_DROPPERS) drops.delete(drops.keys().next().value as string)
    return 'unknown'
  }

  return {
    begin(destination, message) {
      const entry = known.get(destination) ?? { running: 0, reached: 0 }
      known.set(destination, entry)
      entry.running++
      const before = entry.reached
      return {
        end(found) {
          if (--entry.running === 0) known.delete(destination)
          if (found === 'alive') {
            entry.reached++
            drops.delete(destination)
          }
          const meaning = found === 'dropped' ? dropped(destination, message) : found
          return isLost(meaning) && entry.reached > before ? 'unknown' : meaning
        },
      }
    },
  }
}
