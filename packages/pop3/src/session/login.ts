import type { Identity, Link } from '@posthouse/wire'
import { type Maildrop, openMaildrop } from './maildrop.js'
import type { ServerSetup } from './setup.js'

/** What opening a maildrop came to: the maildrop with what lets go of it, or a response code (RFC 2449 §8). */
export type Opened =
  | { readonly drop: Maildrop; release(): Promise<void> }
  | { readonly code: 'IN-USE' | 'LOGIN-DELAY'; readonly text: string }

/** Opens the maildrop of an account under the server's rules. */
export async function openFor(setup: ServerSetup, link: Link, identity: Identity): Promise<Opened> {
  const { account, principal } = identity
  const { locked, loginDelay, logins } = setup
  const now = link.now()
  const last = logins.get(account)
  if (last !== undefined && isWithin(loginDelay * 1000, last, now)) {
    return { code: 'LOGIN-DELAY', text: `log in again after ${loginDelay} seconds` }
  }
  if (locked?.has(account)) return { code: 'IN-USE', text: 'another session has this maildrop open' }
  locked?.add(account)
  try {
    const opened = await setup.store.open(account, principal ? { principal } : undefined)
    const drop = await openMaildrop(account, opened, setup)
    if (loginDelay > 0) remember(logins, account, now, loginDelay * 1000)
    return {
      drop,
      async release() {
        // Who said QUIT and is gone may have messages that are just being removed: nobody gets them meanwhile.
        await drop.settled()
        locked?.delete(account)
        await drop.close()
      },
    }
  } catch (reason) {
    locked?.delete(account)
    throw reason
  }
}

/** The map is in the order of logins: what is over is at its front. */
function remember(logins: Map<string, number>, account: string, now: number, delay: number): void {
  logins.delete(account)
  for (const [name, at] of logins) {
    if (isWithin(delay, at, now)) break
    logins.delete(name)
  }
  logins.set(account, now)
}

/** A login in the future is one before the time of day was set back: nobody knows when it was. */
function isWithin(delay: number, at: number, now: number): boolean {
  return now >= at && now - at < delay
}
