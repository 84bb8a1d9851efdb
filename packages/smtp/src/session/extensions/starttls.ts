/** STARTTLS (RFC 3207): announced where it can be done; never twice. */
import type { SmtpHandler } from '../handler.js'

export const startTlsExtension: SmtpHandler = {
  name: 'STARTTLS',
  keywords: (session) => (session.canStartTls ? ['STARTTLS'] : []),
}
