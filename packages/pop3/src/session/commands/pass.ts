import type { Identity } from '@posthouse/wire'
import type { SessionCommand } from './command.js'

/** PASS (RFC 1939 §7), behind USER. The argument is taken whole: spaces belong to the password. */
export const pass: SessionCommand = {
  keyword: 'PASS',
  states: ['authorization'],
  async run(context, { argument }) {
    const { setup, sasl, user } = context
    if (user === null || !setup.verifier.password) return context.mistake('send USER first')
    context.user = null
    let identity: Identity | null
    try {
      identity = await setup.verifier.password({ user, password: argument, authorizationId: null }, sasl)
    } catch (reason) {
      return context.unavailable(reason)
    }
    return identity ? context.login(identity) : context.refuse(user)
  },
}
