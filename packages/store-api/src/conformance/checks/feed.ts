/** Checks 82 to 89: hints and what other handles see. */

import type { Account, ChangeHint } from '../../types.js'
import { watchOf } from '../../watch.js'
import { breathe, type CheckContext, mail } from '../context.js'
import { check, type Definition } from '../define.js'
import { expect, expectEqual, fail } from '../failure.js'

const late = 'new mail shows up when the user presses a button, or never'

/** Hints as they come, until `stop`. */
function listen(t: CheckContext, account: Account) {
  const controller = new AbortController()
  t.atEnd(() => controller.abort())
  const hints: ChangeHint[] = []
  let wake: (() => void) | undefined
  // Subscribed here and now; the loop takes its first hint later.
  const source = watchOf(account, controller.signal, { minMs: 50, maxMs: 200 })
  const ended = (async () => {
    for await (const hint of source) {
      hints.push(hint)
      wake?.()
    }
  })()
  // A check that ends early does not wait for it.
  ended.catch(() => {})
  return {
    hints,
    /** The next hint that passes, or a failure after the time. */
    async until(test: () => boolean | Promise<boolean>, ms: number, what: string): Promise<void> {
      const deadline = performance.now() + ms
      while (!(await test())) {
        const left = deadline - performance.now()
        if (left <= 0) fail(`${what}: nothing within ${ms} ms (${hints.length} hints)`)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, Math.min(left, 1000))
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
    },
    async stop(): Promise<void> {
      controller.abort()
      await withDeadline(ended, 2000, 'watch goes on after its signal was aborted')
    },
  }
}

async function withDeadline<T>(promise: Promise<T>, ms: number, seen: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const deadline = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), ms)
  })
  const outcome = await Promise.race([promise, deadline])
  clearTimeout(timer)
  return outcome === 'late' ? fail(seen) : (outcome as T)
}

/** How long a hint may take: a second with `watch`, the poll's longest wait without. */
const hintMs = (t: CheckContext) => (t.account.watch ? 1000 : 3000) * Math.max(1, t.patience)

