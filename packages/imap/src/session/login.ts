/** What LOGIN and AUTHENTICATE share: mechanisms, failures, and the account that opens. */
import { isStoreError } from '@posthouse/store-api'
import type { Identity, SaslMechanism } from '@posthouse/wire'
import { no, ok, Refusal, type Status, storeRefusal } from '../syntax/status.js'
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
  if (reason !== 'temporary') return afterWait(session, reason, user, WRONG)
  logFailure(session, reason, user)
  return no('Login is not possible now; try again later', 'UNAVAILABLE')
}

const WRONG = no('Authentication failed', 'AUTHENTICATIONFAILED')

/**
 * What the application's verifier has thrown: a `Refusal` is its own answer (an expired password: `EXPIRED`; RFC 5530
 * §3), which takes as long as any other refusal; anything else means that it cannot tell now.
 */
export async function loginError(session: ImapSession, error: unknown, user: string | null): Promise<Status> {
  if (error instanceof Refusal) return afterWait(session, 'refused', user, error.reply)
  session.log({ level: 'error', event: 'auth.error', error })
  return refuseLogin(session, 'temporary', user)
}

async function afterWait(session: ImapSession, reason: string, user: string | null, reply: Status): Promise<Status> {
  logFailure(session, reason, user)
  const failures = session.loginFailed()
  const { authFailureDelay } = session.limits
  // Guessing costs time, whatever was wrong. Nothing is held meanwhile but the connection.
  if (authFailureDelay > 0) await session.link.delay(authFailureDelay * failures)
  return reply
}

function logFailure(session: ImapSession, reason: string, user: string | null): void {
  session.log({ level: 'warn', event: 'auth.failed', reason, user, address: session.link.remote.address })
}
