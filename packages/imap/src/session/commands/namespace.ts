/** NAMESPACE (RFC 2342, RFC 9051 §6.3.10). Authenticated state. */
import { DELIMITER } from '../../syntax/mailbox-name.js'
import { ok } from '../../syntax/status.js'
import type { Command } from '../extension.js'

/** All mailboxes that a store shows stand in one personal namespace. */
export const namespace: Command<void> = {
  name: 'NAMESPACE',
  states: ['authenticated', 'selected'],
  parse() {},
  run(session) {
    session.out.line(`* NAMESPACE (("" "${DELIMITER}")) NIL NIL`)
    return ok('NAMESPACE completed')
  },
}
