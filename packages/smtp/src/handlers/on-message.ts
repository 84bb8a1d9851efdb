import type { SmtpHandler, SmtpSession } from '../session/handler.js'
import type { ReceivedMessage } from '../session/message.js'
import { replies } from '../syntax/replies.js'
import type { Reply } from '../syntax/reply.js'

/**
 * Gives each message to a function. It is accepted when the function returns, unless it returns another reply; when
 * it throws, the client is told to try again (`451 4.3.0`). In LMTP an array has one reply for each recipient.
 *
 * ```ts
 * onMessage(async ({ transaction, octets }) => {
 *   await save(transaction.recipients.map(({ address }) => address), octets())
 * })
 * ```
 */
export function onMessage(
  take: (
    message: ReceivedMessage,
    session: SmtpSession,
  ) => Promise<Reply | readonly Reply[] | void> | Reply | readonly Reply[] | void,
): SmtpHandler {
  return {
    name: 'on-message',
    needs: ['octets'],
    async message(message, session) {
      return (await take(message, session)) ?? replies.accepted(message.transaction.id)
    },
  }
}
