/** Where the octets of a message are kept for handlers that want to read them after they have come in. */
import type { ByteRange, Source } from '@posthouse/store-api'
import { concat, type MaybePromise } from '@posthouse/wire'

/** A message in a spool. */
export interface SpooledMessage {
  /**
   * All octets, in memory. The same array at every call; not to be changed.
   * @throws Error when the spool has the message elsewhere: then `read` it.
   */
  octets(): Uint8Array
  /** Octets from `start` (included) to `end` (excluded); all without a range. May be called again, and at once. */
  read(range?: ByteRange): Source
  /** Nobody will read it again. */
  release(): MaybePromise<void>
}

/** A message on its way into a spool. */
export interface SpoolWriter {
  /** A piece; to be copied when it is kept beyond the returned promise. */
  write(octets: Uint8Array): void | Promise<void>
  finish(): MaybePromise<SpooledMessage>
  /** The message was refused, or the client went away. */
  abort(): void
}

/** Makes a place for each message. */
export interface Spool {
  open(): SpoolWriter
}

/** Keeps messages in memory. */
export const memorySpool: Spool = {
  open() {
    let kept: Uint8Array[] = []
    return {
      write(octets) {
        kept.push(new Uint8Array(octets))
      },
      abort() {
        kept = []
      },
      finish() {
        const octets = (): Uint8Array => {
          if (kept.length !== 1) kept = [concat(kept)]
          return kept[0]
        }
        return {
          octets,
          read: (range) => [octets().subarray(range?.start ?? 0, range?.end)],
          release() {},
        }
      },
    }
  },
}
