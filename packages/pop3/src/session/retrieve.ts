import { indexOfByte, type Link } from '@posthouse/wire'
import type { Pop3Engine } from '../engine/engine.js'
import { createDotStuffer } from '../syntax/dot-stuffing.js'
import type { Maildrop, MaildropMessage } from './maildrop.js'

const LF = 10
const CR = 13

/** Sends a message, dots stuffed, no faster than the client reads. */
export async function retrieve(
  engine: Pop3Engine,
  link: Link,
  drop: Maildrop,
  message: MaildropMessage,
): Promise<void> {
  await sendOctets(engine, link, `${message.size} octets`, drop.read(message))
}

/** Sends the header and the first lines of the body (RFC 1939 §7, TOP). */
export async function top(
  engine: Pop3Engine,
  link: Link,
  drop: Maildrop,
  message: MaildropMessage,
  lines: number,
): Promise<void> {
  await sendOctets(engine, link, 'top of message follows', firstLines(drop.read(message), lines))
}

async function sendOctets(
  engine: Pop3Engine,
  link: Link,
  text: string,
  octets: AsyncIterable<Uint8Array>,
): Promise<void> {
  const stuffer = createDotStuffer()
  const iterator = octets[Symbol.asyncIterator]()
  try {
    // Until the first octets are there the answer may still be an error.
    let result = await iterator.next()
    engine.send({ type: 'start', text })
    while (!result.done) {
      engine.send({ type: 'octets', pieces: stuffer.write(result.value) })
      const slow = link.flush()
      if (slow) await slow
      if (link.signal.aborted) return
      result = await iterator.next()
    }
    engine.send({ type: 'end', octets: stuffer.end() })
  } finally {
    await iterator.return?.()
  }
}

/** The header block, its empty line, and so many lines of the body. Reads no further. */
async function* firstLines(octets: AsyncIterable<Uint8Array>, lines: number): AsyncGenerator<Uint8Array> {
  let inBody = false
  /** Octets of the current line so far, without its CR. */
  let length = 0
  let left = lines
  for await (const piece of octets) {
    let at = 0
    for (let end = indexOfByte(piece, LF); end !== -1; end = indexOfByte(piece, LF, at)) {
      const cr = end > 0 && piece[end - 1] === CR ? 1 : 0
      const empty = length + end - at - (end > at ? cr : 0) === 0
      at = end + 1
      length = 0
      if (inBody) left--
      else if (empty) inBody = true
      if (inBody && left <= 0) {
        yield piece.subarray(0, at)
        return
      }
    }
    const rest = piece.length - at
    // A CR that ends a piece may belong to the line end in the next one.
    length += rest > 0 && piece[piece.length - 1] === CR ? rest - 1 : rest
    yield piece
  }
}
