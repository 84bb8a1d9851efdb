/** UNSELECT (RFC 3691, RFC 9051 §6.4.2). Selected state. */
import { ok } from '../../syntax/status.js'
import type { Command } from '../extension.js'

/** As CLOSE, but nothing is expunged. */
export const unselect: Command<void> = {
  name: 'UNSELECT',
  states: ['selected'],
  updates: 'none',
  parse() {},
  run(session) {
    session.select(null)
    return ok('UNSELECT completed')
  },
}
