export type { Log, LogEvent } from '@posthouse/wire'
export * from './client/index.js'
export {
  createPop3ClientEngine,
  type Pop3ClientEngine,
  type Pop3ClientEvent,
  type Pop3ClientRequest,
} from './engine/client-engine.js'
export { createPop3Engine, type Pop3Engine } from './engine/engine.js'
export type { Pop3Event, Pop3Reply } from './engine/events.js'
export { DEFAULT_LIMITS, type Pop3Limits } from './engine/limits.js'
export type { MaildropOptions } from './session/options.js'
export { createPop3Server, type Pop3Server, type Pop3ServerOptions } from './session/server.js'
export type { KeptUniqueIds, UniqueIdFormat, UniqueIdMaker, UniqueIdSource } from './session/unique-id.js'
export { type Pop3Command, parseCommand } from './syntax/command.js'
export { createDotStuffer, type DotStuffer } from './syntax/dot-stuffing.js'
export { createDotUnstuffer, type DotUnstuffer } from './syntax/dot-unstuffing.js'
export { type Pop3Status, parseStatus } from './syntax/status.js'
