import type { CredentialVerifier, Identity, SaslContext, SaslStep } from './mechanism.js'

/**
 * The end of a login that named an identity to act as (RFC 4422 §2). Acting as oneself is always allowed; anything
 * else only when the application's `authorize` says so.
 */
export async function authorized(
  verifier: CredentialVerifier,
  identity: Identity,
  user: string,
  authorizationId: string | null,
  context: SaslContext,
): Promise<Identity | null> {
  if (authorizationId === null || authorizationId === user || authorizationId === identity.account) return identity
  return (await verifier.authorize?.(identity, authorizationId, context)) ?? null
}

/** Success, or the one failure that wrong credentials have. */
export function outcome(identity: Identity | null, user: string | null): SaslStep {
  if (identity) return { type: 'success', identity }
  return user === null ? { type: 'failure', reason: 'credentials' } : { type: 'failure', reason: 'credentials', user }
}
