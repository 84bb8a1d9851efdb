import type { LogEvent } from '@posthouse/wire'

/** What became of a message: one event for each. */
export interface MessageLogEvent extends LogEvent {
  readonly event: 'message.accepted' | 'message.refused'
  /** The message's name, as in its Received field and in the reply. */
  readonly transaction: string
  /** The reverse-path; `''` for `<>`. */
  readonly from: string
  readonly to: readonly string[]
  /** Octets. */
  readonly size: number
  /** The codes of the replies: one for all recipients, or one for each. */
  readonly codes: readonly number[]
}

/** A handler that threw, or returned what is no answer. */
export interface HandlerLogEvent extends LogEvent {
  readonly event: 'handler.failed'
  readonly stage: string
  /** `name` of the handler, when it has one and is known. */
  readonly handler?: string
}

/** Tells the event of a message from others, so that its details have types. */
export function isMessageEvent(event: LogEvent): event is MessageLogEvent {
  return event.event === 'message.accepted' || event.event === 'message.refused'
}

/** Tells the event of a failed handler from others. */
export function isHandlerEvent(event: LogEvent): event is HandlerLogEvent {
  return event.event === 'handler.failed'
}
