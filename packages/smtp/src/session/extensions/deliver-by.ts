/** DELIVERBY (RFC 2852): a message that is worth nothing after some time. */
import { parseNumber } from '../../syntax/parameters.js'
import { replies } from '../../syntax/replies.js'
import { reply } from '../../syntax/reply.js'
import { annotation } from '../annotations.js'
import type { SmtpHandler } from '../handler.js'

/** BY of MAIL. */
export interface DeliverBy {
  /** Seconds from now, at the time of MAIL; may be negative with `notify`. */
  readonly seconds: number
  /** What happens when the time is over: the message goes back, or the sender is told that it is late. */
  readonly mode: 'return' | 'notify'
  /** The sender wants a notice from each relay. */
  readonly trace: boolean
}

/** The note on a transaction whose MAIL had BY. */
export const deliverBy = annotation<DeliverBy>('DELIVERBY')

/** Announces DELIVERBY; `minimum`: seconds that this server needs at least. Add it where the time is kept. */
export function deliverByExtension(options: { readonly minimum?: number } = {}): SmtpHandler {
  const { minimum } = options
  return {
    name: 'DELIVERBY',
    keywords: () => [minimum === undefined ? 'DELIVERBY' : `DELIVERBY ${minimum}`],
    mailParameters: new Map([
      [
        'BY',
        (value, transaction) => {
          const by = readBy(value)
          if (!by) return replies.badParameter('BY is seconds, ";", R or N, and perhaps T')
          // §4: a message that must go back at once is refused at once.
          if (by.mode === 'return' && minimum !== undefined && by.seconds < minimum) {
            return reply(550, '5.4.7', `Delivery may take ${minimum} seconds`)
          }
          transaction.set(deliverBy, by)
          return undefined
        },
      ],
    ]),
  }
}

/** RFC 2852 §4: `["-" / "+"]1*9DIGIT ";" ("N" / "R") ["T"]`; with R the time must lie ahead. */
function readBy(value: string | null): DeliverBy | null {
  if (value === null) return null
  const semicolon = value.indexOf(';')
  const negative = value.charCodeAt(0) === 45
  const signed = negative || value.charCodeAt(0) === 43
  const number = semicolon < 1 ? null : parseNumber(value.slice(signed ? 1 : 0, semicolon), 9)
  if (number === null) return null
  const seconds = negative ? -number : number
  const letters = value.slice(semicolon + 1).toUpperCase()
  if (letters !== 'R' && letters !== 'N' && letters !== 'RT' && letters !== 'NT') return null
  const mode = letters.startsWith('R') ? 'return' : 'notify'
  if (mode === 'return' && seconds <= 0) return null
  return { seconds, mode, trace: letters.length === 2 }
}
