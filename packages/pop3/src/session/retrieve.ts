import { isStoreError, type Source } from '@posthouse/store-api'
import { createDotStuffer } from '../syntax/dot-stuffing.js'
import type { TopCutter } from '../syntax/top.js'
import type { TransactionContext } from './commands/command.js'
import { createHeaderFilter } from './header-filter.js'

/**
 * Octets behind which the client is waited for: many small messages of a pipelining client share a write. While the store
 * thinks, somebody else may write what is there, but he does not wait.
 */
const GATHERED = 262_144
/** Octets up to which a piece is copied; the memory of a larger one has to be free before the store uses it again. */
const COPIED = 16_384

/**
 * Sends the message with a number, or what `cutter` leaves of it: dots stuffed, on views, no faster than the client
 * reads. True when all of it was sent; false when it cannot be read (`-ERR` was said) or the client is gone.
 * @throws what the store throws behind the first octets: the connection has to end without the final dot.
 */
export async function sendMessage(
  context: TransactionContext,
  number: number,
  text: string,
  cutter?: TopCutter,
): Promise<boolean> {
  const { engine, link, drop, setup, utf8 } = context
  const stuffer = createDotStuffer()
  const filter = setup.utf8Headers === 'surrogate' && !utf8 ? createHeaderFilter() : null

  function write(piece: Uint8Array): void {
    if (!engine.sending) engine.send({ type: 'start', text })
    if (filter) for (const part of filter.write(piece)) cutAndSend(part)
    else cutAndSend(piece)
  }
  function cutAndSend(piece: Uint8Array): void {
    if (cutter?.done) return
    const part = cutter ? cutter.write(piece) : piece
    context.gathered += part.length
    engine.send({ type: 'octets', pieces: stuffer.write(part) })
  }
  /** A promise when the client is slow. */
  function pass(piece: Uint8Array, lasting: boolean): void | Promise<void> {
    const small = piece.length <= COPIED
    write(small && !lasting ? new Uint8Array(piece) : piece)
    if (!small && !lasting) return link.sent()
    if (context.gathered < GATHERED) return
    context.gathered = 0
    return link.flush()
  }
  const enough = (): boolean => cutter?.done === true || link.signal.aborted

  try {
    const { prefix, blob, inline } = await drop.begin(number)
    const source: Source = inline ? [inline] : drop.account.read(blob, { start: 0, reuse: true })
    // Until the first octets of the blob are there the answer may still be an error.
    let first = true
    for await (const piece of source) {
      if (first && prefix.length > 0) write(prefix)
      first = false
      const slow = pass(piece, inline !== null)
      if (slow) await slow
      if (enough()) break
    }
    if (first && !link.signal.aborted) write(prefix)
  } catch (reason) {
    if (engine.sending) throw reason
    unreadable(context, number, reason)
    return false
  }
  if (link.signal.aborted) return false
  for (const part of filter?.end() ?? []) cutAndSend(part)
  engine.send({ type: 'end', octets: stuffer.end() })
  return true
}

function unreadable({ drop, error, link, log }: TransactionContext, number: number, reason: unknown): void {
  if (isStoreError(reason) && reason.code === 'nonexistent') return error('this message was deleted by another session')
  const { uid } = drop.messages[number - 1]
  log({ level: 'error', event: 'message.unreadable', connection: link.id, uid, error: reason })
  error('this message cannot be read now', 'SYS/TEMP')
}
