export { openSmtpSession, type SmtpSessionOptions } from './session.js'
export { openSqliteQueue, type SqliteQueueOptions } from './sqlite/engine.js'
export { type StartRelayOptions, startRelay } from './start.js'
export { type SystemResolverOptions, systemResolver } from './system-resolver.js'
