/** Reports about TLS (RFC 8460): what happened with the servers of a domain in a day, as its owner wants to know it. */
import type { RelayEvent } from '../events.js'
import type { TlsFailureType, TlsPolicyType, TlsResult } from './result.js'

/** A report about one domain, as JSON has it (RFC 8460 §4.4). */
export interface TlsReport {
  readonly 'organization-name': string
  readonly 'date-range': { readonly 'start-datetime': string; readonly 'end-datetime': string }
  readonly 'contact-info': string
  readonly 'report-id': string
  readonly policies: readonly {
    readonly policy: {
      readonly 'policy-type': TlsPolicyType
      readonly 'policy-string'?: readonly string[]
      readonly 'policy-domain': string
      readonly 'mx-host'?: readonly string[]
    }
    readonly summary: {
      readonly 'total-successful-session-count': number
      readonly 'total-failure-session-count': number
    }
    readonly 'failure-details'?: readonly {
      readonly 'result-type': TlsFailureType
      readonly 'receiving-mx-hostname'?: string
      readonly 'receiving-ip'?: string
      readonly 'failed-session-count': number
      readonly 'failure-reason-code'?: string
    }[]
  }[]
}

/** What `createTlsReporter` takes. */
export interface TlsReporterOptions {
  /** Who reports. */
  readonly organization: string
  /** Who is to be asked: an address. */
  readonly contact: string
  /** Milliseconds since the epoch. Default: the system's clock. */
  readonly now?: () => number
  /** Domains that are counted at most; further ones are left out. Default: 100,000. */
  readonly maxDomains?: number
  /** Kinds of failures that are told apart for one policy; further ones are only counted. Default: 100. */
  readonly maxFailures?: number
}

/** Counts results. How a report travels (mail or HTTPS, to the `rua` of `_smtp._tls.domain`) is the caller's matter. */
export interface TlsReporter {
  /** Takes the events of a relay: `onEvent: reporter.observe`. Others than `tls` are left alone. */
  observe(event: RelayEvent): void
  /** One report for each domain since the last call, and begins anew. */
  take(): readonly TlsReport[]
}

interface Counted {
  readonly result: TlsResult
  successes: number
  failures: number
  readonly details: Map<string, { readonly result: TlsResult; count: number }>
}

/** Makes a reporter. */
export function createTlsReporter(options: TlsReporterOptions): TlsReporter {
  const { organization, contact, now = Date.now, maxDomains = 100_000, maxFailures = 100 } = options
  let domains = new Map<string, Map<string, Counted>>()
  let since = now()

  function count(result: TlsResult): void {
    let policies = domains.get(result.domain)
    if (!policies) {
      if (domains.size >= maxDomains) return
      policies = new Map()
      domains.set(result.domain, policies)
    }
    const key = [result.policy, ...result.policyText].join('\n')
    const entry = policies.get(key) ?? { result, successes: 0, failures: 0, details: new Map() }
    policies.set(key, entry)
    if (result.failure === null) {
      entry.successes++
      return
    }
    entry.failures++
    const kind = [result.failure, result.mxHost, result.address, result.detail].join('\n')
    const detail = entry.details.get(kind)
    if (detail) detail.count++
    else if (entry.details.size < maxFailures) entry.details.set(kind, { result, count: 1 })
  }

  return {
    observe(event) {
      if (event.type === 'tls') count(event)
    },
    take() {
      const until = now()
      const range = { 'start-datetime': dateTime(since), 'end-datetime': dateTime(until) }
      const reports = [...domains].map(([domain, policies]) => ({
        'organization-name': organization,
        'date-range': range,
        'contact-info': contact,
        'report-id': `${until}_${domain}`,
        policies: [...policies.values()].map(policyOf),
      }))
      domains = new Map()
      since = until
      return reports
    },
  }
}

function policyOf({ result, successes, failures, details }: Counted): TlsReport['policies'][number] {
  return {
    policy: {
      'policy-type': result.policy,
      ...(result.policyText.length > 0 && { 'policy-string': result.policyText }),
      'policy-domain': result.domain,
      ...(result.mxHosts.length > 0 && { 'mx-host': result.mxHosts }),
    },
    summary: { 'total-successful-session-count': successes, 'total-failure-session-count': failures },
    ...(details.size > 0 && {
      'failure-details': [...details.values()].map(({ result: { failure, mxHost, address, detail }, count }) => ({
        'result-type': failure as TlsFailureType,
        ...(mxHost !== null && { 'receiving-mx-hostname': mxHost }),
        ...(address !== null && { 'receiving-ip': address }),
        'failed-session-count': count,
        ...(detail !== null && { 'failure-reason-code': detail }),
      })),
    }),
  }
}

/** RFC 3339, without fractions of a second. */
function dateTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}
