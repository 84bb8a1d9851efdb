import { SaslError } from '../errors.js'
import type { MaybePromise } from '../mechanism.js'
import type { SaslClientExchange } from './mechanism.js'

/**
 * The exchange of a mechanism that has said everything with its first response. An empty challenge is what protocols
 * without initial responses ask with; any other one is out of place.
 */
export function oneResponse(name: string, make: () => MaybePromise<Uint8Array>): SaslClientExchange {
  return {
    refusal: null,
    start: make,
    respond(challenge) {
      throw new SaslError('challenge', `${name} has no second response, but the server sent ${challenge.length} octets`)
    },
    finish() {},
  }
}

/** Text of a credential, which must not hold NUL. */
export function credential(name: string, text: string): string {
  if (text === '' || text.includes('\0')) {
    throw new SaslError('credentials', `the ${name} is empty or holds NUL; it cannot be sent`)
  }
  return text
}
