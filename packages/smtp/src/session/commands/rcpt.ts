/** RCPT (RFC 5321 §4.1.1.3). Valid after MAIL. */
import type { MaybePromise } from '@posthouse/wire'
import { type Mailbox, needsUtf8 } from '../../syntax/address.js'
import type { Parameters } from '../../syntax/parameters.js'
import { replies } from '../../syntax/replies.js'
import { type Reply, reply } from '../../syntax/reply.js'
import { ask, type Conversation } from '../conversation.js'
import { andThen } from '../stages.js'
import { RecipientState, type TransactionState } from '../transaction.js'
import { readParameters } from './mail.js'

export function rcpt(c: Conversation, forwardPath: Mailbox, parameters: Parameters): MaybePromise<void> {
  const { session, setup } = c
  const transaction = session.transaction as TransactionState
  if (transaction.recipients.length >= session.limits.recipients) return refuse(c, replies.tooManyRecipients())
  if (!transaction.smtputf8 && needsUtf8(forwardPath)) {
    return refuse(c, reply(553, '5.6.7', 'This recipient address needs SMTPUTF8'))
  }
  const recipient = new RecipientState(forwardPath)
  const read = readParameters(c, 'rcpt', parameters, setup.parts.rcptParameters, recipient)
  return andThen(read, (bad) => (bad ? refuse(c, bad) : askHandlers(c, recipient, transaction)))
}

function askHandlers(c: Conversation, recipient: RecipientState, transaction: TransactionState): MaybePromise<void> {
  const { session, setup } = c
  const verdict = ask(c, 'rcpt', setup.parts.on.rcpt, (handler) => handler.rcpt(recipient, transaction, session))
  return andThen(verdict, (answer: Reply = replies.recipientOk()) => {
    if (answer.code >= 300) return refuse(c, answer)
    transaction.recipients.push(recipient)
    c.answer(answer)
  })
}

/** Every refusal counts, whoever has made it. */
function refuse(c: Conversation, answer: Reply): void {
  const { session } = c
  const { refusedRecipients, deferredRecipients } = session.limits
  const tooMany =
    answer.code >= 500
      ? ++session.refusedRecipients > refusedRecipients
      : ++session.deferredRecipients > deferredRecipients
  c.answer(tooMany ? replies.tooManyUnknown() : answer)
}
