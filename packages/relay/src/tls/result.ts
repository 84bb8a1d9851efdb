/** Why TLS did not come about as it should (RFC 8460 §4.3). */
export type TlsFailureType =
  | 'starttls-not-supported'
  | 'certificate-host-mismatch'
  | 'certificate-expired'
  | 'certificate-not-trusted'
  | 'tlsa-invalid'
  | 'dnssec-invalid'
  | 'dane-required'
  | 'sts-policy-fetch-error'
  | 'sts-policy-invalid'
  | 'sts-webpki-invalid'
  | 'validation-failure'

/** What asked for TLS (RFC 8460 §4.4). */
export type TlsPolicyType = 'no-policy-found' | 'sts' | 'tlsa'

/** One session with a server, or one try to learn a policy, as RFC 8460 wants it counted. */
export interface TlsResult {
  /** The domain of the recipients. */
  readonly domain: string
  readonly policy: TlsPolicyType
  /** The lines of the policy, for the report. */
  readonly policyText: readonly string[]
  /** Patterns of an MTA-STS policy. */
  readonly mxHosts: readonly string[]
  /** The server's name; `null` when the policy itself is the trouble. */
  readonly mxHost: string | null
  readonly address: string | null
  /** `null`: it went well. */
  readonly failure: TlsFailureType | null
  /** For people. */
  readonly detail: string | null
}
