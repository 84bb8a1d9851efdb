/** The extensions that every server has and that need no decision: what they promise is done by the engine. */
import { replies } from '../../syntax/replies.js'
import type { ParameterReader, SmtpHandler } from '../handler.js'
import type { Transaction } from '../transaction.js'

/** PIPELINING (RFC 2920): all replies to a batch of commands leave in one write. */
export const pipelining: SmtpHandler = { name: 'PIPELINING', keywords: () => ['PIPELINING'] }

/** ENHANCEDSTATUSCODES (RFC 2034). */
export const enhancedStatusCodes: SmtpHandler = {
  name: 'ENHANCEDSTATUSCODES',
  keywords: () => ['ENHANCEDSTATUSCODES'],
}

/** BODY of MAIL (RFC 6152 §2, RFC 3030 §3). */
const body: ParameterReader<Transaction> = (value, transaction) => {
  const kind = value?.toUpperCase()
  if (kind !== '7BIT' && kind !== '8BITMIME' && kind !== 'BINARYMIME') {
    return replies.badParameter('BODY is 7BIT, 8BITMIME or BINARYMIME')
  }
  transaction.body = kind
  return undefined
}

/** 8BITMIME (RFC 6152). */
export const eightBitMime: SmtpHandler = {
  name: '8BITMIME',
  keywords: () => ['8BITMIME'],
  mailParameters: new Map([['BODY', body]]),
}

/** CHUNKING and BINARYMIME (RFC 3030): BDAT, and bodies that have no lines. */
export const chunking: SmtpHandler = { name: 'CHUNKING', keywords: () => ['CHUNKING', 'BINARYMIME'] }
