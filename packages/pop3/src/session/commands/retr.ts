import { sendMessage } from '../retrieve.js'
import type { TransactionCommand } from './command.js'
import { findMessage } from './message.js'

/** RETR (RFC 1939 §5): a message, no faster than the client reads. */
export const retr: TransactionCommand = {
  keyword: 'RETR',
  states: ['transaction'],
  async run(context, { words }) {
    const found = findMessage(context, words)
    if (!found) return
    const { number, message } = found
    if (await sendMessage(context, number, `${message.size} octets`)) message.retrieved = true
  },
}
