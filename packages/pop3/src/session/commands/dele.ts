import type { TransactionCommand } from './command.js'
import { findMessage } from './message.js'

/** DELE (RFC 1939 §5): marks a message; QUIT removes it. Refused where QUIT could not. */
export const dele: TransactionCommand = {
  keyword: 'DELE',
  states: ['transaction'],
  run(context, { words }) {
    const found = findMessage(context, words)
    if (!found) return
    if (!context.drop.canDelete) return context.error('this maildrop can only be read', 'SYS/PERM')
    context.drop.mark(found.message)
    context.ok('marked as deleted')
  },
}
