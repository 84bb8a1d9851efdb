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

/** CHUNKING (RFC 3030 §2): BDAT. */
export const chunking: SmtpHandler = { name: 'CHUNKING', keywords: () => ['CHUNKING'] }

/** BODY of MAIL (RFC 6152 §2, RFC 3030 §3). */
export function bodyParameter(kinds: readonly Transaction['body'][]): ParameterReader<Transaction> {
  return (value, transaction) => {
    const kind = kinds.find((one) => one === value?.toUpperCase())
    if (!kind) return replies.badParameter(`BODY is ${kinds.join(' or ')}`)
    transaction.body = kind
    return undefined
  }
}

/** 8BITMIME (RFC 6152). */
export const eightBitMime: SmtpHandler = {
  name: '8BITMIME',
  keywords: () => ['8BITMIME'],
  mailParameters: new Map([['BODY', bodyParameter(['7BIT', '8BITMIME'])]]),
}
