import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import {
  annotation,
  type BodySink,
  type MessageAnswer,
  type ReceivedMessage,
  type SmtpHandler,
  type SmtpSession,
  type Transaction,
} from '../session/index.js'
import { replies } from '../syntax/index.js'

/** What `streamTo` does beside writing. */
export interface StreamToOptions {
  /** For logs. Default: `stream-to`. */
  readonly name?: string
  /**
   * All octets are written and the stream is closed: what is said about the message. Default: it is accepted. Returning nothing
   * leaves the message to the next handlers.
   */
  readonly complete?: (message: ReceivedMessage, session: SmtpSession) => MessageAnswer
  /** The stream failed, the message was refused while it came, or the client went away; the stream is closed. Removes a file, say. */
  readonly aborted?: (transaction: Transaction) => void
}

/**
 * Writes each message to a Node stream while it comes in: a file, a request to somewhere else, the front of a pipeline. A
 * stream that is slow slows the client; one that fails makes the client try again (`451 4.3.0`); one whose message is not
 * completed is destroyed. The client hears `250` when the stream has written everything and is closed.
 *
 * ```ts
 * streamTo(({ id }) => createWriteStream(`incoming/${id}.eml`, { flush: true }))
 * ```
 *
 * `open` makes the stream of one message; nothing: this message is not wanted here.
 */
export function streamTo(
  open: (
    transaction: Transaction,
    session: SmtpSession,
  ) => Writable | null | undefined | Promise<Writable | null | undefined>,
  { name = 'stream-to', complete, aborted }: StreamToOptions = {},
): SmtpHandler {
  const sinkKey = annotation<StreamSink>(name)
  return {
    name,
    async body(transaction, session) {
      const stream = await open(transaction, session)
      if (!stream) return undefined
      const sink = new StreamSink(stream, () => aborted?.(transaction))
      transaction.set(sinkKey, sink)
      return sink
    },
    async message(message, session) {
      const sink = message.transaction.get(sinkKey)
      if (!sink) return undefined
      await sink.finish()
      return complete ? complete(message, session) : replies.accepted(message.transaction.id)
    },
  }
}

class StreamSink implements BodySink {
  readonly #stream: Writable
  readonly #aborted: () => void
  #failure: Error | null = null

  constructor(stream: Writable, aborted: () => void) {
    this.#stream = stream
    this.#aborted = aborted
    // Heard from here on, as nobody waits for the stream between two pieces.
    stream.on('error', (error) => (this.#failure ??= error))
    stream.on('close', () => {
      if (!stream.writableFinished) this.#failure ??= new Error('the stream was closed before the message was complete')
    })
  }

  write(octets: Uint8Array): void | Promise<void> {
    if (this.#failure) throw this.#failure
    // A copy: a stream may say that it has taken octets, and look at them later.
    if (!this.#stream.write(Uint8Array.from(octets))) return this.#drained()
  }

  /** Everything is written, and the stream is closed. */
  async finish(): Promise<void> {
    try {
      if (this.#failure) throw this.#failure
      this.#stream.end()
      await finished(this.#stream, { readable: false })
    } catch (error) {
      // Whose message stage was asked is not told to abort.
      this.abort()
      throw error
    }
  }

  abort(): void {
    const stream = this.#stream
    if (stream.closed) return this.#aborted()
    stream.once('close', () => this.#aborted())
    stream.destroy()
  }

  #drained(): Promise<void> {
    const stream = this.#stream
    return new Promise((resolve, reject) => {
      const done = (): void => {
        stream.removeListener('drain', done)
        stream.removeListener('close', done)
        if (this.#failure) reject(this.#failure)
        else resolve()
      }
      stream.on('drain', done)
      stream.on('close', done)
    })
  }
}
