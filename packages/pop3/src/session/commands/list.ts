import type { TransactionCommand } from './command.js'
import { list } from './listing.js'

/** LIST (RFC 1939 §5): octets of each message as they are served. */
export const listCommand: TransactionCommand = {
  keyword: 'LIST',
  states: ['transaction'],
  run: (context, command) => list(context, command, ({ size }) => String(size)),
}
