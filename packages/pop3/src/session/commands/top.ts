import { parseNumber } from '../../syntax/command.js'
import { createTopCutter } from '../../syntax/top.js'
import { sendMessage } from '../retrieve.js'
import type { TransactionCommand } from './command.js'
import { findMessage } from './message.js'

/** TOP (RFC 1939 §7): the header and the first lines of the body. The rest of the message is not read. */
export const top: TransactionCommand = {
  keyword: 'TOP',
  states: ['transaction'],
  capabilities: () => ['TOP'],
  async run(context, { words }) {
    const lines = parseNumber(words[1])
    if (lines === null) return context.mistake('TOP needs a message number and a number of lines')
    const message = findMessage(context, words[0])
    if (message) await sendMessage(context, message, 'top of message follows', createTopCutter(lines))
  },
}
