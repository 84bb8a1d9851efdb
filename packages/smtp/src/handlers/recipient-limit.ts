import type { SmtpHandler, SmtpSession } from '../session/handler.js'
import { replies } from '../syntax/replies.js'

/** Fewer recipients than `limits.recipients` for some: a number, or one that depends on who sends. */
export function recipientLimit(limit: number | ((session: SmtpSession) => number)): SmtpHandler {
  return {
    name: 'recipient-limit',
    rcpt(_recipient, transaction, session) {
      const most = typeof limit === 'number' ? limit : limit(session)
      return transaction.recipients.length >= most ? replies.tooManyRecipients() : undefined
    },
  }
}
