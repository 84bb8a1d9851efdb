import { fromUtf8 } from '../../bytes.js'
import { credential, oneResponse } from './exchange.js'
import type { SaslClientMechanism } from './mechanism.js'

/** EXTERNAL (RFC 4422 Appendix A): the client's TLS certificate says who it is. */
export const externalClient: SaslClientMechanism = {
  name: 'EXTERNAL',
  usable: ({ certificate }, { tls }) => certificate === true && tls !== null,
  start: ({ authorizationId = '' }) =>
    oneResponse('EXTERNAL', () =>
      fromUtf8(authorizationId === '' ? '' : credential('authorization identity', authorizationId)),
    ),
}
