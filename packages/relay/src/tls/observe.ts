import type { TlsObservation } from '../delivery/session.js'
import type { TlsFailureType, TlsPolicyType, TlsResult } from './result.js'

/** What was seen of a connection as a result to be counted; `null` for routes, which no report is about. */
export function observed({ target, failure }: TlsObservation): TlsResult | null {
  const { policy, host, address, domain } = target
  if (domain === null) return null
  return {
    domain,
    policy: policy.type,
    policyText: policy.text,
    mxHosts: policy.mxHosts,
    mxHost: host,
    address,
    failure: failure === null ? null : failureType(failure, policy.type),
    detail: failure,
  }
}

/** RFC 8460 §4.3, from what OpenSSL and Node say: in words, or in codes such as `CERT_HAS_EXPIRED`. */
function failureType(text: string, policy: TlsPolicyType): TlsFailureType {
  const lower = text.toLowerCase().replaceAll('_', ' ').replaceAll('self-', 'self ')
  if (lower.includes('does not offer starttls')) return 'starttls-not-supported'
  if (lower.includes('altnames') || lower.includes('hostname') || lower.includes('is not for')) {
    return 'certificate-host-mismatch'
  }
  if (lower.includes('expired')) return 'certificate-expired'
  if (policy === 'tlsa') return lower.includes('tlsa') ? 'tlsa-invalid' : 'validation-failure'
  if (lower.includes('self signed') || lower.includes('unable to')) {
    return 'certificate-not-trusted'
  }
  return 'validation-failure'
}
