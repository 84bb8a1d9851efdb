import { parseNumber } from '../../syntax/command.js'
import type { MaildropMessage } from '../maildrop.js'
import type { TransactionContext } from './command.js'

/** The message a number names, or `null` after the `-ERR` was said. Marked messages do not exist (RFC 1939 §5). */
export function findMessage(context: TransactionContext, text: string | undefined): MaildropMessage | null {
  const number = parseNumber(text)
  if (number === null) {
    context.mistake('a message number is missing')
    return null
  }
  const message = context.drop.messages[number - 1]
  if (message && !message.deleted) return message
  context.error('no such message')
  return null
}
