/** The time that the checks of a message may take together. */
import type { SmtpSession } from '@posthouse/smtp'
import { MailAuthError } from '../errors.js'

export interface Clock {
  /** Aborted when the time or the connection is over, or the checks are. */
  readonly over: AbortSignal
  /** What a check finds; `null` when it fails or is not done in time. */
  within<T>(check: Promise<T>): Promise<{ readonly value: T } | null>
  stop(): void
}

/** Starts the clock. What goes wrong is in the log. */
export function startClock(ms: number, session: SmtpSession): Clock {
  const over = new AbortController()
  const failed = (error: unknown): void => {
    if (!over.signal.aborted) session.log({ level: 'warn', event: 'mail-auth.failed', error })
  }
  const late = new Promise<null>((resolve) =>
    over.signal.addEventListener('abort', () => resolve(null), { once: true }),
  )
  const stop = (): void => {
    clearTimeout(due)
    session.signal.removeEventListener('abort', stop)
    over.abort()
  }
  const due = setTimeout(() => {
    failed(new MailAuthError('timeout', `checking a message took more than ${ms} ms`))
    stop()
  }, ms)
  session.signal.addEventListener('abort', stop)
  if (session.signal.aborted) stop()
  return {
    over: over.signal,
    within: (check) =>
      Promise.race([
        check.then(
          (value) => ({ value }),
          (error: unknown) => {
            failed(error)
            return null
          },
        ),
        late,
      ]),
    stop,
  }
}
