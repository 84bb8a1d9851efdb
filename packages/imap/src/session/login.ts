/** What LOGIN and AUTHENTICATE share: mechanisms, failures, and the account that opens. */
import { isStoreError } from '@posthouse/store-api'
import type { Identity, SaslMechanism } from '@posthouse/wire'
import { no, ok, type Status, storeRefusal } from '../syntax/status.js'
import type { ImapSession } from './session.js'

/** The mechanisms that can be used on a connection now. */
export function offeredMechanisms(session: ImapSession): readonly SaslMechanism[] {
  const { verifier, mechanisms } = session.server
  const context = session.sasl()
  return mechanisms.filter((mechanism) => mechanism.available(verifier, context))
}

/** Opens the account of somebody who proved who they are. */
export async function enter(session: ImapSession, identity: Identity): Promise<Status> {
  const { principal, account } = identity
  try {
    await session.open(account, principal ?? account)
  } catch (error) {
    session.log({ level: 'error', event: 'account.open-failed', error })
    return isStoreError(error) && error.code === 'nonexistent'
      ? no('Authentication failed', 'AUTHENTICATIONFAILED')
      : storeRefusal('unavailable')
  }
  session.log({ level: 'info', event: 'auth.succeeded', account })
  // RFC 9051 §7.1: telling the new list here saves the client a round trip.
  return ok('Logged in', `CAPABILITY ${session.capabilities().join(' ')}`)
}

/** One answer, after the same wait, for unknown users, wrong passwords and everything else that is no login. */
export async function refuseLogin(
  session: ImapSession,
  reason: 'credentials' | 'malformed' | 'temporary',
  user: string | null,
): Promise<Status> {
  session.log({ level: 'warn', event: 'auth.failed', reason, user, address: session.link.remote.address })
  if (reason === 'temporary') return no('Login is not possible now; try again later', 'UNAVAILABLE')
  const failures = session.loginFailed()
  const { authFailureDelay } = session.limits
  // Guessing costs time, whatever was wrong. Nothing is held meanwhile but the connection.
  if (authFailureDelay > 0) await session.link.delay(authFailureDelay * failures)
  return no('Authentication failed', 'AUTHENTICATIONFAILED')
}
