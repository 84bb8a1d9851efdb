/** Connections to one milter that wait for their next session. */

import type { MilterLimits } from './limits.js'
import type { Clock, ConnectMilter, MilterLink } from './link.js'
import { openMilterLink } from './link.js'

export interface LinkPool {
  /**
   * A connection that rests, or a new one.
   * @throws MilterError
   */
  take(clock: Clock): Promise<MilterLink>
  /** A new one: the resting ones may have gone stale. */
  open(clock: Clock): Promise<MilterLink>
  /** The session is over. */
  give(link: MilterLink, now: number): void
  /** Closes those that rest, and those that come back from now on. */
  close(): void
}

export function createLinkPool(connect: ConnectMilter, actions: number, limits: MilterLimits): LinkPool {
  /** The last one that came back is the first one taken: what is not needed grows old. */
  const resting: MilterLink[] = []
  let closed = false

  function dropOld(now: number): void {
    while (resting.length > 0 && now - resting[0].restingSince > limits.idle) resting.shift()?.quit()
  }

  const open = (clock: Clock): Promise<MilterLink> => openMilterLink(connect, actions, limits, clock)
  return {
    open,
    async take(clock) {
      dropOld(clock.now())
      for (let link = resting.pop(); link; link = resting.pop()) {
        if (await link.alive()) return link
        link.destroy()
      }
      return open(clock)
    },
    give(link, now) {
      dropOld(now)
      if (closed || resting.length >= limits.idleConnections || !link.rest(now)) return link.quit()
      resting.push(link)
    },
    close() {
      closed = true
      for (const link of resting.splice(0)) link.quit()
    },
  }
}
