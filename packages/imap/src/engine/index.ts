export { type Awaited, createImapEngine, type ImapEngine, type ImapEngineOptions } from './engine.js'
export type { CommandText, ImapEvent, ImapReply } from './events.js'
export { DEFAULT_LIMITS, type ImapLimits } from './limits.js'
export type { ReadingState, SessionState } from './states.js'
