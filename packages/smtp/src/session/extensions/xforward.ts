/** XFORWARD (as Postfix documents it): a trusted filter says where a message came from, for logs and traces only. */
import { replies } from '../../syntax/replies.js'
import { reply } from '../../syntax/reply.js'
import { annotation } from '../annotations.js'
import type { SmtpHandler } from '../handler.js'
import { readAttributes } from './attributes.js'
import { speaksForOthers, type TrustedPeers } from './xclient.js'

const NAMES = ['NAME', 'ADDR', 'PORT', 'PROTO', 'HELO', 'IDENT', 'SOURCE']

/**
 * The note on a session: what XFORWARD said of the next message, by name in upper case; `null` for what is not available.
 * It is gone when the transaction ends, and behind RSET, EHLO, XCLIENT and STARTTLS.
 */
export const forwarded = annotation<ReadonlyMap<string, string | null>>('XFORWARD', { until: 'transaction' })

/** XFORWARD: a filter is told, for its log, where a message came from. */
export function xforwardExtension(peers: TrustedPeers): SmtpHandler {
  return {
    name: 'XFORWARD',
    keywords: (session) => (speaksForOthers(session, peers) ? [`XFORWARD ${NAMES.join(' ')}`] : []),
    commands: new Map([
      [
        'XFORWARD',
        (argument, session) => {
          if (!speaksForOthers(session, peers)) return reply(550, '5.7.0', 'XFORWARD is not for you')
          if (session.transaction) return replies.badSequence('Not during a mail transaction')
          const attributes = readAttributes(argument, NAMES)
          if (!attributes) return replies.badParameter('Bad XFORWARD attributes')
          session.set(forwarded, new Map([...(session.get(forwarded) ?? []), ...attributes]))
          return replies.ok()
        },
      ],
    ]),
  }
}
