/** CAPABILITY, NOOP and LOGOUT (RFC 9051 §6.1). Any state. */
import { ok } from '../../syntax/status.js'
import type { Command } from '../extension.js'

const ANY = ['not-authenticated', 'authenticated', 'selected'] as const

/** RFC 9051 §6.1.1 */
export const capability: Command<void> = {
  name: 'CAPABILITY',
  states: ANY,
  parse() {},
  run(session) {
    session.out.line(`* CAPABILITY ${session.capabilities().join(' ')}`)
    return ok('CAPABILITY completed')
  },
}

/** RFC 9051 §6.1.2: the moment for all that has changed. */
export const noop: Command<void> = {
  name: 'NOOP',
  states: ANY,
  checkpoint: true,
  parse() {},
  run: () => ok('NOOP completed'),
}

/** RFC 9051 §6.1.3 */
export const logout: Command<void> = {
  name: 'LOGOUT',
  states: ANY,
  updates: 'none',
  parse() {},
  run(session) {
    session.out.line('* BYE Until next time')
    session.logout()
    return ok('LOGOUT completed')
  },
}
