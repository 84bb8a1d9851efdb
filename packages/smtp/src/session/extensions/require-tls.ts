/** REQUIRETLS (RFC 8689 §4): a message that may only be carried over connections with verified TLS. */
import { replies } from '../../syntax/replies.js'
import { annotation } from '../annotations.js'
import type { SmtpHandler } from '../handler.js'

/** The note on a transaction that must not leave TLS: relay it with REQUIRETLS, or bounce it (5.7.30). */
export const requireTlsNote = annotation<true>('REQUIRETLS')

/** Announced on encrypted connections only (§4.1). */
export function requireTlsExtension(): SmtpHandler {
  return {
    name: 'REQUIRETLS',
    keywords: (session) => (session.tls ? ['REQUIRETLS'] : []),
    mailParameters: new Map([
      [
        'REQUIRETLS',
        (value, transaction, session) => {
          if (!session.tls) return replies.unknownParameter('REQUIRETLS')
          if (value !== null) return replies.badParameter('REQUIRETLS takes no value')
          transaction.set(requireTlsNote, true)
          return undefined
        },
      ],
    ]),
  }
}
