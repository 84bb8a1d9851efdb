/** Change hints of any account: the store's own, or those of a poll. */
import type { Account, ChangeHint, MailboxId, MailboxInfo } from './types.js'

/** How often `watchOf` looks where a store has no `watch`. */
export interface PollOptions {
  /** Milliseconds to the next look after a change. Default 2,000. */
  readonly minMs?: number
  /** Milliseconds to the next look when nothing changes for long; the wait doubles up to it. Default 30,000. */
  readonly maxMs?: number
  /** Waits; resolves early when the signal aborts. Default: a timer. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>
}

/**
 * Hints until the signal aborts. Without `watch`: `mailboxes()` is compared every 2 to 30 seconds. In both cases what
 * changes after this call gives a hint: subscribe first, pull then (R11).
 */
export function watchOf(account: Account, signal: AbortSignal, options: PollOptions = {}): AsyncIterable<ChangeHint> {
  return account.watch ? account.watch(signal) : poll(account, signal, options, account.mailboxes())
}

async function* poll(
  account: Account,
  signal: AbortSignal,
  { minMs = 2000, maxMs = 30_000, sleep = sleepFor }: PollOptions,
  first: Promise<readonly MailboxInfo[]>,
): AsyncGenerator<ChangeHint, void, undefined> {
  // Awaited in `next()`, which may come late: a failure must not be an unhandled rejection until then.
  first.catch(() => {})
  let before = marks(await first)
  let wait = minMs
  while (!signal.aborted) {
    await sleep(wait, signal)
    if (signal.aborted) return
    const after = marks(await account.mailboxes())
    const hints = differences(before, after)
    before = after
    wait = hints.length > 0 ? minMs : Math.min(maxMs, wait * 2)
    yield* hints
  }
}

interface Mark {
  readonly modseq: number
  /** What may change without a new modification sequence. */
  readonly rest: string
}

function marks(infos: readonly MailboxInfo[]): Map<MailboxId, Mark> {
  return new Map(
    infos.map((info) => {
      const { path, uidValidity, uidNext, messages, unseen, role, subscribed, noSelect } = info
      const rest = JSON.stringify([path, uidValidity, uidNext, messages, unseen, role, subscribed, noSelect])
      return [info.id, { modseq: info.modseq, rest }]
    }),
  )
}

function differences(before: ReadonlyMap<MailboxId, Mark>, after: ReadonlyMap<MailboxId, Mark>): ChangeHint[] {
  const hints: ChangeHint[] = []
  for (const [mailbox, { modseq, rest }] of after) {
    const old = before.get(mailbox)
    if (!old || old.modseq !== modseq || old.rest !== rest) hints.push({ mailbox, modseq })
  }
  for (const mailbox of before.keys()) if (!after.has(mailbox)) hints.push({ mailbox })
  return hints
}

function sleepFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
  })
}
