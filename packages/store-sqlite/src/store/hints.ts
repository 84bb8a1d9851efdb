import { type ChangeHint, createWatchQueue, type WatchQueue } from '@posthouse/store-api'
import type { ChangeNote } from '../write/state.js'

/**
 * Who waits for changes of which account. Commits of this process are told at once; those of other processes are
 * found by asking `PRAGMA data_version` while anybody waits. A slow watcher gets one catch-all hint in place of many.
 */
export interface Hints {
  /** Tells the watchers what this process has committed. */
  publish(notes: readonly ChangeNote[]): void
  watch(account: { readonly id: number; readonly name: string }, signal: AbortSignal): AsyncIterable<ChangeHint>
  close(): void
}

export interface HintsOptions {
  /** Modification sequences of accounts if another connection wrote since the last question, else `null`. */
  readonly poll: (accounts: readonly number[]) => Promise<readonly number[] | null>
  /** ms between questions. */
  readonly interval: number
}

/** Watchers of one account. */
interface Group {
  readonly account: number
  readonly queues: Set<WatchQueue>
  /** The newest modification sequence that they were told; `undefined` until the first answer. */
  told: number | undefined
}

export function createHints({ poll, interval }: HintsOptions): Hints {
  const groups = new Map<string, Group>()
  const closing = new AbortController()
  let timer: NodeJS.Timeout | null = null
  let asking = false

  async function ask(): Promise<void> {
    asking = true
    const asked = [...groups.values()]
    const modseqs = await poll(asked.map((group) => group.account)).catch(() => null)
    asking = false
    modseqs?.forEach((modseq, i) => {
      const group = asked[i]
      const known = group.told
      group.told = Math.max(modseq, known ?? 0)
      // The first answer only says where we stand: whoever subscribes pulls once by themselves (R11).
      if (known !== undefined && modseq > known) for (const queue of group.queues) queue.push({ modseq })
    })
    timer = groups.size > 0 && !closing.signal.aborted ? setTimeout(() => void ask(), interval) : null
    timer?.unref()
  }

  return {
    publish(notes) {
      if (groups.size === 0) return
      for (const { account, mailbox, modseq } of notes) {
        const group = groups.get(account)
        if (!group) continue
        group.told = Math.max(modseq, group.told ?? 0)
        for (const queue of group.queues) queue.push(mailbox === undefined ? { modseq } : { mailbox, modseq })
      }
    },
    watch({ id, name }, signal) {
      const group = groups.get(name) ?? { account: id, queues: new Set(), told: undefined }
      groups.set(name, group)
      let queue: WatchQueue | undefined
      queue = createWatchQueue(AbortSignal.any([signal, closing.signal]), {
        onEnd() {
          if (queue) group.queues.delete(queue)
          if (group.queues.size === 0 && groups.get(name) === group) groups.delete(name)
        },
      })
      if (!signal.aborted) group.queues.add(queue)
      if (!timer && !asking) void ask()
      return queue
    },
    close() {
      closing.abort()
      if (timer) clearTimeout(timer)
      timer = null
    },
  }
}
