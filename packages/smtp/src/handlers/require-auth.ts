import type { SmtpHandler } from '../session/handler.js'
import { replies } from '../syntax/replies.js'

/** Submission (RFC 6409 §4.3): no mail from clients that have not logged in. */
export function requireAuth(): SmtpHandler {
  return {
    name: 'require-auth',
    mail: (_transaction, session) => (session.identity ? undefined : replies.authenticationRequired()),
  }
}
