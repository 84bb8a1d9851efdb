/** MAIL (RFC 5321 §4.1.1.2). Valid between transactions. */
import type { MaybePromise } from '@posthouse/wire'
import { type Mailbox, needsUtf8 } from '../../syntax/address.js'
import type { Parameters } from '../../syntax/parameters.js'
import { replies } from '../../syntax/replies.js'
import { type Reply, reply } from '../../syntax/reply.js'
import { isReply } from '../answers.js'
import { ask, type Conversation } from '../conversation.js'
import type { ParameterReader } from '../handler.js'
import type { Owned } from '../parts.js'
import { andThen } from '../stages.js'
import { TransactionState } from '../transaction.js'

export function mail(c: Conversation, reversePath: Mailbox | null, parameters: Parameters): MaybePromise<void> {
  const { session, setup } = c
  const { transactions } = session.limits
  if (transactions > 0 && session.messages >= transactions) return c.answer(replies.tooManyMessages())
  const transaction = new TransactionState(reversePath, setup.makeId, c.link)
  const read = readParameters(c, 'mail', parameters, setup.parts.mailParameters, transaction)
  return andThen(read, (bad) => (bad ? c.answer(bad) : askHandlers(c, transaction)))
}

function askHandlers(c: Conversation, transaction: TransactionState): MaybePromise<void> {
  const { session, setup } = c
  const { reversePath, smtputf8 } = transaction
  // RFC 6531 §3.4: an address beyond ASCII must be announced.
  if (reversePath && !smtputf8 && needsUtf8(reversePath)) {
    return c.answer(reply(553, '5.6.7', 'This sender address needs SMTPUTF8'))
  }
  const verdict = ask(c, 'mail', setup.parts.on.mail, (handler) => handler.mail(transaction, session))
  return andThen(verdict, (answer: Reply = replies.senderOk()) => {
    if (answer.code < 300) session.transaction = transaction
    c.answer(answer)
  })
}

/** Lets the handlers that know them read the parameters of a command. The reply to one that is refused, or not known. */
export function readParameters<Target>(
  c: Conversation,
  stage: string,
  parameters: Parameters,
  readers: ReadonlyMap<string, Owned<ParameterReader<Target>>>,
  target: Target,
): MaybePromise<Reply | undefined> {
  if (parameters.size === 0) return undefined
  const known: Owned<ParameterReader<Target>>[] = []
  for (const key of parameters.keys()) {
    const reader = readers.get(key)
    // RFC 5321 §4.1.1.11: parameters that are not known are refused, not skipped.
    if (!reader) return replies.unknownParameter(key)
    known.push(reader)
  }
  const read = ({ key, run }: Owned<ParameterReader<Target>>) => run(parameters.get(key) ?? null, target, c.session)
  return ask(c, stage, known, read, refuses)
}

/** Its own answer decides about the command where a reader has none. */
function refuses(answer: unknown): boolean {
  return isReply(answer) && answer.code >= 400
}
