/**
 * A message while it comes in: its octets go to the sinks of the handlers, through the MIME summarizer, and into
 * a spool when a handler wants to read them afterwards.
 */
import type { Summarized, Summarizer } from '@posthouse/mime/summary'
import type { MaybePromise } from '@posthouse/wire'
import { replies } from '../syntax/replies.js'
import type { Reply } from '../syntax/reply.js'
import type { BodySink } from './handler.js'
import type { ReceivedMessage } from './message.js'
import type { SpooledMessage, SpoolWriter } from './spool.js'
import { andThen, isPromise } from './stages.js'
import type { Transaction } from './transaction.js'

export interface ReceptionOptions {
  readonly transaction: Transaction
  readonly sinks: readonly BodySink[]
  readonly summarizer: Summarizer | null
  /** Keeps the octets for the handlers; `null`: none wants them. */
  readonly spool: SpoolWriter | null
  /** Octets that may come in at most. */
  readonly limit: number
  /** Milliseconds since the epoch when this takes too long. */
  readonly deadline: number
  /** A sink failed. */
  readonly failed: (error: unknown) => Reply
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
  #over = false
  #summarizer: Summarizer | null
  readonly #options: ReceptionOptions

  constructor(options: ReceptionOptions) {
    this.#options = options
    this.#summarizer = options.summarizer
  }

  /** Passes a piece on; a promise when somebody needs time for it. */
  write(octets: Uint8Array): void | Promise<void> {
    if (this.#over) return
    const { sinks, spool, limit } = this.#options
    this.#size += octets.length
    if (this.#size > limit) return this.fail(replies.messageTooBig(limit))
    if (this.#summarizer) this.#summarize(octets)
    try {
      const kept = spool?.write(octets)
      if (sinks.length === 0 && !kept) return
      let waits: Promise<void>[] | null = kept ? [kept] : null
      for (const sink of sinks) {
        const wait = sink.write(octets)
        if (wait && isPromise(wait)) (waits ??= []).push(wait)
      }
      if (waits) return this.#settle(waits)
    } catch (error) {
      this.fail(this.#options.failed(error))
    }
  }

  /** Nobody wants the rest of this message. */
  fail(answer: Reply): void {
    this.failure ??= answer
    this.abort()
  }

  /** The message will not be complete, or is refused. */
  abort(): void {
    if (this.#over) return
    this.#over = true
    for (const sink of [...this.#options.sinks, this.#options.spool]) {
      try {
        sink?.abort?.()
      } catch (error) {
        this.#options.failed(error)
      }
    }
  }

  /** True when the client takes more time than a message may. */
  late(now: number): boolean {
    return now > this.#options.deadline
  }

  /** The message has come in completely. */
  complete(): MaybePromise<CompleteMessage> {
    this.#over = true
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

  async #settle(waits: readonly Promise<void>[]): Promise<void> {
    const settled = await Promise.allSettled(waits)
    for (const one of settled) {
      if (one.status === 'rejected') return this.fail(this.#options.failed(one.reason))
    }
  }
}

/** Opens the sinks of the handlers in order. */
export function openSinks(
  opened: readonly (() => MaybePromise<BodySink | undefined | void>)[],
  sinks: BodySink[] = [],
  from = 0,
): MaybePromise<BodySink[]> {
  for (let i = from; i < opened.length; i++) {
    const sink = opened[i]()
    if (isPromise(sink)) {
      return sink.then((settled) => {
        if (settled) sinks.push(settled)
        return openSinks(opened, sinks, i + 1)
      })
    }
    if (sink) sinks.push(sink)
  }
  return sinks
}
