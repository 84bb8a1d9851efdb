/** How much one server gets, whatever domains it serves. */

/**
 * Admission to servers. An engine that several machines share has a gate for all of them (`JobEngine.gate`); else each
 * process has its own. `server`: address and port.
 */
export interface ServerGate {
  /** May one more connection be opened, with so many at a time? The place is ours until `leave`. */
  enter(server: string, limit: number): Promise<boolean>
  /** A connection is closed. */
  leave(server: string): void
  /**
   * ms to wait until one more message may be sent, at so many a minute: the turn is ours. `null`: not within `patience`
   * ms, and there is no turn.
   */
  pace(server: string, perMinute: number, patience: number): Promise<number | null>
}

/** The gate of one process. */
export function createGate(now: () => number): ServerGate {
  const open = new Map<string, number>()
  /** When the next message may go. */
  const free = new Map<string, number>()
  return {
    async enter(server, limit) {
      const count = open.get(server) ?? 0
      if (count >= limit) return false
      open.set(server, count + 1)
      return true
    },
    leave(server) {
      const left = (open.get(server) ?? 1) - 1
      if (left === 0) open.delete(server)
      else open.set(server, left)
    },
    async pace(server, perMinute, patience) {
      const at = now()
      // Who has waited has nothing to make up for: the pace is the least distance between two messages.
      const turn = Math.max(at, free.get(server) ?? 0)
      if (turn - at > patience) return null
      // The latest is the last one: those whose time is over are in front.
      free.delete(server)
      free.set(server, turn + 60_000 / perMinute)
      for (const [other, until] of free) {
        if (until > at) break
        free.delete(other)
      }
      return turn - at
    },
  }
}
