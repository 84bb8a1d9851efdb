/** Which mechanism to log in with. */
import { SaslError } from '../errors.js'
import { oauthBearerClient, xoauth2Client } from './bearer.js'
import { externalClient } from './external.js'
import { loginClient } from './login.js'
import type { SaslClientContext, SaslClientMechanism, SaslCredentials } from './mechanism.js'
import { plainClient } from './plain.js'
import { scramClient } from './scram.js'

/**
 * Everything but CRAM-MD5, the strongest first: what keeps the secret here, then what proves the server, then tokens,
 * which expire, and at last passwords in an encrypted connection.
 */
export function standardClientMechanisms(): readonly SaslClientMechanism[] {
  return [externalClient, ...scramClient(), oauthBearerClient, xoauth2Client, plainClient, loginClient]
}

/**
 * The mechanisms that can be tried, the strongest first.
 * @throws SaslError `no-mechanism` when there is none; the message says why.
 */
export function chooseMechanisms(
  mechanisms: readonly SaslClientMechanism[],
  credentials: SaslCredentials,
  context: SaslClientContext,
): readonly SaslClientMechanism[] {
  const chosen = mechanisms.filter(({ name, usable }) => context.offered.has(name) && usable(credentials, context))
  if (chosen.length > 0) return chosen
  const offered = [...context.offered].join(' ') || 'nothing'
  const withTls = mechanisms.some(
    ({ name, usable }) => context.offered.has(name) && usable(credentials, { ...context, secure: true }),
  )
  throw new SaslError(
    'no-mechanism',
    withTls
      ? `the server offers ${offered}, which would send the password in clear text: use TLS`
      : `the server offers ${offered}; none of it can use these credentials: ${given(credentials)}`,
  )
}

/** Only the names: a misspelt one is seen by them, and one whose value is missing is not there. */
function given(credentials: SaslCredentials): string {
  const there = Object.entries(credentials).filter(([, value]) => value !== undefined)
  return there.map(([name]) => name).join(', ') || 'none'
}
