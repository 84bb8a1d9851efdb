import { after, elapsed } from './clock.js'
import type { TestMessage } from './content/message.js'
import { TestMailError } from './errors.js'
import { describeMessage } from './explain.js'
import {
  abortedError,
  behind,
  checkSince,
  checkTime,
  goneError,
  isFor,
  type Mailroom,
  type Mark,
  type Only,
  WAIT_OPTIONS,
} from './mailroom.js'
import { checkMatch, describeMatch, fits, type Match } from './match.js'
import { checkNames } from './options.js'
import type { SessionBook } from './sessions.js'

/** How long it must be quiet. */
export interface AbsenceOptions {
  /** ms without a word from any client before nothing is believed to come. Default: 100. */
  readonly within?: number
  /** ms after which it is an error that it has not been quiet for so long. Default: the server's `waitTimeout`. */
  readonly timeout?: number
  readonly signal?: AbortSignal
  /**
   * Messages from here on count, as in waits. Default: all since the `start` of the server; of an inbox those behind
   * the last one that `next` has given.
   */
  readonly since?: 'start' | 'now' | Mark
}

/** All there are. */
export const ABSENCE_OPTIONS: Readonly<Record<keyof AbsenceOptions, true>> = { ...WAIT_OPTIONS, within: true }

/** What must not come. */
export interface Unwanted {
  readonly match: Match | undefined
  readonly options: AbsenceOptions
  /** The server's `waitTimeout`. */
  readonly timeout: number
  readonly only?: Only | undefined
}

/**
 * Resolves when no message is on its way and no client has said anything for `within` ms; rejects at once when mail
 * comes that matches, or has come already. A connection that rests between two messages (a pool) is no reason to wait.
 * Nor is, for an inbox, one that sends a message to others.
 */
export function expectNone(
  room: Mailroom,
  sessions: SessionBook,
  { match, options, timeout: limit, only }: Unwanted,
): Promise<void> {
  const { within = 100, timeout = limit, signal, since = 'start' } = options ?? {}
  const promise = new Promise<void>((resolve, reject) => {
    checkMatch(match)
    checkNames('option', options, ABSENCE_OPTIONS)
    checkTime('within', within)
    checkTime('timeout', timeout)
    checkSince(since)
    if (room.disposed) throw goneError()
    for (const message of behind(room.of(only), since)) if (fits(match, message)) throw unexpected(message)
    if (signal?.aborted) throw abortedError(signal)
    const began = elapsed()
    const silence = createSilence(sessions, only, began)
    let stop: (() => void) | null = null
    // Silence that has begun in time may be long.
    let late = false
    // Not for each line that somebody says: whoever is quiet now has to be so for as long as this takes.
    const look = (): void => {
      const left = silence.since() + within - elapsed()
      if (left <= 0) settle(resolve)
      else stop = after(left < Number.POSITIVE_INFINITY ? left : Math.max(within, BUSY), look)
    }
    const tooLate = (): void => settle(() => reject(neverQuiet()))
    const stopLimit =
      timeout === Number.POSITIVE_INFINITY
        ? null
        : after(Math.max(timeout, within), () => {
            late = true
            if (silence.since() === Number.POSITIVE_INFINITY) tooLate()
          })
    const aborted = (): void => settle(() => reject(abortedError(signal)))
    const stopMail = room.listen(
      (message) => {
        try {
          if (only && !isFor(message, only)) return
          if (fits(match, message)) settle(() => reject(unexpected(message)))
        } catch (error) {
          settle(() => reject(error))
        }
      },
      () => {
        // As in waits: one that nobody looks at any more must not end the process.
        promise.catch(() => {})
        settle(() => reject(goneError()))
      },
    )
    const stopSessions = sessions.listen((id) => {
      if (silence.heard(id) && late) tooLate()
    })
    function settle(finish: () => void): void {
      stop?.()
      stopLimit?.()
      stopMail()
      stopSessions()
      signal?.removeEventListener('abort', aborted)
      finish()
    }
    function neverQuiet(): TestMailError {
      const ms = Math.round(elapsed() - began)
      const text = `waited ${ms} ms${placeOf(only?.name)} until no client had said anything for ${within} ms, and it never was so quiet`
      return new TestMailError('timeout', [text, ...silence.explain()].join('\n'))
    }
    signal?.addEventListener('abort', aborted, { once: true })
    look()
  })
  return promise

  function unexpected(message: TestMessage): TestMailError {
    return new TestMailError('unexpected', unwanted(match, only?.name, message))
  }
}

/** ms between two looks at the least while a message is on its way. */
const BUSY = 10

/** Who said something, and who still might. */
interface Silence {
  /** False: it was somebody who sends to others. */
  heard(id: string): boolean
  /** When somebody said something for the last time; `Infinity` while a message is on its way. */
  since(): number
  /** Lines about who disturbed it. */
  explain(): string[]
}

function createSilence(sessions: SessionBook, only: Only | undefined, began: number): Silence {
  /** When each session said something for the last time; those that turn out to send to others are taken out again. */
  const last = new Map<string, number>()
  const isOthers = (id: string): boolean => only !== undefined && sessions.sendsToOthers(id, only.key)

  return {
    heard(id) {
      last.delete(id)
      const counts = !isOthers(id)
      if (counts) last.set(id, elapsed())
      return counts
    },
    since() {
      if (sessions.inTransaction.some((id) => !isOthers(id))) return Number.POSITIVE_INFINITY
      // Behind the last word of one session stands that of no other: the newest is the last in the map.
      return [...last.values()].at(-1) ?? began
    },
    explain() {
      const now = elapsed()
      const lines = sessions.inTransaction
        .filter((id) => !isOthers(id))
        .map((id) => `  still in ${sessions.lastWord(id)} for ${Math.round(now - (last.get(id) ?? began))} ms`)
      for (const [id, at] of [...last].slice(-3)) {
        if (!sessions.inTransaction.includes(id)) {
          lines.push(`  ${sessions.lastWord(id)} came ${Math.round(now - at)} ms ago`)
        }
      }
      return lines
    },
  }
}

const placeOf = (inbox: string | undefined): string => (inbox === undefined ? '' : ` for ${inbox}`)

/** What the error says of mail that should not have come. */
export function unwanted(match: Match | undefined, inbox: string | undefined, message: TestMessage): string {
  const like = describeMatch(match)
  const kind = like === 'a message' ? '' : ` like ${like}`
  return `wanted no mail${placeOf(inbox)}${kind}, but there is ${describeMessage(message)}`
}
