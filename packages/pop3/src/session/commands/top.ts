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
    const found = findMessage(context, words, 2)
    if (found) await sendMessage(context, found.number, 'top of message follows', createTopCutter(lines))
  },
}
