/**
 * A message while it comes in: its octets go to the sinks of the handlers, through the MIME summarizer, and into
 * memory when a handler needs all of them.
 */
import type { Summarizer } from '@posthouse/mime/summary'
import { concat, type MaybePromise } from '@posthouse/wire'
import { replies } from '../syntax/replies.js'
import type { Reply } from '../syntax/reply.js'
import type { BodySink } from './handler.js'
import type { ReceivedMessage } from './message.js'
import { isPromise } from './stages.js'
import type { Transaction } from './transaction.js'

export interface ReceptionOptions {
  readonly transaction: Transaction
  readonly sinks: readonly BodySink[]
  readonly summarizer: Summarizer | null
  /** Octets to keep in memory at most; `null`: none are wanted. */
  readonly memory: number | null
  /** Milliseconds since the epoch when this takes too long. */
  readonly deadline: number
  /** A sink failed. */
  readonly failed: (error: unknown) => Reply
}

export class Reception {
  /** What went wrong: the reply to give at the end. The rest of the message goes nowhere. */
  failure: Reply | null = null
  #size = 0
  #kept: Uint8Array[] = []
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
    const { sinks, memory } = this.#options
    this.#size += octets.length
    if (memory !== null && this.#size > memory) return this.fail(replies.messageTooBig(memory))
    if (this.#summarizer) this.#summarize(octets)
    try {
      if (memory !== null) this.#kept.push(octets.slice())
      if (sinks.length === 0) return
      let waits: Promise<void>[] | null = null
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
    this.#kept = []
    for (const sink of this.#options.sinks) {
      try {
        sink.abort?.()
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
  complete(): ReceivedMessage {
    this.#over = true
    const { transaction, memory } = this.#options
    const made = this.#summary()
    const kept = this.#kept
    return {
      transaction,
      size: this.#size,
      summary: made?.summary ?? null,
      header: made?.header ?? null,
      octets() {
        if (memory === null) throw new Error('no handler of this server has "octets" among its needs')
        if (kept.length !== 1) kept.splice(0, kept.length, concat(kept))
        return kept[0]
      },
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

  #summary(): ReturnType<Summarizer['end']> | null {
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
