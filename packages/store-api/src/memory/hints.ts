import type { ChangeHint } from '../types.js'

/** Hints that one watcher may have waiting; beyond it they become one that names no mailbox (R11). */
const MAX_WAITING = 256

/** Tells watchers of an account that something changed; what changed they pull themselves. */
export interface Hints {
  publish(account: string, hint: ChangeHint): void
  /** Subscribed when this returns, not at the first pull. Ends when the signal aborts. */
  subscribe(account: string, signal: AbortSignal): AsyncIterable<ChangeHint>
}

interface Watcher {
  waiting: ChangeHint[]
  wake: (() => void) | null
}

export function createHints(): Hints {
  const watchers = new Map<string, Set<Watcher>>()

  function add(account: string, watcher: Watcher): void {
    const set = watchers.get(account) ?? new Set()
    watchers.set(account, set.add(watcher))
  }

  function remove(account: string, watcher: Watcher): void {
    const set = watchers.get(account)
    set?.delete(watcher)
    if (set?.size === 0) watchers.delete(account)
    watcher.wake?.()
  }

  return {
    publish(account, hint) {
      for (const watcher of watchers.get(account) ?? []) {
        watcher.waiting.push(hint)
        if (watcher.waiting.length > MAX_WAITING) watcher.waiting = [{}]
        watcher.wake?.()
      }
    },
    subscribe(account, signal) {
      const watcher: Watcher = { waiting: [], wake: null }
      if (!signal.aborted) {
        add(account, watcher)
        signal.addEventListener('abort', () => remove(account, watcher), { once: true })
      }
      return follow(watcher, signal, () => remove(account, watcher))
    },
  }
}

async function* follow(watcher: Watcher, signal: AbortSignal, done: () => void): AsyncGenerator<ChangeHint> {
  try {
    while (!signal.aborted) {
      const hint = watcher.waiting.shift()
      if (hint) {
        yield hint
        continue
      }
      await new Promise<void>((resolve) => {
        watcher.wake = resolve
      })
      watcher.wake = null
    }
  } finally {
    done()
  }
}
