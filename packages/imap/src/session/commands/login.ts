/** LOGIN (RFC 9051 §6.2.3). Not authenticated state. */
import { no, type Status } from '../../syntax/status.js'
import type { Command } from '../extension.js'
import { enter, loginError, refuseLogin } from '../login.js'
import type { ImapSession } from '../session.js'

interface LoginArgs {
  readonly user: string
  readonly password: string
}

async function run(session: ImapSession, { user, password }: LoginArgs): Promise<Status> {
  const { verifier } = session.server
  const context = session.sasl()
  // RFC 9051 §6.2.3, LOGINDISABLED: the password is burnt already; at least it is not asked for again.
  if (!context.secure) return no('A password needs an encrypted connection: use STARTTLS first', 'PRIVACYREQUIRED')
  if (!verifier.password) return no('LOGIN is not possible here')
  // What is no UTF-8 must not become the name or the password of somebody else (RFC 9051 §6.2.3).
  const malformed = user === '' || password === '' || user.includes('\ufffd') || password.includes('\ufffd')
  if (malformed) return refuseLogin(session, 'malformed', user)
  try {
    const identity = await verifier.password({ user, password, authorizationId: null }, context)
    return identity ? await enter(session, identity) : await refuseLogin(session, 'credentials', user)
  } catch (error) {
    return loginError(session, error, user)
  }
}

export const login: Command<LoginArgs> = {
  name: 'LOGIN',
  states: ['not-authenticated'],
  parse(cursor) {
    cursor.space()
    const user = cursor.text('User name')
    cursor.space()
    return { user, password: cursor.text('Password') }
  },
  run,
}
