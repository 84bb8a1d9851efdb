import { indexOfByte } from '../bytes.js'
import type { SaslExchange, SaslMechanism, SaslStep } from './mechanism.js'
import { strictUtf8 } from './text.js'

const MALFORMED: SaslStep = { type: 'failure', reason: 'malformed' }
const EMPTY = new Uint8Array(0)

/** PLAIN (RFC 4616): `[authzid] NUL authcid NUL passwd`, in one response. */
export const plain: SaslMechanism = {
  name: 'PLAIN',
  available: (verifier, context) => context.secure && verifier.password !== undefined,
  start(verifier, context): SaslExchange {
    return {
      async respond(response) {
        if (response === null) return { type: 'challenge', data: EMPTY }
        const first = indexOfByte(response, 0)
        const second = first === -1 ? -1 : indexOfByte(response, 0, first + 1)
        if (second === -1 || indexOfByte(response, 0, second + 1) !== -1) return MALFORMED
        const authorizationId = strictUtf8(response.subarray(0, first))
        const user = strictUtf8(response.subarray(first + 1, second))
        const password = strictUtf8(response.subarray(second + 1))
        if (authorizationId === null || !user || !password) return MALFORMED
        const identity = await verifier.password?.(
          { user, password, authorizationId: authorizationId === '' ? null : authorizationId },
          context,
        )
        return identity ? { type: 'success', identity } : { type: 'failure', reason: 'credentials', user }
      },
    }
  },
}
