/** `@posthouse/imap`: an IMAP4rev1 and IMAP4rev2 server over any mailbox store. */
export type { Log, LogEvent } from '@posthouse/wire'
export * from './engine/index.js'
export * from './session/index.js'
export * from './syntax/index.js'
