/** What a domain asks of TLS: nothing, MTA-STS (RFC 8461) or DANE (RFC 7672), and REQUIRETLS of a message. */
import type { TlsLevel } from '../delivery/session.js'
import type { MailServer } from '../routing/exchangers.js'
import type { TlsaRecord } from '../routing/resolver.js'
import type { TlsPolicyType, TlsResult } from './result.js'

/** What a message says about TLS (RFC 8689). */
export interface TlsWishes {
  /** REQUIRETLS: verified, or not at all. */
  readonly required: boolean
  /** `TLS-Required: No`: it is to arrive even where TLS is broken. */
  readonly optional: boolean
}

/** A server and how its connection must be encrypted. */
export interface PlannedServer {
  readonly server: MailServer
  readonly level: TlsLevel
  readonly tlsa: readonly TlsaRecord[]
  /** Names that its certificate may be for; with DANE the first is the one that the TLSA records are of. */
  readonly names: readonly string[]
  /** What asked for it. */
  readonly policy: AppliedPolicy
}

/** A policy as reports name it (RFC 8460 §4.4). */
export interface AppliedPolicy {
  readonly type: TlsPolicyType
  /** Its lines. */
  readonly text: readonly string[]
  /** Patterns of an MTA-STS policy. */
  readonly mxHosts: readonly string[]
  /** What it asks for is looked at and reported, and nothing is refused (MTA-STS `testing`). */
  readonly testing: boolean
}

/** Nobody asks for anything. */
export const NO_POLICY: AppliedPolicy = { type: 'no-policy-found', text: [], mxHosts: [], testing: false }

/** Which servers of a domain may be used, and with how much TLS. */
export type TlsPlan = {
  /** What went wrong with the policies themselves, for reports. */
  readonly results: readonly TlsResult[]
} & (
  | { readonly type: 'servers'; readonly servers: readonly PlannedServer[] }
  | { readonly type: 'failed'; readonly permanent: boolean; readonly status: string; readonly text: string }
)

/** Says how much TLS a domain wants: `tlsPolicies`, or your own. */
export interface TlsPolicies {
  /**
   * Never rejects. `servers`: in order. `port`: of the servers. `signal`: the relay is closed, and with it ends what is fetched,
   * also for later. Default: it never is.
   */
  plan(
    domain: string,
    servers: readonly MailServer[],
    port: number,
    wishes: TlsWishes,
    signal?: AbortSignal,
  ): Promise<TlsPlan>
}

/** No domain asks for anything: STARTTLS where it works, verified where the message wants it. */
export const opportunisticPolicies: TlsPolicies = {
  async plan(_domain, servers, _port, wishes) {
    const planned = servers.flatMap((server) => withoutPolicy(server, wishes) ?? [])
    if (planned.length === 0) return requireTlsFailed(servers, [])
    return { type: 'servers', servers: planned, results: [] }
  },
}

/** A server that no policy is about; `null` when the message must not go there. */
export function withoutPolicy(server: MailServer, { required, optional }: TlsWishes): PlannedServer | null {
  const planned = { server, tlsa: [], names: [server.host], policy: NO_POLICY }
  if (!required || optional) return { ...planned, level: 'opportunistic' }
  // RFC 8689 §4.2.1: the name of the server must be beyond doubt, by DNSSEC or MTA-STS, before its certificate counts.
  return server.validated ? { ...planned, level: 'verified' } : null
}

/** RFC 8689 §4.2.1, §5. */
export function requireTlsFailed(servers: readonly MailServer[], results: readonly TlsResult[]): TlsPlan {
  const names = [...new Set(servers.map(({ host }) => host))].join(', ')
  const text = `REQUIRETLS: neither DNSSEC nor MTA-STS says that ${names} may have the message`
  return { type: 'failed', permanent: true, status: '5.7.30', text, results }
}
