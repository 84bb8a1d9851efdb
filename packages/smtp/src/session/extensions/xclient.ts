/**
 * XCLIENT (as Postfix documents it): a trusted proxy or filter says who the client really is. The dialogue then
 * starts anew, as if that client had just connected.
 */

import { addressOctets, plainAddress } from '@posthouse/wire'
import { parseNumber } from '../../syntax/parameters.js'
import { replies } from '../../syntax/replies.js'
import { reply } from '../../syntax/reply.js'
import type { ClientDetails, SmtpHandler, SmtpSession } from '../handler.js'
import { readAttributes } from './attributes.js'

const NAMES = ['NAME', 'ADDR', 'PORT', 'PROTO', 'HELO', 'LOGIN', 'DESTADDR', 'DESTPORT']

/** Somebody who wants to speak for others, and where. */
export type Speaker = Pick<SmtpSession, 'peer' | 'local' | 'tls' | 'loopback'>

/** Whose XCLIENT or XFORWARD is believed. */
export interface TrustedPeers {
  /**
   * Decides by who the other end is (`peer`), or by where it came in (`local`). Whoever passes may claim to be anybody.
   *
   * Behind XCLIENT a proxy may do no more than pass on what its client says. So the client is asked about then, too: it
   * comes as `peer`, without TLS. A proxy that sends several clients over one connection needs a listener of its own, and
   * a function that trusts everybody there.
   */
  readonly trusted: (speaker: Speaker) => boolean
}

/** May whoever speaks now say who a client is? */
export function speaksForOthers(session: SmtpSession, { trusted }: TrustedPeers): boolean {
  if (!trusted(session)) return false
  const { remote, local, proxied } = session
  return !proxied || trusted({ peer: remote, local, tls: null, loopback: false })
}

/** XCLIENT: a proxy says for whom it speaks. */
export function xclientExtension(peers: TrustedPeers): SmtpHandler {
  return {
    name: 'XCLIENT',
    keywords: (session) => (speaksForOthers(session, peers) ? [`XCLIENT ${NAMES.join(' ')}`] : []),
    commands: new Map([
      [
        'XCLIENT',
        (argument, session) => {
          if (!speaksForOthers(session, peers)) return reply(550, '5.7.0', 'XCLIENT is not for you')
          if (session.transaction) return replies.badSequence('Not during a mail transaction')
          const attributes = readAttributes(argument, NAMES)
          if (!attributes) return replies.badParameter('Bad XCLIENT attributes')
          const details = readDetails(attributes)
          if (!details) return replies.badParameter('Bad XCLIENT attributes')
          session.impersonate(details)
          return reply(220, null, session.banner)
        },
      ],
    ]),
  }
}

function readDetails(attributes: ReadonlyMap<string, string | null>): ClientDetails | null {
  const details: { -readonly [K in keyof ClientDetails]: ClientDetails[K] } = {}
  for (const [name, value] of attributes) {
    switch (name) {
      case 'NAME':
        details.remoteName = value
        break
      case 'ADDR': {
        const address = value === null ? '' : addressOf(value)
        if (address === null) return null
        details.address = address
        break
      }
      case 'PORT': {
        const port = value === null ? 0 : parseNumber(value, 5)
        if (port === null || port > 65_535) return null
        details.port = port
        break
      }
      case 'HELO':
        details.helo = value
        break
      case 'LOGIN':
        details.identity = value === null ? null : { account: value }
        break
      default:
    }
  }
  return details
}

/** `192.0.2.1` or `IPV6:2001:db8::1`; `null` for what is no address. */
function addressOf(value: string): string | null {
  const text = value.toUpperCase().startsWith('IPV6:') ? value.slice(5) : value
  return addressOctets(text) === null ? null : plainAddress(text)
}
