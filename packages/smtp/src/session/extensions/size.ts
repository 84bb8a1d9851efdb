/** SIZE (RFC 1870): the limit is announced, checked against what MAIL announces, and again while the octets stream. */
import { parseNumber } from '../../syntax/parameters.js'
import { replies } from '../../syntax/replies.js'
import type { SmtpHandler, SmtpSession } from '../handler.js'
import { told } from './limits.js'

/** `inMemory`: messages are kept in memory, so that limit counts too. */
export function size(inMemory: boolean): SmtpHandler {
  const limit = ({ limits }: SmtpSession): number =>
    inMemory ? Math.min(limits.messageSize, limits.messageInMemory) : limits.messageSize
  return {
    name: 'SIZE',
    // RFC 1870 §4: 0 is no limit.
    keywords: (session) => [`SIZE ${told(limit(session))}`],
    mailParameters: new Map([
      [
        'SIZE',
        (value, transaction, session) => {
          // RFC 1870 §5 allows 20 digits; more than 15 are too many for anybody's disk.
          const octets = value !== null && value.length > 15 ? parseNumber(value, 20) : parseNumber(value)
          if (octets === null) return replies.badParameter('SIZE is a number of octets')
          if (octets > limit(session)) return replies.messageTooBig(limit(session))
          transaction.size = octets
          return undefined
        },
      ],
    ]),
  }
}
