import { TestMailError } from './errors.js'
import type { Mailroom, Only } from './mailroom.js'
import { describeMatch, type Match, mismatches } from './match.js'
import type { SessionBook } from './sessions.js'

/** ms without a session before nothing is believed to come. */
const QUIET = 100

/**
 * Resolves when no SMTP session is open and none was opened for `within` ms; rejects at once when mail comes that
 * matches, or has come already.
 */
export function expectNone(
  room: Mailroom,
  sessions: SessionBook,
  match: Match | undefined,
  within: number = QUIET,
  only?: Only,
): Promise<void> {
  const fits = (message: Parameters<Only['has']>[0]): boolean =>
    (only?.has(message) ?? true) && mismatches(match, message).length === 0
  return new Promise((resolve, reject) => {
    const unexpected = (subject: string): void => {
      stop()
      const wanted = `${only ? ` for ${only.name}` : ''}: ${describeMatch(match)}`
      reject(
        new TestMailError(
          'unexpected',
          `mail came where none should${wanted}; its subject is ${JSON.stringify(subject)}`,
        ),
      )
    }
    let timer: ReturnType<typeof setTimeout> | null = null
    const quiet = (): void => {
      if (timer) clearTimeout(timer)
      timer = sessions.open > 0 ? null : setTimeout(done, within)
    }
    const done = (): void => {
      stop()
      resolve()
    }
    const stopMail = room.listen((message) => void (fits(message) && unexpected(message.subject)))
    const stopSessions = sessions.listen(quiet)
    function stop(): void {
      if (timer) clearTimeout(timer)
      stopMail()
      stopSessions()
    }
    const already = room.messages.find(fits)
    if (already) unexpected(already.subject)
    else quiet()
  })
}
