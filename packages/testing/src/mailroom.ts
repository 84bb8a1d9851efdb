/**
 * What has arrived, and who waits for it. Nothing is looked at twice and nothing ticks: a wait is an entry in a list
 * that every arrival goes through, before its sender is told `250`.
 */
import { addressKey } from './address.js'
import { after } from './clock.js'
import type { TestMessage } from './content/message.js'
import { TestMailError } from './errors.js'
import { explainWait } from './explain.js'
import { checkMatch, fits, type Match } from './match.js'
import { checkNames } from './options.js'

/** A point in the order of arrival: `mail.mark()` gives one, and every message is one. */
export interface Mark {
  /** What comes behind it has a larger number. */
  readonly sequence: number
}

/** How long to wait, and for which messages. */
export interface WaitOptions {
  /** ms; `Infinity` waits until the server is disposed. Default: the server's `waitTimeout`. */
  readonly timeout?: number
  readonly signal?: AbortSignal
  /** Messages from here on count: all since the `start` of the server (the default), from `now` on, or behind a mark. */
  readonly since?: 'start' | 'now' | Mark
}

/** All there are: `waitFor(match, 500)` is none, and would wait for another time than it says. */
export const WAIT_OPTIONS: Readonly<Record<keyof WaitOptions, true>> = { timeout: true, signal: true, since: true }

/** What a mailroom asks of its server. */
export interface MailroomOptions {
  readonly waitTimeout: number
  /** What else is known when a wait has failed: sessions that ended badly, handlers that threw. */
  explain(): string
}

/** Messages of one recipient, with its name for errors. */
export interface Only {
  readonly name: string
  /** See `addressKey`. */
  readonly key: string
}

/** What is waited for. */
export interface Wanted {
  readonly count: number
  readonly match: Match | undefined
  readonly options: WaitOptions
  readonly only?: Only | undefined
}

/** Messages in the order of their arrival. */
export interface Mailroom {
  readonly messages: readonly TestMessage[]
  /** Of the messages, and those that are on their way. */
  readonly count: number
  /** Octets of all of them. */
  readonly octets: number
  /** Keeps a place for a message of so many octets that is on its way; the function gives it back, once. */
  reserve(size: number): () => void
  /** The number of the last message that came. */
  readonly sequence: number
  of(only: Only | undefined): readonly TestMessage[]
  /** Those that match. */
  list(match: Match | undefined, only?: Only): Promise<TestMessage[]>
  /** Takes a message, which is made with its number, and tells everybody who waits. */
  add(make: (sequence: number) => TestMessage): TestMessage
  clear(): void
  /** The first `count` messages that match. */
  wait(wanted: Wanted): Promise<TestMessage[]>
  /** The first that matches. */
  first(wanted: Omit<Wanted, 'count'>): Promise<TestMessage>
  /** Calls for each message from now on, and once when the room is disposed, until the function it returns is called. */
  listen(take: (message: TestMessage) => void, gone: () => void): () => void
  readonly disposed: boolean
  dispose(): void
}

interface Waiter {
  offer(message: TestMessage): void
  dispose(): void
}

