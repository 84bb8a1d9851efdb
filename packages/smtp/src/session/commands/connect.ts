/** A client has connected, or a trusted peer has said who it is (XCLIENT): is it welcome? */
import type { MaybePromise } from '@posthouse/wire'
import type { Reply } from '../../syntax/reply.js'
import { ask, type Conversation } from '../conversation.js'
import { andThen } from '../stages.js'

/** Says `welcome`, or what a handler says instead; a refusal ends the connection. */
export function connect(c: Conversation, welcome: Reply): MaybePromise<void> {
  const verdict = ask(c, 'connect', c.setup.parts.on.connect, (handler) => handler.connect(c.session))
  return andThen(verdict, (said: Reply = welcome) => {
    c.session.connected()
    c.answer(said)
    if (said.code >= 400) c.close()
  })
}
