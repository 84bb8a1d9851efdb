/** FUTURERELEASE (RFC 4865): a submitted message that waits before it is sent. */
import { parseNumber } from '../../syntax/parameters.js'
import { replies } from '../../syntax/replies.js'
import { reply } from '../../syntax/reply.js'
import { annotation } from '../annotations.js'
import type { SmtpHandler, SmtpSession } from '../handler.js'
import type { Transaction } from '../transaction.js'

/** The note on a transaction that waits: milliseconds since the epoch when it may go. */
export const releaseAt = annotation<number>('FUTURERELEASE')

/** Announces FUTURERELEASE to who has logged in; `maximum`: seconds a message may wait. Add it where messages do wait. */
export function futureReleaseExtension(options: { readonly maximum: number }): SmtpHandler {
  const { maximum } = options

  function hold(at: number | null, transaction: Transaction, session: SmtpSession) {
    // §4: only for submission, so only after a login.
    if (!session.identity) return replies.authenticationRequired()
    if (at === null) return replies.badParameter('HOLDFOR is seconds, HOLDUNTIL a date and time of RFC 3339')
    if (transaction.get(releaseAt) !== undefined) return replies.badParameter('HOLDFOR or HOLDUNTIL, not both')
    if (at - session.now() > maximum * 1000) return reply(501, '5.5.4', `A message may wait for ${maximum} seconds`)
    transaction.set(releaseAt, at)
    return undefined
  }

  return {
    name: 'FUTURERELEASE',
    keywords(session) {
      if (!session.identity) return []
      const latest = new Date(session.now() + maximum * 1000).toISOString()
      return [`FUTURERELEASE ${maximum} ${latest.slice(0, 19)}Z`]
    },
    mailParameters: new Map([
      [
        'HOLDFOR',
        (value, transaction, session) => {
          const seconds = parseNumber(value, 9)
          // RFC 4865 wants a positive integer.
          return hold(seconds === null || seconds === 0 ? null : session.now() + seconds * 1000, transaction, session)
        },
      ],
      ['HOLDUNTIL', (value, transaction, session) => hold(readDateTime(value), transaction, session)],
    ]),
  }
}

/** A date-time of RFC 3339 §5.6 as milliseconds since the epoch, or `null`. */
function readDateTime(value: string | null): number | null {
  if (value === null || value.length < 20 || value.length > 40) return null
  const shape = '0000-00-00T00:00:00'
  for (let i = 0; i < shape.length; i++) {
    const digit = value.charCodeAt(i) >= 48 && value.charCodeAt(i) <= 57
    if (shape[i] === '0' ? !digit : value[i].toUpperCase() !== shape[i]) return null
  }
  const text = value.toUpperCase()
  const ms = Date.parse(text)
  // What a zone can be added to has none, and `Date` would take it for a time of this machine.
  return Number.isNaN(ms) || !Number.isNaN(Date.parse(`${text}Z`)) ? null : ms
}
