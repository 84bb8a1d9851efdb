/**
 * Addresses where nobody has answered, such as all of IPv6 on a machine from where it leads nowhere and nobody says so: each of
 * them costs a try and half a minute. For a while they are tried behind others that are worth the same.
 */
import type { SessionTarget } from './session.js'

export interface SilentAddresses {
  add(target: SessionTarget): void
  /** Somebody has answered. */
  delete(target: SessionTarget): void
  /** By rank, and of the same rank those last that are silent. */
  order(targets: readonly SessionTarget[]): readonly SessionTarget[]
}

/** ms for which an address is taken for silent. */
const WHILE = 600_000
/** Addresses at most; the oldest go. */
const MAX_ADDRESSES = 10_000

export function createSilentAddresses(now: () => number): SilentAddresses {
  /** When it was tried. The latest is the last one. */
  const tried = new Map<string, number>()
  const keyOf = ({ address, port }: SessionTarget): string => `${address} ${port}`

  /** 1: nobody has answered lately. */
  function silence(target: SessionTarget): number {
    const ago = now() - (tried.get(keyOf(target)) ?? Number.NEGATIVE_INFINITY)
    // A clock that was set back does not make it silent for longer.
    return ago >= 0 && ago < WHILE ? 1 : 0
  }

  return {
    add(target) {
      const key = keyOf(target)
      tried.delete(key)
      tried.set(key, now())
      if (tried.size > MAX_ADDRESSES) tried.delete(tried.keys().next().value as string)
    },
    delete: (target) => void tried.delete(keyOf(target)),
    order: (targets) => [...targets].sort((a, b) => a.rank - b.rank || silence(a) - silence(b)),
  }
}
