/**
 * What attempts at the same destination say together.
 *
 * A server that turns one connection away while it talks over another is busy, not dead. So an attempt that reached
 * nobody says nothing about its destination when another one has reached it in the meantime.
 *
 * A server that leaves in the middle of a message may do so because of that message. When it leaves in the middle of several,
 * and takes none, it is as good as dead.
 */
import type { Attempt } from './outcome.js'

type Found = Attempt['destination']
/** What it means for the destination. */
type Meaning = Exclude<Found, 'dropped'>

export interface Reachability {
  /** An attempt at a message begins; `end` says what it has found, and returns what that means for the destination. */
  begin(destination: string, message: string): { end(found: Found): Meaning }
}

/** So many messages in a row that were dropped are the server's doing. */
const DROPS = 3
/** Destinations at most of which drops are remembered. */
const MAX_DROPPERS = 10_000

/** Knows destinations with attempts in progress and those that drop messages, and forgets all others. */
export function createReachability(): Reachability {
  const known = new Map<string, { running: number; reached: number }>()
  /** Messages that were dropped since one was not. */
  const drops = new Map<string, Set<string>>()

  function dropped(destination: string, message: string): Meaning {
    const messages = drops.get(destination) ?? new Set()
    if (messages.size < DROPS) messages.add(message)
    // The latest is the last one.
    drops.delete(destination)
    drops.set(destination, messages)
    if (drops.size > MAX_DROPPERS) drops.delete(drops.keys().next().value as string)
    return messages.size < DROPS ? 'unknown' : 'dead'
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
          return meaning === 'dead' && entry.reached > before ? 'unknown' : meaning
        },
      }
    },
  }
}
