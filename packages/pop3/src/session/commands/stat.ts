import type { TransactionCommand } from './command.js'

/** STAT (RFC 1939 §5): messages and octets that are not marked as deleted. */
export const stat: TransactionCommand = {
  keyword: 'STAT',
  states: ['transaction'],
  run: ({ drop, ok }) => ok(`${drop.count} ${drop.octets}`),
}
