import { fromUtf8 } from '../../bytes.js'
import { credential, oneResponse } from './exchange.js'
import type { SaslClientMechanism } from './mechanism.js'

/** PLAIN (RFC 4616). The password crosses the connection: only where `context.secure`. */
export const plainClient: SaslClientMechanism = {
  name: 'PLAIN',
  usable: ({ user, password }, { secure }) => secure && user !== undefined && password !== undefined,
  start: ({ user = '', password = '', authorizationId = '' }) =>
    oneResponse('PLAIN', () => {
      const authority = authorizationId === '' ? '' : credential('authorization identity', authorizationId)
      return fromUtf8(`${authority}\0${credential('user name', user)}\0${credential('password', password)}`)
    }),
}
