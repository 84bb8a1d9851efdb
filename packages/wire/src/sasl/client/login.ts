import { fromUtf8 } from '../../bytes.js'
import { SaslError } from '../errors.js'
import { credential } from './exchange.js'
import type { SaslClientMechanism } from './mechanism.js'

/** LOGIN (draft-murchison-sasl-login), for servers without PLAIN. It cannot act as another user. */
export const loginClient: SaslClientMechanism = {
  name: 'LOGIN',
  usable: ({ user, password, authorizationId }, { secure }) =>
    secure && user !== undefined && password !== undefined && authorizationId === undefined,
  start({ user = '', password = '' }) {
    const answers = [() => credential('user name', user), () => credential('password', password)]
    return {
      refusal: null,
      start: () => null,
      // The prompts are "Username:" and "Password:" by custom, and anything in practice: only their order counts.
      respond() {
        const answer = answers.shift()
        if (!answer) throw new SaslError('challenge', 'LOGIN has two prompts; the server sent a third')
        return fromUtf8(answer())
      },
      finish() {},
    }
  },
}
