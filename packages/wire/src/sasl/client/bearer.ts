/** OAUTHBEARER (RFC 7628) and XOAUTH2: a token in place of a password. */
import { fromUtf8, utf8 } from '../../bytes.js'
import { SaslError } from '../errors.js'
import { encodeSaslName } from '../text.js'
import { credential } from './exchange.js'
import type { SaslClientExchange, SaslClientMechanism, SaslCredentials } from './mechanism.js'

/** Octets of a server's refusal that are kept. */
const MAX_REFUSAL = 4096

/** OAUTHBEARER (RFC 7628). */
export const oauthBearerClient: SaslClientMechanism = {
  name: 'OAUTHBEARER',
  usable: ({ token }, { secure }) => secure && token !== undefined,
  start(credentials, { host, port }) {
    return exchange(
      credentials,
      (token) => {
        const name = credentials.authorizationId ?? credentials.user
        const header = name === undefined ? 'n,,' : `n,a=${encodeSaslName(userName(name))},`
        return `${header}\x01host=${host}\x01port=${port}\x01auth=Bearer ${token}\x01\x01`
      },
      // RFC 7628 §3.2.3: a refusal is confirmed with U+0001 alone.
      Uint8Array.of(1),
    )
  },
}

/** XOAUTH2, which Google and Microsoft have. */
export const xoauth2Client: SaslClientMechanism = {
  name: 'XOAUTH2',
  usable: ({ token, user }, { secure }) => secure && token !== undefined && user !== undefined,
  start(credentials) {
    return exchange(
      credentials,
      (token) => `user=${userName(credentials.user ?? '')}\x01auth=Bearer ${token}\x01\x01`,
      new Uint8Array(0),
    )
  },
}

function exchange(
  { token }: SaslCredentials,
  message: (token: string) => string,
  confirmation: Uint8Array,
): SaslClientExchange {
  let refusal: string | null = null
  return {
    get refusal() {
      return refusal
    },
    async start() {
      const text = typeof token === 'function' ? await token() : (token ?? '')
      for (let i = 0; i < text.length; i++) {
        const code = text.charCodeAt(i)
        if (code < 33 || code > 126) throw new SaslError('credentials', 'the token holds a character no token has')
      }
      return fromUtf8(message(credential('token', text)))
    },
    respond(challenge) {
      if (refusal !== null) throw new SaslError('challenge', 'the server goes on after it has refused the token')
      refusal = utf8(challenge.subarray(0, MAX_REFUSAL))
      return confirmation
    },
    finish() {
      if (refusal !== null) throw new SaslError('challenge', 'the server refused the token and then accepted it')
    },
  }
}

/** U+0001 ends a field. */
function userName(name: string): string {
  if (name.includes('\x01')) throw new SaslError('credentials', 'the user name holds U+0001; it cannot be sent')
  return credential('user name', name)
}
