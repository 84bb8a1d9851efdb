export type { CodeOptions } from './content/codes.js'
export type { Link } from './content/links.js'
export {
  attachmentNamed,
  type TestAddress,
  type TestAttachment,
  type TestEnvelope,
  type TestHeaders,
  type TestMessage,
  type TestMessageOrigin,
} from './content/message.js'
export { TestMailError, type TestMailErrorCode } from './errors.js'
export type * from './faults/on.js'
export { on } from './faults/on.js'
export type { FaultAction, FaultSituation, ImapStep, Pop3Step, Script, SmtpStep } from './faults/script.js'
export type { Inbox } from './inbox.js'
export type { WaitOptions } from './mailroom.js'
export type { Match, MessageShape, Text } from './match.js'
export {
  type CertificateKind,
  createTestAuthority,
  type TestAuthority,
  type TestCertificate,
} from './node/certificates.js'
export type { DeliverOptions, TestDraft } from './node/deliver.js'
export { startTestMail } from './node/start.js'
export { type AfterHook, testMailFor } from './node/test-mail-for.js'
export type { ListenAt, TestMailLimits, TestMailOptions } from './options.js'
export type { SessionLine, TestSession } from './sessions.js'
export type { Endpoint, TestMail, TransportOptions } from './test-mail.js'
