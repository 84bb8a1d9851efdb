/** QUIT (RFC 5321 §4.1.1.10). Valid in every state. */
import type { MaybePromise } from '@posthouse/wire'
import type { Reply } from '../../syntax/reply.js'
import { ask, type Conversation } from '../conversation.js'
import { andThen } from '../stages.js'

export function quit(c: Conversation): MaybePromise<void> {
  const verdict = ask(c, 'quit', c.setup.parts.on.quit, (handler) => handler.quit(c.session))
  return andThen(verdict, (said: Reply = c.setup.goodbye) => {
    c.answer(said)
    c.close()
  })
}
