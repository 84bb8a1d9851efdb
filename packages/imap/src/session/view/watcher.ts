/** Hints of the store for one session: one subscription, however many listen. Without `watch` the store is polled. */
import type { ModSeq } from '@posthouse/store-api'
import { nextTurn } from '../next-turn.js'
import type { ImapSession } from '../session.js'

export type HintListener = (mailbox: string | undefined, modseq: ModSeq | undefined) => void

export interface Watcher {
  /** Calls back at each hint until the returned function is called. */
  listen(listener: HintListener): () => void
  /** A look has failed: another hint comes after a while, as often as a store without hints is asked. */
  hintLater(): void
  stop(): void
}

/** Starts to watch the session's account. `first` hears every hint. */
export function createWatcher(session: ImapSession, first: HintListener): Watcher {
  const controller = new AbortController()
  const listeners = new Set<HintListener>([first])
  const { account, link, limits } = session
  let polling = false
  let later = false

  function tell(mailbox: string | undefined, modseq: ModSeq | undefined): void {
    for (const listener of listeners) listener(mailbox, modseq)
  }

  async function follow(watch: NonNullable<typeof account.watch>): Promise<void> {
    for await (const hint of watch.call(account, controller.signal)) tell(hint.mailbox, hint.modseq)
  }

  /** A look at intervals, but only while somebody waits (IDLE, NOTIFY). */
  async function poll(): Promise<void> {
    polling = true
    while (listeners.size > 1) {
      await link.delay(limits.poll)
      // Where no time passes (in a test), others have their turn at least.
      await nextTurn()
      if (listeners.size > 1) tell(undefined, undefined)
    }
    polling = false
  }

  async function again(): Promise<void> {
    later = true
    await link.delay(limits.poll)
    await nextTurn()
    later = false
    if (listeners.size > 1) tell(undefined, undefined)
  }

  if (account.watch) {
    follow(account.watch).catch((error: unknown) => {
      if (!controller.signal.aborted) session.log({ level: 'warn', event: 'store.watch-failed', error })
    })
  }
  return {
    listen(listener) {
      listeners.add(listener)
      if (!account.watch && !polling) void poll()
      return () => void listeners.delete(listener)
    },
    hintLater() {
      if (!polling && !later) void again()
    },
    stop() {
      listeners.clear()
      controller.abort()
    },
  }
}
