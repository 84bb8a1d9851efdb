import type { TlsObservation } from '../delivery/session.js'
import type { TlsFailureType, TlsResult } from './result.js'

/** What was seen of a connection as a result to be counted; `null` for routes, which no report is about. */
export function observed({ target, failure }: TlsObservation): TlsResult | null {
  const { tls, host, address, domain } = target
  if (domain === null) return null
  return {
    domain,
    policy: tls === 'dane' ? 'tlsa' : tls === 'verified' ? 'sts' : 'no-policy-found',
    policyText: [],
    mxHost: host,
    address,
    failure: failure === null ? null : failureType(failure, tls === 'dane'),
    detail: failure,
  }
}

/** RFC 8460 §4.3, from what OpenSSL and Node say. */
function failureType(text: string, dane: boolean): TlsFailureType {
  const lower = text.toLowerCase()
  if (lower.includes('does not offer starttls')) return 'starttls-not-supported'
  if (lower.includes('tlsa')) return 'tlsa-invalid'
  if (lower.includes('altnames') || lower.includes('hostname')) return 'certificate-host-mismatch'
  if (lower.includes('expired')) return 'certificate-expired'
  if (lower.includes('self-signed') || lower.includes('self signed') || lower.includes('unable to')) {
    return 'certificate-not-trusted'
  }
  return dane ? 'tlsa-invalid' : 'validation-failure'
}
