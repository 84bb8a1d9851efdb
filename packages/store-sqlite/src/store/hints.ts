import { type ChangeHint, createWatchQueue, type WatchQueue } from '@posthouse/store-api'
import type { ChangeNote } from '../write/state.js'

/**
 * Who waits for changes of which account. Commits of this process are told at once; those of other processes are
 * found by asking `PRAGMA data_version` while anybody waits. A slow watcher gets one catch-all hint in place of many.
 */
export interface Hints {
  /** Tells the watchers what this process has committed. */
  publish(notes: readonly ChangeNote[]): void
  /** `seen`: the newest modification sequence that the watcher has pulled; what is newer is worth a hint at once. */
  watch(
    account: { readonly id: number; readonly name: string },
    seen: number,
    signal: AbortSignal,
  ): AsyncIterable<ChangeHint>
  close(): void
}

export interface HintsOptions {
  /** Modification sequences of accounts if `always`, or if anybody wrote since the last question; else `null`. */
  readonly poll: (accounts: readonly number[], always: boolean) => Promise<readonly number[] | null>
  /** ms between questions. */
  readonly interval: number
}

/** Watchers of one account. */
interface Group {
  readonly account: number
  /** For each the newest modification sequence that it knows of. */
  readonly queues: Map<WatchQueue, number>
}

export function createHints({ poll, interval }: HintsOptions): Hints {
  const groups = new Map<string, Group>()
  let closed = false
  let timer: NodeJS.Timeout | null = null
  let asking = false
  /** Somebody came since the last question: the answer is wanted even if nobody has written. */
  let fresh = false

  async function ask(): Promise<void> {
    asking = true
    const asked = [...groups.values()]
    const always = fresh
    fresh = false
    const modseqs = await poll(
      asked.map((group) => group.account),
      always,
    ).catch(() => null)
    asking = false
    modseqs?.forEach((modseq, i) => {
      const { queues } = asked[i]
      for (const [queue, told] of queues) if (modseq > told) tell(queues, queue, { modseq })
    })
    timer = groups.size > 0 && !closed ? setTimeout(() => void ask(), interval) : null
    timer?.unref()
  }

  function tell(queues: Map<WatchQueue, number>, queue: WatchQueue, hint: ChangeHint): void {
    queues.set(queue, Math.max(hint.modseq ?? 0, queues.get(queue) ?? 0))
    queue.push(hint)
  }

  return {
    publish(notes) {
      if (groups.size === 0) return
      for (const { account, mailbox, modseq } of notes) {
        const queues = groups.get(account)?.queues
        if (!queues) continue
        for (const queue of queues.keys()) tell(queues, queue, mailbox === undefined ? { modseq } : { mailbox, modseq })
      }
    },
    watch({ id, name }, seen, signal) {
      const known = groups.get(name)
      const group = known?.account === id ? known : { account: id, queues: new Map() }
      // Another account had the name. Whoever watches that one looks once more, and finds it gone.
      if (known && known !== group) for (const queue of known.queues.keys()) queue.push({})
      let queue: WatchQueue | undefined
      // Not `AbortSignal.any`: every idle connection has a queue, and would have one more signal.
      queue = createWatchQueue(signal, {
        onEnd() {
          if (queue) group.queues.delete(queue)
          if (group.queues.size === 0 && groups.get(name) === group) groups.delete(name)
        },
      })
      if (closed) queue.end()
      if (closed || signal.aborted) return queue
      groups.set(name, group)
      group.queues.set(queue, seen)
      fresh = true
      if (!timer && !asking) void ask()
      return queue
    },
    close() {
      closed = true
      for (const { queues } of [...groups.values()]) for (const queue of [...queues.keys()]) queue.end()
      if (timer) clearTimeout(timer)
      timer = null
    },
  }
}
