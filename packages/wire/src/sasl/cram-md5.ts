/**
 * CRAM-MD5 (RFC 2195). Not among the standard mechanisms: the server must keep passwords in clear text, MD5 is weak,
 * and nothing proves the server to the client. For old devices that know nothing better.
 */
import { equalConstantTime, fromLatin1, fromUtf8 } from '../bytes.js'
import { outcome } from './authorize.js'
import { randomOctets } from './crypto.js'
import { hex, hmacMd5 } from './md5.js'
import type { SaslMechanism } from './mechanism.js'
import { strictUtf8 } from './text.js'

/** What `cramMd5` takes; everything has a default. */
export interface CramMd5Options {
  /** Stands in the challenge. Default: `localhost`. */
  readonly hostname?: string
  /** Random octets. Default: `crypto.getRandomValues`. */
  readonly random?: (octets: number) => Uint8Array
}

/** CRAM-MD5 (RFC 2195), for old devices: the verifier needs `sharedSecret`, the password itself. */
export function cramMd5({ hostname = 'localhost', random = randomOctets }: CramMd5Options = {}): SaslMechanism {
  return {
    name: 'CRAM-MD5',
    serverFirst: true,
    available: (verifier) => verifier.sharedSecret !== undefined,
    start(verifier, context) {
      let challenge: Uint8Array | null = null
      return {
        async respond(response) {
          if (challenge === null) {
            // RFC 2195 §2: the server speaks first, so an initial response is none of CRAM-MD5.
            if (response !== null && response.length > 0) return { type: 'failure', reason: 'malformed' }
            challenge = fromUtf8(`<${hex(random(16))}@${hostname}>`)
            return { type: 'challenge', data: challenge }
          }
          const text = response === null ? null : strictUtf8(response)
          const space = text === null ? -1 : text.lastIndexOf(' ')
          if (text === null || space < 1 || text.includes('\0')) return { type: 'failure', reason: 'malformed' }
          const user = text.slice(0, space)
          const known = (await verifier.sharedSecret?.(user, context)) ?? null
          const wanted = hex(hmacMd5(fromUtf8(known?.secret ?? hex(random(16))), challenge))
          const proven = equalConstantTime(fromLatin1(wanted), fromUtf8(text.slice(space + 1)))
          return outcome(proven && known !== null && known.secret !== '' ? known.identity : null, user)
        },
      }
    },
  }
}
