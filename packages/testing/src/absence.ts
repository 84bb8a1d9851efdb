import { after } from './clock.js'
import type { TestMessage } from './content/message.js'
import { TestMailError } from './errors.js'
import { describeMessage } from './explain.js'
import { goneError, isFor, type Mailroom, type Only } from './mailroom.js'
import { describeMatch, type Match, mismatches } from './match.js'
import type { SessionBook } from './sessions.js'

/** How long it must be quiet. */
export interface AbsenceOptions {
  /** ms without a word from any client before nothing is believed to come. Default: 100. */
  readonly within?: number
  readonly signal?: AbortSignal
}

/** What must not come. */
export interface Unwanted {
  readonly match: Match | undefined
  readonly options: AbsenceOptions
  readonly only?: Only | undefined
}

/**
 * Resolves when no message is on its way and no client has said anything for `within` ms; rejects at once when mail
 * comes that matches, or has come already. A connection that rests between two messages (a pool) is no reason to wait.
 */
export function expectNone(
  room: Mailroom,
  sessions: SessionBook,
  { match, options: { within = 100, signal }, only }: Unwanted,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (room.disposed) throw goneError()
    for (const message of room.of(only)) if (mismatches(match, message).length === 0) throw unexpected(message)
    if (signal?.aborted) throw new TestMailError('aborted', 'the wait was aborted', { cause: signal.reason })
    let stop: (() => void) | null = null
    const restart = (): void => {
      stop?.()
      stop = sessions.inTransaction ? null : after(within, () => settle(resolve))
    }
    const aborted = (): void =>
      settle(() => reject(new TestMailError('aborted', 'the wait was aborted', { cause: signal?.reason })))
    const stopMail = room.listen(
      (message) => {
        try {
          if (only && !isFor(message, only)) return
          if (mismatches(match, message).length === 0) settle(() => reject(unexpected(message)))
        } catch (error) {
          settle(() => reject(error))
        }
      },
      () => settle(() => reject(goneError())),
    )
    const stopSessions = sessions.listen(restart)
    function settle(finish: () => void): void {
      stop?.()
      stopMail()
      stopSessions()
      signal?.removeEventListener('abort', aborted)
      finish()
    }
    signal?.addEventListener('abort', aborted, { once: true })
    restart()
  })

  function unexpected(message: TestMessage): TestMailError {
    return new TestMailError('unexpected', unwanted(match, only?.name, message))
  }
}

/** What the error says of mail that should not have come. */
export function unwanted(match: Match | undefined, inbox: string | undefined, message: TestMessage): string {
  const like = describeMatch(match)
  const where = inbox === undefined ? '' : ` for ${inbox}`
  return `wanted no mail${where}${like === 'a message' ? '' : ` like ${like}`}, but there is ${describeMessage(message)}`
}
