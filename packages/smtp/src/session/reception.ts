/**
 * A message while it comes in: its octets go to the sinks of the handlers, through the MIME summarizer, and into
 * a spool when a handler wants to read them afterwards.
 */
import type { Summarized, Summarizer } from '@posthouse/mime/summary'
import { concat, type MaybePromise } from '@posthouse/wire'
import { replies } from '../syntax/replies.js'
import type { Reply } from '../syntax/reply.js'
import { ask, type Conversation, failed } from './conversation.js'
import { EMPTY_LINE, inFrontOf } from './first-line.js'
import { Gathering } from './gathering.js'
import type { BodySink, SmtpHandler } from './handler.js'
import type { ReceivedMessage } from './message.js'
import type { With } from './parts.js'
import type { SpooledMessage, SpoolWriter } from './spool.js'
import { andThen, isPromise } from './stages.js'
import type { Transaction } from './transaction.js'

/** A sink, and the handler whose `message` stage comes next. */
export interface OpenSink {
  readonly handler: SmtpHandler
  readonly sink: BodySink
}

/** A write that takes its time, and whose it is. */
interface Waiting {
  readonly wait: Promise<void>
  readonly handler?: SmtpHandler
}

export interface ReceptionOptions {
  readonly transaction: Transaction
  readonly sinks: readonly OpenSink[]
  readonly summarizer: Summarizer | null
  /** Keeps the octets for the handlers; `null`: none wants them. */
  readonly spool: SpoolWriter | null
  /** Octets that may come in at most. */
  readonly limit: number
  /** An empty line goes in front of what does not begin with a header: see `inFrontOf`. */
  readonly withHeader: boolean
  /** Milliseconds since the epoch when this takes too long. */
  readonly deadline: number
  /** The sink of a handler takes its time; without one the spool does, or several of them. */
  readonly waitsFor: (handler?: SmtpHandler) => void
  /** The sink of a handler failed; without one the spool, or the summary. */
  readonly failed: (error: unknown, handler?: SmtpHandler) => Reply
}

/** A message that has come in, with what only the session does to it. */
export interface CompleteMessage extends ReceivedMessage {
  /** The handlers are through with it. */
  release(): MaybePromise<void>
}

export class Reception {
  /** What went wrong: the reply to give at the end. The rest of the message goes nowhere. */
  failure: Reply | null = null
  #size = 0
  /** The start of a message whose first line may still be anything; `null` when that is known. */
  #start: Uint8Array | null
  #state: 'coming' | 'complete' | 'aborted' = 'coming'
  #summarizer: Summarizer | null
  /** Sinks that are owed the `message` stage of their handler, or an `abort`. */
  #sinks: readonly OpenSink[]
  readonly #options: ReceptionOptions
  readonly #gathering = new Gathering((octets) => this.#passOn(octets))

  constructor(options: ReceptionOptions) {
    this.#options = options
    this.#summarizer = options.summarizer
    this.#sinks = options.sinks
    this.#start = options.withHeader ? NO_OCTETS : null
  }

