/**
 * What has arrived, and who waits for it. Nothing is looked at twice and nothing ticks: a wait is an entry in a list
 * that every arrival goes through, before its sender is told `250`.
 */
import type { TestMessage } from './content/message.js'
import { TestMailError } from './errors.js'
import { describeMatch, type Match, mismatches } from './match.js'

/** How long to wait, and for which messages. */
export interface WaitOptions {
  /** ms. Default: the server's `waitTimeout`. */
  readonly timeout?: number
  readonly signal?: AbortSignal
  /** Messages from here on count: all since the `start` of the server (the default), from `now` on, or behind a message. */
  readonly since?: 'start' | 'now' | TestMessage
}

/** What a mailroom asks of its server. */
export interface MailroomOptions {
  readonly waitTimeout: number
  /** What else is known when a wait has failed: sessions that ended badly. */
  explain(): string
}

interface Waiter {
  offer(message: TestMessage): void
  reject(error: TestMailError): void
}

/** Messages in the order of their arrival. */
export interface Mailroom {
  readonly messages: readonly TestMessage[]
  add(message: TestMessage): void
  clear(): void
  /** The number of the next message, given once: messages are numbered in the order of their arrival. */
  nextSequence(): number
  /** The first `count` messages that match. `only` narrows what is looked at (an inbox). */
  wait(count: number, match: Match | undefined, options: WaitOptions, only?: Only): Promise<TestMessage[]>
  /** Calls for each message from now on until the function it returns is called. */
  listen(take: (message: TestMessage) => void): () => void
  dispose(): void
}

/** A part of the messages, with its name for errors. */
export interface Only {
  readonly name: string
  has(message: TestMessage): boolean
}

export function createMailroom(options: MailroomOptions): Mailroom {
  let messages: TestMessage[] = []
  /** A copy that was handed out and is still true. */
  let snapshot: readonly TestMessage[] | null = null
  const waiters = new Set<Waiter>()
  const listeners = new Set<(message: TestMessage) => void>()
  let sequence = 0
  let disposed = false

  function wait(count: number, match: Match | undefined, how: WaitOptions, only?: Only): Promise<TestMessage[]> {
    if (disposed) return Promise.reject(goneError())
    const fits = (message: TestMessage): boolean =>
      (only?.has(message) ?? true) && mismatches(match, message).length === 0
    const found = since(how).filter(fits)
    if (found.length >= count) return Promise.resolve(found.slice(0, count))
    const { timeout = options.waitTimeout, signal } = how
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        offer(message) {
          if (!fits(message)) return
          found.push(message)
          if (found.length === count) settle(() => resolve(found))
        },
        reject: (error) => settle(() => reject(error)),
      }
      const timer = setTimeout(
        () => waiter.reject(new TestMailError('timeout', explain(count, match, how, found, timeout, only))),
        timeout,
      )
      const aborted = (): void =>
        waiter.reject(new TestMailError('timeout', 'the wait was aborted', { cause: signal?.reason }))
      function settle(finish: () => void): void {
        clearTimeout(timer)
        waiters.delete(waiter)
        signal?.removeEventListener('abort', aborted)
        finish()
      }
      waiters.add(waiter)
      if (signal?.aborted) aborted()
      else signal?.addEventListener('abort', aborted, { once: true })
    })
  }

  function since({ since = 'start' }: WaitOptions): TestMessage[] {
    if (since === 'start') return [...messages]
    if (since === 'now') return []
    return messages.filter(({ sequence }) => sequence > since.sequence)
  }

  function explain(
    count: number,
    match: Match | undefined,
    how: WaitOptions,
    found: readonly TestMessage[],
    timeout: number,
    only: Only | undefined,
  ): string {
    const wanted = count === 1 ? describeMatch(match) : `${count} of ${describeMatch(match)}`
    const where = only ? ` for ${only.name}` : ''
    const lines = [`waited ${timeout} ms${where} for ${wanted}${count > 1 ? `; ${found.length} came` : ''}`]
    const arrived = messages.filter((message) => (how.since ?? 'start') === 'start' || since(how).includes(message))
    if (arrived.length === 0) lines.push('Nothing arrived.')
    else lines.push(`Arrived: ${arrived.length}${arrived.length > 10 ? ', the last 10' : ''}`)
    for (const message of arrived.slice(-10)) lines.push(`  ${describe(message)}`)
    const nearest = nearestOf(arrived, match, only)
    if (nearest) lines.push(`Nearest: ${JSON.stringify(nearest.message.subject)}, but ${nearest.failed.join('; ')}`)
    const sessions = options.explain()
    if (sessions !== '') lines.push(sessions)
    return lines.join('\n')
  }

  return {
    get messages() {
      return (snapshot ??= [...messages])
    },
    add(message) {
      messages.push(message)
      snapshot = null
      for (const waiter of [...waiters]) waiter.offer(message)
      for (const listener of [...listeners]) listener(message)
    },
    clear() {
      messages = []
      snapshot = null
    },
    nextSequence: () => ++sequence,
    wait,
    listen(take) {
      listeners.add(take)
      return () => void listeners.delete(take)
    },
    dispose() {
      disposed = true
      for (const waiter of [...waiters]) waiter.reject(goneError())
    },
  }
}

function goneError(): TestMailError {
  return new TestMailError('disposed', 'the test mail server was disposed while somebody waited for mail')
}

function describe({ subject, envelope }: TestMessage): string {
  return `${JSON.stringify(subject)} from <${envelope.from}> to ${envelope.to.map((one) => `<${one}>`).join(', ')}`
}

/** The message that fails the fewest clauses. */
function nearestOf(
  messages: readonly TestMessage[],
  match: Match | undefined,
  only: Only | undefined,
): { message: TestMessage; failed: string[] } | null {
  let best: { message: TestMessage; failed: string[] } | null = null
  for (const message of messages) {
    const failed = mismatches(match, message)
    if (only && !only.has(message)) failed.push(`it is not for ${only.name}`)
    if (failed.length > 0 && (!best || failed.length < best.failed.length)) best = { message, failed }
  }
  return best
}
