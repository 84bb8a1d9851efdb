/** Hints, replicas and slow readers: R3, R9, R11. */
import { type ChangeHint, collectRows, type MailboxInfo } from '@posthouse/store-api'
import { type Mutant, mutant, tick } from './mutant.js'

export const feedMutants: readonly Mutant[] = [
  mutant('a hint comes before its change can be seen', 'R11', [85], (account) => {
    let wakeAll: (() => void)[] = []
    return {
      watch: (signal) =>
        (async function* () {
          while (!signal.aborted) {
            await new Promise<void>((resolve) => {
              wakeAll.push(resolve)
              signal.addEventListener('abort', () => resolve(), { once: true })
            })
            yield {}
          }
        })(),
      commit: async (ops, key) => {
        for (const wake of wakeAll) wake()
        wakeAll = []
        await tick()
        return account.commit(ops, key)
      },
    }
  }),
  mutant('watch says nothing', 'R11', [82, 83, 84], () => ({
    watch: (signal) =>
      (async function* () {
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
        yield* []
      })(),
  })),
  mutant('each commit is a hint that is kept until it is read', 'R11', [89], (account) => {
    const kept: ChangeHint[] = []
    return {
      watch: (signal) =>
        (async function* () {
          while (kept.length > 0 && !signal.aborted) yield kept.shift()!
          yield* account.watch(signal)
        })(),
      commit: async (ops, key) => {
        const done = await account.commit(ops, key)
        kept.push({ modseq: done.modseq })
        return done
      },
    }
  }),
  mutant('watch subscribes at its first pull', 'R11', [86], (account) => ({
    watch: (signal) =>
      (async function* () {
        yield* account.watch(signal)
      })(),
  })),
  mutant('reads come from a replica that lags', 'R3', [87], (account) => {
    let old: readonly MailboxInfo[] | undefined
    return {
      mailboxes: async () => {
        const now = await account.mailboxes()
        const answer = old ?? now
        old = now
        return answer
      },
    }
  }),
  mutant('watch does not end with its signal', 'R11', [88], (account) => ({
    watch: () => account.watch(new AbortController().signal),
  })),
  mutant('UIDs are read one by one', 'R9', [92], (account) => ({
    uids: async (mailbox) => {
      const uids = await account.uids(mailbox)
      await new Promise((resolve) => setTimeout(resolve, uids.length / 5))
      return uids
    },
  })),
  mutant('messages() goes by position, not by key', 'R9', [100], (account) => ({
    messages: async function* (mailbox, query) {
      for (let at = 0; ; at += 500) {
        const page = (await collectRows(account.messages(mailbox, query))).slice(at, at + 500)
        if (page.length === 0) return
        yield page
      }
    },
  })),
  mutant('messages() loads the whole mailbox and locks it', 'R9', [93], (account) => {
    let reading = false
    const pending: (() => void)[] = []
    return {
      messages: async function* (mailbox, query) {
        reading = true
        try {
          yield* account.messages(mailbox, query)
        } finally {
          reading = false
          for (const go of pending.splice(0)) go()
        }
      },
      commit: async (ops, key) => {
        // A lock with a time-out, so that the check ends.
        if (reading)
          await Promise.race([
            new Promise<void>((resolve) => pending.push(resolve)),
            new Promise((r) => setTimeout(r, 1500)),
          ])
        return account.commit(ops, key)
      },
    }
  }),
]
