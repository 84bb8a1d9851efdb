import { addressOctets } from '@posthouse/wire'
import { annotation } from '../session/annotations.js'
import type { SmtpHandler, SmtpSession } from '../session/handler.js'
import { reply } from '../syntax/reply.js'
import { type Dns, isNotFound } from './dns.js'

/** What `dnsBlockList` takes. */
export interface DnsBlockListOptions {
  readonly dns: Pick<Dns, 'resolve4'>
  /** Zones of the lists: `zen.spamhaus.org`. */
  readonly zones: readonly string[]
  /** Recipients that anybody may write to (RFC 5321 §4.5.1: postmaster). Default: local parts `postmaster` and `abuse`. */
  readonly exempt?: (localPart: string) => boolean
}

const listed = annotation<Promise<string | null>>('DNS block list')

/**
 * Refuses clients that a DNS block list names (RFC 5782) with `550 5.7.1`, at RCPT. The lookup begins when the
 * client connects, and clients that have logged in are not asked about. A list that does not answer lists nobody.
 */
export function dnsBlockList(options: DnsBlockListOptions): SmtpHandler {
  const exempt = options.exempt ?? ((localPart) => ['postmaster', 'abuse'].includes(localPart.toLowerCase()))
  return {
    name: 'dns-block-list',
    connect(session) {
      session.set(listed, lookUp(session, options))
    },
    async rcpt(recipient, _transaction, session) {
      if (session.identity || exempt(recipient.mailbox.localPart)) return undefined
      const zone = await session.get(listed)
      return zone ? reply(550, '5.7.1', `${session.remote.address} is listed in ${zone}`) : undefined
    },
  }
}

async function lookUp(session: SmtpSession, { dns, zones }: DnsBlockListOptions): Promise<string | null> {
  const name = reversedName(session.remote.address)
  if (name === null) return null
  const found = await Promise.all(
    zones.map(async (zone) => {
      try {
        const addresses = await dns.resolve4(`${name}.${zone}`)
        // RFC 5782 §2.3: only answers in 127/8 mean listed; 127.255.255/24 are errors of the list's operator.
        return addresses.some((one) => one.startsWith('127.') && !one.startsWith('127.255.255.')) ? zone : null
      } catch (error) {
        if (!isNotFound(error)) session.log({ level: 'warn', event: 'dns-block-list.failed', zone, error })
        return null
      }
    }),
  )
  return found.find((zone) => zone !== null) ?? null
}

/** RFC 5782 §2.1 and §2.4: octets backwards, or nibbles of IPv6. */
function reversedName(address: string): string | null {
  const octets = addressOctets(address)
  if (!octets) return null
  if (octets.length === 4) return [...octets].reverse().join('.')
  return octets
    .flatMap((octet) => [(octet >> 4).toString(16), (octet & 15).toString(16)])
    .reverse()
    .join('.')
}
