/** DANE, MTA-STS and REQUIRETLS together: how the connection to each server of a domain must be encrypted. */
import type { MailServer } from '../routing/exchangers.js'
import type { MailResolver } from '../routing/resolver.js'
import { type DaneFinding, findDane, tlsaText } from './dane.js'
import { createStsFinder, type StsFinding, type StsMemory } from './mta-sts.js'
import {
  type AppliedPolicy,
  NO_POLICY,
  type PlannedServer,
  requireTlsFailed,
  type TlsPlan,
  type TlsPolicies,
  type TlsWishes,
  withoutPolicy,
} from './policies.js'
import type { TlsFailureType, TlsResult } from './result.js'
import { matchesSts } from './sts-policy.js'

/** What `tlsPolicies` takes. */
export interface TlsPoliciesOptions {
  /** `dnsResolver` where DANE is wanted: it needs `tlsa`, and answers that are validated. */
  readonly resolver: MailResolver
  /** Fetches MTA-STS policies; must verify certificates. Default: `fetch` of the runtime. */
  readonly fetch?: typeof fetch
  /** Default: true. */
  readonly dane?: boolean
  /** Default: true. */
  readonly sts?: boolean
  /** Where MTA-STS policies are kept. Default: in memory. */
  readonly stsMemory?: StsMemory
  /** Milliseconds since the epoch. Default: the system's clock. */
  readonly now?: () => number
}

const NO_STS: StsFinding = { policy: null, trouble: null, unknown: false }

/** DANE where there are TLSA records, else MTA-STS where there is a policy, else whatever TLS there is. */
export function tlsPolicies(options: TlsPoliciesOptions): TlsPolicies {
  const { resolver, dane = true, sts = true, now = Date.now, stsMemory } = options
  const get = options.fetch ?? ((...args: Parameters<typeof fetch>) => fetch(...args))
  const findSts = createStsFinder({ resolver, fetch: get, now, ...(stsMemory && { memory: stsMemory }) })

  async function plan(
    domain: string,
    servers: readonly MailServer[],
    port: number,
    wishes: TlsWishes,
    signal?: AbortSignal,
  ): Promise<TlsPlan> {
    // RFC 8689 §3: whoever writes so wants to arrive even where a policy is broken.
    if (wishes.optional || domain.startsWith('[')) return direct(servers, wishes)
    const findings = await Promise.all(
      servers.map((server): Promise<DaneFinding> | DaneFinding =>
        dane ? findDane(resolver, server, port) : { type: 'none' },
      ),
    )
    // RFC 8461 §2: DANE comes first.
    const needsSts = sts && findings.some(({ type }) => type === 'none')
    const finding: StsFinding = needsSts ? await findSts(domain, signal) : NO_STS
    const results: TlsResult[] = []
    if (finding.trouble)
      results.push(resultOf(domain, stsNote(finding), null, finding.trouble.type, finding.trouble.text))
    const planned = servers.flatMap((server, i) => {
      const decided = decide(domain, server, findings[i], finding, wishes)
      if ('level' in decided) return decided
      results.push(...decided.results)
      return []
    })
    if (planned.length > 0) return { type: 'servers', servers: planned, results }
    if (wishes.required && finding.unknown && results.length === 0) {
      const text = `REQUIRETLS: it could not be looked up whether ${domain} has an MTA-STS policy`
      return { type: 'failed', permanent: false, status: '4.4.3', text, results }
    }
    if (wishes.required && results.length === 0) return requireTlsFailed(servers, results)
    const why = results.map(({ mxHost, detail }) => `${mxHost ?? domain}: ${detail}`).join('; ')
    return { type: 'failed', permanent: false, status: '4.7.5', text: `no server may be used: ${why}`, results }
  }

  return { plan }
}

function direct(servers: readonly MailServer[], wishes: TlsWishes): TlsPlan {
  const planned = servers.flatMap((server) => withoutPolicy(server, wishes) ?? [])
  if (planned.length === 0) return requireTlsFailed(servers, [])
  return { type: 'servers', servers: planned, results: [] }
}

/** How one server is used; or why it is not. */
function decide(
  domain: string,
  server: MailServer,
  found: DaneFinding,
  sts: StsFinding,
  wishes: TlsWishes,
): PlannedServer | { readonly results: readonly TlsResult[] } {
  if (found.type === 'records') {
    const text = found.records.map(tlsaText)
    const policy: AppliedPolicy = { type: 'tlsa', text, mxHosts: [], testing: false }
    // RFC 7672 §3.2.2: the names that a certificate below an authority (DANE-TA) may be for.
    const names = [...new Set([found.name, server.host, domain])]
    return { server, level: 'dane', tlsa: found.records, names, policy }
  }
  const note = (type: TlsFailureType, text: string, policy: AppliedPolicy) => ({
    results: [resultOf(domain, policy, server, type, text)],
  })
  const tlsa: AppliedPolicy = { ...NO_POLICY, type: 'tlsa' }
  if (found.type === 'failed') return note('dnssec-invalid', `TLSA: ${found.text}`, tlsa)
  if (found.type === 'unusable') {
    // RFC 8689 §4.2.1 asks for a certificate that is verified.
    if (wishes.required) return note('tlsa-invalid', 'no TLSA record can be used', tlsa)
    return { server, level: 'encrypted', tlsa: [], names: [server.host], policy: tlsa }
  }
  const { policy } = sts
  if (!policy || policy.mode === 'none' || (policy.mode === 'testing' && wishes.required)) {
    return withoutPolicy(server, wishes) ?? { results: [] }
  }
  const applied = stsNote(sts)
  const matches = matchesSts(policy, server.host)
  const mismatch = 'the MTA-STS policy does not name this server'
  if (policy.mode === 'enforce') {
    if (!matches) return note('validation-failure', mismatch, applied)
    return { server, level: 'verified', tlsa: [], names: [server.host], policy: applied }
  }
  return { server, level: 'opportunistic', tlsa: [], names: matches ? [server.host] : [], policy: applied }
}

function stsNote({ policy }: StsFinding): AppliedPolicy {
  if (!policy) return { ...NO_POLICY, type: 'sts' }
  return { type: 'sts', text: policy.lines, mxHosts: policy.mx, testing: policy.mode === 'testing' }
}

function resultOf(
  domain: string,
  policy: AppliedPolicy,
  server: MailServer | null,
  failure: TlsFailureType,
  detail: string,
): TlsResult {
  return {
    domain,
    policy: policy.type,
    policyText: policy.text,
    mxHosts: policy.mxHosts,
    mxHost: server?.host ?? null,
    address: server?.address ?? null,
    failure,
    detail,
  }
}
