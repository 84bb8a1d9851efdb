/** MAIL (RFC 5321 §4.1.1.2). Valid between transactions. */
import type { MaybePromise } from '@posthouse/wire'
import { type Mailbox, needsUtf8 } from '../../syntax/address.js'
import type { Parameters } from '../../syntax/parameters.js'
import { replies } from '../../syntax/replies.js'
import { type Reply, reply } from '../../syntax/reply.js'
import { ask, type Conversation } from '../conversation.js'
import type { ParameterReader } from '../handler.js'
import { andThen } from '../stages.js'
import { TransactionState } from '../transaction.js'

export function mail(c: Conversation, reversePath: Mailbox | null, parameters: Parameters): MaybePromise<void> {
  const { session, setup } = c
  const { transactions } = session.limits
  if (transactions > 0 && session.messages >= transactions) return c.answer(replies.tooManyMessages())
  const transaction = new TransactionState(reversePath, setup.makeId, c.link)
  const bad = readParameters(parameters, setup.parts.mailParameters, transaction, c)
  if (bad) return c.answer(bad)
  // RFC 6531 §3.4: an address beyond ASCII must be announced.
  if (reversePath && !transaction.smtputf8 && needsUtf8(reversePath)) {
    return c.answer(reply(553, '5.6.7', 'This sender address needs SMTPUTF8'))
  }
  const verdict = ask(c, 'mail', setup.parts.on.mail, (handler) => handler.mail(transaction, session))
  return andThen(verdict, (answer: Reply = replies.senderOk()) => {
    if (answer.code < 300) session.transaction = transaction
    c.answer(answer)
  })
}

/** Lets the handlers that know them read the parameters of a command. */
export function readParameters<Target>(
  parameters: Parameters,
  readers: ReadonlyMap<string, ParameterReader<Target>>,
  target: Target,
  c: Conversation,
): Reply | undefined {
  if (parameters.size === 0) return undefined
  for (const [name, value] of parameters) {
    const read = readers.get(name)
    // RFC 5321 §4.1.1.11: parameters that are not known are refused, not skipped.
    if (!read) return replies.unknownParameter(name)
    const bad = read(value, target, c.session)
    if (bad) return bad
  }
  return undefined
}