export const feedChecks: readonly Definition[] = [
  check(82, 'R11', 'another handle hears of a commit within a second', late, async (t) => {
    const second = await t.another()
    const { id } = await t.inbox()
    await second.mailboxes()
    const watcher = listen(t, second)
    const [uid] = await t.append(mail('heard'))
    await watcher.until(() => watcher.hints.length > 0, hintMs(t), 'a hint')
    expectEqual(await t.uids(id, second), [uid], 'what the other handle pulls after the hint')
    await watcher.stop()
  }),
  check(83, 'R11', 'a watcher that was cut off and comes back misses nothing', late, async (t) => {
    const second = await t.another()
    const { id } = await t.inbox()
    const first = listen(t, second)
    await t.append(mail('one'))
    await first.stop()
    const cursor = (await t.info(id, second)).modseq
    const [during] = await t.append(mail('while away'))
    const again = listen(t, second)
    const pulled = await t.rows(id, { since: cursor }, second)
    expectEqual(
      pulled.map(({ uid }) => uid),
      [during],
      'the pull after coming back',
    )
    await t.append(mail('three'))
    await again.until(() => again.hints.length > 0, hintMs(t), 'a hint after coming back')
    await again.stop()
  }),
  check(84, 'R11', 'many commits may be few hints; the last state is pulled', late, async (t) => {
    const second = await t.another()
    const { id } = await t.inbox()
    const watcher = listen(t, second)
    const n = t.scaled(50, 1000)
    for (let i = 0; i < n; i++) await t.append(mail(`burst ${i}`))
    await watcher.until(async () => (await t.info(id, second)).messages === n, hintMs(t), 'the last state')
    expect(watcher.hints.length >= 1, 'no hint at all')
    await watcher.stop()
  }),
  check(
    85,
    'R11',
    'a hint never comes before its change can be seen',
    'the client looks, finds nothing and does not look again',
    async (t) => {
      const { id } = await t.inbox()
      const controller = new AbortController()
      const watch = t.method('watch')
      const second = await t.another()
      const hints = watch(controller.signal)[Symbol.asyncIterator]()
      for (let i = 0; i < t.scaled(10, 100); i++) {
        const hinted = hints.next()
        const appended = t.append(mail(`early ${i}`))
        const { value } = await withDeadline(hinted, hintMs(t), 'no hint after a commit')
        const { messages, modseq } = await t.info(id, second)
        const at = (value as ChangeHint | undefined)?.modseq
        if (at !== undefined) expect(at <= modseq, `a hint of modseq ${at} while the mailbox shows ${modseq}`)
        expectEqual(messages, i + 1, 'messages that can be seen when the hint comes')
        await appended
        await breathe()
      }
      controller.abort()
    },
  ),
  check(86, 'R11', 'what changes between subscribing and the first pull is not missed', late, async (t) => {
    const { id } = await t.inbox()
    for (let i = 0; i < t.scaled(20, 10_000); i++) {
      const controller = new AbortController()
      const hints = t.method('watch')(controller.signal)
      await t.append(mail(`between ${i}`))
      const first = hints[Symbol.asyncIterator]().next()
      await withDeadline(first, hintMs(t), 'no hint of what came after subscribing')
      expectEqual((await t.info(id)).messages, i + 1, 'messages')
      controller.abort()
    }
  }),
  check(
    87,
    'R3',
    'a handle reads what it has written, and never goes backwards',
    'a message that was just saved is missing',
    async (t) => {
      const handles = [t.account, await t.another(), await t.openOn(t.test.store)]
      const { id } = await t.inbox()
      let last = 0
      for (let i = 0; i < t.scaled(20, 300); i++) {
        const on = handles[i % handles.length]!
        const [uid] = await t.append(mail(`mine ${i}`), { on })
        expect((await t.uids(id, on)).includes(uid!), `UID ${uid} is missing on the handle that wrote it`)
        const { modseq, messages } = await t.info(id, on)
        expect(messages === i + 1 && modseq >= last, `after append ${i + 1}: ${messages} messages, modseq ${modseq}`)
        last = modseq
      }
    },
  ),
  check(
    88,
    'R11',
    'an aborted watch ends and frees what it held',
    'the server runs out of memory or connections',
    async (t) => {
      const watch = t.method('watch')
      const before = (await t.test.watchers?.()) ?? 0
      for (let i = 0; i < 20; i++) {
        const controller = new AbortController()
        const iterator = watch(controller.signal)[Symbol.asyncIterator]()
        const waiting = iterator.next()
        controller.abort()
        const { done } = await withDeadline(waiting, 2000, 'watch goes on after its signal was aborted')
        expectEqual(done, true, 'done after abort')
      }
      if (t.test.watchers) expectEqual(await t.test.watchers(), before, 'watchers after abort')
    },
  ),
  check(
    89,
    'R11',
    'a watcher that does not listen costs a bounded number of hints',
    'one sleeping client fills the memory of the server',
    async (t) => {
      const watch = t.method('watch')
      const controller = new AbortController()
      const hints = watch(controller.signal)[Symbol.asyncIterator]()
      const n = t.scaled(1000, 20_000)
      const made = await t.commit(
        ...Array.from({ length: 300 }, (_, i) => ({ op: 'create' as const, path: [`slow ${i}`] })),
      )
      const ids = made.results.map(({ mailbox }) => mailbox!)
      for (let i = 0; i < n; i++) await t.one({ op: 'mailbox', id: ids[i % 300]!, path: [`slow ${i % 300} ${i}`] })
      let read = 0
      let waiting = hints.next()
      while ((await Promise.race([waiting, quiet()])) !== 'quiet') {
        read++
        waiting = hints.next()
      }
      expect(read >= 1 && read <= n / 2, `${read} hints waited for a sleeping watcher after ${n} commits`)
      controller.abort()
    },
  ),
]

function quiet(): Promise<'quiet'> {
  return new Promise((resolve) => setTimeout(() => resolve('quiet'), 100))
}
