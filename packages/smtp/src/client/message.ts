/** Messages to be sent: where their octets come from, and what must be known of them before MAIL. */
import { concat, hasEightBit } from '@posthouse/wire'
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
  /** All octets in order. For those that are no `StoredMessage`: once. */
  pieces(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>
  /** True when `pieces` may be called again. */
  readonly again: boolean
  /** Nobody will read it. */
  close(): Promise<void>
}

/** Looks at the front of a message. @throws SmtpClientError `source`. */
export async function openMessage(
  message: OutgoingMessage,
  size: number | null,
  lookAhead: number,
): Promise<OpenedMessage> {
  if (message instanceof Uint8Array) return inMemory(message)
  const stored = 'read' in message && typeof message.read === 'function' ? (message as StoredMessage) : null
  const known = size ?? stored?.size ?? null
  const source = stored ? stored.read() : (message as MessageSource)
  const iterator = iterate(source)
  const front: Uint8Array[] = []
  let length = 0
  while (length < lookAhead) {
    const piece = await pull(iterator)
    if (!piece) return inMemory(front.length === 0 ? new Uint8Array(0) : concat(front))
    front.push(piece)
    length += piece.length
  }
  const seen = concat(front)
  let started = false
  return {
    whole: null,
    size: known,
    eightBit: hasEightBit(seen) || null,
    utf8Header: hasUtf8Header(seen),
    again: stored !== null,
    async *pieces() {
      // The look at the front has the first reading begun already.
      const reading = started && stored ? iterate(stored.read()) : iterator
      if (!started) yield seen
      started = true
      try {
        for (let piece = await pull(reading); piece; piece = await pull(reading)) yield piece
      } finally {
        await reading.return?.()
      }
    },
    async close() {
      if (started) return
      started = true
      await iterator.return?.()
    },
  }
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

function iterate(source: MessageSource): AsyncIterator<Uint8Array> | Iterator<Uint8Array> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
}

async function pull(iterator: AsyncIterator<Uint8Array> | Iterator<Uint8Array>): Promise<Uint8Array | null> {
  try {
    const { done, value } = await iterator.next()
    return done ? null : value
  } catch (cause) {
    throw new SmtpClientError('source', 'the source of the message failed', { cause })
  }
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
