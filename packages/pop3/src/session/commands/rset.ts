import type { TransactionCommand } from './command.js'

/** RSET (RFC 1939 §5): takes all marks back. */
export const rset: TransactionCommand = {
  keyword: 'RSET',
  states: ['transaction'],
  run({ drop, ok }) {
    drop.reset()
    ok('nothing is deleted')
  },
}
