/**
 * The contract of every protocol engine.
 *
 * An engine is the state machine of one connection without its socket: bytes in, events out; replies in, bytes out.
 * It never waits, never looks at a clock and never does I/O, so a test, a browser or a driver can turn its handle.
 *
 * ```
 *   chunk -> receive()      next() -> event -> (somebody decides) -> send(reply)      takeOutput() -> bytes
 * ```
 *
 * Deterministic: any cutting of the same input into chunks gives the same events and the same output.
 */

/** More input is needed before anything else can happen: read from the peer. */
export interface NeedData {
  readonly type: 'need-data'
}

/**
 * The peer has said more than was answered. Do not read from it until the last event has its reply:
 * that is the back-pressure.
 */
export interface Paused {
  readonly type: 'paused'
}

/** The one `NeedData` there is. */
export const NEED_DATA: NeedData = Object.freeze({ type: 'need-data' })
/** The one `Paused` there is. */
export const PAUSED: Paused = Object.freeze({ type: 'paused' })

/** One connection's state machine; see the theory of operation above. */
export interface Engine<Event extends { readonly type: string }, Reply> {
  /**
   * Takes what came from the peer. Views of it may be handed out by events until the next call,
   * so the chunk must not be changed before that.
   */
  receive(chunk: Uint8Array): void
  /**
   * The memory of the chunk will be written to: lets go of it. Called only when `next` has said that it needs data; what of
   * the chunk is not consumed must be copied. An engine without it keeps each chunk until the next.
   */
  release?(): void
  /** The peer half-closed: nothing more will be received. */
  receiveEnd(): void
  /** The next thing that wants an answer or attention. An event's byte views are valid until the next `receive`. */
  next(): Event | NeedData | Paused
  /**
   * Answers what `next` gave.
   * @throws ProtocolUsageError when the state does not allow this reply.
   */
  send(reply: Reply): void
  /** What to write now, in order; all replies of a pipelined batch together. Empty when there is nothing. */
  takeOutput(): readonly Uint8Array[]
  /**
   * About how many octets `takeOutput` would give. While they are many nothing more is asked of `next`. An engine whose
   * replies are small beside what they answer does without.
   */
  readonly unsent?: number
}

/** The code that drives an engine asked for something its state does not allow: a bug there, not the peer's fault. */
export class ProtocolUsageError extends Error {
  override readonly name = 'ProtocolUsageError'
}
