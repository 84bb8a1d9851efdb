/**
 * PRDR (draft-hall-prdr): per-recipient replies to a message over SMTP, as LMTP has them. After the message the
 * server says 353, a reply for each recipient, and one for all. A handler that answers `message` with a list of
 * replies is all that is needed.
 */
import { replies } from '../../syntax/replies.js'
import { annotation } from '../annotations.js'
import type { SmtpHandler } from '../handler.js'

/** The note on a transaction whose client wants a reply for each recipient. */
export const prdr = annotation<true>('PRDR')

/** PRDR (draft-hall-prdr): a reply for each recipient, where the client asks for it. */
export function prdrExtension(): SmtpHandler {
  return {
    name: 'PRDR',
    keywords: ({ protocol }) => (protocol === 'smtp' ? ['PRDR'] : []),
    mailParameters: new Map([
      [
        'PRDR',
        (value, transaction, session) => {
          if (session.protocol !== 'smtp') return replies.unknownParameter('PRDR')
          if (value !== null) return replies.badParameter('PRDR takes no value')
          transaction.set(prdr, true)
          return undefined
        },
      ],
    ]),
  }
}
