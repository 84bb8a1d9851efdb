/** `@posthouse/testing`: a real mail server inside a test. */
export type { AbsenceOptions } from './absence.js'
export type { CodeOptions } from './content/codes.js'
export type { Link } from './content/links.js'
export type {
  TestAddress,
  TestAttachment,
  TestDsn,
  TestEnvelope,
  TestHeaders,
  TestMessage,
  TestMessageOrigin,
} from './content/message.js'
export { type StableMessage, type StableOptions, stable } from './content/stable.js'
export type { TestDraft } from './draft.js'
export { TestMailError, type TestMailErrorCode } from './errors.js'
export type * from './faults/on.js'
export { on } from './faults/on.js'
export type { FaultAction, FaultSituation, ImapStep, Pop3Step, Script, SmtpStep } from './faults/script.js'
export type { Inbox, MailReceiver, RemoteInbox } from './inbox.js'
export type { Mark, WaitOptions } from './mailroom.js'
export type { Match, MessageShape, Text } from './match.js'
export {
  type CertificateKind,
  createTestAuthority,
  type TestAuthority,
  type TestCertificate,
} from './node/certificates.js'
export { type ConnectOptions, connectTestMail } from './node/connect.js'
export type { DeliverOptions } from './node/deliver.js'
export { startTestMail } from './node/start.js'
export { type AfterHook, testMailFor } from './node/test-mail-for.js'
export type { HttpAccess, ListenAt, TestMailLimits, TestMailOptions, TestUser } from './options.js'
export type { SessionLine, TestSession } from './sessions.js'
export type {
  Endpoint,
  Endpoints,
  MailServer,
  RemoteTestMail,
  ScriptedFaults,
  TestMail,
  TransportOptions,
} from './test-mail.js'
