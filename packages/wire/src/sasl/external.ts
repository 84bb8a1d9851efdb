import { outcome } from './authorize.js'
import type { SaslMechanism } from './mechanism.js'
import { strictUtf8 } from './text.js'

/** What `external` takes; everything has a default. */
export interface ExternalOptions {
  /**
   * Also for certificates that no trusted authority signed: the verifier's `certificate` must then know them by their
   * fingerprint. Default: false.
   */
  readonly allowUnauthorized?: boolean
}

/** EXTERNAL (RFC 4422 Appendix A) by the client's TLS certificate. */
export function external({ allowUnauthorized = false }: ExternalOptions = {}): SaslMechanism {
  return {
    name: 'EXTERNAL',
    available(verifier, { tls }) {
      const certificate = tls?.peerCertificate ?? null
      return verifier.certificate !== undefined && certificate !== null && (certificate.authorized || allowUnauthorized)
    },
    start: (verifier, context) => ({
      async respond(response) {
        if (response === null) return { type: 'challenge', data: new Uint8Array(0) }
        const text = strictUtf8(response)
        if (text === null || text.includes('\0')) return { type: 'failure', reason: 'malformed' }
        const authorizationId = text === '' ? null : text
        const identity = (await verifier.certificate?.(authorizationId, context)) ?? null
        return outcome(identity, authorizationId)
      },
    }),
  }
}
