/** RSET (RFC 5321 §4.1.1.5). Valid in every state. */
import type { MaybePromise } from '@posthouse/wire'
import { replies } from '../../syntax/replies.js'
import type { Reply } from '../../syntax/reply.js'
import { ask, type Conversation, dropTransaction } from '../conversation.js'
import { andThen } from '../stages.js'

export function rset(c: Conversation): MaybePromise<void> {
  const verdict = ask(c, 'rset', c.setup.parts.on.rset, (handler) => handler.rset(c.session))
  return andThen(verdict, (said: Reply = replies.flushed()) => {
    dropTransaction(c)
    c.answer(said)
  })
}
