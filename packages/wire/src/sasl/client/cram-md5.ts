import { fromUtf8 } from '../../bytes.js'
import { SaslError } from '../errors.js'
import { hex, hmacMd5 } from '../md5.js'
import { credential } from './exchange.js'
import type { SaslClientMechanism } from './mechanism.js'

/** CRAM-MD5 (RFC 2195). Used only when it is asked for by name: a listener can try passwords against what it saw. */
export const cramMd5Client: SaslClientMechanism = {
  name: 'CRAM-MD5',
  usable: ({ user, password, authorizationId }) =>
    user !== undefined && password !== undefined && authorizationId === undefined,
  start({ user = '', password = '' }) {
    let answered = false
    return {
      refusal: null,
      start: () => null,
      respond(challenge) {
        if (answered) throw new SaslError('challenge', 'CRAM-MD5 has one challenge; the server sent a second')
        answered = true
        const digest = hex(hmacMd5(fromUtf8(credential('password', password)), challenge))
        return fromUtf8(`${credential('user name', user)} ${digest}`)
      },
      finish() {},
    }
  },
}
