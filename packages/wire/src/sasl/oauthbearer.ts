import { type BearerOptions, bearerExchange, bearerFields, bearerToken } from './bearer.js'
import { parseGs2Header } from './gs2.js'
import type { SaslMechanism } from './mechanism.js'

/** OAUTHBEARER (RFC 7628): `n,a=user,^Ahost=...^Aport=...^Aauth=Bearer token^A^A`. */
export function oauthBearer(options: BearerOptions = {}): SaslMechanism {
  const { scope, openidConfiguration } = options
  return {
    name: 'OAUTHBEARER',
    available: (verifier, context) => context.secure && verifier.bearer !== undefined,
    start: (verifier, context) =>
      bearerExchange(verifier, context, readRequest, () => ({
        status: 'invalid_token',
        ...(scope === undefined ? {} : { scope }),
        ...(openidConfiguration === undefined ? {} : { 'openid-configuration': openidConfiguration }),
      })),
  }
}

function readRequest(text: string): { user: string | null; token: string } | null {
  const header = parseGs2Header(text)
  // RFC 7628 §3.1: there is no channel binding.
  if (header === null || header.flag === 'p' || text[header.length] !== '\x01') return null
  const fields = bearerFields(text.slice(header.length + 1))
  const token = bearerToken(fields?.get('auth') ?? '')
  return fields === null || token === null ? null : { user: header.authorizationId, token }
}
