import { type Identity, saslprep } from '@posthouse/wire'
import type { SessionCommand } from './command.js'

/**
 * PASS (RFC 1939 §7), behind USER. The argument is taken whole: spaces belong to the password. Name and password reach
 * the verifier as they were sent, unless they hold what SASLprep prohibits (RFC 6856 §2.2).
 */
export const pass: SessionCommand = {
  keyword: 'PASS',
  states: ['authorization'],
  async run(context, { argument }) {
    const { setup, sasl, user } = context
    if (user === null || !setup.verifier.password) return context.mistake('send USER first')
    context.user = null
    if (saslprep(user) === null || saslprep(argument) === null) return context.refuse(user)
    let identity: Identity | null
    try {
      identity = await setup.verifier.password({ user, password: argument, authorizationId: null }, sasl)
    } catch (reason) {
      return context.unavailable(reason)
    }
    return identity ? context.login(identity) : context.refuse(user)
  },
}
