/** AUTH (RFC 4954): the mechanisms that work on this connection now, and the AUTH parameter of MAIL. */
import { replies } from '../../syntax/replies.js'
import { decodeXtext } from '../../syntax/xtext.js'
import type { SmtpHandler, SmtpSession } from '../handler.js'

/** `mechanisms` names what is offered; none: AUTH is not announced. */
export function auth(mechanisms: (session: SmtpSession) => readonly { readonly name: string }[]): SmtpHandler {
  return {
    name: 'AUTH',
    keywords(session) {
      const names = session.identity ? [] : mechanisms(session).map(({ name }) => name)
      return names.length > 0 ? [`AUTH ${names.join(' ')}`] : []
    },
    mailParameters: new Map([
      [
        'AUTH',
        (value) => {
          // RFC 4954 §5: who submitted the message first. Nobody here trusts it, so it is read and forgotten.
          const text = value === null ? null : decodeXtext(value)
          return text === null || text === '' ? replies.badParameter('AUTH is <> or an address in xtext') : undefined
        },
      ],
    ]),
  }
}
