import { fromLatin1 } from '../bytes.js'
import type { SaslExchange, SaslMechanism } from './mechanism.js'
import { strictUtf8 } from './text.js'

/** UTF-8 without NUL, as PLAIN has it by its nature. */
function text(response: Uint8Array): string | null {
  const decoded = strictUtf8(response)
  return decoded?.includes('\0') ? null : decoded
}

/** LOGIN (draft-murchison-sasl-login): asks for the user name, then for the password. Obsolete, and everywhere. */
export const login: SaslMechanism = {
  name: 'LOGIN',
  available: (verifier, context) => context.secure && verifier.password !== undefined,
  start(verifier, context): SaslExchange {
    let user: string | null = null
    return {
      async respond(response) {
        if (response === null) return { type: 'challenge', data: fromLatin1('Username:') }
        if (user === null) {
          user = text(response) ?? ''
          return { type: 'challenge', data: fromLatin1('Password:') }
        }
        const password = text(response)
        if (user === '' || !password) return { type: 'failure', reason: 'malformed', user }
        const identity = await verifier.password?.({ user, password, authorizationId: null }, context)
        return identity ? { type: 'success', identity } : { type: 'failure', reason: 'credentials', user }
      },
    }
  },
}
