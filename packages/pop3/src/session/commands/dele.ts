import type { TransactionCommand } from './command.js'
import { findMessage } from './message.js'

/** DELE (RFC 1939 §5): marks a message; QUIT removes it. */
export const dele: TransactionCommand = {
  keyword: 'DELE',
  states: ['transaction'],
  run(context, { words }) {
    const message = findMessage(context, words[0])
    if (!message) return
    context.drop.mark(message)
    context.ok('marked as deleted')
  },
}
