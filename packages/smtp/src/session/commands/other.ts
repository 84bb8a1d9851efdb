/** HELP, VRFY, EXPN, ETRN (RFC 5321 §4.1.1, RFC 1985), and the verbs that handlers bring along. */
import type { MaybePromise } from '@posthouse/wire'
import type { Command } from '../../syntax/command.js'
import { replies } from '../../syntax/replies.js'
import { type Reply, reply } from '../../syntax/reply.js'
import { isReply, noAnswer } from '../answers.js'
import { type Conversation, failed } from '../conversation.js'
import type { Owned } from '../parts.js'
import { isPromise } from '../stages.js'
import { connect } from './connect.js'

export function other(c: Conversation, command: Command): MaybePromise<void> {
  if (!('argument' in command)) return c.answer(replies.notImplemented())
  const verb = command.verb === 'OTHER' ? command.name : command.verb
  const owned = c.setup.parts.commands.get(verb)
  if (!owned) return c.answer(defaultReply(command.verb))
  try {
    const answer = owned.run(command.argument, c.session)
    if (!isPromise(answer)) return conclude(c, verb, answer, owned)
    c.waitsFor(verb, owned)
    return answer
      .catch((error: unknown) => failed(c, verb, error, owned))
      .then((said) => conclude(c, verb, said, owned))
  } catch (error) {
    return conclude(c, verb, failed(c, verb, error, owned), owned)
  }
}

function conclude(c: Conversation, verb: string, answer: Reply, by: Owned<unknown>): MaybePromise<void> {
  const said = isReply(answer) ? answer : failed(c, verb, noAnswer(verb, by.name, answer), by)
  if (!c.session.impersonated) return c.answer(said)
  // Whoever decides about clients has not seen this one.
  c.session.impersonated = false
  return connect(c, said)
}

function defaultReply(verb: Command['verb']): Reply {
  switch (verb) {
    case 'HELP':
      return reply(214, '2.0.0', 'See RFC 5321')
    case 'VRFY':
      // RFC 5321 §7.3: whether somebody lives here is nobody's business.
      return reply(252, '2.5.0', 'Cannot verify; send mail to try')
    default:
      return replies.notImplemented()
  }
}
