/** The hints that wait for one watcher: merged by mailbox, bounded, and gone when nobody listens any more. */
import type { ChangeHint, MailboxId } from './types.js'

/** Hints for one watcher, for a store that has its own `watch`. */
export interface WatchQueue extends AsyncIterable<ChangeHint> {
  /** Adds a hint. The newest of a mailbox replaces the older one. */
  push(hint: ChangeHint): void
  /** Ends it, as its signal does: what waits is dropped, and the consumer's loop is over. */
  end(): void
}

/** How much a `WatchQueue` holds. */
export interface WatchQueueOptions {
  /** Mailboxes with unread hints; more become one hint for all. Default 256. */
  readonly maxHints?: number
  /** Called once, when the signal aborts or the consumer leaves the loop. */
  readonly onEnd?: () => void
}

/**
 * A queue that a store's `watch` returns. It takes hints from the moment it is made, not from the first `next()`:
 * what changes between subscribing and the first pull is not missed (R11).
 */
export function createWatchQueue(signal: AbortSignal, options: WatchQueueOptions = {}): WatchQueue {
  const maxHints = options.maxHints ?? 256
  /** Made for the first hint: most watchers wait for long. */
  let waiting: Map<MailboxId | undefined, ChangeHint> | undefined
  let wake: (() => void) | undefined
  let ended = signal.aborted

  const end = () => {
    if (!ended) options.onEnd?.()
    ended = true
    waiting = undefined
    signal.removeEventListener('abort', end)
    wake?.()
  }
  if (ended) options.onEnd?.()
  else signal.addEventListener('abort', end, { once: true })

  const next = async (): Promise<IteratorResult<ChangeHint, undefined>> => {
    while (!ended) {
      const first = waiting?.entries().next().value
      if (first) {
        waiting?.delete(first[0])
        return { done: false, value: first[1] }
      }
      await new Promise<void>((resolve) => {
        wake = resolve
      })
      wake = undefined
    }
    return { done: true, value: undefined }
  }

  return {
    push(hint) {
      if (ended) return
      waiting ??= new Map()
      if (waiting.has(undefined)) return
      if (hint.mailbox !== undefined && waiting.size < maxHints) waiting.set(hint.mailbox, hint)
      else if (hint.mailbox !== undefined && waiting.has(hint.mailbox)) waiting.set(hint.mailbox, hint)
      else {
        waiting.clear()
        waiting.set(undefined, {})
      }
      wake?.()
    },
    end,
    [Symbol.asyncIterator]: () => ({
      next,
      return: async () => {
        end()
        return { done: true, value: undefined }
      },
    }),
  }
}
