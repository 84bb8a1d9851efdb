import { type BearerOptions, bearerExchange, bearerFields, bearerToken } from './bearer.js'
import type { SaslMechanism } from './mechanism.js'

/** XOAUTH2, which Google and Microsoft speak: `user=name^Aauth=Bearer token^A^A`. */
export function xoauth2({ scope = '' }: Pick<BearerOptions, 'scope'> = {}): SaslMechanism {
  return {
    name: 'XOAUTH2',
    available: (verifier, context) => context.secure && verifier.bearer !== undefined,
    start: (verifier, context) =>
      bearerExchange(verifier, context, readRequest, () => ({ status: '401', schemes: 'bearer', scope })),
  }
}

function readRequest(text: string): { user: string | null; token: string } | null {
  const fields = bearerFields(text)
  const user = fields?.get('user') ?? ''
  const token = bearerToken(fields?.get('auth') ?? '')
  return user === '' || user.includes('\0') || token === null ? null : { user, token }
}
