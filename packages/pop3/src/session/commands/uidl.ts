import type { TransactionCommand } from './command.js'
import { list } from './listing.js'

/** UIDL (RFC 1939 §7): a name for each message that stays the same over all sessions. */
export const uidl: TransactionCommand = {
  keyword: 'UIDL',
  states: ['transaction'],
  capabilities: () => ['UIDL'],
  run(context, command) {
    const { drop, setup } = context
    return list(context, command, ({ uid, emailId }) => setup.uniqueId({ uid, emailId, uidValidity: drop.uidValidity }))
  },
}
