/** SMTPUTF8 (RFC 6531): addresses and header fields beyond ASCII. */
import { replies } from '../../syntax/replies.js'
import type { SmtpHandler } from '../handler.js'

export const smtpUtf8: SmtpHandler = {
  name: 'SMTPUTF8',
  keywords: () => ['SMTPUTF8'],
  mailParameters: new Map([
    [
      'SMTPUTF8',
      (value, transaction) => {
        if (value !== null) return replies.badParameter('SMTPUTF8 takes no value')
        transaction.smtputf8 = true
        return undefined
      },
    ],
  ]),
}
