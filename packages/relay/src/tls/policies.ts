/** What a domain asks of TLS: nothing, MTA-STS (RFC 8461) or DANE (RFC 7672), and REQUIRETLS of a message. */

import type { TlsLevel } from '../delivery/session.js'
import type { MailServer } from '../routing/exchangers.js'
import type { TlsaRecord } from '../routing/resolver.js'

/** A server and how its connection must be encrypted. */
export interface PlannedServer {
  readonly server: MailServer
  readonly level: TlsLevel
  readonly tlsa: readonly TlsaRecord[]
}

export type TlsPlan =
  | { readonly type: 'servers'; readonly servers: readonly PlannedServer[] }
  | { readonly type: 'failed'; readonly permanent: boolean; readonly status: string; readonly text: string }

export interface TlsPolicies {
  /** Never rejects. */
  plan(domain: string, servers: readonly MailServer[], requireTls: boolean): Promise<TlsPlan>
}

/** No domain asks for anything: STARTTLS where it works, verified where the message wants it. */
export const opportunisticPolicies: TlsPolicies = {
  async plan(_domain, servers, requireTls) {
    const level = requireTls ? 'verified' : 'opportunistic'
    return { type: 'servers', servers: servers.map((server) => ({ server, level, tlsa: [] })) }
  },
}
