import { isStoreError, type Source } from '@posthouse/store-api'
import { createDotStuffer, type DotStuffer } from '../syntax/dot-stuffing.js'
import type { TopCutter } from '../syntax/top.js'
import type { TransactionContext } from './commands/command.js'
import type { MaildropMessage } from './maildrop.js'

/** Octets that are gathered before they are written: many small messages of a pipelining client share a write. */
const GATHERED = 262_144

/**
 * Sends a message, or what `cutter` leaves of it: dots stuffed, on views, no faster than the client reads.
 * True when all of it was sent; false when it is gone (`-ERR` was said) or the client is.
 * @throws what the store throws; behind the first octets the connection has to end without the final dot.
 */
export async function sendMessage(
  context: TransactionContext,
  message: MaildropMessage,
  text: string,
  cutter?: TopCutter,
): Promise<boolean> {
  const { engine, link, drop } = context
  const { prefix, blob } = message
  const stuffer = createDotStuffer()
  let gathered = 0

  /** True when no more is wanted. */
  async function pass(piece: Uint8Array): Promise<boolean> {
    const slow = write(stuffer, piece)
    if (slow) await slow
    return link.signal.aborted || cutter?.done === true
  }
  function write(to: DotStuffer, piece: Uint8Array): void | Promise<void> {
    if (!engine.sending) {
      engine.send({ type: 'start', text })
      if (prefix && !cutter?.done)
        engine.send({ type: 'octets', pieces: to.write(cutter ? cutter.write(prefix) : prefix) })
      if (cutter?.done) return
    }
    engine.send({ type: 'octets', pieces: to.write(cutter ? cutter.write(piece) : piece) })
    gathered += piece.length
    if (gathered < GATHERED) return
    gathered = 0
    return link.flush()
  }

  try {
    // Until the first octets are there the answer may still be an error.
    const source: Source = drop.account.read(blob)
    if (Symbol.iterator in source) {
      for (const piece of source) if (await pass(piece)) break
    } else {
      for await (const piece of source) if (await pass(piece)) break
    }
  } catch (reason) {
    if (engine.sending || !isStoreError(reason) || reason.code !== 'nonexistent') throw reason
    context.error('this message was deleted by another session')
    return false
  }
  if (link.signal.aborted) return false
  if (!engine.sending) write(stuffer, new Uint8Array(0))
  engine.send({ type: 'end', octets: stuffer.end() })
  return true
}
