import { sendMessage } from '../retrieve.js'
import type { TransactionCommand } from './command.js'
import { findMessage } from './message.js'

/** RETR (RFC 1939 §5): a message, no faster than the client reads. */
export const retr: TransactionCommand = {
  keyword: 'RETR',
  states: ['transaction'],
  async run(context, { words }) {
    const message = findMessage(context, words[0])
    if (!message) return
    if (await sendMessage(context, message, `${message.size} octets`)) message.retrieved = true
  },
}
