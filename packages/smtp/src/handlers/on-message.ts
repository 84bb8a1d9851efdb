import { isRewritten, looksLikeReply } from '../session/answers.js'
import type { SmtpHandler, SmtpSession } from '../session/handler.js'
import type { ReceivedMessage } from '../session/message.js'
import { replies } from '../syntax/replies.js'
import type { Reply } from '../syntax/reply.js'

/**
 * Gives each message to a function. It is accepted when the function returns, unless it returns another reply; when
 * it throws, the client is told to try again (`451 4.3.0`). In LMTP an array has one reply for each recipient. Whatever
 * else a function returns (the new length of a list, the row of a database) says nothing: the function has the message.
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
      const answer = await take(message, session)
      return answer !== undefined && saysSomething(answer) ? answer : replies.accepted(message.transaction.id)
    },
  }
}

/**
 * A reply, or what was meant to be one or to be heard of: an error, another message. Those that cannot be used as they are become
 * 451 and a line in the log, so that nothing is accepted that the function wanted to refuse.
 */
function saysSomething(answer: unknown): answer is Reply | readonly Reply[] {
  if (Array.isArray(answer)) return answer.some(looksLikeReply)
  return looksLikeReply(answer) || isRewritten(answer) || answer instanceof Error
}
