import type { TransactionCommand } from './command.js'

/** NOOP (RFC 1939 §5). */
export const noop: TransactionCommand = { keyword: 'NOOP', states: ['transaction'], run: ({ ok }) => ok('still here') }
