export { type Annotated, type Annotation, type AnnotationOptions, annotation } from './annotations.js'
export * from './extensions/index.js'
export type {
  BodySink,
  ClientDetails,
  MessageAnswer,
  MessageNeed,
  ParameterReader,
  SmtpHandler,
  SmtpSession,
  StageAnswer,
} from './handler.js'
export { type HandlerLogEvent, isHandlerEvent, isMessageEvent, type MessageLogEvent } from './log-events.js'
export type { ReceivedMessage } from './message.js'
export { type RewrittenMessage, type RewrittenPiece, rewritten } from './rewrite.js'
export { createLmtpServer, createSmtpServer, type SmtpServer, type SmtpServerOptions } from './server.js'
export { memorySpool, type Spool, type SpooledMessage, type SpoolWriter } from './spool.js'
export type { Recipient, Transaction } from './transaction.js'
