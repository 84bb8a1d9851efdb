import type { MailStoreOptions, TestStore } from './mail-store.js'
import { once } from './once.js'

/** The store of a test server: its code is loaded for the first who needs it. */
export interface LaterStore {
  open(): Promise<TestStore>
  /** Removes all messages that are there now; who opens the store from now on finds them gone. */
  empty(): void
}

export function laterStore(options: MailStoreOptions): LaterStore {
  let made: TestStore | null = null
  let emptying: Promise<void> | null = null
  const open = once(async () => {
    const { createTestStore } = await import('./mail-store.js')
    made = createTestStore(options)
    return made
  })
  return {
    open: () => emptying?.then(open) ?? open(),
    empty() {
      if (!made) return
      const mine = made.empty().finally(() => {
        if (emptying === mine) emptying = null
      })
      emptying = mine
    },
  }
}
