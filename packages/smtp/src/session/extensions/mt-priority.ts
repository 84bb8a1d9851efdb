/** MT-PRIORITY (RFC 6710): how urgent a message is, from -9 to 9. */
import { parseNumber } from '../../syntax/parameters.js'
import { replies } from '../../syntax/replies.js'
import { type Reply, reply } from '../../syntax/reply.js'
import { annotation } from '../annotations.js'
import type { SmtpHandler, SmtpSession } from '../handler.js'
import type { Transaction } from '../transaction.js'

/** The note on a transaction whose MAIL had MT-PRIORITY: -9 to 9. */
export const priority = annotation<number>('MT-PRIORITY')

/** The note on a transaction whose priority is less than its client has asked for. */
const lowered = annotation<true>('MT-PRIORITY lowered')

/** RFC 6710 §10: who has asked for more hears the new priority, with the word that the message is accepted. */
export function withPriority(answer: Reply, transaction: Transaction): Reply {
  if (answer.code !== 250 || !transaction.get(lowered)) return answer
  const [first, ...more] = [answer.text].flat()
  return reply(250, '2.3.6', [`${transaction.get(priority)} is the new priority; ${first}`, ...more])
}

/** What `mtPriorityExtension` takes; everything has a default. */
export interface MtPriorityOptions {
  /** The priority assignment policy that is announced: `MIXER`, `STANAG4406`, `NSEP` (§9). Default: none. */
  readonly profile?: string
  /** The highest priority that a client may ask for; more is lowered to it, which `250 2.3.6` says (§4.1). Default: 9 after login, else 0. */
  readonly highest?: (session: SmtpSession) => number
}

/** MT-PRIORITY (RFC 6710): the note `priority` on the transaction. */
export function mtPriorityExtension(options: MtPriorityOptions = {}): SmtpHandler {
  const highest = options.highest ?? ((session: SmtpSession) => (session.identity ? 9 : 0))
  return {
    name: 'MT-PRIORITY',
    keywords: () => [options.profile === undefined ? 'MT-PRIORITY' : `MT-PRIORITY ${options.profile}`],
    mailParameters: new Map([
      [
        'MT-PRIORITY',
        (value, transaction, session) => {
          const negative = value?.charCodeAt(0) === 45
          const digit = parseNumber(value === null ? null : value.slice(negative ? 1 : 0), 1)
          if (digit === null || (negative && digit === 0)) return replies.badParameter('MT-PRIORITY is -9 to 9')
          const asked = negative ? -digit : digit
          const given = Math.min(asked, highest(session))
          transaction.set(priority, given)
          if (given < asked) transaction.set(lowered, true)
          return undefined
        },
      ],
    ]),
  }
}