export function createMailroom(options: MailroomOptions): Mailroom {
  const all: TestMessage[] = []
  const byRecipient = new Map<string, TestMessage[]>()
  /** A copy that was handed out and is still true. */
  let snapshot: readonly TestMessage[] | null = null
  /** By recipient; `''` for those that look at every message. */
  const waiters = new Map<string, Set<Waiter>>()
  const listeners = new Set<Waiter>()
  let octets = 0
  /** On their way. */
  let coming = 0
  let comingOctets = 0
  let sequence = 0
  let disposed = false

  const listOf = (only: Only | undefined): TestMessage[] => (only ? (byRecipient.get(only.key) ?? []) : all)

  function enlist(key: string, waiter: Waiter): () => void {
    const group = waiters.get(key) ?? new Set()
    waiters.set(key, group.add(waiter))
    return () => {
      group.delete(waiter)
      if (group.size === 0 && waiters.get(key) === group) waiters.delete(key)
    }
  }

  function wait<T>({ count, match, options: how, only }: Wanted, result: (found: TestMessage[]) => T): Promise<T> {
    const { timeout = options.waitTimeout, signal } = how ?? {}
    const found: TestMessage[] = []
    const began = sequence
    const promise = new Promise<T>((resolve, reject) => {
      checkMatch(match)
      checkNames('option', how, WAIT_OPTIONS)
      checkWait(count, timeout)
      checkSince(how.since)
      if (disposed) throw goneError()
      for (const message of behind(listOf(only), how.since ?? 'start')) {
        if (found.length < count && fits(match, message)) found.push(message)
      }
      if (found.length >= count) return resolve(result(found))
      if (signal?.aborted) throw abortedError(signal)
      const waiter: Waiter = {
        offer(message) {
          try {
            if (!fits(match, message)) return
          } catch (error) {
            // The function of a test must not make the server refuse mail.
            return settle(() => reject(error))
          }
          found.push(message)
          if (found.length === count) settle(() => resolve(result(found)))
        },
        dispose() {
          // Whoever still waits hears of it; a wait that nobody looks at any more must not end the process.
          promise.catch(() => {})
          settle(() => reject(goneError()))
        },
      }
      const withdraw = enlist(only?.key ?? '', waiter)
      const late = (): void => {
        const from = how.since === 'now' ? { sequence: began } : (how.since ?? 'start')
        const arrived = behind(all, from)
        const before = from === 'start' ? [] : listOf(only).filter(({ sequence }) => sequence <= from.sequence)
        const text = explainWait({ count, match, only, found, timeout, arrived, before, more: options.explain() })
        settle(() => reject(new TestMailError('timeout', text)))
      }
      const stop = timeout === Number.POSITIVE_INFINITY ? null : after(timeout, late)
      const aborted = (): void => settle(() => reject(abortedError(signal)))
      function settle(finish: () => void): void {
        stop?.()
        withdraw()
        signal?.removeEventListener('abort', aborted)
        finish()
      }
      signal?.addEventListener('abort', aborted, { once: true })
    })
    return promise
  }

  function note(message: TestMessage): readonly string[] {
    all.push(message)
    octets += message.raw.length
    snapshot = null
    const keys = new Set(message.envelope.to.map(addressKey))
    for (const key of keys) {
      const list = byRecipient.get(key)
      if (list) list.push(message)
      else byRecipient.set(key, [message])
    }
    return [...keys]
  }

  return {
    get messages() {
      return (snapshot ??= [...all])
    },
    get count() {
      return all.length + coming
    },
    get octets() {
      return octets + comingOctets
    },
    reserve(size) {
      coming++
      comingOctets += size
      let kept = true
      return () => {
        if (!kept) return
        kept = false
        coming--
        comingOctets -= size
      }
    },
    get sequence() {
      return sequence
    },
    of: (only) => [...listOf(only)],
    async list(match, only) {
      checkMatch(match)
      return listOf(only).filter((message) => fits(match, message))
    },
    add(make) {
      const message = make(++sequence)
      const keys = note(message)
      for (const key of ['', ...keys]) for (const waiter of [...(waiters.get(key) ?? [])]) waiter.offer(message)
      for (const listener of [...listeners]) listener.offer(message)
      return message
    },
    clear() {
      all.length = 0
      octets = 0
      byRecipient.clear()
      snapshot = null
    },
    wait: (wanted) => wait(wanted, (found) => found),
    first: (wanted) => wait({ ...wanted, count: 1 }, ([message]) => message),
    listen(offer, gone) {
      const listener: Waiter = { offer, dispose: gone }
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    get disposed() {
      return disposed
    },
    dispose() {
      disposed = true
      const everybody = [...waiters.values()].flatMap((group) => [...group])
      for (const waiter of [...everybody, ...listeners]) waiter.dispose()
    },
  }
}

/** @throws TestMailError `options` for what would end at once, or never. */
export function checkWait(count: number, timeout: number): void {
  if (!(Number.isInteger(count) && count > 0)) throw new TestMailError('options', `waitForAll(${count}): how many?`)
  checkTime('timeout', timeout)
}

/** @throws TestMailError `options` for what is no time. */
export function checkTime(name: string, ms: number): void {
  if (typeof ms === 'number' && ms >= 0) return
  throw new TestMailError('options', `${name}: ${String(ms)} is no time: milliseconds, 0 or more`)
}

/** @throws TestMailError `options` for what is no point: also a mark of `connectTestMail` that was not awaited. */
export function checkSince(since: unknown): void {
  if (since === undefined || since === 'start' || since === 'now') return
  const sequence = typeof since === 'object' && since !== null && 'sequence' in since ? since.sequence : null
  if (typeof sequence === 'number') return
  throw new TestMailError('options', "since: 'start', 'now', a mark or a message; a mark of connectTestMail is awaited")
}

/** The part of a list that counts; its messages stand in the order of their numbers. */
export function behind(list: readonly TestMessage[], since: 'start' | 'now' | Mark): readonly TestMessage[] {
  if (since === 'start') return list
  if (since === 'now') return []
  let from = 0
  let to = list.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if (list[middle].sequence <= since.sequence) from = middle + 1
    else to = middle
  }
  return list.slice(from)
}

/** True when a message was sent to the recipient. */
export function isFor({ envelope }: TestMessage, { key }: Only): boolean {
  return envelope.to.some((address) => addressKey(address) === key)
}

export function goneError(): TestMailError {
  return new TestMailError('disposed', 'the test mail server was disposed while somebody waited for mail')
}

export function abortedError(signal: AbortSignal | undefined): TestMailError {
  return new TestMailError('aborted', 'the wait was aborted', { cause: signal?.reason })
}
