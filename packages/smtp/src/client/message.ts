/** Messages to be sent: where their octets come from, and what must be known of them before MAIL. */
import { concat, hasEightBit, type MaybePromise } from '@posthouse/wire'
import { SmtpClientError } from './errors.js'

/** Octets piece by piece. They must not be changed until `send` has settled. */
export type MessageSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** A message that can be read again from its start: a stored one, or a `ReceivedMessage` of a server's handler. */
export interface StoredMessage {
  /** Octets, when they are known. */
  readonly size?: number
  read(): MessageSource
}

/** A message to be sent. What can be read only once cannot be split over several transactions. */
export type OutgoingMessage = Uint8Array | MessageSource | StoredMessage

/** Waits for a piece, or gives up: a source may never say another word. */
export type Wait = <T>(work: Promise<T>) => Promise<T>

/** A message whose front was looked at. */
export interface OpenedMessage {
  /** All octets, when the message is that short or in memory; else `null`. */
  readonly whole: Uint8Array | null
  /** Octets, or `null` when nobody knows. */
  readonly size: number | null
  /** There are octets above 127; `null`: not among those that were looked at. */
  readonly eightBit: boolean | null
  /** The header has octets above 127, and they are UTF-8. */
  readonly utf8Header: boolean
  /** All octets in order. For those that are no `StoredMessage`: once. `wait`: default, that of `openMessage`. */
  pieces(wait?: Wait): AsyncIterable<Uint8Array> | Iterable<Uint8Array>
  /** True when `pieces` may be called again. */
  readonly again: boolean
  /** Nobody will read it. */
  close(): Promise<void>
}

/**
 * True for a message that can be read again from its start. A Node stream has `read` too, and is read only once: whatever can be
 * iterated is that.
 */
export function isStored(message: OutgoingMessage): message is StoredMessage {
  if (typeof message !== 'object' || message === null || isIterable(message)) return false
  return 'read' in message && typeof message.read === 'function'
}

/** Looks at the front of a message. @throws SmtpClientError `source`; what `wait` throws. */
export async function openMessage(
  message: OutgoingMessage,
  size: number | null,
  lookAhead: number,
  wait: Wait,
): Promise<OpenedMessage> {
  if (isOctets(message)) return inMemory(message)
  const stored = isStored(message) ? message : null
  const known = size ?? stored?.size ?? null
  const first = new Reading(isStored(message) ? message.read() : message)
  const seen = await lookAt(first, lookAhead, wait)
  if (first.ended) return inMemory(seen)
  let started = false
  return {
    whole: null,
    size: known,
    eightBit: hasEightBit(seen) || null,
    utf8Header: hasUtf8Header(seen),
    again: stored !== null,
    async *pieces(how = wait) {
      // The look at the front has the first reading begun already.
      const reading = started && stored ? new Reading(stored.read()) : first
      if (!started) yield seen
      started = true
      try {
        for (let piece = await reading.pull(how); piece; piece = await reading.pull(how)) yield piece
      } finally {
        await reading.close()
      }
    },
    async close() {
      if (started) return
      started = true
      await first.close()
    },
  }
}

/** The front of a message; all of it when it is shorter. */
async function lookAt(reading: Reading, lookAhead: number, wait: Wait): Promise<Uint8Array> {
  const front: Uint8Array[] = []
  let length = 0
  try {
    while (length < lookAhead) {
      const piece = await reading.pull(wait)
      if (!piece) break
      front.push(piece)
      length += piece.length
    }
  } catch (reason) {
    await reading.close()
    throw reason
  }
  return concat(front)
}

/** A message that is in memory. */
export function inMemory(octets: Uint8Array): OpenedMessage {
  return {
    whole: octets,
    size: octets.length,
    eightBit: hasEightBit(octets),
    utf8Header: hasUtf8Header(octets),
    again: true,
    pieces: () => [octets],
    close: () => Promise.resolve(),
  }
}

/** All octets of a message. @throws SmtpClientError `unsupported` when there are more than `limit`. */
export async function collect(message: OpenedMessage, limit: number): Promise<Uint8Array> {
  if (message.whole) return message.whole
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of message.pieces()) {
    length += piece.length
    if (length > limit) {
      throw new SmtpClientError('unsupported', `a message of more than ${limit} octets cannot be converted`, {
        enhanced: '5.6.3',
      })
    }
    pieces.push(piece)
  }
  return concat(pieces)
}

/** A source that is being read. */
class Reading {
  ended = false
  readonly #iterator: AsyncIterator<Uint8Array> | Iterator<Uint8Array>
  /** A piece was asked for and has not come. */
  #asked = false

  constructor(source: MessageSource) {
    this.#iterator = iterate(source)
  }

  /** The next piece; `null` at the end. @throws SmtpClientError `source`; what `wait` throws. */
  pull(wait: Wait): Promise<Uint8Array | null> | Uint8Array | null {
    let next: MaybePromise<IteratorResult<Uint8Array, unknown>>
    try {
      next = this.#iterator.next()
    } catch (cause) {
      throw sourceFailed(cause)
    }
    if (!('then' in next)) return this.#came(next)
    this.#asked = true
    const came = next.then(
      (result) => this.#came(result),
      (cause: unknown) => {
        this.#asked = false
        throw sourceFailed(cause)
      },
    )
    return wait(came)
  }

  #came({ done, value }: IteratorResult<unknown>): Uint8Array | null {
    this.#asked = false
    this.ended = done === true
    if (done) return null
    if (!isOctets(value)) throw noOctets(`the pieces of a message are octets, and not ${kindOf(value)}`)
    return value
  }

  /** Nobody wants more of it. */
  async close(): Promise<void> {
    // What a generator is told now it hears behind the piece that it was asked for, which may never come.
    const stalled = this.#asked
    const closed = Promise.resolve(this.#iterator.return?.())
    if (stalled) closed.catch(() => {})
    else await closed
  }
}

function sourceFailed(cause: unknown): SmtpClientError {
  return new SmtpClientError('source', 'the source of the message failed', { cause })
}

function isIterable(value: object): value is MessageSource {
  return Symbol.asyncIterator in value || Symbol.iterator in value
}

function iterate(source: MessageSource): AsyncIterator<Uint8Array> | Iterator<Uint8Array> {
  // Whoever has no types may give anything.
  if (typeof source !== 'object' || source === null || !isIterable(source)) {
    throw noOctets(`a message is octets, an (async) iterable of them or has \`read\`, and not ${kindOf(source)}`)
  }
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
}

/** The tag is there for octets of another realm too, which tests run in. */
export function isOctets(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array || Object.prototype.toString.call(value) === '[object Uint8Array]'
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  return typeof value === 'string'
    ? 'text: encode it (`new TextEncoder().encode(text)`)'
    : `a value of type ${typeof value}`
}

/** The caller's mistake: the same message fails again. */
function noOctets(why: string): SmtpClientError {
  return new SmtpClientError('source', why, { temporary: false })
}

const LF = 10
const CR = 13

/** Where the header ends, its empty line left out; the length when there is no empty line. */
export function headerLength(octets: Uint8Array): number {
  for (let at = octets.indexOf(LF); at !== -1; at = octets.indexOf(LF, at + 1)) {
    const next = octets[at + 1]
    if (next === LF || (next === CR && octets[at + 2] === LF)) return at + 1
  }
  return octets.length
}

function hasUtf8Header(octets: Uint8Array): boolean {
  const header = octets.subarray(0, headerLength(octets))
  if (!hasEightBit(header)) return false
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(header)
    return true
  } catch {
    // Octets of an old charset: 8BITMIME has to do.
    return false
  }
}
