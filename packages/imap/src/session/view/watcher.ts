/** Hints of the store for one session: one subscription, however many listen. Without `watch` the store is polled. */
import type { ModSeq } from '@posthouse/store-api'
import type { ImapSession } from '../session.js'

export type HintListener = (mailbox: string | undefined, modseq: ModSeq | undefined) => void

export interface Watcher {
  /** Calls back at each hint until the returned function is called. */
  listen(listener: HintListener): () => void
  stop(): void
}

/** Starts to watch the session's account. `first` hears every hint. */
export function createWatcher(session: ImapSession, first: HintListener): Watcher {
  const controller = new AbortController()
  const listeners = new Set<HintListener>([first])
  const { account, server, limits } = session

  function tell(mailbox: string | undefined, modseq: ModSeq | undefined): void {
    for (const listener of listeners) listener(mailbox, modseq)
  }

  async function follow(): Promise<void> {
    if (account.watch) for await (const hint of account.watch(controller.signal)) tell(hint.mailbox, hint.modseq)
    else await poll()
  }

  /** A look at intervals, but only while somebody waits (IDLE). */
  async function poll(): Promise<void> {
    while (!controller.signal.aborted) {
      await server.wait(limits.poll, controller.signal)
      if (listeners.size > 1 && !controller.signal.aborted) tell(undefined, undefined)
    }
  }

  follow().catch((error: unknown) => {
    if (!controller.signal.aborted) session.log({ level: 'warn', event: 'store.watch-failed', error })
  })
  return {
    listen(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    stop() {
      listeners.clear()
      controller.abort()
    },
  }
}
