import type { SmtpHandler } from '../session/handler.js'
import { replies } from '../syntax/replies.js'

/** No login and no mail in clear text (RFC 3207 §4, RFC 8314 §3.3). A connection from this machine is let through with `loopback`. */
export function requireTls(options: { readonly loopback?: boolean } = {}): SmtpHandler {
  return {
    name: 'require-tls',
    auth: (_mechanism, session) =>
      session.tls || (options.loopback && session.loopback) ? undefined : replies.startTlsFirst(),
    mail: (_transaction, session) =>
      session.tls || (options.loopback && session.loopback) ? undefined : replies.startTlsFirst(),
  }
}
