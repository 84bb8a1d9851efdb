import type { Pop3Command } from '../../syntax/command.js'
import type { MaildropMessage } from '../maildrop.js'
import type { TransactionContext } from './command.js'
import { findMessage } from './message.js'

/** LIST and UIDL: a line for one message, or for each that is not marked as deleted, under the number it always has. */
export function list(
  context: TransactionContext,
  { words }: Pop3Command,
  value: (message: MaildropMessage) => string,
): void | Promise<void> {
  const { drop, engine, link } = context
  if (words.length > 0) {
    const found = findMessage(context, words)
    if (found) context.ok(`${found.number} ${value(found.message)}`)
    return
  }
  let lines = ''
  const { messages } = drop
  for (let i = 0; i < messages.length; i++) {
    if (!messages[i].deleted) lines += `${i + 1} ${value(messages[i])}\r\n`
  }
  engine.send({ type: 'lines', text: `${drop.count} messages`, lines })
  // A client that pipelines listings and does not read them is waited for.
  return link.flush()
}