  /** Passes a piece on; a promise when somebody needs time for it. */
  write(octets: Uint8Array): void | Promise<void> {
    if (this.#state !== 'coming') return
    const { limit } = this.#options
    this.#size += octets.length
    if (this.#size > limit) return this.fail(replies.messageTooBig(limit))
    if (this.#start) return this.#begin(this.#start, octets)
    return this.#gathering.write(octets)
  }

  #begin(held: Uint8Array, octets: Uint8Array): void | Promise<void> {
    const start = held.length === 0 ? octets : concat([held, octets])
    const front = inFrontOf(start)
    if (front) return this.#goOn(front, start)
    this.#start = new Uint8Array(start)
  }

  #goOn(front: Uint8Array, start: Uint8Array): void | Promise<void> {
    this.#start = null
    if (front.length === 0) return this.#gathering.write(start)
    this.#size += front.length
    return andThen(this.#gathering.write(front), () => this.#gathering.write(start))
  }

  #passOn(octets: Uint8Array): void | Promise<void> {
    if (this.#state !== 'coming') return
    const { spool } = this.#options
    const sinks = this.#sinks
    if (this.#summarizer) this.#summarize(octets)
    let waits: Waiting[] | null = null
    let writing: SmtpHandler | undefined
    try {
      const kept = spool?.write(octets)
      if (kept) waits = [{ wait: kept }]
      for (const { sink, handler } of sinks) {
        writing = handler
        const wait = sink.write(octets)
        if (wait && isPromise(wait)) (waits ??= []).push({ wait, handler })
      }
    } catch (error) {
      this.fail(this.#options.failed(error, writing))
    }
    // Also when one of them has thrown: the others still look at the octets, and may fail.
    if (!waits) return
    this.#options.waitsFor(waits.length === 1 ? waits[0].handler : undefined)
    return this.#settle(waits)
  }

  /** Nobody wants the rest of this message. */
  fail(answer: Reply): void {
    this.failure ??= answer
    this.abort()
  }

  /** The message will not be complete, or is refused, or somebody else has taken it: tells the sinks that still wait. */
  abort(): void {
    const spool = this.#state === 'coming' ? this.#options.spool : null
    const sinks = this.#sinks
    this.#state = 'aborted'
    this.#sinks = NO_SINKS
    this.#gathering.drop()
    abortSinks(spool ? [...sinks, { sink: spool }] : sinks, this.#options.failed)
  }

  /** Octets that have come. */
  get size(): number {
    return this.#size
  }

  /** True while nobody has given the message up. */
  get wanted(): boolean {
    return this.#state !== 'aborted'
  }

  /** The `message` stage of a handler is asked now. */
  asks(handler: SmtpHandler): void {
    if (this.#sinks.length > 0) this.#sinks = this.#sinks.filter((one) => one.handler !== handler)
  }

  /** True when the client takes more time than a message may. */
  late(now: number): boolean {
    return now > this.#options.deadline
  }

  /** The message has come in completely. A reply when its last octets could not be passed on, or the client is gone. */
  complete(): MaybePromise<CompleteMessage | Reply> {
    // A line that has neither a colon nor an end.
    if (this.#start?.length) return andThen(this.#goOn(EMPTY_LINE, this.#start), () => this.complete())
    return andThen(this.#gathering.flush(), () => {
      if (this.#state === 'aborted') return this.failure ?? replies.localProblem()
      return this.#conclude()
    })
  }

  #conclude(): MaybePromise<CompleteMessage> {
    this.#state = 'complete'
    // Who has no stage for complete messages is through with this one.
    if (this.#sinks.length > 0) this.#sinks = this.#sinks.filter(({ handler }) => handler.message)
    const made = this.#summary()
    const spooled = this.#options.spool?.finish() ?? null
    return andThen(spooled, (spooledMessage) => this.#message(made, spooledMessage))
  }

  #message(made: Summarized | null, spooled: SpooledMessage | null): CompleteMessage {
    const theSpooled = (): SpooledMessage => {
      if (!spooled) throw new Error('no handler of this server has "octets" among its needs')
      return spooled
    }
    return {
      transaction: this.#options.transaction,
      size: this.#size,
      summary: made?.summary ?? null,
      header: made?.header ?? null,
      octets: () => theSpooled().octets(),
      read: (range) => theSpooled().read(range),
      release: () => spooled?.release(),
    }
  }

  /** A message that cannot be summarised is mail all the same: whoever reads it makes the summary then. */
  #summarize(octets: Uint8Array): void {
    try {
      this.#summarizer?.write(octets)
    } catch (error) {
      this.#summarizer = null
      this.#options.failed(error)
    }
  }

  #summary(): Summarized | null {
    try {
      return this.#summarizer?.end() ?? null
    } catch (error) {
      this.#options.failed(error)
      return null
    }
  }

  async #settle(waits: readonly Waiting[]): Promise<void> {
    const settled = await Promise.allSettled(waits.map(({ wait }) => wait))
    // Who was told to stop need not end well.
    if (!this.wanted) return
    for (const [i, one] of settled.entries()) {
      if (one.status === 'rejected') return this.fail(this.#options.failed(one.reason, waits[i].handler))
    }
  }
}

const NO_SINKS: readonly OpenSink[] = []
const NO_OCTETS = new Uint8Array(0)

/** Opens the sinks of handlers in order. When one of them fails, those that are open are aborted, and the reply tells it. */
export function openSinks(
  c: Conversation,
  handlers: readonly With<'body'>[],
  transaction: Transaction,
): MaybePromise<readonly OpenSink[] | Reply> {
  if (handlers.length === 0) return NO_SINKS
  const sinks: OpenSink[] = []
  const opened = ask(c, 'body', handlers, (handler) =>
    andThen(handler.body(transaction, c.session), (sink) => {
      if (sink) sinks.push({ handler, sink })
    }),
  )
  return andThen(opened, (failure) => {
    if (!failure) return sinks
    abortSinks(sinks, (error, handler) => failed(c, 'body', error, handler))
    return failure
  })
}

/** One that fails must not keep the others from letting go of what they hold. */
function abortSinks(
  sinks: readonly { readonly sink: Pick<BodySink, 'abort'>; readonly handler?: SmtpHandler }[],
  report: ReceptionOptions['failed'],
): void {
  for (const { sink, handler } of sinks) {
    try {
      // TypeScript lets an async function stand for it, and a rejection that nobody hears ends the process.
      const done: MaybePromise<void> | undefined = sink.abort?.()
      if (isPromise(done)) done.catch((error: unknown) => report(error, handler))
    } catch (error) {
      report(error, handler)
    }
  }
}
