import type { MaybePromise } from '@posthouse/wire'
import type { SmtpHandler } from '../session/handler.js'
import { replies } from '../syntax/replies.js'

/**
 * Submission (RFC 6409 §6.1): whoever has logged in sends with addresses of his own only; others get `550 5.7.1`. The empty
 * reverse-path is everybody's: mail programs send receipts with it (RFC 8098 §3).
 *
 * @param owns May this account send with this address? The address is as the client wrote it.
 */
export function submissionRights(owns: (account: string, address: string) => MaybePromise<boolean>): SmtpHandler {
  return {
    name: 'submission-rights',
    async mail({ reversePath }, { identity }) {
      if (identity === null) return replies.authenticationRequired()
      if (reversePath === null || (await owns(identity.account, reversePath.address))) return undefined
      return replies.senderNotYours()
    },
  }
}
