import { parseNumber } from '../../syntax/command.js'
import type { MaildropMessage } from '../maildrop.js'
import type { TransactionContext } from './command.js'

/** A message and its number. */
export interface Numbered {
  readonly number: number
  readonly message: MaildropMessage
}

/**
 * The message that the first of so many words names, or `null` after the `-ERR` was said. Marked messages do not exist
 * (RFC 1939 §5). More words are a mistake, so that nobody believes `DELE 1 2` deletes two.
 */
export function findMessage(context: TransactionContext, words: readonly string[], most = 1): Numbered | null {
  const number = words.length > most ? null : parseNumber(words[0])
  if (number === null) {
    context.mistake('one message number is wanted')
    return null
  }
  const message = context.drop.messages[number - 1]
  if (message && !message.deleted) return { number, message }
  context.error('no such message')
  return null
}
