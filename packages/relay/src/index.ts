export { createGate, type ServerGate } from './delivery/gate.js'
export { deliverToStore, type LocalDelivery } from './delivery/local.js'
export type { JobContent } from './delivery/mail.js'
export type { Outcome } from './delivery/outcome.js'
export type { OpenSession, SessionTarget, TlsLevel, TlsObservation } from './delivery/session.js'
export { RelayError, type RelayErrorCode } from './errors.js'
export type { RelayEvent } from './events.js'
export { type RelayRecipientsOptions, type RelayToOptions, relayRecipients, relayTo } from './handler.js'
export { DEFAULT_LIMITS, type RelayLimits } from './limits.js'
export type { NoticeKind } from './notices/notice.js'
export { defaultRetrySchedule, type RetrySchedule } from './queue/retry.js'
export * from './queue/types.js'
export { createRelay, type Relay, type RelayOptions } from './relay.js'
export * from './routing/index.js'
export type { RefusedRecipient, Submission, Submitted, SubmittedRecipient } from './submission.js'
export { type TlsPoliciesOptions, tlsPolicies } from './tls/domain-policies.js'
export type { KnownSts, StsMemory } from './tls/mta-sts.js'
export {
  type AppliedPolicy,
  NO_POLICY,
  opportunisticPolicies,
  type PlannedServer,
  type TlsPlan,
  type TlsPolicies,
  type TlsWishes,
} from './tls/policies.js'
export {
  createTlsReporter,
  type TlsReport,
  type TlsReporter,
  type TlsReporterOptions,
} from './tls/report.js'
export type { TlsFailureType, TlsPolicyType, TlsResult } from './tls/result.js'
export { readStsPolicy, readStsRecord, type StsPolicy } from './tls/sts-policy.js'
